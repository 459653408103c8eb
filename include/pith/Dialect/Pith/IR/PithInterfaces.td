//===- PithInterfaces.td - What passes and generators ask of ops ----------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_INTERFACES_TD
#define PITH_INTERFACES_TD

include "mlir/IR/OpBase.td"

def Pith_SymbolicShapeOpInterface : OpInterface<"SymbolicShapeOpInterface"> {
  let cppNamespace = "::pith";
  let description = [{
    The one shape rule of an op. The importer, the op's verifier, the shape
    refinement pass, the kernel generators and the host code all use it.
  }];
  let methods = [InterfaceMethod<[{
      Sets the sizes of all results in `context` (`setDims`) from the sizes and
      the known contents of the operands. Where a result is a small integer
      tensor whose elements are expressions of sizes, may set its contents.
      Emits a diagnostic through `context` and fails if operands do not fit.
    }],
    "::mlir::LogicalResult", "inferSymbolicShapes",
    (ins "::pith::ShapeContext &":$context)>];
  let verify = [{ return ::pith::verifyShapes($_op); }];
}

def Pith_EvaluableOpInterface : OpInterface<"EvaluableOpInterface"> {
  let cppNamespace = "::pith";
  let description = [{
    The reference semantics of an op: slow, obvious, in double precision where
    the op is about reals. Implemented as external models in lib/Reference;
    codec ops implement it in their own folder.
  }];
  let methods = [InterfaceMethod<[{
      Computes the results from the operands' values. Result shapes follow from
      the operands'. Fails with a diagnostic on values the op does not accept.
    }],
    "::mlir::FailureOr<::llvm::SmallVector<::pith::HostTensor>>", "evaluate",
    (ins "::llvm::ArrayRef<::pith::HostTensor>":$operands)>];
}

def Pith_ElementwiseCodeOpInterface : OpInterface<"ElementwiseCodeOpInterface"> {
  let cppNamespace = "::pith";
  let description = [{
    How the kernel generators compute an elementwise op: as `arith`, `math` and
    `vector` ops on scalars or one-dimensional vectors. Implemented as external
    models in lib/Codegen.
  }];
  let methods = [InterfaceMethod<[{
      Emits the computation. `operands` are all scalars or all vectors of one
      length; integers are signless (the op's own types say which are unsigned;
      booleans are `i1`). Returns one value of the result's element type.
    }],
    "::mlir::Value", "emitElement",
    (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc,
         "::mlir::ValueRange":$operands)>];
}

def Pith_CompressibleOpInterface : OpInterface<"CompressibleOpInterface"> {
  let cppNamespace = "::pith";
  let description = [{
    An op that has weights. In simplified IR a weight is *output-major*: axis 0
    counts the outputs (rows of an embedding table), the other axes together
    are the reduction, in the order in which kernels walk through it.
  }];
  let methods = [
    InterfaceMethod<"The operands that are weights.",
      "::llvm::SmallVector<::mlir::OpOperand *>", "getWeightOperands", (ins)>,
    InterfaceMethod<[{
      Whether the operand lies output-major in memory, as compression passes
      and kernels need it.
    }], "bool", "isWeightOutputMajor", (ins "::mlir::OpOperand &":$weight)>,
    InterfaceMethod<[{
      Whether `W = A · B` (A: outputs × rank, B: rank × reduction) may replace
      the weight, and if so rewrites the op into two: one by B, one by A.
      Returns the value that replaces the op's result, or null if the op does
      not factorize.
    }], "::mlir::Value", "factorizeWeight",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::OpOperand &":$weight,
           "::mlir::Value":$a, "::mlir::Value":$b), "", [{ return {}; }]>,
    InterfaceMethod<[{
      The operand that is contracted with the weight, whose elements a profile
      or a dynamic quantization describes; null for look-ups.
    }], "::mlir::OpOperand *", "getActivationOperand",
      (ins "::mlir::OpOperand &":$weight), "", [{ return nullptr; }]>,
    InterfaceMethod<[{
      How the rows that the weight is contracted with lie in the activation;
      nothing for look-ups and where it is not known.
    }], "::std::optional<::pith::ActivationRows>", "getActivationRows",
      (ins "::mlir::OpOperand &":$weight), "",
      [{ return ::pith::getLastAxisRows($_op.getActivationOperand(weight), weight); }]>,
    InterfaceMethod<[{
      Whether the op itself can add a constant per output of the weight. Others
      have their outputs along the last axis of the result, if the weight is
      output-major, and an op behind them can.
    }], "bool", "canAddBias", (ins "::mlir::OpOperand &":$weight), "",
      [{ return false; }]>,
    InterfaceMethod<"What the op itself adds to the weight's outputs, or null.",
      "::mlir::Value", "getBiasOf", (ins "::mlir::OpOperand &":$weight), "",
      [{ return {}; }]>,
    InterfaceMethod<"Makes the op add `bias` `[outputs]`, if it can add one.", "void",
      "setBiasOf", (ins "::mlir::OpOperand &":$weight, "::mlir::Value":$bias)>
  ];
}

