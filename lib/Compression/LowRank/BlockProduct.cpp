//===- BlockProduct.cpp - Products with a few columns ---------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Eigen is compiled for the baseline processor; these loops are compiled for wider
// vectors too. A tile of 4 rows and 32 columns stays in registers.
//
//===----------------------------------------------------------------------===//

#include "BlockProduct.h"

#include "pith/Support/WideLoop.h"
#include "mlir/IR/Threading.h"
#include "llvm/ADT/STLFunctionalExtras.h"

#include <algorithm>
#include <cstring>

#pragma STDC FP_CONTRACT OFF

using namespace mlir;
using namespace pith;

namespace {
typedef float Lanes __attribute__((vector_size(64), aligned(4)));
constexpr int64_t kLanes = 16;
constexpr int64_t kTileRows = 4;
constexpr int64_t kTileVectors = 2;
/// Rows of results a thread forms at a time: results do not depend on the number
/// of threads.
constexpr int64_t kStrip = 256;
/// Inner positions after which sums go back to memory, so that the rows of a
/// block stay in the cache.
constexpr int64_t kDepth = 512;
} // namespace

/// Adds to `result` [rows][64] the sums over `depth` positions of
/// `matrix[row · rowStep + k · depthStep] · block[k][…]`.
PITH_WIDE_LOOP static void addProduct(const float *matrix, int64_t rowStep,
                                      int64_t depthStep, int64_t rows,
                                      int64_t depth, const float *block,
                                      float *result) {
  for (int64_t row = 0; row < rows; row += kTileRows) {
    // The last tile repeats rows instead of reading behind the end.
    const float *from[kTileRows];
    float *to[kTileRows];
    int64_t count = std::min(kTileRows, rows - row);
    for (int64_t i = 0; i < kTileRows; ++i) {
      int64_t r = row + std::min(i, count - 1);
      from[i] = matrix + r * rowStep;
      to[i] = result + r * kBlockColumns;
    }
    for (int64_t column = 0; column < kBlockColumns; column += kTileVectors * kLanes) {
      Lanes sums[kTileRows][kTileVectors];
      for (int64_t i = 0; i < kTileRows; ++i)
        for (int64_t v = 0; v < kTileVectors; ++v)
          sums[i][v] = *reinterpret_cast<Lanes *>(to[i] + column + v * kLanes);
      for (int64_t k = 0; k < depth; ++k) {
        const float *values = block + k * kBlockColumns + column;
        for (int64_t v = 0; v < kTileVectors; ++v) {
          Lanes x = *reinterpret_cast<const Lanes *>(values + v * kLanes);
          for (int64_t i = 0; i < kTileRows; ++i)
            sums[i][v] += x * from[i][k * depthStep];
        }
      }
      for (int64_t i = 0; i < count; ++i)
        for (int64_t v = 0; v < kTileVectors; ++v)
          *reinterpret_cast<Lanes *>(to[i] + column + v * kLanes) = sums[i][v];
    }
  }
}

/// `x` with zeros in the columns it lacks.
static FloatMatrix pad(const FloatMatrix &x) {
  FloatMatrix padded = FloatMatrix::Zero(x.rows(), kBlockColumns);
  padded.leftCols(x.cols()) = x;
  return padded;
}

/// Products of `rows` rows with `x`, where element (row, k) of the matrix is
/// `data[row · rowStep + k · depthStep]`.
static FloatMatrix multiply(MLIRContext *context, const float *data, int64_t rowStep,
                            int64_t depthStep, int64_t rows, const FloatMatrix &x) {
  FloatMatrix block = pad(x), result = FloatMatrix::Zero(rows, kBlockColumns);
  const int64_t depth = x.rows();
  parallelFor(context, 0, (rows + kStrip - 1) / kStrip, [&](size_t strip) {
    int64_t begin = strip * kStrip, count = std::min(kStrip, rows - begin);
    for (int64_t k = 0; k < depth; k += kDepth)
      addProduct(data + begin * rowStep + k * depthStep, rowStep, depthStep, count,
                 std::min(kDepth, depth - k), block.data() + k * kBlockColumns,
                 result.data() + begin * kBlockColumns);
  });
  return result.leftCols(x.cols());
}

FloatMatrix ParallelMatrix::times(const FloatMatrix &x) const {
  return multiply(context, data, stride, 1, rows(), x);
}

FloatMatrix ParallelMatrix::transposedTimes(const FloatMatrix &x) const {
  return multiply(context, data, 1, stride, cols(), x);
}

double ParallelMatrix::squaredNorm() const {
  double sum = 0;
  for (int64_t row = 0; row < rows(); ++row)
    for (int64_t column = 0; column < cols(); ++column) {
      double value = data[row * stride + column];
      sum += value * value;
    }
  return sum;
}

std::vector<float> pith::multiplyMatrices(MLIRContext *context, ArrayRef<float> left,
                                          ArrayRef<float> right, int64_t inner) {
  const int64_t rows = left.size() / inner, columns = right.size() / inner;
  ParallelMatrix matrix(context, left.data(), rows, inner, inner);
  Eigen::Map<const FloatMatrix> map(right.data(), inner, columns);
  std::vector<float> result(rows * columns);
  Eigen::Map<FloatMatrix> target(result.data(), rows, columns);
  for (int64_t first = 0; first < columns; first += kBlockColumns) {
    int64_t count = std::min(kBlockColumns, columns - first);
    target.middleCols(first, count) = matrix.times(map.middleCols(first, count));
  }
  return result;
}
