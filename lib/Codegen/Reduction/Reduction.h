//===- Reduction.h - Kernels that combine many elements ---------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_CODEGEN_REDUCTION_REDUCTION_H
#define PITH_LIB_CODEGEN_REDUCTION_REDUCTION_H

#include "mlir/IR/MLIRContext.h"

namespace pith {
void attachReductionModels(mlir::MLIRContext *context);
void attachReduceModel(mlir::MLIRContext *context);
void attachNormalizeModels(mlir::MLIRContext *context);
void attachChannelNormModels(mlir::MLIRContext *context);
void attachPoolModels(mlir::MLIRContext *context);
void attachSelectModels(mlir::MLIRContext *context);
} // namespace pith

#endif // PITH_LIB_CODEGEN_REDUCTION_REDUCTION_H