def Pith_WeightCodecOpInterface : OpInterface<"WeightCodecOpInterface"> {
  let cppNamespace = "::pith";
  let description = [{
    An op that computes (part of) a dense weight from what is stored. Operands
    are stored constants or results of other codec ops; the result is
    output-major, `[outputs, reduction…]`. Everything about a codec that other
    parts need is behind this interface, and `EvaluableOpInterface` gives its
    meaning: a new codec is one folder.

    Kernels see a weight as panels of lanes: consecutive outputs side by side
    in vector lanes, the reduction running in steps. `TilePacking` and
    `TileEmitter` (pith/Dialect/Pith/IR/WeightTile.h) describe both sides.
  }];
  let methods = [
    InterfaceMethod<"A short name for people: `int4 g32 f16`, `2:4 of int4`.",
      "std::string", "getFormatName", (ins)>,
    InterfaceMethod<[{
      Bits stored in the op's own operands, one entry per operand that is a
      constant, nested codecs not included.
    }], "int64_t", "getStorageBits", (ins)>,
    InterfaceMethod<[{
      How many reduction steps one emitted tile step covers (1 for dense
      values, 2 for nibbles, …), given what the operands' tiles cover.
    }], "int64_t", "getTileStep", (ins "::llvm::ArrayRef<int64_t>":$operandSteps)>,
    InterfaceMethod<[{
      After how many reduction steps values loaded once (scales) change: a
      divisor of every tile's position, or 0 if never.
    }], "int64_t", "getTileGroup", (ins)>,
    InterfaceMethod<[{
      How stored operand `index` is re-laid for the kernel, at compile time.
    }], "::pith::TilePacking", "getOperandPacking", (ins "unsigned":$index)>,
    InterfaceMethod<[{
      Emits what stays the same within one group (scale and zero-point loads).
      The values come back in `emitTile`.
    }], "::llvm::SmallVector<::mlir::Value>", "emitGroup",
      (ins "::pith::TileEmitter &":$emitter)>,
    InterfaceMethod<[{
      Emits one tile step: for each of its reduction steps and each vector of
      the panel one vector of decoded values, `[step][vector]`.
    }], "::pith::TileValues", "emitTile",
      (ins "::pith::TileEmitter &":$emitter, "::mlir::ValueRange":$group)>,
    InterfaceMethod<[{
      One value per panel vector by which `emitTile` multiplies all values of a group
      last, if it does so: kernels with few rows multiply sums of products by it
      instead, once per group. Empty otherwise.
    }], "::llvm::SmallVector<::mlir::Value>", "getTileFactors",
      (ins "::pith::TileEmitter &":$emitter, "::mlir::ValueRange":$group), "",
      [{ return {}; }]>,
    InterfaceMethod<[{
      What `emitTile` emits, without the multiplication by `getTileFactors`.
    }], "::pith::TileValues", "emitUnscaledTile",
      (ins "::pith::TileEmitter &":$emitter, "::mlir::ValueRange":$group), "",
      [{ return $_op.emitTile(emitter, group); }]>,
    InterfaceMethod<[{
      The affine form over integer codes, if the op has one: kernels with integer
      dot products multiply the codes and apply scale and zero point once per
      group. The tile of the codes operand is `[step][vector]` of `i32`, as ever.
    }], "::std::optional<::pith::IntegerForm>", "getIntegerForm", (ins), "",
      [{ return std::nullopt; }]>,
    InterfaceMethod<[{
      Which operands are table and codes, if the values are rows of a table, multiplied
      by no more than `getTileFactors`.
    }], "::std::optional<::pith::TableForm>", "getTableForm", (ins), "",
      [{ return std::nullopt; }]>,
    InterfaceMethod<[{
      Where its stored elements are, if the op is a sparse form: kernels may then
      multiply these alone.
    }], "::std::optional<::pith::SparseForm>", "getSparseForm", (ins), "",
      [{ return std::nullopt; }]>,
    InterfaceMethod<[{
      The operand whose zeros are zeros of the value, at the same position, if there is
      one and the value at each position follows from that operand's there: kernels may
      leave out what a sparse form below does not store.
    }], "::std::optional<unsigned>", "getZeroKeepingOperand", (ins), "",
      [{ return std::nullopt; }]>,
    InterfaceMethod<[{
      Whether `reencode` works: the op only says which elements are stored, and
      every stored element stands for itself (sparse forms).
    }], "bool", "canReencode", (ins), "", [{ return false; }]>,
    InterfaceMethod<[{
      The same form over other values: an expression that decodes to `dense`,
      which has this op's sizes, any element type, and zeros where this op has
      none stored. Creates ops at the builder's insertion point. Null if
      `canReencode` is false.
    }], "::mlir::Value", "reencode",
      (ins "::mlir::OpBuilder &":$builder, "const ::pith::HostTensor &":$dense), "",
      [{ return {}; }]>
  ];
}

#endif // PITH_INTERFACES_TD
