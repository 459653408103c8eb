//===- ContractionTest.cpp - Sums of products -----------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ReferenceTest.h"

using namespace pith;

namespace {

using ContractionTest = ReferenceTest;

const std::string a23 = "[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]] : tensor<2x3xf32>";
const std::string b32 = "[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]] : tensor<3x2xf32>";

TEST_F(ContractionTest, Matrices) {
  expectOp("matmul", {a23, b32}, "tensor<2x2xf32>", {22, 28, 49, 64});
  expectOp("matmul {transpose_rhs}", {a23, a23}, "tensor<2x2xf32>", {14, 32, 32, 77});
  expectOp("matmul", {"[1.0, 2.0, 3.0] : tensor<3xf32>", b32}, "tensor<2xf32>", {22, 28});
  expectOp("matmul", {a23, "[1.0, 0.0, 1.0] : tensor<3xf32>"}, "tensor<2xf32>", {4, 10});
  expectOp("matmul", {"[1.0, 2.0] : tensor<2xf32>", "[3.0, 4.0] : tensor<2xf32>"},
           "tensor<f32>", {11});
}

// Batches broadcast; an empty reduction gives 0.
TEST_F(ContractionTest, Batches) {
  expectOp("matmul",
           {"[[[1.0, 2.0]], [[3.0, 4.0]]] : tensor<2x1x2xf32>",
            "[[1.0], [10.0]] : tensor<2x1xf32>"},
           "tensor<2x1x1xf32>", {21, 43});
  expectOp("matmul", {"1.0 : tensor<2x0xf32>", "1.0 : tensor<0x2xf32>"},
           "tensor<2x2xf32>", {0, 0, 0, 0});
}

// Integers wrap around; floats are summed in double precision.
TEST_F(ContractionTest, Precision) {
  expectOp("matmul", {"[[100, 100]] : tensor<1x2xi8>", "[[1], [1]] : tensor<2x1xi8>"},
           "tensor<1x1xi8>", {-56});
  expectOp(
      "matmul",
      {"[[16777216.0, 1.0, -16777216.0]] : tensor<1x3xf32>", "1.0 : tensor<3x1xf32>"},
      "tensor<1x1xf32>", {1});
}

TEST_F(ContractionTest, MatMulRefusesUnequalReductions) {
  std::string text =
      "func.func @f(%a: tensor<?x?xf32>, %b: tensor<?x?xf32>) -> "
      "tensor<?x?xf32> { %r = pith.matmul %a, %b : (tensor<?x?xf32>, "
      "tensor<?x?xf32>) -> tensor<?x?xf32>\n return %r : tensor<?x?xf32> }";
  auto f32 = mlir::Float32Type::get(&context);
  EXPECT_TRUE(succeeded(runModule(text, {iota({2, 3}, f32), iota({3, 2}, f32)})));
  EXPECT_TRUE(failed(runModule(text, {iota({2, 3}, f32), iota({2, 3}, f32)})));
  EXPECT_NE(diagnostics.find("equal reduction sizes (C1), found 3 and 2"),
            std::string::npos)
      << diagnostics;
}

std::string attributes(const std::string &more) {
  return "{strides = array<i64: 1>, dilations = array<i64: 1>, pads_low = array<i64: 0>, "
         "pads_high = array<i64: 0>" +
         more + "}";
}

TEST_F(ContractionTest, Conv) {
  std::string x = "[[[1.0, 2.0, 3.0, 4.0]]] : tensor<1x1x4xf32>";
  std::string w = "[[[1.0, 10.0]]] : tensor<1x1x2xf32>";
  expectOp("conv " + attributes(""), {x, w}, "tensor<1x1x3xf32>", {21, 32, 43});
  expectOp("conv " + attributes(""), {x, w, "[0.5] : tensor<1xf32>"}, "tensor<1x1x3xf32>",
           {21.5, 32.5, 43.5});
  expectOp("conv {strides = array<i64: 2>, dilations = array<i64: 2>, pads_low = "
           "array<i64: 1>, pads_high = array<i64: 2>}",
           {x, w}, "tensor<1x1x3xf32>", {20, 42, 4});
}

// Two groups: each output sees its own channels. Both layouts give the same.
TEST_F(ContractionTest, ConvGroupsAndLayouts) {
  expectOp("conv " + attributes(", group = 2 : i64"),
           {"[[[1.0, 2.0], [3.0, 4.0]]] : tensor<1x2x2xf32>",
            "[[[1.0]], [[10.0]]] : tensor<2x1x1xf32>"},
           "tensor<1x2x2xf32>", {1, 2, 30, 40});
  expectOp("conv " +
               attributes(", group = 2 : i64, layout = #pith.layout<channels_last>"),
           {"[[[1.0, 3.0], [2.0, 4.0]]] : tensor<1x2x2xf32>",
            "[[[1.0]], [[10.0]]] : tensor<2x1x1xf32>"},
           "tensor<1x2x2xf32>", {1, 30, 2, 40});
}

// Axes of size 1 do not matter wherever they are.
TEST_F(ContractionTest, ConvInThePlane) {
  std::string more =
      "{strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low "
      "= array<i64: 1, 0>, pads_high = array<i64: 0, 0>}";
  expectOp("conv " + more,
           {"[[[[1.0], [2.0], [3.0]]]] : tensor<1x1x3x1xf32>",
            "[[[[10.0], [1.0]]]] : tensor<1x1x2x1xf32>"},
           "tensor<1x1x3x1xf32>", {1, 12, 23});
  expectOp("conv " + more,
           {"[[[[1.0, 2.0], [3.0, 4.0]]]] : tensor<1x1x2x2xf32>",
            "[[[[1.0, 2.0], [3.0, 4.0]]]] : tensor<1x1x2x2xf32>"},
           "tensor<1x1x2x1xf32>", {11, 30});
}

TEST_F(ContractionTest, ConvTranspose) {
  std::string x = "[[[1.0, 2.0]]] : tensor<1x1x2xf32>";
  std::string w = "[[[1.0, 10.0, 100.0]]] : tensor<1x1x3xf32>";
  std::string rest = ", pads_high = array<i64: 0>, output_padding = array<i64: 1>}";
  expectOp(
      "conv_transpose {strides = array<i64: 2>, dilations = array<i64: 1>, pads_low = "
      "array<i64: 0>" +
          rest,
      {x, w}, "tensor<1x1x6xf32>", {1, 10, 102, 20, 200, 0});
  expectOp(
      "conv_transpose {strides = array<i64: 2>, dilations = array<i64: 1>, pads_low = "
      "array<i64: 1>" +
          rest,
      {x, w, "[0.5] : tensor<1xf32>"}, "tensor<1x1x5xf32>",
      {10.5, 102.5, 20.5, 200.5, 0.5});
}

const std::string keys = "[[[[0.0], [0.6931471805599453]]]] : tensor<1x1x2x1xf32>";
const std::string values = "[[[[3.0, 0.0], [6.0, 9.0]]]] : tensor<1x1x2x2xf32>";

// e^0 : e^(ln 2) = 1 : 2.
TEST_F(ContractionTest, Attention) {
  std::string query = "1.0 : tensor<1x2x1x1xf32>";
  expectOp("attention {scale = 1.0 : f64}", {query, keys, values}, "tensor<1x2x1x2xf32>",
           {5, 6, 5, 6}); // two query heads share one key head
  expectOp("attention {scale = 0.0 : f64}", {query, keys, values}, "tensor<1x2x1x2xf32>",
           {4.5, 4.5, 4.5, 4.5});
  expectOp("attention {scale = 1.0 : f64}",
           {query, keys, values, "[0.0, 0xFF800000] : tensor<2xf32>"},
           "tensor<1x2x1x2xf32>", {3, 0, 3, 0});
}

// The first of two queries sees one of two keys; of three, the first sees none.
TEST_F(ContractionTest, CausalAttention) {
  expectOp("attention {scale = 1.0 : f64, causal}",
           {"1.0 : tensor<1x1x2x1xf32>", keys, values}, "tensor<1x1x2x2xf32>",
           {3, 0, 5, 6});
  expectOp("attention {scale = 1.0 : f64, causal}",
           {"1.0 : tensor<1x1x3x1xf32>", keys, values}, "tensor<1x1x3x2xf32>",
           {0, 0, 3, 0, 5, 6});
}

} // namespace
