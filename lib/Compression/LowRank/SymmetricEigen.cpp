//===- SymmetricEigen.cpp - Eigenvalues of symmetric matrices -------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Householder reduction to tridiagonal form, then implicit QL iterations (Golub and Van
// Loan, "Matrix Computations", §8.3). Each reflection is applied in the pass over the
// rest of the matrix that multiplies it with the next one. Rotations of the iterations
// are only recorded; they are applied to strips of the eigenvectors later, in parallel.
//
//===----------------------------------------------------------------------===//

#include "SymmetricEigen.h"

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
/// Rows and columns of a block of products, and how deep a panel is.
constexpr int64_t kBlock = 24, kTileRows = 4, kDepth = 64;
/// Elements of a strip of eigenvectors, all of which stay in the second cache.
constexpr int64_t kStrip = 64;

/// Rotations of the rows (row, row + 1), `count` of them from `first` downwards.
struct Rotation {
  int64_t row;
  double cosine, sine;
};
} // namespace

// Pointers: vectors themselves are passed differently by differently compiled loops.
static Lanes *lanes(double *data) { return reinterpret_cast<Lanes *>(data); }
static const Lanes *lanes(const double *data) {
  return reinterpret_cast<const Lanes *>(data);
}

static double addUp(const Lanes *sums) {
  double sum = 0;
  for (int64_t i = 0; i < kLanes; ++i)
    sum += (*sums)[i];
  return sum;
}

/// Adds `leftᵀ · right` of two panels [kDepth][kBlock] to a block.
PITH_WIDE_LOOP static void addPanels(const double *left, const double *right,
                                     double *block, int64_t stride) {
  constexpr int64_t kVectors = kBlock / kLanes;
  for (int64_t row = 0; row < kBlock; row += kTileRows) {
    Lanes sums[kTileRows][kVectors];
    for (int64_t i = 0; i < kTileRows; ++i)
      for (int64_t v = 0; v < kVectors; ++v)
        sums[i][v] = *lanes(block + (row + i) * stride + v * kLanes);
    for (int64_t k = 0; k < kDepth; ++k)
      for (int64_t v = 0; v < kVectors; ++v) {
        Lanes x = *lanes(right + k * kBlock + v * kLanes);
        for (int64_t i = 0; i < kTileRows; ++i)
          sums[i][v] += x * left[k * kBlock + row + i];
      }
    for (int64_t i = 0; i < kTileRows; ++i)
      for (int64_t v = 0; v < kVectors; ++v)
        *lanes(block + (row + i) * stride + v * kLanes) = sums[i][v];
  }
}

std::vector<double> pith::multiplyBySelf(MLIRContext *context, ArrayRef<float> matrix,
                                         int64_t rows, int64_t columns, bool ofColumns) {
  const int64_t size = ofColumns ? columns : rows, depth = ofColumns ? rows : columns;
  const int64_t blocks = (size + kBlock - 1) / kBlock, padded = blocks * kBlock;
  std::vector<double> result(padded * padded), panels(blocks * kDepth * kBlock);
  for (int64_t first = 0; first < depth; first += kDepth) {
    parallelFor(context, 0, blocks, [&](size_t block) {
      double *panel = &panels[block * kDepth * kBlock];
      for (int64_t k = 0; k < kDepth; ++k)
        for (int64_t i = 0; i < kBlock; ++i) {
          int64_t own = block * kBlock + i, inner = first + k;
          bool inside = own < size && inner < depth;
          int64_t index = ofColumns ? inner * columns + own : own * columns + inner;
          panel[k * kBlock + i] = inside ? matrix[index] : 0.0f;
        }
    });
    parallelFor(context, 0, blocks, [&](size_t row) {
      for (size_t column = 0; column <= row; ++column)
        addPanels(&panels[row * kDepth * kBlock], &panels[column * kDepth * kBlock],
                  &result[row * kBlock * padded + column * kBlock], padded);
    });
  }
  for (int64_t i = 0; i < size; ++i)
    std::copy_n(&result[i * padded], size, &result[i * size]);
  result.resize(size * size);
  return result;
}

SymmetricEigen::SymmetricEigen(MLIRContext *context, std::vector<double> matrix,
                               int64_t size)
    : context(context), size(size), matrix(std::move(matrix)), diagonal(size),
      offDiagonal(size) {
  reduce();
}

