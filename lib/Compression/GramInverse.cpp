//===- GramInverse.cpp - Least squares with Gram matrices -----------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A blocked Cholesky factorization in double precision. All of its work is in one
// product of tiles, compiled for wide vectors; every element is a sum in a fixed
// order, without fused operations.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/GramInverse.h"

#include "pith/Support/WideLoop.h"
#include "mlir/IR/Threading.h"
#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#pragma STDC FP_CONTRACT OFF

using namespace mlir;
using namespace pith;

namespace {
typedef double Lanes __attribute__((vector_size(64), aligned(8)));
constexpr int64_t kLanes = 8;
constexpr int64_t kTileRows = 4;
constexpr int64_t kTileVectors = 3;
/// Rows and columns of a block: two of them stay in the first cache.
constexpr int64_t kBlock = 48;
static_assert(kBlock % (kTileVectors * kLanes) == 0 && kBlock % kTileRows == 0,
              "blocks are made of whole tiles");

/// A matrix read element by element: (row, k) is `data[row · row + k · depth]`.
struct Scalars {
  const double *data;
  int64_t rowStep, depthStep;
};
/// kBlock columns with zeros where the matrix has fewer.
using Panel = std::vector<double>;
} // namespace

/// Adds `a` [rows, depth] times `b` [depth, kBlock] to `c` [rows, kBlock].
PITH_WIDE_LOOP static void addProduct(Scalars a, int64_t rows, int64_t depth,
                                      const double *b, double *c) {
  for (int64_t row = 0; row < rows; row += kTileRows) {
    // The last tile repeats a row instead of reading behind the end.
    const double *from[kTileRows];
    double *to[kTileRows];
    int64_t used = std::min(kTileRows, rows - row);
    for (int64_t i = 0; i < kTileRows; ++i) {
      int64_t r = row + std::min(i, used - 1);
      from[i] = a.data + r * a.rowStep;
      to[i] = c + r * kBlock;
    }
    for (int64_t column = 0; column < kBlock; column += kTileVectors * kLanes) {
      Lanes sums[kTileRows][kTileVectors];
      for (int64_t i = 0; i < kTileRows; ++i)
        for (int64_t v = 0; v < kTileVectors; ++v)
          sums[i][v] = *reinterpret_cast<Lanes *>(to[i] + column + v * kLanes);
      for (int64_t k = 0; k < depth; ++k) {
        const double *values = b + k * kBlock + column;
        Lanes x[kTileVectors];
        for (int64_t v = 0; v < kTileVectors; ++v)
          x[v] = *reinterpret_cast<const Lanes *>(values + v * kLanes);
        for (int64_t i = 0; i < kTileRows; ++i)
          for (int64_t v = 0; v < kTileVectors; ++v)
            sums[i][v] += x[v] * from[i][k * a.depthStep];
      }
      for (int64_t i = 0; i < used; ++i)
        for (int64_t v = 0; v < kTileVectors; ++v)
          *reinterpret_cast<Lanes *>(to[i] + column + v * kLanes) = sums[i][v];
    }
  }
}

/// Factors the diagonal block in place; false if it is not positive definite.
static bool factorBlock(double *a, int64_t stride, int64_t size) {
  for (int64_t j = 0; j < size; ++j) {
    for (int64_t i = j; i < size; ++i) {
      double sum = a[i * stride + j];
      for (int64_t k = 0; k < j; ++k)
        sum -= a[i * stride + k] * a[j * stride + k];
      if (i == j) {
        if (!(sum > 0) || !std::isfinite(sum))
          return false;
        a[j * stride + j] = std::sqrt(sum);
      } else {
        a[i * stride + j] = sum / a[j * stride + j];
      }
    }
  }
  return true;
}

