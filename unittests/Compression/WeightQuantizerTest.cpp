//===- WeightQuantizerTest.cpp - Rounding a whole weight ------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Groups that do not divide the reduction, packed codes of every width, and the
// error that is reported against the decoded weight.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/CodedWeight.h"
#include "pith/Compression/Quantization/WeightQuantizer.h"

#include "CompressionTest.h"
#include "pith/Compression/Quantization/QuantizationOps.h"

#include <gtest/gtest.h>

using namespace mlir;
using namespace pith;
using namespace pith::test;

namespace {
class WeightQuantizerTest : public testing::Test {
protected:
  std::unique_ptr<MLIRContext> context{makeContext()};

  WeightQuantizer::Result quantize(const WeightQuantizer &how, const HostTensor &w) {
    float largest;
    EXPECT_TRUE(allFinite(w.as<float>(), largest));
    return how.quantize(w, largest);
  }

  /// What a pith.dequantize of the result means, by its own evaluation.
  HostTensor decode(const WeightQuantizer::Result &result, const HostTensor &w) {
    OwningOpRef<ModuleOp> module(ModuleOp::create(UnknownLoc::get(context.get())));
    OpBuilder builder(module->getBodyRegion());
    Location loc = builder.getUnknownLoc();
    Value codes = createConstant(builder, loc, result.codes, "codes");
    Value scale = createConstant(builder, loc, result.scale, "scale"), zero;
    if (result.zeroPoint)
      zero = createConstant(builder, loc, *result.zeroPoint, "zero");
    Value value = DequantizeOp::create(builder, loc, w.getType(), codes, scale, zero,
                                       1, result.groupSize);
    return *decodeWeight(value);
  }
};
} // namespace

TEST_F(WeightQuantizerTest, EveryWidthDecodesToWhatWasMeasured) {
  // 9 rows: the second run of 8 has one; 50 = 32 + 18.
  HostTensor w = makeTensor(context.get(), {9, 5, 10}, makeNumbers(450, 1));
  for (unsigned bits = 1; bits <= 8; ++bits)
    for (bool symmetric : {true, false})
      for (auto granularity : {QuantizationGranularity::Tensor,
                               QuantizationGranularity::Channel,
                               QuantizationGranularity::Group}) {
        WeightQuantizer how;
        how.group.bits = bits;
        how.group.symmetric = symmetric;
        how.granularity = granularity;
        WeightQuantizer::Result result = quantize(how, w);
        HostTensor decoded = decode(result, w);
        double noise = 0;
        for (int64_t i = 0; i < 450; ++i) {
          double error = w.getDouble(i) - decoded.getDouble(i);
          noise += error * error;
        }
        EXPECT_NEAR(result.error.noise, noise, 1e-4 * noise)
            << bits << (symmetric ? " symmetric " : " asymmetric ")
            << int(granularity);
        // A finer step than the range / 2^bits is an error of less than half.
        double bound = bits == 1 ? 0.35 : 0.46 / ((1 << (bits - 1)) - 0.5);
        EXPECT_LT(std::sqrt(noise / 450), bound) << bits;
      }
}

TEST_F(WeightQuantizerTest, ShapesOfScales) {
  HostTensor w = makeTensor(context.get(), {3, 50}, makeNumbers(150, 2));
  WeightQuantizer how;
  WeightQuantizer::Result groups = quantize(how, w);
  EXPECT_EQ(groups.scale.getShape(), (ArrayRef<int64_t>{3, 2}));
  EXPECT_EQ(groups.groupSize, 32);
  // A group as long as the reduction is a channel.
  how.groupSize = 50;
  EXPECT_EQ(quantize(how, w).groupSize, 0);
  how.granularity = QuantizationGranularity::Tensor;
  EXPECT_EQ(quantize(how, w).scale.getShape(), (ArrayRef<int64_t>{1}));
}

TEST_F(WeightQuantizerTest, GroupsAreIndependent) {
  std::vector<float> numbers = makeNumbers(100, 3);
  HostTensor w = makeTensor(context.get(), {2, 50}, numbers);
  WeightQuantizer how;
  WeightQuantizer::Result result = quantize(how, w);
  std::vector<int32_t> codes(100);
  readIntegers(result.codes, 0, codes);
  for (int64_t first : {0, 32, 50, 82}) {
    int64_t size = first % 50 == 0 ? 32 : 18;
    std::vector<int16_t> expected(size);
    how.group.quantize(ArrayRef(numbers).slice(first, size), expected);
    for (int64_t i = 0; i < size; ++i)
      EXPECT_EQ(codes[first + i], expected[i]) << first + i;
  }
}

TEST_F(WeightQuantizerTest, ThreadsDoNotMatter) {
  MLIRContext threaded;
  std::vector<float> numbers = makeNumbers(200 * 700, 4);
  WeightQuantizer how;
  how.group.bits = 3;
  how.group.search = true;
  HostTensor one = makeTensor(context.get(), {200, 700}, numbers);
  HostTensor many = makeTensor(&threaded, {200, 700}, numbers);
  WeightQuantizer::Result left = quantize(how, one), right = quantize(how, many);
  EXPECT_EQ(left.codes.getBytes(), right.codes.getBytes());
  EXPECT_EQ(left.scale.getBytes(), right.scale.getBytes());
  EXPECT_EQ(left.error.noise, right.error.noise);
}
