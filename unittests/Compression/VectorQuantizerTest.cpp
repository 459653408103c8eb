//===- VectorQuantizerTest.cpp - Runs of a weight as vectors --------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Against errors computed from activations themselves, and against trying all codes.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Codebook/VectorQuantizer.h"

#include "OutputTest.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace mlir;
using namespace pith;
using namespace pith::test;

namespace {
/// 200 rows of K numbers, neighbours of which are alike.
std::vector<float> makeActivations(int64_t K) {
  std::vector<float> rows = makeNumbers(200 * K, 21);
  for (size_t i = 1; i < rows.size(); ++i)
    rows[i] = i % K ? 0.9f * rows[i - 1] + 0.2f * rows[i] : rows[i];
  return rows;
}

/// Element `k` of row `r` if its run had the code `code`.
double valueOf(const VectorQuantizer::Result &result, int64_t r, int64_t k, int64_t code) {
  int64_t length = result.codebook.getShape()[1];
  return result.scale.getDouble(r) * result.codebook.getDouble(code * length + k % length);
}

std::vector<double> decode(const VectorQuantizer::Result &result, int64_t K) {
  int64_t rows = result.codes.getShape()[0], runs = result.codes.getShape()[1];
  int64_t length = result.codebook.getShape()[1];
  std::vector<double> decoded(rows * K);
  for (int64_t i = 0; i < rows * K; ++i)
    decoded[i] = valueOf(result, i / K, i % K,
                         result.codes.getInt(i / K * runs + i % K / length));
  return decoded;
}

double getWeightNoise(llvm::ArrayRef<float> w, llvm::ArrayRef<double> rounded) {
  double sum = 0;
  for (size_t i = 0; i < w.size(); ++i)
    sum += (w[i] - rounded[i]) * (w[i] - rounded[i]);
  return sum;
}
} // namespace

TEST(VectorQuantizer, ReportsTheErrorsOfWhatItStores) {
  MLIRContext context;
  constexpr int64_t kRows = 19, K = 37; // no length divides K
  std::vector<float> w = makeNumbers(kRows * K, 1), x = makeActivations(K);
  ActivationStatistics seen = getStatistics(&context, x, K);
  HostTensor weight = makeTensor(&context, {kRows, K}, w);
  for (int64_t length : {2, 4, 8})
    for (bool hasStatistics : {false, true}) {
      VectorQuantizer how;
      how.length = length;
      how.bits = 5;
      VectorQuantizer::Result result = how.quantize(weight, hasStatistics ? &seen : nullptr);
      EXPECT_EQ(result.codes.getShape()[1], (K + length - 1) / length);
      EXPECT_EQ(result.codebook.getShape()[0], 32);
      std::vector<double> decoded = decode(result, K);
      double noise = getWeightNoise(w, decoded);
      EXPECT_NEAR(result.error.noise, noise, 1e-3 * noise);
      ASSERT_EQ(result.outputError.has_value(), hasStatistics);
      if (!hasStatistics)
        continue;
      double output = getOutputNoise(x, w, decoded, K);
      EXPECT_NEAR(result.outputError->noise, output, 1e-2 * output);
    }
}

TEST(VectorQuantizer, TakesTheNearestVectorWithoutStatistics) {
  MLIRContext context;
  constexpr int64_t kRows = 17, K = 30;
  std::vector<float> w = makeNumbers(kRows * K, 2);
  VectorQuantizer how;
  how.length = 4;
  how.bits = 4;
  VectorQuantizer::Result result = how.quantize(makeTensor(&context, {kRows, K}, w), nullptr);
  int64_t runs = result.codes.getShape()[1];
  for (int64_t r = 0; r < kRows; ++r)
    for (int64_t run = 0; run < runs; ++run) {
      auto costOf = [&](int64_t code) {
        double cost = 0;
        for (int64_t k = run * 4; k < std::min(K, run * 4 + 4); ++k)
          cost += std::pow(w[r * K + k] - valueOf(result, r, k, code), 2);
        return cost;
      };
      double own = costOf(result.codes.getInt(r * runs + run));
      for (int64_t code = 0; code < 16; ++code)
        EXPECT_LE(own, costOf(code) + 1e-5);
    }
}

TEST(VectorQuantizer, LosesLessOfTheOutputWithStatistics) {
  MLIRContext context;
  constexpr int64_t kRows = 48, K = 48;
  std::vector<float> w = makeNumbers(kRows * K, 3), x = makeActivations(K);
  ActivationStatistics seen = getStatistics(&context, x, K);
  HostTensor weight = makeTensor(&context, {kRows, K}, w);
  VectorQuantizer how;
  how.bits = 6;
  double plain = getOutputNoise(x, w, decode(how.quantize(weight, nullptr), K), K);
  double aware = getOutputNoise(x, w, decode(how.quantize(weight, &seen), K), K);
  EXPECT_LT(aware, 0.5 * plain);
}

TEST(VectorQuantizer, FindsWeightsThatAreVectorsAlready) {
  MLIRContext context;
  constexpr int64_t kRows = 16, K = 32;
  const float table[4][2] = {{127, -64}, {-32, 100}, {5, 127}, {-127, -127}};
  std::vector<float> numbers = makeNumbers(kRows * K / 2, 4), w;
  for (size_t i = 0; i < numbers.size(); ++i)
    for (float x : table[int((numbers[i] + 1) * 1.999f)])
      w.push_back(x / 127);
  VectorQuantizer how;
  how.length = 2;
  how.bits = 2;
  EXPECT_GT(toDecibels(how.quantize(makeTensor(&context, {kRows, K}, w), nullptr).error), 35);
}
