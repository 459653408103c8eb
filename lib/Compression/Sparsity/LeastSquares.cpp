//===- LeastSquares.cpp - Fitting the weights that remain -----------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Short supports are factored row by row. For long ones a batch of rows takes the
// steps of conjugate gradients together, preconditioned by the diagonal: products of
// the batch with the whole matrix are far cheaper than factors of as many submatrices.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Sparsity/LeastSquares.h"

#include "pith/Compression/Codec.h"
#include "pith/Compression/WideSums.h"
#include "pith/Support/WideLoop.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <cmath>
#include <vector>

#pragma STDC FP_CONTRACT OFF

using namespace mlir;
using namespace pith;

namespace {
typedef float Lanes __attribute__((vector_size(64), aligned(4)));
constexpr int64_t kLanes = 16;
constexpr int64_t kWidth = 2 * kLanes; ///< columns of one packed panel
constexpr int64_t kRows = 4;           ///< of one register tile
constexpr int64_t kBatch = 32;         ///< rows that iterate together
constexpr double kTolerance = 1e-5;

/// H = G + λI, as panels of columns.
struct Hessian {
  int64_t size, stride; ///< stride: size, padded to whole panels
  double lambda = 0;
  std::vector<float> panels; ///< [panel][row][kWidth]
  std::vector<float> diagonal;

  Hessian(ArrayRef<float> gram, int64_t size, double damping);
};
} // namespace

Hessian::Hessian(ArrayRef<float> gram, int64_t size, double damping)
    : size(size), stride(llvm::alignTo(size, kWidth)), panels(stride * size),
      diagonal(size) {
  double sum = 0;
  int64_t count = 0;
  for (int64_t k = 0; k < size; ++k) {
    sum += gram[k * size + k];
    count += gram[k * size + k] > 0;
  }
  lambda = count ? damping * sum / double(count) : 0;
  for (int64_t row = 0; row < size; ++row)
    for (int64_t k = 0; k < size; ++k) {
      float value = gram[row * size + k];
      if (row == k)
        diagonal[k] = value = float(value + lambda);
      panels[(k / kWidth * size + row) * kWidth + k % kWidth] = value;
    }
}

/// out[r] = rows[r] · H for `count` rows of `size` elements; `out` has `stride`.
PITH_WIDE_LOOP static void multiply(const float *const *rows, int64_t count,
                                    const float *panels, int64_t size, int64_t stride,
                                    float *const *out) {
  for (int64_t column = 0; column < stride; column += kWidth) {
    const float *panel = panels + column * size;
    for (int64_t first = 0; first < count; first += kRows) {
      const float *from[kRows];
      for (int64_t i = 0; i < kRows; ++i)
        from[i] = rows[std::min(first + i, count - 1)];
      Lanes sums[kRows][2] = {};
      for (int64_t k = 0; k < size; ++k) {
        const Lanes *line = reinterpret_cast<const Lanes *>(panel + k * kWidth);
        for (int64_t i = 0; i < kRows; ++i) {
          sums[i][0] += line[0] * from[i][k];
          sums[i][1] += line[1] * from[i][k];
        }
      }
      for (int64_t i = 0; i < kRows && first + i < count; ++i)
        for (int64_t v = 0; v < 2; ++v)
          *reinterpret_cast<Lanes *>(out[first + i] + column + v * kLanes) = sums[i][v];
    }
  }
}

/// x − y of `count` values, where `y` advances.
PITH_WIDE_LOOP static void subtractScaled(double *x, const double *y, double factor,
                                          int64_t count) {
  for (int64_t i = 0; i < count; ++i)
    x[i] -= factor * y[i];
}

/// Solves A x = b in place of `b`; A (`[n, n]`, its upper half) is overwritten. False if
/// it is not positive definite.
static bool solveCholesky(std::vector<double> &a, std::vector<double> &b) {
  int64_t n = b.size();
  for (int64_t j = 0; j < n; ++j) {
    double *row = &a[j * n];
    if (!(row[j] > 0) || !std::isfinite(row[j]))
      return false;
    double root = std::sqrt(row[j]);
    for (int64_t k = j; k < n; ++k)
      row[k] /= root;
    for (int64_t i = j + 1; i < n; ++i)
      subtractScaled(&a[i * n + i], row + i, row[i], n - i);
    b[j] /= root;
    subtractScaled(&b[j + 1 < n ? j + 1 : j], row + j + 1, b[j], n - j - 1);
  }
  for (int64_t j = n - 1; j >= 0; --j) {
    for (int64_t k = j + 1; k < n; ++k)
      b[j] -= a[j * n + k] * b[k];
    b[j] /= a[j * n + j];
  }
  return true;
}

namespace {
/// A batch of rows.
class Batch {
public:
  Batch(const Hessian &hessian, const LeastSquaresOptions &options,
        ArrayRef<float> original, ArrayRef<char> support, MutableArrayRef<float> weights)
      : h(hessian), options(options), original(original), support(support),
        weights(weights), count(int64_t(weights.size()) / h.size), energies(count) {}

  void fit();

private:
  using Rows = std::vector<std::vector<float>>;
  Rows makeRows() const { return Rows(count, std::vector<float>(h.stride)); }
  const char *has(int64_t row) const { return support.data() + row * h.size; }
  void product(const Rows &rows, ArrayRef<int64_t> which, Rows &out) const;
  std::vector<double> getEnergies(Rows &gradient) const;
  bool solveDirect(int64_t row);
  void iterate(Rows gradient, std::vector<int64_t> active);