/// The inverse of a lower triangular block, as `size` rows of kBlock.
static Panel invertBlock(const double *a, int64_t stride, int64_t size) {
  Panel inverse(kBlock * kBlock);
  for (int64_t j = 0; j < size; ++j) {
    inverse[j * kBlock + j] = 1 / a[j * stride + j];
    for (int64_t i = j + 1; i < size; ++i) {
      double sum = 0;
      for (int64_t k = j; k < i; ++k)
        sum -= a[i * stride + k] * inverse[k * kBlock + j];
      inverse[i * kBlock + j] = sum / a[i * stride + i];
    }
  }
  return inverse;
}

/// Columns [first, first + width) of rows [begin, end) transposed, negated: a panel of
/// `width` rows whose columns are the matrix's rows.
static void transposeNegated(const double *a, int64_t stride, int64_t begin, int64_t end,
                             int64_t first, int64_t width, double *panel) {
  for (int64_t k = 0; k < width; ++k)
    for (int64_t i = 0; i < kBlock; ++i)
      panel[k * kBlock + i] =
          begin + i < end ? -a[(begin + i) * stride + first + k] : 0.0;
}

/// Adds `a` · `b` to a block of `width` columns of a matrix.
static void addToBlock(Scalars a, int64_t rows, int64_t depth, const double *b,
                       double *target, int64_t stride, int64_t width) {
  double sums[kBlock * kBlock];
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < kBlock; ++j)
      sums[i * kBlock + j] = j < width ? target[i * stride + j] : 0.0;
  addProduct(a, rows, depth, b, sums);
  for (int64_t i = 0; i < rows; ++i)
    std::copy_n(sums + i * kBlock, width, target + i * stride);
}

static int64_t getBlocks(int64_t count) { return (count + kBlock - 1) / kBlock; }

/// Cholesky factorization of the lower triangle in place, column of blocks by column
/// of blocks; false if the matrix is not positive definite.
static bool factorLower(MLIRContext *context, double *a, int64_t n) {
  const int64_t blocks = getBlocks(n);
  std::vector<double> panels(blocks * kBlock * kBlock);
  for (int64_t b = 0; b < blocks; ++b) {
    int64_t first = b * kBlock, width = std::min(kBlock, n - first);
    if (!factorBlock(a + first * n + first, n, width))
      return false;
    // Rows below: A · L⁻ᵀ.
    Panel inverse = invertBlock(a + first * n + first, n, width);
    Panel transposed(kBlock * kBlock);
    for (int64_t i = 0; i < kBlock; ++i)
      for (int64_t j = 0; j < kBlock; ++j)
        transposed[j * kBlock + i] = inverse[i * kBlock + j];
    parallelFor(context, b + 1, blocks, [&](size_t block) {
      int64_t row = block * kBlock, rows = std::min(kBlock, n - row);
      double result[kBlock * kBlock] = {};
      addProduct({a + row * n + first, n, 1}, rows, width, transposed.data(), result);
      for (int64_t i = 0; i < rows; ++i)
        std::copy_n(result + i * kBlock, width, a + (row + i) * n + first);
      transposeNegated(a, n, row, row + rows, first, width,
                       &panels[block * kBlock * kBlock]);
    });
    // What is left: A − L · Lᵀ, its lower triangle of blocks.
    parallelFor(context, b + 1, blocks, [&](size_t block) {
      int64_t row = block * kBlock, rows = std::min(kBlock, n - row);
      for (int64_t column = b + 1; column <= int64_t(block); ++column)
        addToBlock({a + row * n + first, n, 1}, rows, width,
                   &panels[column * kBlock * kBlock], a + row * n + column * kBlock, n,
                   std::min(kBlock, n - column * kBlock));
    });
  }
  for (int64_t i = 0; i < n; ++i)
    std::fill(a + i * n + i + 1, a + (i + 1) * n, 0.0);
  return true;
}

