//===- PruningTest.cpp - Schedules, SparseGPT and least squares -----------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Against brute force: Optimal Brain Surgeon with an inverse for every element, and
// Gaussian elimination for every row.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Sparsity/LeastSquares.h"
#include "pith/Compression/Sparsity/Magnitude.h"
#include "pith/Compression/Sparsity/Schedule.h"
#include "pith/Compression/Sparsity/SparseGpt.h"

#include "CompressionTest.h"

#include <gtest/gtest.h>

using namespace pith;
using namespace pith::test;

using Matrix = std::vector<std::vector<double>>;

/// XᵀX of activations whose columns are correlated.
static std::vector<float> makeGram(int64_t K, int64_t rows, uint32_t seed) {
  std::vector<float> x = makeNumbers(rows * K, seed), gram(K * K);
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t k = 1; k < K; ++k)
      x[r * K + k] += 0.8f * x[r * K + k - 1];
  for (int64_t i = 0; i < K; ++i)
    for (int64_t j = 0; j < K; ++j) {
      double sum = 0;
      for (int64_t r = 0; r < rows; ++r)
        sum += double(x[r * K + i]) * x[r * K + j];
      gram[i * K + j] = float(sum);
    }
  return gram;
}

/// Solves A x = b by elimination with pivots.
static std::vector<double> solve(Matrix a, std::vector<double> b) {
  size_t n = b.size();
  for (size_t j = 0; j < n; ++j) {
    size_t pivot = j;
    for (size_t i = j; i < n; ++i)
      if (std::fabs(a[i][j]) > std::fabs(a[pivot][j]))
        pivot = i;
    std::swap(a[j], a[pivot]);
    std::swap(b[j], b[pivot]);
    for (size_t i = 0; i < n; ++i) {
      if (i == j)
        continue;
      double factor = a[i][j] / a[j][j];
      for (size_t k = j; k < n; ++k)
        a[i][k] -= factor * a[j][k];
      b[i] -= factor * b[j];
    }
  }
  for (size_t i = 0; i < n; ++i)
    b[i] /= a[i][i];
  return b;
}

static double energy(llvm::ArrayRef<float> gram, int64_t K, const float *w,
                     const float *v) {
  double sum = 0;
  for (int64_t i = 0; i < K; ++i)
    for (int64_t j = 0; j < K; ++j)
      sum += (double(w[i]) - v[i]) * gram[i * K + j] * (double(w[j]) - v[j]);
  return sum;
}

static std::vector<char> keepLargestHalf(llvm::ArrayRef<float> w) {
  std::vector<char> mask;
  MagnitudeCut cut(w, w.size() / 2);
  for (float x : w)
    mask.push_back(!cut.drops(x));
  return mask;
}

/// What is left of a row of elements under a mask.
static std::vector<float> masked(std::vector<float> w, llvm::ArrayRef<char> mask) {
  for (size_t i = 0; i < w.size(); ++i)
    w[i] = mask[i] ? w[i] : 0;
  return w;
}