  const Hessian &h;
  const LeastSquaresOptions &options;
  ArrayRef<float> original;
  ArrayRef<char> support;
  MutableArrayRef<float> weights;
  int64_t count;
  std::vector<double> energies;
};
} // namespace

void Batch::product(const Rows &rows, ArrayRef<int64_t> which, Rows &out) const {
  SmallVector<const float *> from;
  SmallVector<float *> to;
  for (int64_t row : which) {
    from.push_back(rows[row].data());
    to.push_back(out[row].data());
  }
  if (!which.empty())
    multiply(from.data(), from.size(), h.panels.data(), h.size, h.stride, to.data());
}

/// d G dᵀ of every row, d = w − w'; `gradient` becomes d H.
std::vector<double> Batch::getEnergies(Rows &gradient) const {
  Rows differences = makeRows();
  SmallVector<int64_t> all;
  for (int64_t row = 0; row < count; ++row) {
    all.push_back(row);
    for (int64_t k = 0; k < h.size; ++k)
      differences[row][k] = original[row * h.size + k] - weights[row * h.size + k];
  }
  product(differences, all, gradient);
  std::vector<double> result(count);
  for (int64_t row = 0; row < count; ++row) {
    const float *d = differences[row].data();
    result[row] = getDot(d, gradient[row].data(), h.size) - h.lambda * getDot(d, d, h.size);
  }
  return result;
}

/// H[S, S] (w' − current)[S] = (d H)[S], with the energies' gradient d H.
bool Batch::solveDirect(int64_t row) {
  std::vector<int64_t> kept;
  for (int64_t k = 0; k < h.size; ++k)
    if (has(row)[k])
      kept.push_back(k);
  int64_t n = kept.size();
  std::vector<double> a(n * n), b(n);
  auto at = [&](int64_t i, int64_t k) {
    return double(h.panels[(k / kWidth * h.size + i) * kWidth + k % kWidth]);
  };
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = i; j < n; ++j)
      a[i * n + j] = at(kept[i], kept[j]);
    for (int64_t k = 0; k < h.size; ++k)
      b[i] += at(kept[i], k) * double(original[row * h.size + k]);
  }
  if (n == 0 || !solveCholesky(a, b))
    return false;
  for (int64_t i = 0; i < n; ++i)
    weights[row * h.size + kept[i]] = float(b[i]);
  return true;
}

void Batch::iterate(Rows residual, std::vector<int64_t> active) {
  Rows direction = makeRows(), image = makeRows();
  std::vector<double> before(count), limit(count);
  // The preconditioned residual's square; `direction` from it.
  auto turn = [&](int64_t row, bool first) {
    double square = 0;
    for (int64_t k = 0; k < h.size; ++k)
      if (has(row)[k] && h.diagonal[k] > 0)
        square += double(residual[row][k]) * residual[row][k] / h.diagonal[k];
    float factor = first || before[row] == 0 ? 0 : float(square / before[row]);
    for (int64_t k = 0; k < h.size; ++k)
      if (has(row)[k] && h.diagonal[k] > 0)
        direction[row][k] = residual[row][k] / h.diagonal[k] + factor * direction[row][k];
    before[row] = square;
    if (first)
      limit[row] = square * kTolerance * kTolerance;
  };
  for (int64_t row : active)
    turn(row, true);
  for (int64_t step = 0; step < options.iterations && !active.empty(); ++step) {
    product(direction, active, image);
    std::vector<int64_t> left;
    for (int64_t row : active) {
      double curvature = getDot(direction[row].data(), image[row].data(), h.size);
      if (!(curvature > 0) || !(before[row] > limit[row]))
        continue;
      float length = float(before[row] / curvature);
      float *own = weights.data() + row * h.size;
      for (int64_t k = 0; k < h.size; ++k)
        if (has(row)[k]) {
          own[k] += length * direction[row][k];
          residual[row][k] -= length * image[row][k];
        }
      turn(row, false);
      left.push_back(row);
    }
    active = std::move(left);
  }
}

void Batch::fit() {
  std::vector<float> old(weights.begin(), weights.end());
  Rows gradient = makeRows();
  energies = getEnergies(gradient);
  std::vector<int64_t> longRows;
  for (int64_t row = 0; row < count; ++row) {
    int64_t kept = std::count(has(row), has(row) + h.size, 1);
    if (kept > options.directSize || (kept > 0 && !solveDirect(row)))
      longRows.push_back(row);
  }
  iterate(gradient, longRows);
  std::vector<double> after = getEnergies(gradient);
  for (int64_t row = 0; row < count; ++row)
    if (!(after[row] < energies[row]))
      std::copy_n(&old[row * h.size], h.size, &weights[row * h.size]);
}

void pith::fitSupports(MLIRContext *context, ArrayRef<float> gram, int64_t size,
                       ArrayRef<float> original, ArrayRef<char> support,
                       const LeastSquaresOptions &options,
                       MutableArrayRef<float> weights) {
  Hessian hessian(gram, size, options.damping);
  int64_t rows = int64_t(weights.size()) / size;
  forRowRuns(context, rows, size * size, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row += kBatch) {
      int64_t from = row * size, length = std::min(kBatch, end - row) * size;
      Batch(hessian, options, original.slice(from, length), support.slice(from, length),
            weights.slice(from, length))
          .fit();
    }
  });
}