std::optional<GramFactor> GramFactor::compute(MLIRContext *context, ArrayRef<float> gram,
                                              int64_t size, const GramDamping &how,
                                              ArrayRef<int64_t> order) {
  std::vector<int64_t> all;
  if (order.empty()) {
    all.resize(size);
    std::iota(all.begin(), all.end(), int64_t(0));
    order = all;
  }
  const int64_t n = order.size();
  double sum = 0;
  int64_t alive = 0;
  for (int64_t input : order) {
    double diagonal = gram[input * size + input];
    if (!std::isfinite(diagonal))
      return std::nullopt;
    sum += std::max(diagonal, 0.0);
    alive += diagonal > 0;
  }
  GramFactor factor(context, n);
  factor.mean = alive ? sum / alive : 1;
  factor.damping = how.fraction;
  for (unsigned attempt = 0; attempt <= how.retries; ++attempt) {
    for (int64_t i = 0; i < n; ++i) {
      const float *row = gram.data() + order[n - 1 - i] * size;
      double *to = &factor.lower[i * n];
      for (int64_t j = 0; j < i; ++j)
        to[j] = row[order[n - 1 - j]];
      to[i] = factor.damp(row[order[n - 1 - i]]);
    }
    if (factorLower(context, factor.lower.data(), n))
      return factor;
    factor.damping = std::max(factor.damping, 1e-5) * 10;
  }
  return std::nullopt;
}

double GramFactor::damp(double diagonal) const {
  return diagonal > 0 ? diagonal + damping * mean : mean;
}

void GramFactor::addDamping(MutableArrayRef<float> gram) const {
  for (int64_t i = 0; i < count; ++i)
    gram[i * count + i] = static_cast<float>(damp(gram[i * count + i]));
}

double GramFactor::getDiagonal(int64_t j) const {
  int64_t i = count - 1 - j;
  return lower[i * count + i];
}

/// The float matrix whose element (i, j) is (n−1−i, n−1−j) of a lower one.
static std::vector<float> reverse(ArrayRef<double> lower, int64_t n) {
  std::vector<float> upper(n * n);
  for (int64_t i = 0; i < n; ++i) {
    const double *from = &lower[(n - 1 - i) * n];
    for (int64_t j = i; j < n; ++j)
      upper[i * n + j] = static_cast<float>(from[n - 1 - j]);
  }
  return upper;
}

std::vector<float> GramFactor::getUpper() const { return reverse(lower, count); }

std::vector<float> GramFactor::getCouplings() const {
  std::vector<float> couplings(count * count);
  // Blocks, for the sake of the caches.
  parallelFor(context, 0, getBlocks(count), [&](size_t block) {
    int64_t begin = block * kBlock, end = std::min(begin + kBlock, count);
    for (int64_t i = 0; i < end; ++i)
      for (int64_t j = std::max(begin, i + 1); j < end; ++j)
        couplings[j * count + i] = static_cast<float>(
            lower[(count - 1 - i) * count + count - 1 - j] / getDiagonal(j));
  });
  return couplings;
}

std::vector<double> GramFactor::invertLower() const {
  const int64_t n = count, blocks = getBlocks(n);
  std::vector<double> inverse(n * n);
  std::vector<Panel> diagonal(blocks);
  parallelFor(context, 0, blocks, [&](size_t b) {
    int64_t first = b * kBlock;
    diagonal[b] =
        invertBlock(&lower[first * n + first], n, std::min(kBlock, n - first));
  });
  // A strip of columns needs only itself: X[i] = −L[i,i]⁻¹ · Σ_{k<i} L[i,k] · X[k].
  parallelFor(context, 0, blocks, [&](size_t strip) {
    int64_t first = strip * kBlock, width = std::min(kBlock, n - first);
    std::vector<double> columns((n - first) * kBlock);
    std::copy(diagonal[strip].begin(), diagonal[strip].begin() + width * kBlock,
              columns.begin());
    for (int64_t b = strip + 1; b < blocks; ++b) {
      int64_t row = b * kBlock, rows = std::min(kBlock, n - row);
      double sums[kBlock * kBlock] = {};
      for (int64_t k = first; k < row; k += kBlock)
        addProduct({&lower[row * n + k], n, 1}, rows, kBlock,
                   &columns[(k - first) * kBlock], sums);
      for (double &sum : sums)
        sum = -sum;
      addProduct({diagonal[b].data(), kBlock, 1}, rows, rows, sums,
                 &columns[(row - first) * kBlock]);
    }
    for (int64_t i = first; i < n; ++i)
      std::copy_n(&columns[(i - first) * kBlock], width, &inverse[i * n + first]);
  });
  return inverse;
}

