//===- CodecTest.cpp - Codecs and packed codes ----------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Packing, the meaning of the codec ops, storage, and re-encoding.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Codec.h"

#include "CompressionTest.h"
#include "pith/Compression/Quantization/QuantizationOps.h"
#include "pith/Compression/Sparsity/SparsityOps.h"
#include "mlir/IR/DialectResourceBlobManager.h"

#include <gtest/gtest.h>

using namespace mlir;
using namespace pith;
using namespace pith::test;

namespace {
class CodecTest : public testing::Test {
protected:
  std::unique_ptr<MLIRContext> context{makeContext()};
  OwningOpRef<ModuleOp> module{ModuleOp::create(UnknownLoc::get(context.get()))};
  OpBuilder builder{module->getBodyRegion()};
  Location loc = builder.getUnknownLoc();

  RankedTensorType type(ArrayRef<int64_t> shape, Type element) {
    return RankedTensorType::get(shape, element);
  }
  Value constant(ArrayRef<int64_t> shape, Type element, ArrayRef<int64_t> values) {
    HostTensor tensor(type(shape, element));
    for (auto [index, value] : llvm::enumerate(values))
      tensor.setInt(index, value);
    return createConstant(builder, loc, tensor, "c");
  }
  Value floats(ArrayRef<int64_t> shape, ArrayRef<float> values) {
    return createConstant(builder, loc, makeTensor(context.get(), shape, values), "f");
  }
  std::vector<double> decode(Value value) {
    HostTensor tensor = *decodeWeight(value);
    std::vector<double> values;
    for (int64_t i = 0; i < tensor.getNumElements(); ++i)
      values.push_back(tensor.getDouble(i));
    return values;
  }
  Type unsignedType(unsigned bits) {
    return builder.getIntegerType(bits, /*isSigned=*/false);
  }
};
using Numbers = std::vector<double>;
} // namespace

TEST_F(CodecTest, PackCodesPutsTheFirstLowest) {
  char bytes[4] = {};
  packCodes({1, 2, 3}, 4, bytes);
  EXPECT_EQ(bytes[0], 0x21);
  EXPECT_EQ(bytes[1], 0x03); // the rest is cleared
  packCodes({-1, 0, 5}, 3, bytes);
  EXPECT_EQ(uint8_t(bytes[0]), 0x47); // 111, 000 and the low bits of 101
  EXPECT_EQ(uint8_t(bytes[1]), 0x01);
  packCodes({-128, 127}, 8, bytes);
  EXPECT_EQ(uint8_t(bytes[0]), 0x80);
  EXPECT_EQ(uint8_t(bytes[1]), 0x7f);
}

TEST_F(CodecTest, PackedCodesAreTheTensorsElements) {
  for (unsigned bits = 2; bits <= 8; ++bits)
    for (bool isUnsigned : {false, true}) {
      auto element = IntegerType::get(
          context.get(), bits, isUnsigned ? IntegerType::Unsigned : IntegerType::Signless);
      HostTensor tensor(type({3, 7}, element));
      std::vector<int16_t> codes;
      int least = isUnsigned ? 0 : -(1 << (bits - 1));
      for (int i = 0; i < 21; ++i)
        codes.push_back(least + i * 37 % (1 << bits));
      packCodes(codes, bits, tensor.getMutableBytes().data());
      std::vector<int32_t> read(20);
      readIntegers(tensor, 1, read);
      for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(tensor.getInt(i + 1), codes[i + 1]) << bits;
        EXPECT_EQ(read[i], codes[i + 1]) << bits;
      }
    }
}

TEST_F(CodecTest, DequantizeGroupsAndZeroPoints) {
  // Groups of 2 of a reduction of 3 elements.
  Value codes = constant({2, 3}, unsignedType(4), {1, 2, 3, 4, 15, 0});
  Value scale = floats({2, 2}, {1, 2, 0.5f, 4});
  Value zero = constant({2, 2}, unsignedType(8), {1, 0, 2, 8});
  Value value = DequantizeOp::create(builder, loc, type({2, 3}, builder.getF32Type()),
                                     codes, scale, zero, 1, 2);
  EXPECT_EQ(decode(value), (Numbers{0, 1, 6, 1, 6.5, -32}));
  EXPECT_EQ(getStoredBits(value), 6 * 4 + 4 * 32 + 4 * 8);
  EXPECT_EQ(getFormatName(value), "uint4 g2 f32 zp");
}