/// Makes of a row's first `count` elements the vector v such that I − v · vᵀ leaves the
/// last of them alone; returns what that becomes.
static double makeReflection(double *row, int64_t count) {
  double largest = 0;
  for (int64_t i = 0; i < count; ++i)
    largest = std::max(largest, std::fabs(row[i]));
  double rest = 0;
  for (int64_t i = 0; i + 1 < count; ++i)
    rest += (row[i] / largest) * (row[i] / largest);
  double last = row[count - 1];
  if (!(rest > 0)) {
    std::fill(row, row + count, 0.0);
    return last;
  }
  double norm = largest * std::sqrt(rest + (last / largest) * (last / largest));
  double result = last > 0 ? -norm : norm;
  row[count - 1] = last - result;
  // ‖v‖² = 2: then I − v · vᵀ is a reflection.
  double factor = 1 / std::sqrt(norm * (norm + std::fabs(last)));
  for (int64_t i = 0; i < count; ++i)
    row[i] *= factor;
  return result;
}

/// Subtracts v · wᵀ + w · vᵀ from the lower half of the leading `count` rows, and sets
/// `product` to what is then their product with `next`.
PITH_WIDE_LOOP static void updateAndMultiply(double *matrix, int64_t stride,
                                             int64_t count, const double *v,
                                             const double *w, const double *next,
                                             double *product) {
  for (int64_t i = 0; i < count; ++i) {
    double *row = matrix + i * stride;
    const double vi = v[i], wi = w[i], xi = next[i];
    Lanes sums = {};
    int64_t j = 0;
    for (; j + kLanes <= i; j += kLanes) {
      Lanes value = *lanes(row + j) - *lanes(w + j) * vi - *lanes(v + j) * wi;
      *lanes(row + j) = value;
      sums += value * *lanes(next + j);
      *lanes(product + j) += value * xi;
    }
    double sum = addUp(&sums);
    for (; j < i; ++j) {
      double value = row[j] - w[j] * vi - v[j] * wi;
      row[j] = value;
      sum += value * next[j];
      product[j] += value * xi;
    }
    row[i] -= 2 * vi * wi;
    product[i] = sum + row[i] * xi;
  }
}

void SymmetricEigen::reduce() {
  // Of the reflection before: A − v · wᵀ − w · vᵀ is still to be done.
  std::vector<double> v(size + 1), w(size + 1), product(size + 1);
  for (int64_t k = size - 1; k > 0; --k) {
    double *row = &matrix[k * size];
    for (int64_t j = 0; j <= k; ++j)
      row[j] -= v[k] * w[j] + w[k] * v[j];
    diagonal[k] = row[k];
    offDiagonal[k - 1] = makeReflection(row, k);
    updateAndMultiply(matrix.data(), size, k, v.data(), w.data(), row, product.data());
    double half = 0;
    for (int64_t i = 0; i < k; ++i)
      half += row[i] * product[i];
    half /= 2;
    for (int64_t i = 0; i < k; ++i) {
      v[i] = row[i];
      w[i] = product[i] - half * row[i];
    }
  }
  if (size > 0)
    diagonal[0] = matrix[0] - 2 * v[0] * w[0];
}

/// Implicit QL iterations; `rotations`, if there are, become those that the rows of
/// eigenvectors take. False if they do not converge (numbers that are not finite).
static bool iterate(std::vector<double> &d, std::vector<double> &e,
                    std::vector<Rotation> *rotations) {
  const int64_t n = d.size();
  constexpr double kEpsilon = 0x1p-52;
  constexpr int kMaxIterations = 60;
  // What is small beside the whole matrix is rounding error of the reduction.
  double norm = 0;
  for (int64_t i = 0; i < n; ++i)
    norm = std::max(norm, std::fabs(d[i]) + std::fabs(e[i]));
  for (int64_t low = 0; low < n; ++low) {
    for (int iteration = 0;; ++iteration) {
      int64_t high = low;
      while (high + 1 < n && !(std::fabs(e[high]) <= kEpsilon / 4 * norm))
        ++high;
      if (high == low)
        break;
      if (iteration == kMaxIterations)
        return false;
      double g = (d[low + 1] - d[low]) / (2 * e[low]);
      g = d[high] - d[low] + e[low] / (g + std::copysign(std::hypot(g, 1.0), g));
      double sine = 1, cosine = 1, shift = 0;
      int64_t i = high - 1;
      for (; i >= low; --i) {
        double f = sine * e[i], b = cosine * e[i], radius = std::hypot(f, g);
        e[i + 1] = radius;
        if (radius == 0) {
          d[i + 1] -= shift;
          e[high] = 0;
          break;
        }
        sine = f / radius;
        cosine = g / radius;
        g = d[i + 1] - shift;
        double turn = (d[i] - g) * sine + 2 * cosine * b;
        shift = sine * turn;
        d[i + 1] = g + shift;
        g = cosine * turn - b;
        if (rotations)
          rotations->push_back({i, cosine, sine});
      }
      if (i >= low)
        continue;
      d[low] -= shift;
      e[low] = g;
      e[high] = 0;
    }
  }
  return true;
}

