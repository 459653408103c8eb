//===- ActivationRangeTest.cpp - Ranges of rounded activations ------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ranges against definitions that are computed value by value, on samples that are
// counted as calibration counts them.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Quantization/ActivationRange.h"
#include "gtest/gtest.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>

using namespace pith;

namespace {
struct Sample {
  std::vector<float> values;
  ActivationRange extremes;
  std::vector<int64_t> histogram = std::vector<int64_t>(LogHistogram::kBins, 0);

  Sample(int64_t count, std::function<float(std::mt19937 &)> draw) {
    std::mt19937 random(5);
    for (int64_t i = 0; i < count; ++i) {
      values.push_back(draw(random));
      ++histogram[LogHistogram::getBin(values.back())];
      extremes.low = std::min(extremes.low, double(values.back()));
      extremes.high = std::max(extremes.high, double(values.back()));
    }
  }
  ValueCounts counts() const { return {histogram, extremes}; }

  /// Mean squared error of rounding each value.
  double getError(const CodeGrid &grid) const {
    double sum = 0;
    for (float x : values) {
      double code = std::nearbyint(x / double(grid.scale)) + double(grid.zero);
      code = std::clamp(code, double(grid.least), double(grid.most));
      double back = (code - double(grid.zero)) * double(grid.scale);
      sum += (x - back) * (x - back);
    }
    return sum / double(values.size());
  }
};

/// A rectified normal distribution with a few large values.
Sample rectified() {
  return Sample(20000, [](std::mt19937 &random) {
    float x = std::normal_distribution<float>(0, 1)(random);
    if (std::uniform_int_distribution<int>(0, 2000)(random) == 0)
      x = 12;
    return std::max(x, 0.0f);
  });
}
Sample normal() {
  return Sample(20000, [](std::mt19937 &random) {
    return std::normal_distribution<float>(0.5f, 1)(random);
  });
}
} // namespace

/// 0 is a code, whatever the range, and the codes reach the range's ends.
TEST(ActivationRange, GridsContainZero) {
  for (unsigned bits : {2u, 4u, 8u}) {
    CodeGrid grid = CodeGrid::getAsymmetric({-0.3, 2.1}, bits);
    EXPECT_EQ(grid.most - grid.least, (1 << bits) - 1);
    EXPECT_GE(grid.zero, grid.least);
    EXPECT_LE(grid.zero, grid.most);
    EXPECT_NEAR(grid.getLow(), -0.3, grid.scale);
    EXPECT_NEAR(grid.getHigh(), 2.1, grid.scale);
    CodeGrid symmetric = CodeGrid::getSymmetric({-0.3, 2.1}, bits);
    EXPECT_EQ(symmetric.zero, 0);
    EXPECT_EQ(symmetric.least, -(1 << (bits - 1)));
    EXPECT_NEAR(symmetric.getHigh(), 2.1, 1e-6);
  }
  EXPECT_EQ(CodeGrid::getAsymmetric({0, 0}, 8).scale, 1.0f);
  EXPECT_EQ(CodeGrid::getSymmetric({0, 0}, 8).scale, 1.0f);
}

/// The histogram's noise is that of the values themselves, to a few percent.
TEST(ActivationRange, NoiseIsThatOfTheValues) {
  for (const Sample &sample : {rectified(), normal()})
    for (unsigned bits : {4u, 8u})
      for (double part : {1.0, 0.5, 0.2}) {
        ActivationRange range{sample.extremes.low * part, sample.extremes.high * part};
        for (const CodeGrid &grid : {CodeGrid::getAsymmetric(range, bits),
                                     CodeGrid::getSymmetric(range, bits)}) {
          RoundingNoise noise = sample.counts().getNoise(grid);
          double want = sample.getError(grid);
          EXPECT_NEAR(noise.rounding + noise.clipping, want, 0.06 * want)
              << bits << " bits, " << part;
        }
      }
}

TEST(ActivationRange, PercentileCutsThatManyValues) {
  for (double percent : {90.0, 99.0, 99.9}) {
    Sample one = rectified(), two = normal();
    ActivationRange range = getPercentileRange(one.counts(), percent);
    auto outside = [](const Sample &sample, ActivationRange range) {
      return 100.0 *
             double(std::count_if(sample.values.begin(), sample.values.end(), [&](float x) {
               return x < range.low || x > range.high;
             })) /
             double(sample.values.size());
    };
    EXPECT_EQ(range.low, 0);
    EXPECT_NEAR(outside(one, range), 100 - percent, 0.15);
    range = getPercentileRange(two.counts(), percent);
    EXPECT_NEAR(outside(two, range), 100 - percent, 0.4);
    EXPECT_LT(range.low, 0);
  }
  Sample one = rectified();
  EXPECT_EQ(getPercentileRange(one.counts(), 100).high, one.extremes.high);
}

