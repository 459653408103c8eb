//===- CodegenInterfaces.td - How ops become kernels ----------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_CODEGEN_INTERFACES_TD
#define PITH_CODEGEN_INTERFACES_TD

include "mlir/IR/OpBase.td"

def Pith_KernelOpInterface : OpInterface<"KernelOpInterface"> {
  let cppNamespace = "::pith";
  let description = [{
    How an op takes part in kernels. A kernel has at most one *root* op; ops that
    compute an element from elements at the same or a mapped position join the
    kernels of their users or producers. All implementations are external models
    in lib/Codegen, except those of out-of-tree ops.
  }];
  let methods = [
    InterfaceMethod<"How the op may be fused.", "::pith::KernelRole",
      "getKernelRole", (ins)>,
    InterfaceMethod<[{
      For `Pointwise` and `Movement`: emits the value of result `index` at a
      position, asking `emitter` for the operands' elements.
    }], "::mlir::Value", "emitAt",
      (ins "::pith::ElementEmitter &":$emitter, "unsigned":$index,
           "::llvm::ArrayRef<::pith::LaneIndex>":$position), "", [{ return {}; }]>,
    InterfaceMethod<[{
      For `Movement`: whether operand `operand` keeps consecutive elements of the
      last axis consecutive, so that vectors can be loaded.
    }], "bool", "keepsLanes", (ins), "", [{ return true; }]>,
    InterfaceMethod<[{
      For `Root`: emits the whole kernel. Emits a diagnostic and fails if the
      op's form is not supported.
    }], "::mlir::LogicalResult", "emitKernel", (ins "::pith::KernelEmitter &":$kernel), "",
      [{ return ::mlir::failure(); }]>,
    InterfaceMethod<[{
      For `Root`: whether the kernel calls `KernelEmitter::store` with result
      elements, so that elementwise users can be computed in registers.
    }], "bool", "acceptsEpilogue", (ins), "", [{ return false; }]>,
    InterfaceMethod<[{
      For `Root`: whether operand `operand` is read through
      `ElementEmitter::at`, about once per element, so that its elementwise
      producer may be computed on the fly.
    }], "bool", "acceptsPrologue", (ins "unsigned":$operand), "", [{ return false; }]>
  ];
}

#endif // PITH_CODEGEN_INTERFACES_TD
