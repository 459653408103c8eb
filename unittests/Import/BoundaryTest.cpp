//===- BoundaryTest.cpp - The boundary to the ONNX library ----------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tensor data of all kinds, and text from files in messages.
//
//===----------------------------------------------------------------------===//

#include "Model/Model.h"
#include "TestModel.h"
#include "Tensors.h"
#include "gtest/gtest.h"

using namespace pith;
using onnx::TensorProto;

static HostTensor read(TensorProto proto, mlir::MLIRContext &context) {
  OnnxModel model;
  HostTensor tensor;
  EXPECT_EQ(readTensor(model, proto, &context, tensor), "");
  return tensor;
}

// Elements of the typed fields, whose entries are wider than the elements.
TEST(TensorBytes, TypedFields) {
  mlir::MLIRContext context;
  struct Case {
    TensorProto::DataType type;
    double first, second;
  };
  for (const Case &test : {Case{TensorProto::INT8, -3, 7}, Case{TensorProto::UINT8, 200, 7},
                           Case{TensorProto::INT16, -300, 7}, Case{TensorProto::BOOL, 1, 0}}) {
    TensorProto proto;
    proto.set_data_type(test.type);
    proto.add_dims(2);
    proto.add_int32_data(int32_t(test.first));
    proto.add_int32_data(int32_t(test.second));
    HostTensor tensor = read(proto, context);
    EXPECT_EQ(tensor.getDouble(0), test.first);
    EXPECT_EQ(tensor.getDouble(1), test.second);
  }
}

// Two 4-bit and four 2-bit elements per byte, the first in the lowest bits.
TEST(TensorBytes, PackedElements) {
  mlir::MLIRContext context;
  TensorProto nibbles;
  nibbles.set_data_type(TensorProto::INT4);
  nibbles.add_dims(3);
  nibbles.add_int32_data(0xf2);
  nibbles.add_int32_data(0x07);
  HostTensor tensor = read(nibbles, context);
  EXPECT_EQ(tensor.getInt(0), 2);
  EXPECT_EQ(tensor.getInt(1), -1);
  EXPECT_EQ(tensor.getInt(2), 7);
  TensorProto pairs;
  pairs.set_data_type(TensorProto::UINT2);
  pairs.add_dims(5);
  pairs.set_raw_data(std::string("\xe4\x02", 2));
  tensor = read(pairs, context);
  for (int i = 0; i < 4; ++i)
    EXPECT_EQ(tensor.getInt(i), i);
  EXPECT_EQ(tensor.getInt(4), 2);
}

// Half floats come as their bits in int32_data; booleans are 0 or 1 afterwards.
TEST(TensorBytes, BitsAndBooleans) {
  mlir::MLIRContext context;
  TensorProto half;
  half.set_data_type(TensorProto::FLOAT16);
  half.add_dims(1);
  half.add_int32_data(0x3e00);
  EXPECT_EQ(read(half, context).getDouble(0), 1.5);
  TensorProto booleans;
  booleans.set_data_type(TensorProto::BOOL);
  booleans.add_dims(2);
  booleans.set_raw_data(std::string("\x02\x00", 2));
  HostTensor tensor = read(booleans, context);
  EXPECT_EQ(tensor.getBytes()[0], 1);
  EXPECT_EQ(tensor.getBytes()[1], 0);
}

TEST(TensorBytes, EmptyTensor) {
  mlir::MLIRContext context;
  TensorProto proto;
  proto.set_data_type(TensorProto::FLOAT);
  proto.add_dims(0);
  proto.add_dims(4);
  EXPECT_EQ(read(proto, context).getNumElements(), 0);
}

TEST(Quote, EscapesAndShortens) {
  EXPECT_EQ(quote("conv/1"), "'conv/1'");
  EXPECT_EQ(quote("a\x1b[31m'\n"), "'a\\x1b[31m\\x27\\x0a'");
  EXPECT_LT(quote(std::string(1000000, 'x')).size(), 200u);
}