/// Rotates rows of kStrip elements.
PITH_WIDE_LOOP static void rotate(ArrayRef<Rotation> rotations, double *rows) {
  for (const Rotation &rotation : rotations) {
    double *low = rows + rotation.row * kStrip, *high = low + kStrip;
    for (int64_t j = 0; j < kStrip; j += kLanes) {
      Lanes x = *lanes(low + j), y = *lanes(high + j);
      *lanes(low + j) = x * rotation.cosine - y * rotation.sine;
      *lanes(high + j) = x * rotation.sine + y * rotation.cosine;
    }
  }
}

/// Indices of values, falling.
static std::vector<int64_t> getOrder(ArrayRef<double> values) {
  std::vector<int64_t> order(values.size());
  std::iota(order.begin(), order.end(), int64_t(0));
  llvm::sort(order, [&](int64_t left, int64_t right) {
    return values[left] > values[right] || (values[left] == values[right] && left < right);
  });
  return order;
}

std::vector<double> SymmetricEigen::getValues() const {
  std::vector<double> d = diagonal, e = offDiagonal;
  if (!iterate(d, e, nullptr) ||
      !llvm::all_of(d, [](double value) { return std::isfinite(value); }))
    return {};
  llvm::sort(d, std::greater<double>());
  return d;
}

/// Applies the reflection I − v · vᵀ to some rows.
PITH_WIDE_LOOP static void reflect(const double *v, int64_t length, double *rows,
                                   int64_t stride, int64_t count) {
  for (int64_t r = 0; r < count; ++r) {
    double *row = rows + r * stride;
    Lanes even = {}, odd = {};
    int64_t j = 0;
    for (; j + 2 * kLanes <= length; j += 2 * kLanes) {
      even += *lanes(row + j) * *lanes(v + j);
      odd += *lanes(row + j + kLanes) * *lanes(v + j + kLanes);
    }
    even += odd;
    double sum = addUp(&even);
    for (; j < length; ++j)
      sum += row[j] * v[j];
    for (j = 0; j + kLanes <= length; j += kLanes)
      *lanes(row + j) -= *lanes(v + j) * sum;
    for (; j < length; ++j)
      row[j] -= v[j] * sum;
  }
}

void SymmetricEigen::reflectBack(double *rows, int64_t count) const {
  for (int64_t k = 1; k < size; ++k)
    reflect(&matrix[k * size], k, rows, size, count);
}

std::vector<double> SymmetricEigen::getVectors(int64_t count) const {
  std::vector<double> d = diagonal, e = offDiagonal;
  std::vector<Rotation> rotations;
  if (!iterate(d, e, &rotations))
    return {};
  std::vector<int64_t> order = getOrder(d);
  std::vector<double> result(count * size);
  parallelFor(context, 0, (size + kStrip - 1) / kStrip, [&](size_t strip) {
    const int64_t begin = strip * kStrip, width = std::min(kStrip, size - begin);
    std::vector<double> rows(size * kStrip);
    for (int64_t j = 0; j < width; ++j)
      rows[(begin + j) * kStrip + j] = 1;
    rotate(rotations, rows.data());
    for (int64_t i = 0; i < count; ++i)
      std::copy_n(&rows[order[i] * kStrip], width, &result[i * size + begin]);
  });
  constexpr int64_t kRows = 16;
  parallelFor(context, 0, (count + kRows - 1) / kRows, [&](size_t block) {
    int64_t first = block * kRows;
    reflectBack(&result[first * size], std::min(kRows, count - first));
  });
  return result;
}
