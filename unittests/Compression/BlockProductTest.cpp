//===- BlockProductTest.cpp - Products with blocks ------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Against Eigen, for sizes around those of tiles and strips.
//
//===----------------------------------------------------------------------===//

#include "BlockProduct.h"

#include "CompressionTest.h"

#include <gtest/gtest.h>

using namespace pith;
using namespace pith::test;

TEST(BlockProduct, MatchesEigen) {
  std::unique_ptr<mlir::MLIRContext> context(makeContext());
  for (int64_t rows : {1, 3, 257, 600})
    for (int64_t columns : {1, 5, 513})
      for (int64_t width : {1, 63, 64}) {
        int64_t stride = columns + 3;
        std::vector<float> data = makeNumbers(rows * stride, rows + columns);
        Eigen::Map<FloatMatrix, 0, Eigen::OuterStride<>> map(
            data.data(), rows, columns, Eigen::OuterStride<>(stride));
        ParallelMatrix matrix(context.get(), data.data(), rows, columns, stride);
        FloatMatrix right = FloatMatrix::Random(columns, width);
        FloatMatrix left = FloatMatrix::Random(rows, width);
        EXPECT_LT((matrix.times(right) - map * right).norm(), 1e-3);
        EXPECT_LT((matrix.transposedTimes(left) - map.transpose() * left).norm(), 1e-3);
        EXPECT_NEAR(matrix.squaredNorm(), map.squaredNorm(), 1e-3 * map.squaredNorm());
      }
}
