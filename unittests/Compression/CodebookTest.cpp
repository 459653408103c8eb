//===- CodebookTest.cpp - Codebooks and rounding to them ------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Fixed entries against published ones, learnt ones against uniform codes, and
// the error that is reported against the decoded weight.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Codebook/CodebookOps.h"
#include "pith/Compression/Codebook/CodebookQuantizer.h"
#include "pith/Compression/Quantization/WeightQuantizer.h"

#include "CompressionTest.h"

#include <gtest/gtest.h>

using namespace mlir;
using namespace pith;
using namespace pith::test;

namespace {
class CodebookTest : public testing::Test {
protected:
  std::unique_ptr<MLIRContext> context{makeContext()};

  static float getLargest(const HostTensor &w) {
    float largest = 0;
    for (float x : w.as<float>())
      largest = std::max(largest, std::fabs(x));
    return largest;
  }

  /// What the op means, by its own evaluation.
  HostTensor decode(const CodebookQuantizer::Result &result, const HostTensor &w) {
    OwningOpRef<ModuleOp> module(ModuleOp::create(UnknownLoc::get(context.get())));
    OpBuilder builder(module->getBodyRegion());
    Location loc = builder.getUnknownLoc();
    Value codes = createConstant(builder, loc, result.codes, "codes");
    Value table = createConstant(builder, loc, result.codebook, "table");
    Value scale = createConstant(builder, loc, result.scale, "scale"), second;
    if (result.scaleScale)
      second = createConstant(builder, loc, *result.scaleScale, "second");
    Value value = CodebookDecodeOp::create(builder, loc, w.getType(), codes, table,
                                           scale, second, 1, result.groupSize);
    return *decodeWeight(value);
  }

  /// A weight of normally distributed elements.
  HostTensor makeNormal(ArrayRef<int64_t> shape, uint32_t seed) {
    int64_t count = 1;
    for (int64_t size : shape)
      count *= size;
    std::vector<float> numbers = makeNumbers(count, seed);
    for (float &x : numbers)
      x = getNormalQuantile((double(x) + 1) / 2 * 0.999999 + 5e-7);
    return makeTensor(context.get(), shape, numbers);
  }
};
} // namespace

TEST_F(CodebookTest, NormalQuantiles) {
  // Table values.
  EXPECT_NEAR(getNormalQuantile(0.5), 0, 1e-15);
  EXPECT_NEAR(getNormalQuantile(0.975), 1.959963984540054, 1e-12);
  EXPECT_NEAR(getNormalQuantile(0.001), -3.090232306167813, 1e-11);
}

TEST_F(CodebookTest, NormalFloatIsThatOfThePaper) {
  // Dettmers et al., appendix E; in the order of codes here.
  const float expected[16] = {
      0.0f,           0.07958029955625534f,  0.16093020141124725f, 0.24611230194568634f,
      0.33791524171829224f, 0.44070982933044434f, 0.5626170039176941f, 0.7229568362236023f,
      1.0f,           -1.0f,                 -0.6961928009986877f, -0.5250730514526367f,
      -0.39491748809814453f, -0.28444138169288635f, -0.18477343022823334f,
      -0.09105003625154495f};
  std::vector<float> entries = makeNormalFloat(4);
  ASSERT_EQ(entries.size(), 16u);
  for (int i = 0; i < 16; ++i)
    EXPECT_NEAR(entries[i], expected[i], 1e-6) << i;
}

