//===- BlockTranspose.h - Square blocks in registers ------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_CODEGEN_CPU_BLOCKTRANSPOSE_H
#define PITH_CODEGEN_CPU_BLOCKTRANSPOSE_H

#include "mlir/IR/Builders.h"
#include "llvm/ADT/SmallVector.h"

namespace pith {

/// As many vectors as each has lanes (a power of two): row `i` of the result has
/// lane `i` of every vector.
llvm::SmallVector<mlir::Value> transposeBlock(mlir::OpBuilder &b, mlir::Location loc,
                                              llvm::ArrayRef<mlir::Value> rows);

/// As many vectors as each has lanes: lane `i` of the result is the sum of all
/// lanes of vector `i`.
mlir::Value sumLanes(mlir::OpBuilder &b, mlir::Location loc,
                     llvm::ArrayRef<mlir::Value> vectors);

} // namespace pith

#endif // PITH_CODEGEN_CPU_BLOCKTRANSPOSE_H