TEST_F(CodecTest, DequantizeSignBits) {
  Value codes = constant({1, 4}, builder.getI1Type(), {1, 0, 0, 1});
  Value scale = floats({1}, {0.5f});
  Value value = DequantizeOp::create(builder, loc, type({1, 4}, builder.getF32Type()),
                                     codes, scale, Value(), 1, 0);
  EXPECT_EQ(decode(value), (Numbers{0.5, -0.5, -0.5, 0.5}));
  // One bit each, though HostTensor takes a byte.
  EXPECT_EQ(getStoredBits(value), 4 + 32);
}

TEST_F(CodecTest, SparseDecode) {
  Value values = floats({3}, {1, 2, 3});
  Value mask = constant({2, 3}, builder.getI1Type(), {0, 1, 0, 1, 0, 1});
  Value value = SparseDecodeOp::create(builder, loc, type({2, 3}, builder.getF32Type()),
                                       values, mask, 0);
  EXPECT_EQ(decode(value), (Numbers{0, 1, 0, 2, 0, 3}));
  EXPECT_EQ(getStoredBits(value), 3 * 32 + 6);
  // Codes with a fill: what stands for zero.
  Value codes = constant({3}, unsignedType(3), {1, 2, 3});
  value = SparseDecodeOp::create(builder, loc, type({2, 3}, unsignedType(3)), codes,
                                 mask, 7);
  EXPECT_EQ(decode(value), (Numbers{7, 1, 7, 2, 7, 3}));
}

TEST_F(CodecTest, NmDecode) {
  // Blocks of 4 of a reduction of 6; an entry behind the end stands for nothing,
  // and of two at one place the last one counts.
  Value values = floats({1, 4}, {1, 2, 3, 4});
  Value positions = constant({1, 4}, unsignedType(2), {1, 3, 0, 2});
  Value value = NmDecodeOp::create(builder, loc, type({1, 6}, builder.getF32Type()),
                                   values, positions, 2, 4, ArrayRef<int64_t>{1, 6});
  EXPECT_EQ(decode(value), (Numbers{0, 1, 0, 2, 3, 0}));
  EXPECT_EQ(getStoredBits(value), 4 * 32 + 4 * 2);
  positions = constant({1, 4}, unsignedType(2), {1, 1, 0, 0});
  value = NmDecodeOp::create(builder, loc, type({1, 6}, builder.getF32Type()), values,
                             positions, 2, 4, ArrayRef<int64_t>{1, 6});
  EXPECT_EQ(decode(value), (Numbers{0, 2, 0, 0, 4, 0}));
  // Packed codes, too.
  Value codes = constant({1, 4}, builder.getIntegerType(4), {-8, 1, 7, 2});
  value = NmDecodeOp::create(builder, loc, type({1, 6}, builder.getIntegerType(4)),
                             codes, positions, 2, 4, ArrayRef<int64_t>{1, 6});
  EXPECT_EQ(decode(value), (Numbers{0, 1, 0, 0, 2, 0}));
}

TEST_F(CodecTest, ReencodeKeepsWhatIsStored) {
  HostTensor dense(type({2, 4}, builder.getIntegerType(4)));
  Value mask = constant({2, 4}, builder.getI1Type(), {1, 0, 0, 1, 0, 1, 1, 0});
  Value sparse =
      SparseDecodeOp::create(builder, loc, type({2, 4}, builder.getF32Type()),
                             floats({4}, {1, 2, 3, 4}), mask, 0);
  Value positions = constant({2, 2}, unsignedType(2), {0, 3, 1, 2});
  Value blocks = NmDecodeOp::create(builder, loc, type({2, 4}, builder.getF32Type()),
                                    floats({2, 2}, {1, 2, 3, 4}), positions, 2, 4,
                                    ArrayRef<int64_t>{2, 4});
  for (int64_t i : {0, 3, 5, 6})
    dense.setInt(i, i - 4);
  for (Value form : {sparse, blocks}) {
    auto codec = form.getDefiningOp<WeightCodecOpInterface>();
    ASSERT_TRUE(codec.canReencode());
    Value again = codec.reencode(builder, dense);
    EXPECT_EQ(decode(again), (Numbers{-4, 0, 0, -1, 0, 1, 2, 0}));
  }
}

TEST_F(CodecTest, FailsOnWhatIsNoStoredWeight) {
  ScopedDiagnosticHandler handler(context.get(), [](Diagnostic &) {});
  auto attr = DenseResourceElementsAttr::get(
      type({4, 4}, builder.getF32Type()), "missing",
      UnmanagedAsmResourceBlob::allocateWithAlign({}, 1));
  Value value = ConstantOp::create(builder, loc, attr.getType(), attr, StringAttr());
  EXPECT_TRUE(failed(decodeWeight(value)));
  EXPECT_FALSE(getConstantTensor(value));
}
