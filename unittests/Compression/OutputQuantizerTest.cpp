//===- OutputQuantizerTest.cpp - Rounding by output error -----------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// GPTQ against its textbook form with an inverse, descent against all codes there are,
// and the published effect: a smaller output error than rounding to nearest.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Quantization/OutputQuantizer.h"

#include "CompressionTest.h"
#include "pith/Compression/CodedWeight.h"
#include "pith/Compression/Quantization/QuantizationOps.h"
#include <Eigen/Cholesky>
#include <Eigen/LU>

#include <gtest/gtest.h>

#include <cmath>

using namespace mlir;
using namespace pith;
using namespace pith::test;

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

namespace {
class OutputQuantizerTest : public testing::Test {
protected:
  std::unique_ptr<MLIRContext> context{makeContext()};

  /// Statistics of `rows` correlated activations: each is near the one before it.
  ActivationStatistics makeStatistics(MLIRContext *owner, int64_t parts, int64_t K,
                                      int64_t rows) {
    Type f32 = Float32Type::get(owner);
    ActivationStatistics statistics;
    statistics.rows = rows;
    statistics.mean = HostTensor(RankedTensorType::get({parts, K}, f32));
    statistics.gram = HostTensor(RankedTensorType::get({parts, K, K}, f32));
    MutableArrayRef<float> gram = statistics.gram.asMutable<float>();
    for (int64_t part = 0; part < parts; ++part) {
      std::vector<float> x = makeNumbers(rows * K, 17 + part);
      for (int64_t row = 0; row < rows; ++row)
        for (int64_t k = 1; k < K; ++k)
          x[row * K + k] = 0.8f * x[row * K + k - 1] + 0.6f * x[row * K + k];
      for (int64_t i = 0; i < K; ++i)
        for (int64_t j = 0; j < K; ++j)
          for (int64_t row = 0; row < rows; ++row)
            gram[(part * K + i) * K + j] += x[row * K + i] * x[row * K + j];
    }
    return statistics;
  }

  OutputQuantizer::Result quantize(const OutputQuantizer &how, const HostTensor &w,
                                   const ActivationStatistics &statistics) {
    float largest;
    EXPECT_TRUE(allFinite(w.as<float>(), largest));
    std::optional<OutputQuantizer::Result> result =
        how.quantize(w, largest, statistics);
    EXPECT_TRUE(result);
    return *result;
  }

  HostTensor decode(const WeightQuantizer::Result &result, const HostTensor &w) {
    OwningOpRef<ModuleOp> module(ModuleOp::create(UnknownLoc::get(context.get())));
    OpBuilder builder(module->getBodyRegion());
    Location loc = builder.getUnknownLoc();
    Value codes = createConstant(builder, loc, result.codes, "codes");
    Value scale = createConstant(builder, loc, result.scale, "scale"), zero;
    if (result.zeroPoint)
      zero = createConstant(builder, loc, *result.zeroPoint, "zero");
    Value value = DequantizeOp::create(builder, loc, w.getType(), codes, scale, zero, 1,
                                       result.groupSize);
    return *decodeWeight(value);
  }
};

Matrix getDamped(const ActivationStatistics &statistics) {
  int64_t K = statistics.getReductionSize();
  Matrix damped(K, K);
  for (int64_t i = 0; i < K * K; ++i)
    damped.data()[i] = statistics.gram.getDouble(i);
  damped.diagonal().array() += 0.01 * damped.diagonal().mean();
  return damped;
}
} // namespace