/// No other range of a fine search is better by more than a percent.
TEST(ActivationRange, LeastErrorIsLeast) {
  for (const Sample &sample : {rectified(), normal()})
    for (unsigned bits : {4u, 8u})
      for (bool isSymmetric : {false, true}) {
        auto grid = [&](ActivationRange range) {
          return isSymmetric ? CodeGrid::getSymmetric(range, bits)
                             : CodeGrid::getAsymmetric(range, bits);
        };
        double found = sample.getError(
            grid(getLeastErrorRange(sample.counts(), bits, isSymmetric)));
        double best = found;
        for (double high = 0.05; high <= 1; high += 0.01)
          for (double low = isSymmetric ? high : 0.1; low <= 1; low += 0.05)
            best = std::min(best, sample.getError(grid({sample.extremes.low * low,
                                                        sample.extremes.high * high})));
        EXPECT_LE(found, best * 1.08) << bits << " bits, symmetric " << isSymmetric;
      }
  // 4 bits do not reach for single large values.
  EXPECT_LT(getLeastErrorRange(rectified().counts(), 4, false).high, 11);
}

/// Kullback-Leibler divergence of the distribution cut at `size` bins from its rounded
/// form, step by step as the method's slides have it.
static double getPlainDivergence(const std::vector<double> &counts, int64_t size,
                                 int64_t levels) {
  std::vector<double> p(counts.begin(), counts.begin() + size), q(size, 0);
  std::vector<double> kept(p);
  for (size_t i = size; i < counts.size(); ++i)
    p[size - 1] += counts[i];
  for (int64_t i = 0; i < size; ++i) {
    // The level of bin i, and all bins of that level.
    auto levelOf = [&](int64_t bin) {
      int64_t level = 0;
      while ((level + 1) * size / levels <= bin)
        ++level;
      return level;
    };
    double sum = 0, filled = 0;
    for (int64_t j = 0; j < size; ++j)
      if (levelOf(j) == levelOf(i)) {
        sum += kept[j];
        filled += kept[j] > 0;
      }
    q[i] = kept[i] > 0 ? sum / filled : 0;
  }
  double all = 0, rounded = 0, divergence = 0;
  for (int64_t i = 0; i < size; ++i) {
    all += p[i];
    rounded += q[i];
  }
  for (int64_t i = 0; i < size; ++i)
    if (p[i] > 0)
      divergence += q[i] > 0 ? p[i] / all * std::log((p[i] / all) / (q[i] / rounded))
                             : std::numeric_limits<double>::infinity();
  return divergence;
}

TEST(ActivationRange, EntropyThresholdIsBruteForce) {
  std::mt19937 random(3);
  for (int64_t levels : {4, 8}) {
    for (int turn = 0; turn < 6; ++turn) {
      std::vector<double> counts(48);
      for (size_t i = 0; i < counts.size(); ++i)
        counts[i] = std::floor(1000 * std::exp(-double(i) / 7) *
                               std::uniform_real_distribution<double>(0.5, 1)(random));
      if (turn % 2) // far from all others
        counts[47] = 3;
      int64_t best = 48;
      for (int64_t size = 48; size >= levels; --size)
        if (getPlainDivergence(counts, size, levels) + 1e-12 <
            getPlainDivergence(counts, best, levels))
          best = size;
      EXPECT_EQ(getEntropyThreshold(counts, levels), best) << levels << ", " << turn;
    }
  }
}

/// Unlike the least and the greatest value: single large values are left out where
/// levels are few, an even distribution is not cut.
TEST(ActivationRange, EntropyLeavesOutliersOut) {
  Sample sample = rectified();
  EXPECT_EQ(getMinMaxRange(sample.counts()).high, 12);
  ActivationRange range = getEntropyRange(sample.counts(), 4);
  EXPECT_EQ(range.low, 0);
  EXPECT_LT(range.high, 6);
  EXPECT_GT(range.high, 1.5);
  Sample even(50000, [](std::mt19937 &random) {
    return std::uniform_real_distribution<float>(-2, 2)(random);
  });
  range = getEntropyRange(even.counts(), 8);
  EXPECT_NEAR(range.high, 2, 0.1);
  EXPECT_NEAR(range.low, -2, 0.1);
}

/// Without a histogram only the extremes are known.
TEST(ActivationRange, NoHistogramIsAnEvenSpread) {
  ValueCounts counts({}, {-1, 3});
  EXPECT_EQ(getPercentileRange(counts, 100).high, 3);
  RoundingNoise noise = counts.getNoise(CodeGrid::getAsymmetric({-1, 3}, 8));
  double scale = 4.0 / 255;
  EXPECT_NEAR(noise.rounding, scale * scale / 12, 1e-7);
  EXPECT_LT(noise.clipping, 1e-6);
}
