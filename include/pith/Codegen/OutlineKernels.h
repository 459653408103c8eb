//===- OutlineKernels.h - Groups of ops become kernel functions -*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_CODEGEN_OUTLINEKERNELS_H
#define PITH_CODEGEN_OUTLINEKERNELS_H

#include "pith/Dialect/Pith/IR/ShapeAnalysis.h"
#include "mlir/IR/BuiltinOps.h"

#include <memory>

namespace pith {

/// `main` as calls of kernels, with what is known about its sizes.
struct OutlinedProgram {
  explicit OutlinedProgram(mlir::func::FuncOp main) : main(main), shapes(main) {}

  mlir::func::FuncOp main;
  /// Of `main`: valid for its values as they are after outlining.
  ShapeAnalysis shapes;
  /// For each call: the callee's symbols as expressions of `shapes`' symbols.
  llvm::DenseMap<mlir::Operation *, SymbolicShape> symbolValues;
};

/// See pith-outline-kernels. On failure diagnostics have been emitted.
mlir::FailureOr<std::unique_ptr<OutlinedProgram>>
outlineKernels(mlir::ModuleOp module, int64_t maxInlineElements = 16);

} // namespace pith

#endif // PITH_CODEGEN_OUTLINEKERNELS_H