TEST_F(OutputQuantizerTest, IsGptqOfTheTextbook) {
  // One scale for all, so that only the order of updates matters.
  const int64_t N = 5, K = 70;
  HostTensor w = makeTensor(context.get(), {N, K}, makeNumbers(N * K, 1));
  ActivationStatistics statistics = makeStatistics(context.get(), 1, K, 300);
  OutputQuantizer how;
  how.how.granularity = QuantizationGranularity::Tensor;
  how.order = ActivationOrder::None;
  how.sweeps = 0;
  OutputQuantizer::Result result = quantize(how, w, statistics);
  HostTensor found = decode(result.weight, w);
  double scale = result.weight.scale.getDouble(0);
  Matrix U = getDamped(statistics).inverse().llt().matrixU();
  int64_t different = 0;
  for (int64_t row = 0; row < N; ++row) {
    std::vector<double> rest(K);
    for (int64_t k = 0; k < K; ++k)
      rest[k] = w.getDouble(row * K + k);
    for (int64_t k = 0; k < K; ++k) {
      double q = scale * std::min(std::max(std::nearbyint(rest[k] / scale), -8.0), 7.0);
      double error = (rest[k] - q) / U(k, k);
      for (int64_t j = k + 1; j < K; ++j)
        rest[j] -= error * U(k, j);
      different += std::fabs(found.getDouble(row * K + k) - q) > scale / 4;
    }
  }
  EXPECT_EQ(different, 0);
}

TEST_F(OutputQuantizerTest, DescentIsNearTheBestOfAllCodes) {
  const int64_t K = 6;
  ActivationStatistics statistics = makeStatistics(context.get(), 1, K, 40);
  Matrix H = getDamped(statistics);
  double sumFound = 0, sumBest = 0, sumNearest = 0;
  for (int seed = 0; seed < 20; ++seed) {
    HostTensor w = makeTensor(context.get(), {1, K}, makeNumbers(K, 100 + seed));
    OutputQuantizer how;
    how.how.group.bits = 2;
    how.how.granularity = QuantizationGranularity::Tensor;
    OutputQuantizer::Result result = quantize(how, w, statistics);
    double scale = result.weight.scale.getDouble(0), best = INFINITY;
    for (int code = 0; code < 1 << (2 * K); ++code) {
      Eigen::VectorXd difference(K);
      for (int64_t k = 0; k < K; ++k)
        difference[k] = w.getDouble(k) - scale * ((code >> (2 * k) & 3) - 2);
      best = std::min(best, difference.dot(H * difference));
    }
    HostTensor found = decode(result.weight, w);
    Eigen::VectorXd difference(K);
    for (int64_t k = 0; k < K; ++k)
      difference[k] = w.getDouble(k) - found.getDouble(k);
    double error = difference.dot(H * difference);
    EXPECT_GE(error, best * 0.9999);
    sumFound += error;
    sumBest += best;
    sumNearest += result.nearest.noise;
  }
  EXPECT_LT(sumFound, 1.1 * sumBest);
  EXPECT_GT(sumNearest, 1.3 * sumBest);
}

TEST_F(OutputQuantizerTest, BeatsRoundingToNearest) {
  // 9 rows are not a whole run of lanes; 90 = 32 + 32 + 26.
  const int64_t N = 9, K = 90;
  HostTensor w = makeTensor(context.get(), {N, K}, makeNumbers(N * K, 3));
  ActivationStatistics statistics = makeStatistics(context.get(), 1, K, 400);
  for (unsigned bits : {1, 2, 3, 4, 8})
    for (bool symmetric : {true, false})
      for (auto granularity : {QuantizationGranularity::Channel,
                               QuantizationGranularity::Group})
        for (auto order : {ActivationOrder::None, ActivationOrder::Full,
                           ActivationOrder::Group}) {
          OutputQuantizer how;
          how.how.group.bits = bits;
          how.how.group.symmetric = symmetric;
          how.how.group.search = true;
          how.how.granularity = granularity;
          how.order = order;
          how.sweeps = 0;
          OutputQuantizer::Result first = quantize(how, w, statistics);
          EXPECT_LT(first.output.noise, (bits == 1 ? 0.9 : 0.75) * first.nearest.noise) << bits;
          how.sweeps = 2;
          OutputQuantizer::Result second = quantize(how, w, statistics);
          EXPECT_LT(second.output.noise, 0.99 * first.output.noise) << bits;
          EXPECT_EQ(second.nearest.noise, first.nearest.noise);
          // What is reported is what the codes decode to.
          HostTensor decoded = decode(second.weight, w);
          double noise = 0, output = 0;
          for (int64_t row = 0; row < N; ++row)
            for (int64_t i = 0; i < K; ++i) {
              double d = w.getDouble(row * K + i) - decoded.getDouble(row * K + i);
              noise += d * d;
              for (int64_t j = 0; j < K; ++j)
                output += d * statistics.gram.getDouble(i * K + j) *
                          (w.getDouble(row * K + j) - decoded.getDouble(row * K + j));
            }
          EXPECT_NEAR(second.weight.error.noise, noise, 1e-5 * noise);
          EXPECT_NEAR(second.output.noise, output, 1e-3 * output) << bits;
        }
}