TEST_F(CodebookTest, Minifloats) {
  EXPECT_EQ(makeMinifloat(2, 1), (std::vector<float>{0, .5, 1, 1.5, 2, 3, 4, 6, -0.0f, -.5,
                                                     -1, -1.5, -2, -3, -4, -6}));
  // The greatest finite, the least subnormal, and what is not finite.
  std::vector<float> e4m3 = makeMinifloat(4, 3), e5m2 = makeMinifloat(5, 2);
  EXPECT_EQ(e4m3[0x7e], 448);
  EXPECT_EQ(e4m3[0x01], 0x1p-9f);
  EXPECT_TRUE(std::isnan(e4m3[0x7f]));
  EXPECT_EQ(e5m2[0x7b], 57344);
  EXPECT_EQ(e5m2[0x01], 0x1p-16f);
  EXPECT_TRUE(std::isinf(e5m2[0x7c]));
  EXPECT_TRUE(std::isnan(e5m2[0x7d]));
  EXPECT_EQ(makeMinifloat(2, 3)[0x1f], 7.5f);
  EXPECT_EQ(makeMinifloat(3, 2)[0x1f], 28);
}

TEST_F(CodebookTest, NearestEntries) {
  CodebookIndex index(makeMinifloat(2, 1));
  auto round = [&](float x) { return index.getValue(index.getRank(x)); };
  // Ties go to the even mantissa, on both sides.
  EXPECT_EQ(round(0.25f), 0);
  EXPECT_EQ(round(0.75f), 1);
  EXPECT_EQ(round(2.5f), 2);
  EXPECT_EQ(round(-3.5f), -4);
  EXPECT_EQ(round(5), 4);
  EXPECT_EQ(round(1e30f), 6);
  EXPECT_EQ(round(-1e30f), -6);
  EXPECT_EQ(index.getCode(index.getRank(-0.0f)), 0u);
  EXPECT_TRUE(index.isSymmetric());
  EXPECT_FALSE(CodebookIndex(makeNormalFloat(4)).isSymmetric());
}

TEST_F(CodebookTest, MirroredTablesHoldMagnitudes) {
  HostTensor w = makeNormal({40, 600}, 3), positive = w;
  for (float &x : positive.asMutable<float>())
    x = std::fabs(x);
  auto isMirrored = [](const HostTensor &table) {
    int64_t half = table.getNumElements() / 2;
    for (int64_t i = 0; i < half; ++i)
      if (table.getDouble(i) != -table.getDouble(half + i) || table.getDouble(i) < 0)
        return false;
    return true;
  };
  CodebookQuantizer how;
  how.kind = CodebookKind::KMeans;
  how.bits = 8;
  auto quantize = [&](const HostTensor &weight, CodebookSymmetry symmetry) {
    how.symmetry = symmetry;
    return how.quantize(weight, getLargest(weight));
  };
  CodebookQuantizer::Result free = quantize(w, CodebookSymmetry::None);
  CodebookQuantizer::Result both = quantize(w, CodebookSymmetry::Auto);
  EXPECT_FALSE(isMirrored(free.codebook));
  EXPECT_TRUE(isMirrored(both.codebook));
  EXPECT_LE(both.error.noise, 1.1 * free.error.noise);
  // Half of the table would stand for nothing.
  EXPECT_FALSE(isMirrored(quantize(positive, CodebookSymmetry::Auto).codebook));
  EXPECT_TRUE(isMirrored(quantize(positive, CodebookSymmetry::Mirrored).codebook));
  // Fewer entries are looked up as fast without.
  how.bits = 7;
  EXPECT_FALSE(isMirrored(quantize(w, CodebookSymmetry::Auto).codebook));
  how.zeroEntry = true;
  EXPECT_FALSE(isMirrored(quantize(w, CodebookSymmetry::Mirrored).codebook));
}

