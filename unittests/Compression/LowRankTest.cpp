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

  std::optional<LowRankFactors> approximate(const LowRankTarget &target,
                                            const RowMetric &metric = {}) {
    return approximateLowRank(context.get(),
                              llvm::ArrayRef(matrix.data(), matrix.size()), rows,
                              columns, target, metric);
  }

  static constexpr double kDamping = 0.001;
  /// Of activations that correlate and differ in size, fewer rows than elements.
  Matrix gram() {
    int64_t samples = columns * 3 / 4;
    std::vector<float> numbers = makeNumbers(samples * columns, 11);
    Eigen::Map<Matrix> x(numbers.data(), samples, columns);
    for (int64_t k = 0; k < columns; ++k)
      x.col(k) *= k % 7 == 0 ? 5.0f : 0.5f;
    for (int64_t k = 1; k < columns; ++k)
      x.col(k) += 0.5f * x.col(k - 1);
    return x.transpose() * x;
  }
  RowMetric makeMetric() {
    Matrix products = gram();
    return *RowMetric::makeGram(context.get(),
                                llvm::ArrayRef(products.data(), products.size()), columns,
                                kDamping);
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

TEST_P(LowRankTest, Spectrum) {
  std::vector<double> squares = getSpectrum(
      context.get(), llvm::ArrayRef(matrix.data(), matrix.size()), rows, columns);
  ASSERT_EQ(int64_t(squares.size()), full);
  for (int64_t i = 0; i < 40; ++i)
    EXPECT_NEAR(squares[i], std::pow(0.81, double(i)), 1e-5);
}

TEST_P(LowRankTest, ExactAtFullRank) {
  LowRankTarget target;
  target.rank = full;
  for (const RowMetric &metric : {RowMetric(), makeMetric()}) {
    std::optional<LowRankFactors> factors = approximate(target, metric);
    ASSERT_TRUE(factors);
    EXPECT_LE(std::sqrt(getNoise(matrix, *factors)), 2e-5 * matrix.norm());
  }
}

// What the factors leave out is, in the metric, what the singular values of W · S say, and
// no other factors of that rank leave out less (Eckart and Young, 1936). Those of the
// plain decomposition leave out more.
TEST_P(LowRankTest, LeastOutputError) {
  RowMetric metric = makeMetric();
  Eigen::MatrixXd seen = gram().cast<double>();
  seen.diagonal().array() += kDamping * seen.diagonal().mean();
  Eigen::LLT<Eigen::MatrixXd> factor(seen);
  Eigen::MatrixXd scaled = matrix.cast<double>() * Eigen::MatrixXd(factor.matrixL());
  Eigen::BDCSVD<Eigen::MatrixXd> svd(scaled);
  auto getOutputNoise = [&](const LowRankFactors &factors) {
    Eigen::Map<const Matrix> a(factors.a.data(), rows, factors.rank);
    Eigen::Map<const Matrix> b(factors.b.data(), factors.rank, columns);
    Eigen::MatrixXd difference = (matrix - a * b).cast<double>();
    return (difference * seen * difference.transpose()).trace();
  };
  for (int64_t rank : {1, 5, 30}) {
    double least = svd.singularValues().tail(full - rank).squaredNorm();
    LowRankTarget target;
    target.rank = rank;
    std::optional<LowRankFactors> factors = approximate(target, metric);
    ASSERT_TRUE(factors);
    EXPECT_NEAR(getOutputNoise(*factors), least, 1e-3 * least);
    EXPECT_NEAR(factors->noise, least, 1e-3 * least);
    EXPECT_GE(getOutputNoise(*approximate(target, RowMetric())), 1.01 * least);
  }
}

TEST_P(LowRankTest, Diagonal) {
  std::vector<float> scales(columns, 1.0f);
  scales[3] = 1000;
  LowRankTarget target;
  target.rank = 1;
  std::optional<LowRankFactors> factors =
      approximate(target, RowMetric::makeDiagonal(scales));
  ASSERT_TRUE(factors);
  Eigen::Map<const Matrix> a(factors->a.data(), rows, 1);
  Eigen::Map<const Matrix> b(factors->b.data(), 1, columns);
  EXPECT_LE((matrix - a * b).col(3).norm(), 1e-3 * matrix.col(3).norm());
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

// Beyond the size up to which products are decomposed.
TEST(LowRankTest, Large) {
  std::unique_ptr<mlir::MLIRContext> context(makeContext());
  const int64_t rows = 1600, columns = 1700, rank = 3;
  std::vector<float> left = makeNumbers(rows * rank, 1);
  std::vector<float> right = makeNumbers(rank * columns, 2);
  Matrix matrix = Eigen::Map<Matrix>(left.data(), rows, rank) *
                  Eigen::Map<Matrix>(right.data(), rank, columns);
  std::vector<float> scales(columns, 1.0f);
  scales[5] = 3;
  for (const RowMetric &metric : {RowMetric(), RowMetric::makeDiagonal(scales)}) {
    LowRankTarget target;
    target.energy = 0.999999;
    target.maxRank = 100;
    std::optional<LowRankFactors> factors =
        approximateLowRank(context.get(), llvm::ArrayRef(matrix.data(), matrix.size()),
                           rows, columns, target, metric);
    ASSERT_TRUE(factors);
    EXPECT_EQ(factors->rank, rank);
    EXPECT_LE(std::sqrt(getNoise(matrix, *factors)), 1e-5 * matrix.norm());
  }
}