TEST_F(OutputQuantizerTest, GroupsOfAConvolutionAreApart) {
  const int64_t N = 6, K = 20;
  HostTensor w = makeTensor(context.get(), {N, K}, makeNumbers(N * K, 4));
  ActivationStatistics statistics = makeStatistics(context.get(), 3, K, 100);
  OutputQuantizer how;
  OutputQuantizer::Result all = quantize(how, w, statistics);
  for (int64_t part = 0; part < 3; ++part) {
    HostTensor own = makeTensor(context.get(), {2, K},
                                w.as<float>().slice(part * 2 * K, 2 * K));
    ActivationStatistics one = makeStatistics(context.get(), 1, K, 100);
    llvm::copy(statistics.gram.as<float>().slice(part * K * K, K * K),
               one.gram.asMutable<float>().begin());
    OutputQuantizer::Result result = quantize(how, own, one);
    EXPECT_EQ(result.weight.codes.getBytes(),
              all.weight.codes.getBytes().slice(part * K, K));
  }
}

TEST_F(OutputQuantizerTest, ZerosStay) {
  std::vector<float> numbers = makeNumbers(4 * 100, 5);
  for (size_t i = 0; i < numbers.size(); i += 3)
    numbers[i] = 0;
  HostTensor w = makeTensor(context.get(), {4, 100}, numbers);
  OutputQuantizer how;
  how.how.group.bits = 3;
  how.keepZeros = true;
  OutputQuantizer::Result result =
      quantize(how, w, makeStatistics(context.get(), 1, 100, 200));
  HostTensor decoded = decode(result.weight, w);
  for (size_t i = 0; i < numbers.size(); i += 3)
    EXPECT_EQ(decoded.getDouble(i), 0);
  EXPECT_LT(result.output.noise, 0.8 * result.nearest.noise);
}

TEST_F(OutputQuantizerTest, LongRowsAndTwoLevelsOfScales) {
  HostTensor w = makeTensor(context.get(), {3, 300}, makeNumbers(900, 6));
  ActivationStatistics statistics = makeStatistics(context.get(), 1, 300, 600);
  OutputQuantizer how;
  how.how.granularity = QuantizationGranularity::Channel;
  OutputQuantizer::Result channels = quantize(how, w, statistics);
  EXPECT_LT(channels.output.noise, 0.7 * channels.nearest.noise);
  how.how.granularity = QuantizationGranularity::Group;
  how.how.byteScales = true;
  OutputQuantizer::Result bytes = quantize(how, w, statistics);
  EXPECT_TRUE(bytes.weight.scale.getElementType().isUnsignedInteger(8));
  EXPECT_LT(bytes.output.noise, 0.7 * bytes.nearest.noise);
}

TEST_F(OutputQuantizerTest, ThreadsDoNotMatter) {
  MLIRContext threaded;
  std::vector<float> numbers = makeNumbers(70 * 150, 7);
  OutputQuantizer how;
  how.how.group.bits = 3;
  OutputQuantizer::Result one =
      quantize(how, makeTensor(context.get(), {70, 150}, numbers),
               makeStatistics(context.get(), 1, 150, 200));
  OutputQuantizer::Result many = quantize(how, makeTensor(&threaded, {70, 150}, numbers),
                                          makeStatistics(&threaded, 1, 150, 200));
  EXPECT_EQ(one.weight.codes.getBytes(), many.weight.codes.getBytes());
  EXPECT_EQ(one.weight.scale.getBytes(), many.weight.scale.getBytes());
  EXPECT_EQ(one.output.noise, many.output.noise);
}