TEST_F(CodebookTest, EveryFormDecodesToWhatWasMeasured) {
  // 9 rows: the second run of 8 has one; 172 is no multiple of a group.
  HostTensor w = makeNormal({9, 4, 43}, 1);
  for (int kind = 0; kind <= int(CodebookKind::KMeans); ++kind)
    for (auto scaleType : {CodebookScaleType::F16, CodebookScaleType::F32,
                           CodebookScaleType::E8M0, CodebookScaleType::TwoLevel})
      for (bool search : {false, true}) {
        CodebookQuantizer how;
        how.kind = CodebookKind(kind);
        how.bits = getCodebookTraits(how.kind).defaultBits;
        how.scaleType = scaleType;
        how.search = search;
        CodebookQuantizer::Result result = how.quantize(w, getLargest(w));
        HostTensor decoded = decode(result, w);
        double noise = 0, signal = 0;
        for (int64_t i = 0, e = w.getNumElements(); i < e; ++i) {
          double error = w.getDouble(i) - decoded.getDouble(i);
          noise += error * error;
          signal += w.getDouble(i) * w.getDouble(i);
        }
        EXPECT_NEAR(result.error.noise, noise, 1e-6 * noise + 1e-12)
            << getCodebookTraits(how.kind).name.str() << int(scaleType) << search;
        if (search)
          EXPECT_LT(noise, 0.25 * signal) << getCodebookTraits(how.kind).name.str();
      }
}

TEST_F(CodebookTest, LearntCodebooksBeatUniformCodes) {
  HostTensor w = makeNormal({64, 512}, 2);
  for (unsigned bits : {3, 4}) {
    WeightQuantizer uniform;
    uniform.group.bits = bits;
    uniform.group.search = true;
    uniform.groupSize = 64;
    CodebookQuantizer learnt;
    learnt.kind = CodebookKind::KMeans;
    learnt.bits = bits;
    float largest = getLargest(w);
    EXPECT_LT(learnt.quantize(w, largest).error.noise,
              0.9 * uniform.quantize(w, largest).error.noise)
        << bits;
  }
}

TEST_F(CodebookTest, LearningFindsFewValuesExactly) {
  std::vector<float> numbers = makeNumbers(512, 3);
  for (float &x : numbers)
    x = x < -0.3 ? -0.75f : x < 0.4 ? 0.125f : 1.0f;
  HostTensor w = makeTensor(context.get(), {4, 128}, numbers);
  CodebookQuantizer how;
  how.kind = CodebookKind::KMeans;
  how.bits = 2;
  how.granularity = CodebookGranularity::Tensor;
  EXPECT_EQ(how.quantize(w, 1).error.noise, 0);
}

TEST_F(CodebookTest, MicroscalingScalesFollowTheSpecification) {
  HostTensor w = makeTensor(context.get(), {1, 64}, makeNumbers(64, 4));
  w.asMutable<float>()[5] = 5; // 2^2 ≤ 5 < 2^3
  for (int i = 32; i < 64; ++i)
    w.asMutable<float>()[i] = 0;
  CodebookQuantizer how;
  how.kind = CodebookKind::Mxfp4;
  how.groupSize = 32;
  how.scaleType = CodebookScaleType::E8M0;
  how.search = false;
  CodebookQuantizer::Result result = how.quantize(w, 5);
  EXPECT_TRUE(result.scale.getElementType().isUnsignedInteger(8));
  EXPECT_EQ(result.scale.getInt(0), 127 + 2 - 2);
  EXPECT_EQ(result.scale.getInt(1), 127); // 1 where all is 0
  EXPECT_EQ(decode(result, w).getDouble(5), 4); // a tie: to the even mantissa
}

TEST_F(CodebookTest, SearchLessensTheError) {
  HostTensor w = makeNormal({16, 200}, 5);
  for (int kind = 0; kind <= int(CodebookKind::KMeans); ++kind) {
    CodebookQuantizer how;
    how.kind = CodebookKind(kind);
    how.bits = getCodebookTraits(how.kind).defaultBits;
    how.scaleType = getCodebookTraits(how.kind).microscaling ? CodebookScaleType::E8M0
                                                             : CodebookScaleType::F16;
    how.search = false;
    double before = how.quantize(w, getLargest(w)).error.noise;
    how.search = true;
    EXPECT_LE(how.quantize(w, getLargest(w)).error.noise, before)
        << getCodebookTraits(how.kind).name.str();
  }
}
