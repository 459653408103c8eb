//===- Indexing.h - Kernel models of scatters and the like ------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_CODEGEN_INDEXING_INDEXING_H
#define PITH_LIB_CODEGEN_INDEXING_INDEXING_H

#include "mlir/IR/MLIRContext.h"

namespace pith {
void attachIndexingModels(mlir::MLIRContext *context);
void attachScatterModels(mlir::MLIRContext *context);
void attachNonZeroModel(mlir::MLIRContext *context);
void attachQuantizeModel(mlir::MLIRContext *context);
} // namespace pith

#endif // PITH_LIB_CODEGEN_INDEXING_INDEXING_H
