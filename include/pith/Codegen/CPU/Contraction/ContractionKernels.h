//===- ContractionKernels.h - Sums of products on CPUs ----------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernel models of matrix products, convolutions, dynamic quantization, and of
// look-ups in compressed tables.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_CODEGEN_CPU_CONTRACTION_CONTRACTIONKERNELS_H
#define PITH_CODEGEN_CPU_CONTRACTION_CONTRACTIONKERNELS_H

#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Operation.h"
#include "mlir/Support/LLVM.h"

namespace pith {
class KernelEmitter;

/// Attaches the models to the ops of a context in which the dialect is loaded.
void attachContractionModels(mlir::MLIRContext *context);
/// The same, when the dialect gets loaded.
void registerContractionKernelModels(mlir::DialectRegistry &registry);

/// Whether a `pith.gather` looks up rows of a table that a codec decodes; its
/// kernel is then made by `emitTableLookUp` (role `Root`).
bool isTableLookUp(mlir::Operation *gather);
/// Emits the kernel: decodes exactly the rows asked for.
mlir::LogicalResult emitTableLookUp(KernelEmitter &kernel, mlir::Operation *gather);

} // namespace pith

#endif // PITH_CODEGEN_CPU_CONTRACTION_CONTRACTIONKERNELS_H
