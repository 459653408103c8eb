//===- GroupQuantizerTest.cpp - Rounding one group ------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Codes and scales against the formulas of pith-quantize-weights in double
// precision, and searches against the grid they improve on.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Quantization/GroupQuantizer.h"

#include "CompressionTest.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace pith;
using namespace pith::test;

namespace {
double roundEven(double x) { return std::nearbyint(x); }

double clamp(double x, double low, double high) {
  return std::min(std::max(x, low), high);
}

struct Quantized {
  GroupQuantizer::Group group;
  std::vector<int16_t> codes;
};

Quantized quantize(const GroupQuantizer &how, llvm::ArrayRef<float> weights) {
  Quantized run;
  run.codes.resize(weights.size());
  run.group = how.quantize(weights, run.codes);
  return run;
}

/// Σ (w − (q − z) · s)² of what a run says.
double getNoise(const Quantized &run, llvm::ArrayRef<float> weights) {
  double noise = 0;
  for (auto [code, weight] : llvm::zip_equal(run.codes, weights)) {
    double error = weight - double((float(code) - run.group.zeroPoint) * run.group.scale);
    noise += error * error;
  }
  return noise;
}
} // namespace

TEST(GroupQuantizer, SymmetricFormula) {
  for (unsigned bits = 2; bits <= 8; ++bits)
    for (int64_t size : {1, 5, 16, 33, 1500}) {
      std::vector<float> w = makeNumbers(size, bits * 100 + size);
      GroupQuantizer how;
      how.bits = bits;
      how.halfScales = false;
      Quantized run = quantize(how, w);
      float largest = 0;
      for (float x : w)
        largest = std::max(largest, std::fabs(x));
      float scale = float(double(largest) / ((1 << (bits - 1)) - 1));
      ASSERT_EQ(run.group.scale, scale) << bits << " bits, " << size;
      for (int64_t i = 0; i < size; ++i)
        ASSERT_EQ(run.codes[i], clamp(roundEven(w[i] / scale), -(1 << (bits - 1)),
                                      (1 << (bits - 1)) - 1));
      EXPECT_NEAR(run.group.noise, getNoise(run, w), 1e-5 * run.group.signal);
    }
}

TEST(GroupQuantizer, AsymmetricFormula) {
  for (unsigned bits = 2; bits <= 8; ++bits) {
    std::vector<float> w = makeNumbers(32, bits);
    for (float &x : w)
      x += 0.4f;
    GroupQuantizer how;
    how.bits = bits;
    how.symmetric = how.halfScales = false;
    Quantized run = quantize(how, w);
    double low = 0, high = 0, most = (1 << bits) - 1;
    for (float x : w) {
      low = std::min<double>(low, x);
      high = std::max<double>(high, x);
    }
    float scale = float((high - low) / most);
    double zero = clamp(roundEven(-low / scale), 0, most);
    ASSERT_EQ(run.group.scale, scale);
    ASSERT_EQ(run.group.zeroPoint, zero);
    for (auto [code, weight] : llvm::zip_equal(run.codes, w))
      ASSERT_EQ(code, clamp(roundEven(weight / scale) + zero, 0, most));
  }
}

TEST(GroupQuantizer, TiesRoundToEven) {
  std::vector<float> w = {7, 0.5f, 1.5f, 2.5f, -0.5f, -1.5f, -2.5f, -7};
  Quantized run = quantize(GroupQuantizer{}, w);
  EXPECT_EQ(run.codes, (std::vector<int16_t>{7, 0, 2, 2, 0, -2, -2, -7}));
}

TEST(GroupQuantizer, SearchNeverLoses) {
  for (bool symmetric : {true, false})
    for (unsigned bits = 2; bits <= 8; ++bits)
      for (uint32_t seed = 0; seed < 20; ++seed) {
        std::vector<float> w = makeNumbers(32, seed);
        w[seed % 32] *= 3; // an outlier
        GroupQuantizer how;
        how.bits = bits;
        how.symmetric = symmetric;
        double plain = getNoise(quantize(how, w), w);
        how.search = true;
        Quantized found = quantize(how, w);
        EXPECT_LE(getNoise(found, w), plain * (1 + 1e-5));
        if (bits <= 3 && symmetric) { // here an outlier costs much
          EXPECT_LT(getNoise(found, w), plain);
        }
      }
}