TEST(LeastSquares, EqualsElimination) {
  const int64_t K = 43, rows = 9;
  mlir::MLIRContext context;
  std::vector<float> gram = makeGram(K, 200, 3), w = makeNumbers(rows * K, 5);
  std::vector<char> mask = keepLargestHalf(w);
  double lambda = 0, damping = 0.01;
  for (int64_t k = 0; k < K; ++k)
    lambda += damping * gram[k * K + k] / double(K);
  for (int64_t direct : {256, 0}) { // both ways to solve
    std::vector<float> fitted = masked(w, mask);
    fitSupports(&context, gram, K, w, mask, {damping, direct, 200}, fitted);
    for (int64_t r = 0; r < rows; ++r) {
      std::vector<int64_t> kept;
      for (int64_t k = 0; k < K; ++k)
        if (mask[r * K + k])
          kept.push_back(k);
      Matrix a(kept.size(), std::vector<double>(kept.size()));
      std::vector<double> b(kept.size());
      for (size_t i = 0; i < kept.size(); ++i) {
        for (size_t j = 0; j < kept.size(); ++j)
          a[i][j] = gram[kept[i] * K + kept[j]] + (i == j ? lambda : 0);
        for (int64_t k = 0; k < K; ++k)
          b[i] += w[r * K + k] * (gram[kept[i] * K + k] + (kept[i] == k ? lambda : 0));
      }
      std::vector<double> expected = solve(a, b);
      for (size_t i = 0; i < kept.size(); ++i)
        ASSERT_NEAR(fitted[r * K + kept[i]], expected[i], direct ? 1e-5 : 1e-3)
            << "row " << r << " element " << kept[i];
      for (int64_t k = 0; k < K; ++k)
        if (!mask[r * K + k])
          ASSERT_EQ(fitted[r * K + k], 0);
    }
  }
}

TEST(LeastSquares, LongRowsBecomeBetterAndNoneWorse) {
  const int64_t K = 300, rows = 37; // more than a batch
  mlir::MLIRContext context;
  std::vector<float> gram = makeGram(K, 150, 11), w = makeNumbers(rows * K, 7);
  std::vector<char> mask = keepLargestHalf(w);
  std::vector<float> before = masked(w, mask), after = before;
  fitSupports(&context, gram, K, w, mask, {0.01, 64, 100}, after);
  for (int64_t r = 0; r < rows; ++r)
    EXPECT_LT(energy(gram, K, &w[r * K], &after[r * K]),
              0.6 * energy(gram, K, &w[r * K], &before[r * K]));
}

TEST(LeastSquares, NothingSeen) {
  mlir::MLIRContext context;
  std::vector<float> gram(9), w = {1, 2, 3}, kept = {1, 0, 3};
  fitSupports(&context, gram, 3, w, {1, 0, 1}, {}, kept);
  EXPECT_EQ(kept, (std::vector<float>{1, 0, 3}));
}

TEST(SparseGpt, EqualsOptimalBrainSurgeon) {
  // One row, N:M: before every block of m, elements are dropped by w² / [H⁻¹]ⱼⱼ of the
  // elements that are left, one after the other in order, with the OBS update.
  const int64_t K = 12, n = 2, m = 4;
  mlir::MLIRContext context;
  std::vector<float> gram = makeGram(K, 60, 21), w = makeNumbers(K, 23);
  auto factor = GramFactor::compute(&context, gram, K, {});
  ASSERT_TRUE(factor);
  std::vector<float> pruned = w;
  std::vector<char> mask(K);
  SparseGptOptions options;
  options.pattern.n = n;
  options.pattern.m = m;
  options.blockSize = 4;
  pruneSparseGpt(&context, *factor, options, pruned, mask);

  double lambda = 0;
  for (int64_t k = 0; k < K; ++k)
    lambda += 0.01 * gram[k * K + k] / double(K);
  // Column j of the inverse of H restricted to elements j … K − 1.
  auto inverse = [&](int64_t j) {
    Matrix a(K - j, std::vector<double>(K - j));
    std::vector<double> unit(K - j);
    unit[0] = 1;
    for (int64_t i = j; i < K; ++i)
      for (int64_t k = j; k < K; ++k)
        a[i - j][k - j] = gram[i * K + k] + (i == k ? lambda : 0);
    return solve(a, unit);
  };
  std::vector<double> left(w.begin(), w.end());
  std::vector<char> expected(K);
  for (int64_t j = 0; j < K; ++j) {
    if (j % m == 0) {
      std::vector<std::pair<double, int64_t>> costs;
      for (int64_t i = j; i < j + m; ++i)
        costs.push_back({-left[i] * left[i] / inverse(i)[0], i});
      llvm::sort(costs);
      for (int64_t i = 0; i < n; ++i)
        expected[costs[i].second] = 1;
    }
    if (expected[j])
      continue;
    std::vector<double> column = inverse(j);
    double error = left[j] / column[0];
    for (int64_t i = j; i < K; ++i)
      left[i] -= error * column[i - j];
  }
  EXPECT_EQ(mask, expected);
  for (int64_t k = 0; k < K; ++k)
    EXPECT_NEAR(pruned[k], expected[k] ? left[k] : 0, 2e-4) << k;
}

