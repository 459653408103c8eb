//===- PithBase.td - The pith dialect, its enums and base classes ---------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_BASE_TD
#define PITH_BASE_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "pith/Dialect/Pith/IR/PithInterfaces.td"

def Pith_Dialect : Dialect {
  let name = "pith";
  let cppNamespace = "::pith";
  let summary = "Models whose weights are expressions of what is stored";
  let description = [{
    The `pith` dialect describes a neural network as tensor operations with the
    semantics of ONNX, and its weights as *codec* operations over stored
    constants. The IR is always executable: the reference evaluator defines the
    result of every op.

    Element types: `i1` (boolean); signless `i8`…`i64` are signed, `ui8`…`ui64`
    unsigned; `i2`, `i4` and so on occur as codes of codec ops; `f16`, `bf16`,
    `f32`, `f64`. Integer arithmetic wraps around. A dimension may be dynamic;
    a rank may not.

    Codec families add their ops through `registerExtensionOps`, so that a
    codec lives in one folder.

    Attributes on functions: `pith.symbols` (names of the symbolic sizes), and
    per argument and result `pith.name` (the ONNX name) and `pith.shape` (an
    affine map from the symbols to the sizes).
  }];
  let useDefaultAttributePrinterParser = 1;
  let hasConstantMaterializer = 1;
  let hasCanonicalizer = 1;
  let hasOperationAttrVerify = 0;
  let extraClassDeclaration = [{
    /// Adds the ops of a codec family to this dialect. Called by a
    /// DialectExtension while the dialect is being loaded.
    template <typename... Ops>
    void registerExtensionOps() {
      addOperations<Ops...>();
    }
    void registerAttributes();
    void registerOps();
  }];
}

class Pith_I32Enum<string name, string summary, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::pith";
  let genSpecializedAttr = 0;
}
class Pith_EnumAttr<EnumInfo info, string mnemonic>
    : EnumAttr<Pith_Dialect, info, mnemonic>;

def Pith_Layout : Pith_I32Enum<"Layout", "where the channel axis is", [
    I32EnumAttrCase<"ChannelsFirst", 0, "channels_first">,
    I32EnumAttrCase<"ChannelsLast", 1, "channels_last">]>;
def Pith_LayoutAttr : Pith_EnumAttr<Pith_Layout, "layout"> {
  let assemblyFormat = "`<` $value `>`";
}

def Pith_ReduceKind : Pith_I32Enum<"ReduceKind", "how a reduction combines", [
    I32EnumAttrCase<"Sum", 0, "sum">, I32EnumAttrCase<"Mean", 1, "mean">,
    I32EnumAttrCase<"Max", 2, "max">, I32EnumAttrCase<"Min", 3, "min">,
    I32EnumAttrCase<"Prod", 4, "prod">, I32EnumAttrCase<"L1", 5, "l1">,
    I32EnumAttrCase<"L2", 6, "l2">, I32EnumAttrCase<"LogSum", 7, "log_sum">,
    I32EnumAttrCase<"LogSumExp", 8, "log_sum_exp">,
    I32EnumAttrCase<"SumSquare", 9, "sum_square">]>;
def Pith_ReduceKindAttr : Pith_EnumAttr<Pith_ReduceKind, "reduce_kind"> {
  let assemblyFormat = "`<` $value `>`";
}

def Pith_PadMode : Pith_I32Enum<"PadMode", "what padding is filled with", [
    I32EnumAttrCase<"Constant", 0, "constant">,
    I32EnumAttrCase<"Reflect", 1, "reflect">,
    I32EnumAttrCase<"Edge", 2, "edge">, I32EnumAttrCase<"Wrap", 3, "wrap">]>;
def Pith_PadModeAttr : Pith_EnumAttr<Pith_PadMode, "pad_mode"> {
  let assemblyFormat = "`<` $value `>`";
}

