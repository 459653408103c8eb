//===- LowRank.cpp - Truncated singular value decomposition ---------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Either decomposes the matrix itself, or a small one: with an orthonormal basis
// Q of (nearly) the leading left singular space, `W ≈ Q · B`, `B = Qᵀ · W`, and
// the singular values and left vectors of B come from the symmetric `B · Bᵀ`.
// Since Q is orthonormal, what B captures of the energy is known exactly, and so
// is what truncation leaves out.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/LowRank/LowRank.h"

#include "BlockProduct.h"

#include "mlir/IR/Threading.h"
#include <Eigen/Dense>

#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace pith;

namespace {
using Matrix = FloatMatrix;
using ConstMap = Eigen::Map<const Matrix>;

/// Matrices up to this size (the smaller side) are decomposed directly.
constexpr int64_t kExactSize = 256;
/// Columns beyond the wanted rank, and power iterations: both sharpen the basis.
constexpr int64_t kOversampling = 16;
constexpr int kPowerIterations = 2;

/// Numbers from −1 to 1, the same on every machine.
class Randoms {
public:
  float next() {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return float(int32_t(state >> 32)) * 0x1p-31f;
  }
  Matrix matrix(int64_t rows, int64_t cols) {
    Matrix result(rows, cols);
    for (int64_t i = 0; i < result.size(); ++i)
      result.data()[i] = next();
    return result;
  }

private:
  uint64_t state = 0x9e3779b97f4a7c15u;
};
} // namespace

/// Divides the columns by the Cholesky factor of their products. Fails where they
/// are nearly dependent.
static bool divideByFactor(Eigen::MatrixXd &columns) {
  Eigen::MatrixXd products = columns.transpose() * columns;
  Eigen::LLT<Eigen::MatrixXd> factor(products);
  Eigen::VectorXd diagonal = factor.matrixLLT().diagonal();
  if (factor.info() != Eigen::Success ||
      !(diagonal.minCoeff() > 1e-5 * diagonal.maxCoeff()))
    return false;
  factor.matrixL().transpose().solveInPlace<Eigen::OnTheRight>(columns);
  return true;
}

/// An orthonormal basis of the columns: twice by Cholesky factors (Yamamoto et al.,
/// "Roundoff Error Analysis of the CholeskyQR2 Algorithm", 2015), which is mostly
/// matrix products, or where that does not work by reflections.
static Matrix orthonormalize(const Matrix &columns) {
  Eigen::MatrixXd result = columns.cast<double>();
  if (divideByFactor(result) && divideByFactor(result))
    return result.cast<float>();
  Eigen::HouseholderQR<Eigen::MatrixXf> qr(columns);
  return qr.householderQ() *
         Eigen::MatrixXf::Identity(columns.rows(), columns.cols());
}

static double squaredNorm(const Matrix &matrix) {
  return matrix.cast<double>().squaredNorm();
}

/// The least rank whose squared singular values (in decreasing order) sum up to
/// `energy` of `total`, at most their number.
static int64_t findRank(const Eigen::VectorXd &squares, double energy, double total) {
  double sum = 0;
  for (int64_t i = 0; i < squares.size(); ++i) {
    sum += std::max(0.0, squares[i]);
    if (sum >= energy * total)
      return i + 1;
  }
  return squares.size();
}

/// The product `left · diag(√σ)` and `diag(√σ) · right` cut to `rank`, where the
/// columns of `left` and rows of `right` are singular vectors.
static LowRankFactors makeFactors(const Eigen::MatrixXd &left,
                                  const Eigen::MatrixXd &right,
                                  const Eigen::VectorXd &squares, int64_t rank,
                                  double total) {
  LowRankFactors factors;
  factors.rank = rank;
  factors.signal = total;
  Eigen::VectorXd roots =
      squares.head(rank).cwiseMax(0.0).cwiseSqrt().cwiseSqrt();
  factors.a.resize(left.rows() * rank);
  factors.b.resize(rank * right.cols());
  Eigen::Map<Matrix>(factors.a.data(), left.rows(), rank) =
      (left.leftCols(rank) * roots.asDiagonal()).cast<float>();
  Eigen::Map<Matrix>(factors.b.data(), rank, right.cols()) =
      (roots.asDiagonal() * right.topRows(rank)).cast<float>();
  factors.noise =
      std::max(0.0, total - squares.head(rank).cwiseMax(0.0).sum());
  return factors;
}

static std::optional<LowRankFactors>
decomposeExactly(ConstMap matrix, const LowRankTarget &target, double total) {
  Eigen::BDCSVD<Eigen::MatrixXd> svd(matrix.cast<double>(),
                                     Eigen::ComputeThinU | Eigen::ComputeThinV);
  if (svd.info() != Eigen::Success)
    return std::nullopt;
  Eigen::VectorXd squares = svd.singularValues().cwiseAbs2();
  int64_t rank = target.rank > 0 ? std::min<int64_t>(target.rank, squares.size())
                                 : findRank(squares, target.energy, total);
  if (target.rank <= 0 && rank > target.maxRank)
    return std::nullopt;
  return makeFactors(svd.matrixU(), svd.matrixV().transpose(), squares, rank, total);
}

