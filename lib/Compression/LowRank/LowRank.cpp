//===- LowRank.cpp - Truncated singular value decomposition ---------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// With M = W · S the best approximations are W' · S = U · Uᵀ · M = M · V · Vᵀ, where U
// and V hold the leading left and right singular vectors. So W' = U · (Uᵀ · W), without
// an inverse of S, or (M · V) · (Vᵀ · S⁻¹). Whichever side is smaller, its vectors are the
// eigenvectors of the small symmetric matrix M · Mᵀ or Mᵀ · M. Where even that is large,
// a randomized range finder gives an orthonormal basis Q of (nearly) the leading left
// singular space, and B = Qᵀ · M the rest. Since Q is orthonormal, what B captures of the
// energy is known exactly, and so is what truncation leaves out.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/LowRank/LowRank.h"

#include "BlockProduct.h"
#include "SymmetricEigen.h"

#include "mlir/IR/Threading.h"
#include <Eigen/Dense>

#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace pith;

namespace {
using Matrix = FloatMatrix;
using ConstMap = Eigen::Map<const Matrix>;

/// Matrices up to this size (the smaller side) are decomposed by their products.
constexpr int64_t kExactSize = 1536;
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
static int64_t findRank(ArrayRef<double> squares, double energy, double total) {
  double sum = 0;
  for (auto [index, square] : llvm::enumerate(squares)) {
    sum += std::max(0.0, square);
    if (sum >= energy * total)
      return index + 1;
  }
  return squares.size();
}

/// Scales columns of A and rows of B such that both have the same norm.
static void balance(LowRankFactors &factors, int64_t rows, int64_t columns) {
  Eigen::Map<Matrix> a(factors.a.data(), rows, factors.rank);
  Eigen::Map<Matrix> b(factors.b.data(), factors.rank, columns);
  for (int64_t i = 0; i < factors.rank; ++i) {
    double left = a.col(i).cast<double>().norm(), right = b.row(i).cast<double>().norm();
    if (!(left > 0) || !(right > 0))
      continue;
    auto scale = static_cast<float>(std::sqrt(right / left));
    if (!(scale > 0) || !std::isfinite(scale) || !std::isfinite(1 / scale))
      continue;
    a.col(i) *= scale;
    b.row(i) /= scale;
  }
}

/// Rows as columns, in single precision.
static std::vector<float> transposed(ArrayRef<double> matrix, int64_t columns) {
  int64_t rows = matrix.size() / columns;
  std::vector<float> result(matrix.size());
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j)
      result[j * rows + i] = static_cast<float>(matrix[i * columns + j]);
  return result;
}

static std::vector<float> toFloats(ArrayRef<double> values) {
  std::vector<float> result(values.size());
  llvm::transform(values, result.begin(), [](double x) { return static_cast<float>(x); });
  return result;
}

namespace {
/// A matrix that is approximated, and in what metric.
struct Problem {
  MLIRContext *context;
  ArrayRef<float> matrix;
  int64_t rows, columns;
  const RowMetric &metric;
  std::vector<float> scaled; ///< M, unless it is the matrix itself

  Problem(MLIRContext *context, ArrayRef<float> matrix, int64_t rows, int64_t columns,
          const RowMetric &metric)
      : context(context), matrix(matrix), rows(rows), columns(columns), metric(metric) {
    if (!metric.isPlain())
      scaled = metric.apply(context, matrix, columns);
  }

  bool isTall() const { return rows > columns; }
  int64_t getSmallSide() const { return std::min(rows, columns); }
  ArrayRef<float> getScaled() const {
    return scaled.empty() ? matrix : ArrayRef(scaled);
  }
  SymmetricEigen decompose() const {
    return SymmetricEigen(context,
                          multiplyBySelf(context, getScaled(), rows, columns, isTall()),
                          getSmallSide());
  }
  /// Factors of leading singular vectors of the small side, as rows.
  LowRankFactors project(ArrayRef<double> vectors) const;
};
} // namespace

LowRankFactors Problem::project(ArrayRef<double> vectors) const {
  LowRankFactors factors;
  factors.rank = vectors.size() / getSmallSide();
  if (isTall()) {
    factors.a = multiplyMatrices(context, getScaled(), transposed(vectors, columns), columns);
    factors.b = metric.undo(context, toFloats(vectors), columns);
  } else {
    factors.a = transposed(vectors, rows);
    factors.b = multiplyMatrices(context, toFloats(vectors), matrix, rows);
  }
  balance(factors, rows, columns);
  return factors;
}

