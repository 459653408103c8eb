//===- Passes.td - From pith to kernels -----------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_CODEGEN_PASSES_TD
#define PITH_CODEGEN_PASSES_TD

include "mlir/Pass/PassBase.td"

def OutlineKernelsPass : Pass<"pith-outline-kernels", "::mlir::ModuleOp"> {
  let summary = "groups ops into kernels, one function per distinct kernel";
  let description = [{
    Cuts `main` into groups: a root op (contraction, reduction, pooling, …) with
    the elementwise ops that follow it, and with cheap elementwise or
    index-mapping producers; elementwise ops without root form groups of their
    own. Every group becomes a call of a private function with the attribute
    `pith.kernel`; equal groups (same ops, types, attributes, sizes) share one
    function. Constants whose elements are all equal and integers of 64 bits, at
    most `max-inline-elements` of them, move into it; other constants become
    arguments marked `pith.weight`. Codec ops move into the kernel that uses them,
    so that no dense weight is ever a value of `main`; one above another whose zeros
    it keeps names that operand as `pith.zeros_of`.

    Requires: simplified IR.
    Ensures: `main` consists of constants, calls of kernels, ops that only rename
    bytes (reshape) and ops on sizes.
  }];
  let options = [
    Option<"maxInlineElements", "max-inline-elements", "int64_t", "16",
           "Integer constants up to this many elements are part of the kernel's code">
  ];
  let dependentDialects = ["::mlir::func::FuncDialect"];
}

def ExpandMathPass : Pass<"pith-expand-math"> {
  let summary = "replaces math functions of f32 by vector arithmetic";
  let description = [{
    `exp`, `exp2`, `sin`, `cos` and powers by Pith's own formulas; `tanh`, `erf`,
    `log` and others by upstream's polynomial approximations; what is left calls
    libm. Half precision is computed in f32.

    Requires: `math` ops on scalars and vectors, none on tensors.
    Ensures: no `math` op on vectors is left that has no LLVM counterpart.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
    "::mlir::math::MathDialect", "::mlir::vector::VectorDialect",
    "::mlir::LLVM::LLVMDialect"];
}

def BFloatAsBitsPass : Pass<"pith-bfloat-as-bits", "::mlir::ModuleOp"> {
  let summary = "replaces bf16 by i16 where it is only moved";
  let description = [{
    Arithmetic on bf16 has become arithmetic on f32 and shifts; what is left loads,
    stores and moves it. Processors without bf16 would be made to convert it there
    and back by functions of a support library.

    Requires: the LLVM dialect, after pith-expand-math.
    Ensures: the type bf16 does not occur.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

#endif // PITH_CODEGEN_PASSES_TD