/// `left · right`, in parallel strips of rows.
template <typename Left>
static Eigen::MatrixXd multiply(MLIRContext *context, const Left &left,
                                const Eigen::MatrixXd &right) {
  constexpr int64_t kStrip = 128;
  Eigen::MatrixXd result(left.rows(), right.cols());
  parallelFor(context, 0, (left.rows() + kStrip - 1) / kStrip, [&](size_t i) {
    int64_t begin = i * kStrip, size = std::min<int64_t>(kStrip, left.rows() - begin);
    result.middleRows(begin, size).noalias() =
        left.middleRows(begin, size).template cast<double>() * right;
  });
  return result;
}

namespace {
/// A basis of the leading left singular space that grows by blocks.
class RangeFinder {
public:
  /// A basis of at most `capacity` columns.
  RangeFinder(MLIRContext *context, const ParallelMatrix &matrix, int64_t capacity)
      : context(context), matrix(matrix), basis(matrix.rows(), capacity),
        coefficients(capacity, matrix.cols()) {}

  /// Adds `count` columns; returns what they capture of the energy.
  double grow(int64_t count) {
    Matrix columns = orthonormalize(
        deflate(matrix.times(randoms.matrix(matrix.cols(), count))));
    for (int i = 0; i < kPowerIterations; ++i) {
      Matrix back = orthonormalize(matrix.transposedTimes(columns));
      columns = orthonormalize(deflate(matrix.times(back)));
    }
    // Once more: what is left of the earlier columns is rounding error.
    columns = orthonormalize(deflate(columns));
    Matrix part = matrix.transposedTimes(columns).transpose();
    basis.middleCols(used, count) = columns;
    coefficients.middleRows(used, count) = part;
    used += count;
    return squaredNorm(part);
  }

  int64_t size() const { return used; }

  std::optional<LowRankFactors> cut(const LowRankTarget &target, double total) const {
    Eigen::MatrixXd wide = coefficients.topRows(used).cast<double>();
    Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(
        multiply(context, wide, wide.transpose()));
    if (eigen.info() != Eigen::Success)
      return std::nullopt;
    // In increasing order: reverse.
    Eigen::VectorXd squares = eigen.eigenvalues().reverse();
    Eigen::MatrixXd vectors = eigen.eigenvectors().rowwise().reverse();
    int64_t rank = target.rank > 0 ? std::min<int64_t>(target.rank, squares.size())
                                   : findRank(squares, target.energy, total);
    vectors.conservativeResize(Eigen::NoChange, rank);
    // Singular values of zero have no right vectors, nor do they need any.
    Eigen::VectorXd inverse = squares.head(rank).unaryExpr(
        [](double x) { return x > 0 ? 1 / std::sqrt(x) : 0.0; });
    Eigen::MatrixXd left = multiply(context, basis.leftCols(used), vectors);
    Eigen::MatrixXd right =
        inverse.asDiagonal() * multiply(context, vectors.transpose().eval(), wide);
    return makeFactors(left, right, squares, rank, total);
  }

private:
  /// `columns` without their part in the basis.
  Matrix deflate(Matrix columns) const {
    if (used == 0)
      return columns;
    ParallelMatrix known(context, basis.data(), basis.rows(), used, basis.cols());
    columns -= known.times(known.transposedTimes(columns));
    return columns;
  }

  MLIRContext *context;
  const ParallelMatrix &matrix;
  Randoms randoms;
  int64_t used = 0;
  Matrix basis;        ///< rows × capacity, orthonormal columns
  Matrix coefficients; ///< capacity × columns
};
} // namespace

/// Grows a basis until it keeps the energy, or cannot within `maxRank`.
static std::optional<LowRankFactors>
decomposeByEnergy(MLIRContext *context, const ParallelMatrix &matrix,
                  const LowRankTarget &target, double total) {
  // A basis of just the greatest rank would miss a little of what that rank keeps.
  int64_t limit = std::min(
      {target.maxRank + kOversampling, matrix.rows(), matrix.cols()});
  RangeFinder finder(context, matrix, limit);
  double captured = 0;
  while (captured < target.energy * total) {
    int64_t size = std::min(kBlockColumns, limit - finder.size());
    if (size <= 0)
      return std::nullopt;
    double gain = finder.grow(size);
    captured += gain;
    // Singular values fall: no later column captures more than these did.
    double best = captured + double(limit - finder.size()) * gain / size;
    if (best < target.energy * total)
      return std::nullopt;
  }
  std::optional<LowRankFactors> factors = finder.cut(target, total);
  if (factors && factors->rank > target.maxRank)
    return std::nullopt;
  return factors;
}

std::optional<LowRankFactors>
pith::approximateLowRank(MLIRContext *context, ArrayRef<float> matrix, int64_t rows,
                         int64_t columns, const LowRankTarget &target) {
  ConstMap map(matrix.data(), rows, columns);
  ParallelMatrix parallel(context, matrix.data(), rows, columns, columns);
  double total = parallel.squaredNorm();
  int64_t full = std::min(rows, columns);
  if (full <= kExactSize)
    return decomposeExactly(map, target, total);
  if (target.rank <= 0)
    return decomposeByEnergy(context, parallel, target, total);
  int64_t wanted = std::min(target.rank + kOversampling, full);
  RangeFinder finder(context, parallel, wanted);
  while (finder.size() < wanted)
    finder.grow(std::min(kBlockColumns, wanted - finder.size()));
  return finder.cut(target, total);
}