static std::optional<LowRankFactors>
decomposeExactly(const Problem &problem, const LowRankTarget &target, double total) {
  SymmetricEigen eigen = problem.decompose();
  std::vector<double> squares = eigen.getValues();
  if (squares.empty())
    return std::nullopt;
  int64_t rank = target.rank > 0 ? std::min<int64_t>(target.rank, squares.size())
                                 : findRank(squares, target.energy, total);
  if (target.rank <= 0 && rank > target.maxRank)
    return std::nullopt;
  LowRankFactors factors = problem.project(eigen.getVectors(rank));
  factors.signal = total;
  double kept = 0;
  for (double square : ArrayRef(squares).take_front(rank))
    kept += std::max(0.0, square);
  factors.noise = std::max(0.0, total - kept);
  return factors;
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

  std::optional<LowRankFactors> cut(const Problem &problem, const LowRankTarget &target,
                                    double total) const {
    ArrayRef<float> wide(coefficients.data(), used * coefficients.cols());
    SymmetricEigen eigen(
        context, multiplyBySelf(context, wide, used, coefficients.cols(), false), used);
    std::vector<double> squares = eigen.getValues();
    if (squares.empty())
      return std::nullopt;
    LowRankFactors factors;
    factors.rank = target.rank > 0 ? std::min<int64_t>(target.rank, used)
                                   : findRank(squares, target.energy, total);
    factors.signal = total;
    double kept = 0;
    for (double square : ArrayRef(squares).take_front(factors.rank))
      kept += std::max(0.0, square);
    factors.noise = std::max(0.0, total - kept);
    // A = Q · (vectors of B · Bᵀ), whose columns are orthonormal; B = Aᵀ · W.
    Matrix known = basis.leftCols(used);
    factors.a = multiplyMatrices(
        context, ArrayRef<float>(known.data(), known.size()),
        transposed(eigen.getVectors(factors.rank), used), used);
    Matrix left = Eigen::Map<const Matrix>(factors.a.data(), problem.rows, factors.rank)
                      .transpose();
    factors.b = multiplyMatrices(context, ArrayRef<float>(left.data(), left.size()),
                                 problem.matrix, problem.rows);
    balance(factors, problem.rows, problem.columns);
    return factors;
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
decomposeByEnergy(const Problem &problem, const ParallelMatrix &matrix,
                  const LowRankTarget &target, double total) {
  // A basis of just the greatest rank would miss a little of what that rank keeps.
  int64_t limit = std::min(
      {target.maxRank + kOversampling, matrix.rows(), matrix.cols()});
  RangeFinder finder(problem.context, matrix, limit);
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
  std::optional<LowRankFactors> factors = finder.cut(problem, target, total);
  if (factors && factors->rank > target.maxRank)
    return std::nullopt;
  return factors;
}

std::optional<LowRankFactors>
pith::approximateLowRank(MLIRContext *context, ArrayRef<float> matrix, int64_t rows,
                         int64_t columns, const LowRankTarget &target,
                         const RowMetric &metric) {
  Problem problem(context, matrix, rows, columns, metric);
  ParallelMatrix scaled(context, problem.getScaled().data(), rows, columns, columns);
  double total = scaled.squaredNorm();
  int64_t full = problem.getSmallSide();
  if (full <= kExactSize)
    return decomposeExactly(problem, target, total);
  if (target.rank <= 0)
    return decomposeByEnergy(problem, scaled, target, total);
  int64_t wanted = std::min(target.rank + kOversampling, full);
  RangeFinder finder(context, scaled, wanted);
  while (finder.size() < wanted)
    finder.grow(std::min(kBlockColumns, wanted - finder.size()));
  return finder.cut(problem, target, total);
}

std::vector<double> pith::getSpectrum(MLIRContext *context, ArrayRef<float> matrix,
                                      int64_t rows, int64_t columns,
                                      const RowMetric &metric) {
  std::vector<double> squares =
      Problem(context, matrix, rows, columns, metric).decompose().getValues();
  for (double &square : squares)
    square = std::max(0.0, square);
  return squares;
}

std::vector<float> pith::multiplyFactors(MLIRContext *context,
                                         const LowRankFactors &factors) {
  return multiplyMatrices(context, factors.a, factors.b, factors.rank);
}