def Pith_ScatterKind : Pith_I32Enum<"ScatterKind", "how a scatter combines", [
    I32EnumAttrCase<"None", 0, "none">, I32EnumAttrCase<"Add", 1, "add">,
    I32EnumAttrCase<"Mul", 2, "mul">, I32EnumAttrCase<"Max", 3, "max">,
    I32EnumAttrCase<"Min", 4, "min">]>;
def Pith_ScatterKindAttr : Pith_EnumAttr<Pith_ScatterKind, "scatter_kind"> {
  let assemblyFormat = "`<` $value `>`";
}

def Pith_ResizeMode : Pith_I32Enum<"ResizeMode", "how a resize interpolates", [
    I32EnumAttrCase<"Nearest", 0, "nearest">,
    I32EnumAttrCase<"Linear", 1, "linear">,
    I32EnumAttrCase<"Cubic", 2, "cubic">]>;
def Pith_ResizeModeAttr : Pith_EnumAttr<Pith_ResizeMode, "resize_mode"> {
  let assemblyFormat = "`<` $value `>`";
}

def Pith_CoordinateMode : Pith_I32Enum<"CoordinateMode",
    "how an output coordinate maps to an input coordinate", [
    I32EnumAttrCase<"HalfPixel", 0, "half_pixel">,
    I32EnumAttrCase<"PytorchHalfPixel", 1, "pytorch_half_pixel">,
    I32EnumAttrCase<"AlignCorners", 2, "align_corners">,
    I32EnumAttrCase<"Asymmetric", 3, "asymmetric">,
    I32EnumAttrCase<"HalfPixelSymmetric", 4, "half_pixel_symmetric">,
    I32EnumAttrCase<"TfHalfPixelForNn", 5, "tf_half_pixel_for_nn">]>;
def Pith_CoordinateModeAttr : Pith_EnumAttr<Pith_CoordinateMode, "coordinate_mode"> {
  let assemblyFormat = "`<` $value `>`";
}

def Pith_NearestMode : Pith_I32Enum<"NearestMode", "how a coordinate is rounded", [
    I32EnumAttrCase<"RoundPreferFloor", 0, "round_prefer_floor">,
    I32EnumAttrCase<"RoundPreferCeil", 1, "round_prefer_ceil">,
    I32EnumAttrCase<"Floor", 2, "floor">, I32EnumAttrCase<"Ceil", 3, "ceil">]>;
def Pith_NearestModeAttr : Pith_EnumAttr<Pith_NearestMode, "nearest_mode"> {
  let assemblyFormat = "`<` $value `>`";
}

def Pith_Tensor : Type<
    CPred<"::llvm::isa<::mlir::RankedTensorType>($_self)">, "ranked tensor",
    "::mlir::RankedTensorType">;
def Pith_FloatTensor : Type<
    And<[Pith_Tensor.predicate, CPred<"::llvm::isa<::mlir::FloatType>("
         "::llvm::cast<::mlir::RankedTensorType>($_self).getElementType())">]>,
    "ranked tensor of floating-point elements", "::mlir::RankedTensorType">;
def Pith_IntTensor : Type<
    And<[Pith_Tensor.predicate, CPred<"::llvm::isa<::mlir::IntegerType>("
         "::llvm::cast<::mlir::RankedTensorType>($_self).getElementType())">]>,
    "ranked tensor of integer elements", "::mlir::RankedTensorType">;

/// The op computes every output element from the elements of its (broadcast)
/// operands at the same position, and from nothing else.
def Pith_Elementwise : NativeOpTrait<"Elementwise"> {
  let cppNamespace = "::pith::OpTrait";
}

class Pith_Op<string mnemonic, list<Trait> traits = []>
    : Op<Pith_Dialect, mnemonic,
         !listconcat(traits, [Pure,
           DeclareOpInterfaceMethods<Pith_SymbolicShapeOpInterface>])> {
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

#endif // PITH_BASE_TD
