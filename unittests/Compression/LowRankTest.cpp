//===- LowRankTest.cpp - Truncated singular value decompositions ----------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ranks and errors against the singular values that the matrix was made of.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/LowRank/LowRank.h"

#include "CompressionTest.h"

#include <Eigen/Dense>
#include <gtest/gtest.h>

using namespace pith;
using namespace pith::test;

namespace {
using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// A matrix with the singular values σᵢ = 0.9^i.
Matrix makeMatrix(int64_t rows, int64_t columns, uint32_t seed) {
  int64_t count = std::min(rows, columns);
  auto basis = [&](int64_t size, uint32_t s) {
    std::vector<float> numbers = makeNumbers(size * count, s);
    Eigen::MatrixXf random = Eigen::Map<Matrix>(numbers.data(), size, count);
    Eigen::HouseholderQR<Eigen::MatrixXf> qr(random);
    return Eigen::MatrixXf(qr.householderQ() * Eigen::MatrixXf::Identity(size, count));
  };
  Eigen::VectorXf sigma(count);
  for (int64_t i = 0; i < count; ++i)
    sigma[i] = std::pow(0.9f, float(i));
  return basis(rows, seed) * sigma.asDiagonal() * basis(columns, seed + 1).transpose();
}

/// Σ_{i < rank} σᵢ² / Σ σᵢ².
double getEnergy(int64_t count, int64_t rank) {
  return (1 - std::pow(0.81, double(rank))) / (1 - std::pow(0.81, double(count)));
}

double getNoise(const Matrix &matrix, const LowRankFactors &factors) {
  Eigen::Map<const Matrix> a(factors.a.data(), matrix.rows(), factors.rank);
  Eigen::Map<const Matrix> b(factors.b.data(), factors.rank, matrix.cols());
  return (matrix - a * b).cast<double>().squaredNorm();
}

class LowRankTest : public testing::TestWithParam<std::pair<int64_t, int64_t>> {
protected:
  std::unique_ptr<mlir::MLIRContext> context{makeContext()};
  int64_t rows = GetParam().first, columns = GetParam().second;
  int64_t full = std::min(rows, columns);
  Matrix matrix = makeMatrix(rows, columns, 7);

  std::optional<LowRankFactors> approximate(const LowRankTarget &target) {
    return approximateLowRank(context.get(),
                              llvm::ArrayRef(matrix.data(), matrix.size()), rows,
                              columns, target);
  }
};
} // namespace

TEST_P(LowRankTest, Rank) {
  for (int64_t rank : {1, 7, 20}) {
    LowRankTarget target;
    target.rank = rank;
    std::optional<LowRankFactors> factors = approximate(target);
    ASSERT_TRUE(factors);
    EXPECT_EQ(factors->rank, rank);
    double noise = getNoise(matrix, *factors);
    double best = (1 - getEnergy(full, rank)) * factors->signal;
    EXPECT_NEAR(factors->noise, noise, 1e-4 * factors->signal);
    EXPECT_NEAR(noise, best, 1e-3 * best);
  }
}

TEST_P(LowRankTest, Energy) {
  for (double energy : {0.1, 0.5, 0.9, 0.95, 0.99}) {
    LowRankTarget target;
    target.energy = energy;
    target.maxRank = full / 2;
    std::optional<LowRankFactors> factors = approximate(target);
    ASSERT_TRUE(factors) << energy;
    int64_t least = 1;
    while (getEnergy(full, least) < energy)
      ++least;
    EXPECT_EQ(factors->rank, least) << energy;
    EXPECT_LE(getNoise(matrix, *factors), (1 - energy) * factors->signal * 1.001);
  }
}

TEST_P(LowRankTest, TooMuchEnergyForTheRank) {
  LowRankTarget target;
  target.energy = 0.99; // takes 22
  target.maxRank = 21;
  EXPECT_FALSE(approximate(target));
  target.maxRank = 22;
  EXPECT_TRUE(approximate(target));
}

TEST_P(LowRankTest, ThreadsDoNotMatter) {
  mlir::MLIRContext threaded;
  LowRankTarget target;
  target.rank = 9;
  llvm::ArrayRef<float> data(matrix.data(), matrix.size());
  auto left = approximateLowRank(context.get(), data, rows, columns, target);
  auto right = approximateLowRank(&threaded, data, rows, columns, target);
  EXPECT_EQ(left->a, right->a);
  EXPECT_EQ(left->b, right->b);
}

// Both sides of the size up to which matrices are decomposed directly.
INSTANTIATE_TEST_SUITE_P(Sizes, LowRankTest,
                         testing::Values(std::pair(60, 100), std::pair(100, 60),
                                         std::pair(300, 500), std::pair(500, 300)));