TEST(SparseGpt, BeatsMagnitudeAndLeastSquaresBeatIt) {
  const int64_t K = 172, rows = 24; // no multiple of the block size
  mlir::MLIRContext context;
  std::vector<float> gram = makeGram(K, 400, 31), w = makeNumbers(rows * K, 33);
  auto factor = GramFactor::compute(&context, gram, K, {});
  ASSERT_TRUE(factor);
  auto total = [&](llvm::ArrayRef<float> v) {
    double sum = 0;
    for (int64_t r = 0; r < rows; ++r)
      sum += energy(gram, K, &w[r * K], &v[r * K]);
    return sum;
  };
  std::string message;
  for (llvm::StringRef pattern : {"", "2:4", "3:7"})
    for (llvm::StringRef block : {"", "4x2"}) {
      if (!pattern.empty() && !block.empty())
        continue;
      SparseGptOptions options;
      options.pattern = *SparsePattern::parse(pattern, block, message);
      std::vector<float> pruned = w;
      std::vector<char> mask(w.size());
      pruneSparseGpt(&context, *factor, options, pruned, mask);
      double kept = double(llvm::count(mask, 1)) / double(mask.size());
      EXPECT_NEAR(kept, pattern == "3:7" ? 3.0 / 7 : 0.5, 0.01);
      EXPECT_LT(total(pruned), 0.7 * total(masked(w, mask)));
      std::vector<float> fitted = pruned;
      fitSupports(&context, gram, K, w, mask, {}, fitted);
      EXPECT_LT(total(fitted), total(pruned));
    }
  SparseGptOptions options;
  std::vector<float> pruned = w;
  std::vector<char> mask(w.size());
  pruneSparseGpt(&context, *factor, options, pruned, mask);
  EXPECT_LT(total(pruned), 0.6 * total(masked(w, keepLargestHalf(w))));
}

TEST(Schedule, Parts) {
  std::vector<float> small = makeNumbers(16, 1), large = makeNumbers(4096, 2);
  for (float &x : large)
    x *= 0.01f;
  int64_t smallShape[] = {4, 4}, largeShape[] = {64, 64};
  ScheduledLayer layers[] = {{small, smallShape}, {large, largeShape}};
  using Drops = std::vector<int64_t>;
  EXPECT_EQ(scheduleDrops(PruningSchedule::Uniform, 0.5, layers), (Drops{8, 2048}));
  // All small ones are greater than all large layer's.
  Drops global = scheduleDrops(PruningSchedule::Global, 0.5, layers);
  EXPECT_EQ(global[0] + global[1], 2056);
  EXPECT_LE(global[0], 1);
  // ERK: densities (4 + 4) / 16 ε and (64 + 64) / 4096 ε; the small layer is full.
  Drops erk = scheduleDrops(PruningSchedule::Erk, 0.9, layers);
  EXPECT_EQ(erk[0], 0);
  EXPECT_NEAR(double(erk[1]), 0.9 * 4112, 1);
  // Scales of layers do not count for LAMP.
  Drops lamp = scheduleDrops(PruningSchedule::Lamp, 0.5, layers);
  for (float &x : large)
    x *= 100;
  EXPECT_EQ(scheduleDrops(PruningSchedule::Lamp, 0.5, layers), lamp);
  EXPECT_EQ(lamp[0] + lamp[1], 2056);
  EXPECT_LT(lamp[0], 8);
}
