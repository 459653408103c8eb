//===- CodebookFitTest.cpp - Codebooks learnt by the output's error -------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Against errors computed from activations themselves, and against k-means without
// activations.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Codebook/CodebookFit.h"

#include "OutputTest.h"
#include "pith/Compression/Codebook/CodebookQuantizer.h"

#include <gtest/gtest.h>

using namespace mlir;
using namespace pith;
using namespace pith::test;

namespace {
/// `count` correlated rows of K numbers: each is a few hidden ones plus a little.
std::vector<float> makeActivations(int64_t count, int64_t K) {
  constexpr int64_t kHidden = 4;
  std::vector<float> hidden = makeNumbers(count * kHidden, 11);
  std::vector<float> mix = makeNumbers(kHidden * K, 12), rows = makeNumbers(count * K, 13);
  for (int64_t r = 0; r < count; ++r)
    for (int64_t k = 0; k < K; ++k) {
      rows[r * K + k] *= 0.2f;
      for (int64_t h = 0; h < kHidden; ++h)
        rows[r * K + k] += hidden[r * kHidden + h] * mix[h * K + k];
    }
  return rows;
}

std::vector<double> decode(const CodebookFit::Result &fitted, int64_t K) {
  std::vector<double> decoded(fitted.codes.getNumElements());
  int64_t size = fitted.groupSize ? fitted.groupSize : K;
  int64_t groups = (K + size - 1) / size;
  for (size_t i = 0; i < decoded.size(); ++i)
    decoded[i] = fitted.codebook.getDouble(fitted.codes.getInt(i)) *
                 fitted.scale.getDouble(int64_t(i) / K * groups + i % K / size);
  return decoded;
}
} // namespace

TEST(CodebookFit, ReportsTheErrorOfWhatItStores) {
  MLIRContext context;
  constexpr int64_t kRows = 13, K = 37;
  std::vector<float> w = makeNumbers(kRows * K, 1), x = makeActivations(200, K);
  ActivationStatistics seen = getStatistics(&context, x, K);
  for (int64_t groupSize : {0, 16}) {
    CodebookFit how;
    how.bits = 3;
    how.groupSize = groupSize;
    auto fitted = how.fit(makeTensor(&context, {kRows, K}, w), 1, seen);
    ASSERT_TRUE(fitted);
    double noise = getOutputNoise(x, w, decode(*fitted, K), K);
    EXPECT_NEAR(fitted->outputError.noise, noise, 1e-3 * noise);
  }
}

TEST(CodebookFit, LosesLessOfTheOutputThanKMeansOfTheWeights) {
  MLIRContext context;
  constexpr int64_t kRows = 24, K = 48;
  std::vector<float> w = makeNumbers(kRows * K, 2), x = makeActivations(300, K);
  ActivationStatistics seen = getStatistics(&context, x, K);
  HostTensor weight = makeTensor(&context, {kRows, K}, w);
  for (unsigned bits : {2u, 3u, 4u}) {
    CodebookQuantizer plain;
    plain.kind = CodebookKind::KMeans;
    plain.bits = bits;
    plain.granularity = CodebookGranularity::Channel;
    CodebookQuantizer::Result nearest = plain.quantize(weight, 1);
    std::vector<double> rounded(w.size());
    for (size_t i = 0; i < w.size(); ++i)
      rounded[i] = nearest.codebook.getDouble(nearest.codes.getInt(i)) *
                   nearest.scale.getDouble(int64_t(i) / K);
    CodebookFit how;
    how.bits = bits;
    auto fitted = how.fit(weight, 1, seen);
    ASSERT_TRUE(fitted);
    EXPECT_LT(getOutputNoise(x, w, decode(*fitted, K), K),
              0.5 * getOutputNoise(x, w, rounded, K))
        << bits;
  }
}

TEST(CodebookFit, FindsWeightsThatAreCodesAlready) {
  MLIRContext context;
  constexpr int64_t kRows = 16, K = 32;
  std::vector<float> numbers = makeNumbers(kRows * K, 3), w(kRows * K);
  const float table[] = {-1, -0.25f, 0.125f, 0.75f};
  for (size_t i = 0; i < w.size(); ++i)
    w[i] = table[int((numbers[i] + 1) * 1.999f)] * float(1 + i / K % 4);
  std::vector<float> x = makeActivations(100, K);
  CodebookFit how;
  how.bits = 2;
  auto fitted = how.fit(makeTensor(&context, {kRows, K}, w), 4,
                        getStatistics(&context, x, K));
  ASSERT_TRUE(fitted);
  EXPECT_GT(toDecibels(fitted->outputError), 60);
}

TEST(CodebookFit, DoesNotDependOnThreads) {
  MLIRContext parallel, serial(MLIRContext::Threading::DISABLED);
  constexpr int64_t kRows = 40, K = 20;
  std::vector<float> w = makeNumbers(kRows * K, 4), x = makeActivations(64, K);
  auto fit = [&](MLIRContext *context) {
    return CodebookFit().fit(makeTensor(context, {kRows, K}, w), 1,
                             getStatistics(context, x, K));
  };
  auto a = fit(&parallel), b = fit(&serial);
  ASSERT_TRUE(a && b);
  EXPECT_EQ(a->codes.getBytes(), b->codes.getBytes());
  EXPECT_EQ(a->codebook.getBytes(), b->codebook.getBytes());
}

TEST(CodebookFit, TakesGroupsOfRowsAndDeadInputs) {
  MLIRContext context;
  constexpr int64_t kRows = 12, K = 9; // 3 groups of 4 rows
  std::vector<float> w = makeNumbers(kRows * K, 5), x = makeActivations(50, K);
  for (size_t i = 0; i < x.size(); i += K)
    x[i + 2] = 0;
  auto fitted = CodebookFit().fit(makeTensor(&context, {kRows, K}, w), 1,
                                  getStatistics(&context, x, K, 3));
  ASSERT_TRUE(fitted);
  EXPECT_GT(toDecibels(fitted->outputError), 20);
  EXPECT_GT(toDecibels(fitted->error), 5);
}

TEST(CodebookFit, TakesZerosAndASingleRow) {
  MLIRContext context;
  std::vector<float> w(10), x = makeActivations(8, 10);
  auto fitted = CodebookFit().fit(makeTensor(&context, {1, 10}, w), 0,
                                  getStatistics(&context, x, 10));
  ASSERT_TRUE(fitted);
  EXPECT_EQ(fitted->error.noise, 0);
}
