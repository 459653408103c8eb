//===- SymmetricEigenTest.cpp - Eigenvalues of symmetric matrices ---------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Against Eigen's solver, and against what the vectors must do.
//
//===----------------------------------------------------------------------===//

#include "SymmetricEigen.h"

#include "CompressionTest.h"

#include <Eigen/Dense>
#include <gtest/gtest.h>

using namespace pith;
using namespace pith::test;

namespace {
using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using FloatMatrix =
    Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

class SymmetricEigenTest : public testing::TestWithParam<int64_t> {
protected:
  std::unique_ptr<mlir::MLIRContext> context{makeContext()};
  int64_t size = GetParam();

  /// With eigenvalues of both signs.
  Matrix makeMatrix() {
    std::vector<float> numbers = makeNumbers(size * size, 3);
    Matrix random = Eigen::Map<FloatMatrix>(numbers.data(), size, size).cast<double>();
    return random + random.transpose();
  }
  std::vector<double> flat(const Matrix &matrix) {
    return {matrix.data(), matrix.data() + matrix.size()};
  }
};
} // namespace

TEST_P(SymmetricEigenTest, Values) {
  Matrix matrix = makeMatrix();
  Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> expected(matrix);
  std::vector<double> values =
      SymmetricEigen(context.get(), flat(matrix), size).getValues();
  ASSERT_EQ(int64_t(values.size()), size);
  for (int64_t i = 0; i < size; ++i)
    EXPECT_NEAR(values[i], expected.eigenvalues()[size - 1 - i], 1e-12 * size);
}

TEST_P(SymmetricEigenTest, Vectors) {
  Matrix matrix = makeMatrix();
  SymmetricEigen eigen(context.get(), flat(matrix), size);
  std::vector<double> values = eigen.getValues();
  for (int64_t count : {int64_t(1), (size + 1) / 2, size}) {
    std::vector<double> rows = eigen.getVectors(count);
    ASSERT_EQ(int64_t(rows.size()), count * size);
    Eigen::Map<Matrix> vectors(rows.data(), count, size);
    Matrix products = vectors * vectors.transpose();
    EXPECT_LE((products - Matrix::Identity(count, count)).norm(), 1e-12 * size);
    Eigen::Map<Eigen::VectorXd> leading(values.data(), count);
    Matrix scaled = leading.asDiagonal() * vectors;
    EXPECT_LE((vectors * matrix - scaled).norm(), 1e-11 * size);
  }
}

TEST_P(SymmetricEigenTest, OnlyTheLowerHalfCounts) {
  Matrix matrix = makeMatrix(), half = matrix.triangularView<Eigen::Lower>();
  EXPECT_EQ(SymmetricEigen(context.get(), flat(matrix), size).getValues(),
            SymmetricEigen(context.get(), flat(half), size).getValues());
}

TEST_P(SymmetricEigenTest, ThreadsDoNotMatter) {
  mlir::MLIRContext threaded;
  Matrix matrix = makeMatrix();
  EXPECT_EQ(SymmetricEigen(context.get(), flat(matrix), size).getVectors(size),
            SymmetricEigen(&threaded, flat(matrix), size).getVectors(size));
}

TEST_P(SymmetricEigenTest, Products) {
  int64_t columns = size + 70;
  std::vector<float> numbers = makeNumbers(size * columns, 5);
  Matrix matrix =
      Eigen::Map<FloatMatrix>(numbers.data(), size, columns).cast<double>();
  for (bool ofColumns : {false, true}) {
    Matrix expected = ofColumns ? Matrix(matrix.transpose() * matrix)
                                : Matrix(matrix * matrix.transpose());
    std::vector<double> found =
        multiplyBySelf(context.get(), numbers, size, columns, ofColumns);
    for (int64_t i = 0; i < expected.rows(); ++i)
      for (int64_t j = 0; j <= i; ++j)
        ASSERT_NEAR(found[i * expected.cols() + j], expected(i, j), 1e-11) << i << " " << j;
  }
}

// One element, less than a vector, sizes beside those of blocks and strips.
INSTANTIATE_TEST_SUITE_P(Sizes, SymmetricEigenTest,
                         testing::Values(1, 2, 3, 9, 24, 25, 64, 65, 130));

TEST(SymmetricEigenTest, ZerosAndIdentity) {
  std::unique_ptr<mlir::MLIRContext> context(makeContext());
  std::vector<double> zeros(25), identity(25);
  for (int64_t i = 0; i < 5; ++i)
    identity[i * 6] = 1;
  EXPECT_EQ(SymmetricEigen(context.get(), zeros, 5).getValues(),
            std::vector<double>(5, 0.0));
  EXPECT_EQ(SymmetricEigen(context.get(), identity, 5).getValues(),
            std::vector<double>(5, 1.0));
}

TEST(SymmetricEigenTest, NotFinite) {
  std::unique_ptr<mlir::MLIRContext> context(makeContext());
  std::vector<double> matrix(9, std::numeric_limits<double>::quiet_NaN());
  EXPECT_TRUE(SymmetricEigen(context.get(), matrix, 3).getValues().empty());
}
