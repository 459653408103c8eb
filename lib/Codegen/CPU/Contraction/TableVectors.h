//===- TableVectors.h - Tables in registers ---------------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Small tables as vectors of 8 (AVX2) or 16 (AVX-512) f32, and the permutations that
// look them up. Places are vectors of i32; bits above those that count are ignored.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_CODEGEN_CPU_CONTRACTION_TABLEVECTORS_H
#define PITH_LIB_CODEGEN_CPU_CONTRACTION_TABLEVECTORS_H

#include "pith/Codegen/CPU/Contraction/RegisterTile.h"

namespace pith {

/// Elements of a vector.
int64_t lengthOf(mlir::Value vector);

/// An instruction whose result has the type of its operand `like`.
mlir::Value callIntrinsic(TileCode &code, llvm::StringRef name, mlir::ValueRange operands,
                          unsigned like = 0);

/// Lane `i` of the result is the lane of `vector` that lane `i` of `places` says.
mlir::Value permuteVector(TileCode &code, mlir::Value vector, mlir::Value places);

/// What codes of type `element` stand for, as f32; `x` is as in `TileValues`. A bit
/// of type `i1` stands for −1 or 1, one of type `ui1` for 0 or 1.
mlir::Value codeToFloat(TileCode &code, mlir::Value x, mlir::Type element);

/// The numbers that codes of type `element` stand for, by the code at bit `from` of the
/// lane's number.
mlir::Value makeCodeTable(TileCode &code, mlir::Type element, int64_t lanes,
                          unsigned from = 0);

/// The first `entries` elements of a buffer, repeated until they fill a vector.
llvm::SmallVector<mlir::Value> loadTableVectors(TileCode &code, mlir::Value memref,
                                                int64_t entries, int64_t lanes);

/// A table in one vector for indices that lie at bit `from`.
mlir::Value moveTableVector(TileCode &code, mlir::Value table, unsigned from);

/// Entries of such a table: at most 16 with 8 lanes, 64 with 16.
mlir::Value lookUpVectors(TileCode &code, llvm::ArrayRef<mlir::Value> table,
                          mlir::Value places);

} // namespace pith

#endif // PITH_LIB_CODEGEN_CPU_CONTRACTION_TABLEVECTORS_H