/// With 2 bits the search may use −2 … 1 both ways; an exhaustive one over a fine
/// grid of scales finds little more.
TEST(GroupQuantizer, SearchIsNearTheBest) {
  for (uint32_t seed = 0; seed < 10; ++seed) {
    std::vector<float> w = makeNumbers(32, seed + 50);
    GroupQuantizer how;
    how.bits = 2;
    how.halfScales = false;
    how.search = true;
    double found = getNoise(quantize(how, w), w), best = 1e9;
    for (int step = -4000; step <= 4000; ++step) {
      double scale = step / 4000.0 * 1.5, noise = 0;
      for (float x : w) {
        double q = scale == 0 ? 0 : clamp(roundEven(x / scale), -2, 1);
        noise += (x - q * scale) * (x - q * scale);
      }
      best = std::min(best, noise);
    }
    EXPECT_LE(found, best * 1.12) << seed;
  }
}

TEST(GroupQuantizer, OneBit) {
  std::vector<float> w = {1, -2, 3, -4};
  GroupQuantizer how;
  how.bits = 1;
  Quantized run = quantize(how, w);
  EXPECT_EQ(run.group.scale, 2.5f);
  EXPECT_EQ(run.codes, (std::vector<int16_t>{1, -1, 1, -1}));
  EXPECT_DOUBLE_EQ(run.group.noise, 1.5 * 1.5 + .5 * .5 + .5 * .5 + 1.5 * 1.5);
  // Two clusters: their means are 1.5 and 8.
  how.symmetric = false;
  std::vector<float> clusters = {1, 2, 7, 9};
  run = quantize(how, clusters);
  EXPECT_EQ(run.codes, (std::vector<int16_t>{0, 0, 1, 1}));
  EXPECT_NEAR((0 - run.group.zeroPoint) * run.group.scale, 1.5, 1e-2);
  EXPECT_NEAR((1 - run.group.zeroPoint) * run.group.scale, 8, 1e-2);
}

TEST(GroupQuantizer, Extremes) {
  GroupQuantizer how;
  std::vector<float> zeros(32, 0.0f);
  Quantized run = quantize(how, zeros);
  EXPECT_EQ(run.group.scale, 1);
  EXPECT_EQ(run.codes, std::vector<int16_t>(32, 0));
  // Less than f16 has: the scale is its least number, not zero.
  std::vector<float> tiny(4, 1e-30f);
  EXPECT_EQ(quantize(how, tiny).group.scale, 0x1p-24f);
  how.halfScales = false;
  std::vector<float> huge = {3e38f, -3e38f};
  run = quantize(how, huge);
  EXPECT_EQ(run.codes, (std::vector<int16_t>{7, -7}));
}

TEST(GroupQuantizer, RoundsToHalf) {
  // Every half is itself; halfway numbers go to the even neighbour.
  EXPECT_EQ(roundToHalf(1.0f), 1.0f);
  EXPECT_EQ(roundToHalf(1 + 0x1p-11f), 1.0f);
  EXPECT_EQ(roundToHalf(1 + 3 * 0x1p-11f), 1 + 0x1p-9f);
  EXPECT_EQ(roundToHalf(-1 - 0x1.8p-11f), -1 - 0x1p-10f);
  EXPECT_EQ(roundToHalf(1e9f), 65504.0f);
  EXPECT_EQ(roundToHalf(0x1p-25f), 0.0f);
  EXPECT_EQ(roundToHalf(0x1.8p-25f), 0x1p-24f);
  EXPECT_EQ(roundToHalf(0x1.004p-14f), 0x1.004p-14f);
}
