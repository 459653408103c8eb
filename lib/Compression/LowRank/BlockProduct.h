//===- BlockProduct.h - Products with a few columns -------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Products of a big matrix with a block of at most 64 columns, the one costly
// operation of a range finder. Every element is a sum in the order of the inner
// index, without fused operations: the same on every machine.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_COMPRESSION_LOWRANK_BLOCKPRODUCT_H
#define PITH_LIB_COMPRESSION_LOWRANK_BLOCKPRODUCT_H

#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/ArrayRef.h"
#include <Eigen/Core>

#include <vector>

namespace pith {

using FloatMatrix =
    Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// Columns of a block.
constexpr int64_t kBlockColumns = 64;

/// A row-major matrix whose products are formed in parallel where the context
/// allows.
class ParallelMatrix {
public:
  ParallelMatrix(mlir::MLIRContext *context, const float *data, int64_t rows,
                 int64_t columns, int64_t stride)
      : context(context), data(data), rowCount(rows), columnCount(columns),
        stride(stride) {}

  int64_t rows() const { return rowCount; }
  int64_t cols() const { return columnCount; }

  /// `W · x`, with x of at most kBlockColumns columns.
  FloatMatrix times(const FloatMatrix &x) const;
  /// `Wᵀ · x`.
  FloatMatrix transposedTimes(const FloatMatrix &x) const;
  /// The squared Frobenius norm.
  double squaredNorm() const;

private:
  mlir::MLIRContext *context;
  const float *data;
  int64_t rowCount, columnCount, stride;
};

/// The product of two row-major matrices, of which the first has `inner` columns and
/// the second `inner` rows.
std::vector<float> multiplyMatrices(mlir::MLIRContext *context,
                                    llvm::ArrayRef<float> left,
                                    llvm::ArrayRef<float> right, int64_t inner);

} // namespace pith

#endif // PITH_LIB_COMPRESSION_LOWRANK_BLOCKPRODUCT_H
