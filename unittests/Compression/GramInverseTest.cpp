//===- GramInverseTest.cpp - Least squares with Gram matrices -------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Against Eigen in double precision, for sizes around those of blocks.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/GramInverse.h"

#include "CompressionTest.h"
#include <Eigen/Cholesky>
#include <Eigen/LU>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

using namespace mlir;
using namespace pith;
using namespace pith::test;

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Floats = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// The Gram matrix of `rows` random vectors.
static Floats makeGram(int64_t size, int64_t rows) {
  std::vector<float> numbers = makeNumbers(size * rows, size + rows);
  Eigen::Map<Floats> x(numbers.data(), rows, size);
  return x.transpose() * x;
}

static Matrix getDamped(const Floats &gram, double fraction) {
  Matrix damped = gram.cast<double>();
  damped.diagonal().array() += fraction * damped.diagonal().mean();
  return damped;
}

static Matrix toMatrix(const std::vector<float> &values, int64_t size) {
  return Eigen::Map<const Floats>(values.data(), size, size).cast<double>();
}

TEST(GramInverse, FactorsAndInvertsLikeEigen) {
  std::unique_ptr<MLIRContext> context(makeContext());
  for (int64_t size : {1, 2, 47, 48, 49, 96, 200}) {
    Floats gram = makeGram(size, 2 * size + 3);
    ArrayRef<float> values(gram.data(), size * size);
    std::optional<GramFactor> factor = GramFactor::compute(context.get(), values, size);
    ASSERT_TRUE(factor) << size;
    EXPECT_EQ(factor->getDamping(), 0.01);
    Matrix damped = getDamped(gram, 0.01), inverse = damped.inverse();
    Matrix upper = toMatrix(factor->getUpper(), size);
    EXPECT_LT((upper * upper.transpose() - damped).norm(), 1e-6 * damped.norm()) << size;
    EXPECT_EQ(upper.triangularView<Eigen::StrictlyLower>().toDenseMatrix().norm(), 0);
    EXPECT_NEAR(factor->getDiagonal(size - 1), upper(size - 1, size - 1), 1e-5);
    std::vector<float> couplings = factor->getCouplings();
    for (int64_t j = 0; j < size; ++j)
      for (int64_t i = 0; i < size; ++i)
        EXPECT_NEAR(couplings[j * size + i], i < j ? upper(i, j) / upper(j, j) : 0, 1e-5);
    // GPTQ's factor: the upper Cholesky factor of the inverse.
    Matrix expected = inverse.llt().matrixU();
    Matrix found = toMatrix(factor->getInverseUpper(), size);
    EXPECT_LT((found - expected).norm(), 1e-5 * expected.norm()) << size;
    Matrix product = toMatrix(factor->getInverse(), size);
    EXPECT_LT((product - inverse).norm(), 1e-5 * inverse.norm()) << size;
  }
}

TEST(GramInverse, SolvesForAllRows) {
  std::unique_ptr<MLIRContext> context(makeContext());
  for (int64_t size : {3, 50, 101})
    for (int64_t rows : {1, 8, 13}) {
      Floats gram = makeGram(size, 3 * size);
      std::vector<float> right = makeNumbers(rows * size, 5);
      Matrix expected = Eigen::Map<Floats>(right.data(), rows, size).cast<double>() *
                        getDamped(gram, 0.01).inverse();
      auto factor = GramFactor::compute(context.get(), {gram.data(), size_t(size * size)},
                                        size);
      factor->solve(right);
      Matrix found = Eigen::Map<Floats>(right.data(), rows, size).cast<double>();
      EXPECT_LT((found - expected).norm(), 1e-5 * expected.norm()) << size << " " << rows;
    }
}

TEST(GramInverse, TakesInputsInAnyOrder) {
  std::unique_ptr<MLIRContext> context(makeContext());
  Floats gram = makeGram(60, 100);
  std::vector<int64_t> order = {59, 3, 7, 20, 0};
  GramDamping none{0, 0};
  auto factor = GramFactor::compute(context.get(), {gram.data(), 3600}, 60, none, order);
  Matrix upper = toMatrix(factor->getUpper(), 5), product = upper * upper.transpose();
  for (int i = 0; i < 5; ++i)
    for (int j = 0; j < 5; ++j)
      EXPECT_NEAR(product(i, j), gram(order[i], order[j]), 1e-4);
}

TEST(GramInverse, DampsMoreWhereItMust) {
  std::unique_ptr<MLIRContext> context(makeContext());
  // Not positive semidefinite by a twentieth of the diagonal.
  Floats gram(2, 2);
  gram << 1, 1.05f, 1.05f, 1;
  auto factor = GramFactor::compute(context.get(), {gram.data(), 4}, 2);
  ASSERT_TRUE(factor);
  EXPECT_DOUBLE_EQ(factor->getDamping(), 0.1);
  EXPECT_FALSE(GramFactor::compute(context.get(), {gram.data(), 4}, 2, {0.01, 0}));
  gram(0, 0) = std::numeric_limits<float>::quiet_NaN();
  EXPECT_FALSE(GramFactor::compute(context.get(), {gram.data(), 4}, 2));
}

TEST(GramInverse, DeadInputsStayApart) {
  std::unique_ptr<MLIRContext> context(makeContext());
  Floats gram(3, 3);
  gram << 4, 0, 2, 0, 0, 0, 2, 0, 2;
  auto factor = GramFactor::compute(context.get(), {gram.data(), 9}, 3, {0, 0});
  ASSERT_TRUE(factor);
  Matrix upper = toMatrix(factor->getUpper(), 3), product = upper * upper.transpose();
  EXPECT_NEAR(product(1, 1), 3, 1e-6); // the mean of 4 and 2
  EXPECT_NEAR(product(0, 2), 2, 1e-6);
  std::vector<float> zeros(4);
  EXPECT_TRUE(GramFactor::compute(context.get(), zeros, 2));
}

TEST(GramInverse, ThreadsDoNotMatter) {
  std::unique_ptr<MLIRContext> context(makeContext());
  MLIRContext threaded;
  Floats gram = makeGram(230, 300);
  ArrayRef<float> values(gram.data(), gram.size());
  auto one = GramFactor::compute(context.get(), values, 230);
  auto many = GramFactor::compute(&threaded, values, 230);
  EXPECT_EQ(one->getUpper(), many->getUpper());
  EXPECT_EQ(one->getInverse(), many->getInverse());
}

TEST(GramInverse, OrdersByActivation) {
  Floats gram = Floats::Zero(4, 4);
  gram.diagonal() << 1, 5, 1, 7;
  EXPECT_EQ(getActivationOrder({gram.data(), 16}, 4),
            (std::vector<int64_t>{3, 1, 0, 2}));
}
