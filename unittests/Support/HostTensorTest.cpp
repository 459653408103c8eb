//===- HostTensorTest.cpp - Tests of host tensors -------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "pith/Support/HostTensor.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/MLIRContext.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace pith;

namespace {

struct HostTensorTest : ::testing::Test {
  MLIRContext context;
  Builder builder{&context};

  HostTensor make(ArrayRef<int64_t> shape, Type element) {
    return HostTensor(RankedTensorType::get(shape, element));
  }
};

// Elements below 8 bits are packed, the first in the lowest bits; `i1` is a byte.
TEST_F(HostTensorTest, StorageOfNarrowTypes) {
  EXPECT_EQ(getStorageBytes(builder.getIntegerType(4), 5), 3);
  EXPECT_EQ(getStorageBytes(builder.getIntegerType(3), 8), 3);
  EXPECT_EQ(getStorageBytes(builder.getI1Type(), 5), 5);
  EXPECT_EQ(getStorageBytes(builder.getF16Type(), 5), 10);

  HostTensor nibbles = make({4}, builder.getIntegerType(4));
  nibbles.setInt(0, 5);
  nibbles.setInt(1, -2);
  nibbles.setInt(3, 7);
  EXPECT_EQ(static_cast<unsigned char>(nibbles.getBytes()[0]), 0xe5);
  EXPECT_EQ(static_cast<unsigned char>(nibbles.getBytes()[1]), 0x70);
  EXPECT_EQ(nibbles.getInt(1), -2);
}

// Floats are rounded to the element type with ties to even.
TEST_F(HostTensorTest, RoundsToElementType) {
  HostTensor half = make({2}, builder.getF16Type());
  half.setDouble(0, 2049.0); // between 2048 and 2050
  half.setDouble(1, 2051.0); // between 2050 and 2052
  EXPECT_EQ(half.getDouble(0), 2048.0);
  EXPECT_EQ(half.getDouble(1), 2052.0);
}

// Copies share bytes until one of them writes.
TEST_F(HostTensorTest, CopiesAreIndependent) {
  HostTensor first = make({2}, builder.getF32Type());
  first.setDouble(0, 1.0);
  HostTensor second = first;
  second.setDouble(0, 2.0);
  EXPECT_EQ(first.getDouble(0), 1.0);
  EXPECT_EQ(second.getDouble(0), 2.0);
}

// A tensor goes to an attribute and comes back, inline and as a resource.
TEST_F(HostTensorTest, AttributeRoundTrip) {
  HostTensor tensor = make({2, 3}, builder.getF32Type());
  for (int64_t i = 0; i < 6; ++i)
    tensor.setDouble(i, 0.5 * i);
  for (int64_t maxInline : {0, 64}) {
    ElementsAttr attr = tensor.toAttribute("w", maxInline);
    EXPECT_EQ(isa<DenseResourceElementsAttr>(attr), maxInline == 0);
    std::optional<HostTensor> back = HostTensor::get(attr);
    ASSERT_TRUE(back.has_value());
    EXPECT_EQ(back->getBytes(), tensor.getBytes());
  }
}

// A resource whose blob is smaller than its type is no tensor.
TEST_F(HostTensorTest, RefusesShortResource) {
  auto type = RankedTensorType::get({9}, builder.getF32Type());
  AsmResourceBlob blob = HeapAsmResourceBlob::allocate(16, 4);
  auto attr = DenseResourceElementsAttr::get(type, "short", std::move(blob));
  EXPECT_FALSE(HostTensor::get(attr).has_value());
}

} // namespace
