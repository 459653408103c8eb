//===- RowSpace.h - The rows of a contraction -------------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// All axes of the result before the last are rows. Where the epilogue allows it,
// they become one axis, so that no division is needed to find a row's place.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_CODEGEN_CPU_CONTRACTION_ROWSPACE_H
#define PITH_LIB_CODEGEN_CPU_CONTRACTION_ROWSPACE_H

#include "FloatContraction.h"

namespace pith {

class RowSpace {
public:
  /// `axes` leading axes of the root's result are rows.
  RowSpace(KernelEmitter &kernel, size_t axes);

  mlir::AffineExpr getCount() const { return count; }
  std::optional<int64_t> getConstantCount() const { return getConstant(count); }
  /// Position of a row in the root's result, without the axes behind the rows.
  llvm::SmallVector<LaneIndex> position(mlir::OpBuilder &builder,
                                        mlir::Value row) const;

  /// Sizes of the tiles that rows are cut into: at most `most`, as even as
  /// possible for a constant count; `most` and halves of 8 otherwise.
  llvm::SmallVector<int64_t> tileSizes(int64_t most) const;

private:
  KernelEmitter &kernel;
  llvm::SmallVector<mlir::AffineExpr> dims;
  mlir::AffineExpr count;
};

/// How many rows `axes` leading axes of the root's result are, where that is known, for
/// decisions before a `RowSpace` makes them one axis.
std::optional<int64_t> getConstantRows(KernelEmitter &kernel, size_t axes);

/// Emits loops over `[from, to)` in pieces of each of `sizes`, largest first;
/// the last of them takes what is left.
void forEachPiece(
    mlir::OpBuilder &builder, mlir::Location loc, mlir::Value from,
    mlir::Value to, llvm::ArrayRef<int64_t> sizes,
    llvm::function_ref<void(mlir::OpBuilder &, mlir::Value at, int64_t size)> body);

} // namespace pith

#endif // PITH_LIB_CODEGEN_CPU_CONTRACTION_ROWSPACE_H