std::vector<float> GramFactor::getInverseUpper() const {
  return reverse(invertLower(), count);
}

std::vector<float> GramFactor::getInverse() const {
  const int64_t n = count, blocks = getBlocks(n);
  std::vector<double> factor = invertLower();
  std::vector<float> inverse(n * n);
  parallelFor(context, 0, blocks, [&](size_t strip) {
    int64_t first = strip * kBlock, width = std::min(kBlock, n - first);
    std::vector<double> columns((n - first) * kBlock);
    for (int64_t i = first; i < n; ++i)
      std::copy_n(&factor[i * n + first], width, &columns[(i - first) * kBlock]);
    for (int64_t b = 0; b <= int64_t(strip); ++b) {
      int64_t row = b * kBlock, rows = std::min(kBlock, n - row);
      double sums[kBlock * kBlock] = {};
      for (int64_t k = first; k < n; k += kBlock)
        addProduct({&factor[k * n + row], 1, n}, rows, std::min(kBlock, n - k),
                   &columns[(k - first) * kBlock], sums);
      for (int64_t i = 0; i < rows; ++i)
        for (int64_t j = 0; j < width; ++j) {
          int64_t left = n - 1 - (row + i), right = n - 1 - (first + j);
          float value = static_cast<float>(sums[i * kBlock + j]);
          // Of a block on the diagonal the upper half is taken for both.
          if (row + i <= first + j)
            inverse[left * n + right] = inverse[right * n + left] = value;
        }
    }
  });
  return inverse;
}

/// Solves L · Lᵀ · x = b for kLanes right-hand sides at once, x being [n][kLanes].
PITH_WIDE_LOOP static void solveLanes(const double *lower, int64_t n, double *x) {
  auto at = [&](int64_t i) -> Lanes & { return *reinterpret_cast<Lanes *>(x + i * kLanes); };
  for (int64_t i = 0; i < n; ++i) {
    const double *row = lower + i * n;
    Lanes even = at(i), odd = even - even;
    int64_t k = 0;
    for (; k + 2 <= i; k += 2) {
      even -= at(k) * row[k];
      odd -= at(k + 1) * row[k + 1];
    }
    if (k < i)
      even -= at(k) * row[k];
    at(i) = (even + odd) / row[i];
  }
  for (int64_t i = n - 1; i >= 0; --i) {
    const double *row = lower + i * n;
    Lanes value = at(i) / row[i];
    at(i) = value;
    for (int64_t k = 0; k < i; ++k)
      at(k) -= value * row[k];
  }
}

void GramFactor::solve(MutableArrayRef<float> rows) const {
  const int64_t n = count, total = int64_t(rows.size()) / std::max<int64_t>(n, 1);
  parallelFor(context, 0, (total + kLanes - 1) / kLanes, [&](size_t block) {
    std::vector<double> x(n * kLanes);
    int64_t first = block * kLanes, used = std::min(kLanes, total - first);
    for (int64_t lane = 0; lane < used; ++lane)
      for (int64_t i = 0; i < n; ++i)
        x[(n - 1 - i) * kLanes + lane] = rows[(first + lane) * n + i];
    solveLanes(lower.data(), n, x.data());
    for (int64_t lane = 0; lane < used; ++lane)
      for (int64_t i = 0; i < n; ++i)
        rows[(first + lane) * n + i] =
            static_cast<float>(x[(n - 1 - i) * kLanes + lane]);
  });
}

std::vector<int64_t> pith::getActivationOrder(ArrayRef<float> gram, int64_t size) {
  std::vector<int64_t> order(size);
  std::iota(order.begin(), order.end(), int64_t(0));
  llvm::sort(order, [&](int64_t left, int64_t right) {
    float a = gram[left * size + left], b = gram[right * size + right];
    return a > b || (a == b && left < right);
  });
  return order;
}
