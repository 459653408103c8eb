//===- IndexingTest.cpp - Elements chosen by value, and integer codes -----===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ReferenceTest.h"

using namespace pith;

namespace {

using IndexingTest = ReferenceTest;

const std::string a23 = "[[1, 2, 3], [4, 5, 6]] : tensor<2x3xi32>";

TEST_F(IndexingTest, Gather) {
  expectOp("gather {axis = 0 : i64}", {a23, "[-1, 0] : tensor<2xi64>"}, "tensor<2x3xi32>",
           {4, 5, 6, 1, 2, 3});
  expectOp("gather {axis = 1 : i64}", {a23, "[[2], [0]] : tensor<2x1xi32>"},
           "tensor<2x2x1xi32>", {3, 1, 6, 4});
  expectOp("gather {axis = 1 : i64}", {a23, "1 : tensor<i64>"}, "tensor<2xi32>", {2, 5});
  expectOp("gather_elements {axis = 1 : i64}", {a23, "[[2, -3]] : tensor<1x2xi64>"},
           "tensor<1x2xi32>", {3, 1});
  expectOp("gather_elements {axis = 0 : i64}", {a23, "[[1, 0, 1]] : tensor<1x3xi64>"},
           "tensor<1x3xi32>", {4, 2, 6});
}

TEST_F(IndexingTest, GatherNd) {
  expectOp("gather_nd {batch_dims = 0 : i64}",
           {a23, "[[1, 2], [0, -1]] : tensor<2x2xi64>"}, "tensor<2xi32>", {6, 3});
  expectOp("gather_nd {batch_dims = 0 : i64}", {a23, "[[1]] : tensor<1x1xi64>"},
           "tensor<1x3xi32>", {4, 5, 6});
  expectOp("gather_nd {batch_dims = 1 : i64}", {a23, "[[2], [0]] : tensor<2x1xi64>"},
           "tensor<2xi32>", {3, 4});
}

TEST_F(IndexingTest, Scatter) {
  auto elements = [&](const std::string &kind, const std::vector<double> &result) {
    expectOp("scatter_elements {axis = 1 : i64, kind = #pith.scatter_kind<" + kind + ">}",
             {a23, "[[0, 0], [-1, 1]] : tensor<2x2xi64>",
              "[[10, 20], [30, -40]] : tensor<2x2xi32>"},
             "tensor<2x3xi32>", result);
  };
  elements("none", {20, 2, 3, 4, -40, 30}); // the last one stays
  elements("add", {31, 2, 3, 4, -35, 36});
  elements("mul", {200, 2, 3, 4, -200, 180});
  elements("max", {20, 2, 3, 4, 5, 30});
  elements("min", {1, 2, 3, 4, -40, 6});
  expectOp("scatter_nd {kind = #pith.scatter_kind<none>}",
           {a23, "[[1]] : tensor<1x1xi64>", "[[7, 8, 9]] : tensor<1x3xi32>"},
           "tensor<2x3xi32>", {1, 2, 3, 7, 8, 9});
  expectOp("scatter_nd {kind = #pith.scatter_kind<add>}",
           {"[0.5, 1.5] : tensor<2xf32>", "[[1], [1]] : tensor<2x1xi64>",
            "[1.0, 2.0] : tensor<2xf32>"},
           "tensor<2xf32>", {0.5, 4.5});
}

TEST_F(IndexingTest, OneHot) {
  std::string values = "[1, 9] : tensor<2xi32>";
  expectOp("one_hot {axis = 1 : i64}",
           {"[0, -1, 5] : tensor<3xi64>", "2 : tensor<i64>", values}, "tensor<3x2xi32>",
           {9, 1, 1, 9, 1, 1});
  expectOp("one_hot {axis = 0 : i64}",
           {"[0, 1] : tensor<2xi64>", "2 : tensor<i64>", values}, "tensor<2x2xi32>",
           {9, 1, 1, 9});
}

TEST_F(IndexingTest, NonZero) {
  expectOp("non_zero", {"[[0.0, 2.0], [-1.0, 0.0]] : tensor<2x2xf32>"}, "tensor<2x?xi64>",
           {0, 1, 1, 0});
}

TEST_F(IndexingTest, RefusesIndicesOutside) {
  std::string message = "expects indices from -2 to 1, found ";
  for (auto [op, type] : std::vector<std::pair<std::string, std::string>>{
           {"gather %x, %i {axis = 0 : i64} : (tensor<2x3xf32>, tensor<1x1xi64>) -> ",
            "tensor<1x1x3xf32>"},
           {"gather_elements %x, %i {axis = 0 : i64} : (tensor<2x3xf32>, "
            "tensor<1x1xi64>) -> ",
            "tensor<1x1xf32>"},
           {"gather_nd %x, %i {batch_dims = 0 : i64} : (tensor<2x3xf32>, "
            "tensor<1x1xi64>) -> ",
            "tensor<1x3xf32>"},
           {"scatter_elements %x, %i, %u {axis = 0 : i64, kind = "
            "#pith.scatter_kind<none>} : "
            "(tensor<2x3xf32>, tensor<1x1xi64>, tensor<1x1xf32>) -> ",
            "tensor<2x3xf32>"},
           {"scatter_nd %x, %i, %v {kind = #pith.scatter_kind<none>} : "
            "(tensor<2x3xf32>, tensor<1x1xi64>, tensor<1x3xf32>) -> ",
            "tensor<2x3xf32>"}})
    for (std::string index : {"2", "-3"})
      expectError("%x = pith.constant dense<1.0> : tensor<2x3xf32> : tensor<2x3xf32>\n%u "
                  "= pith.constant "
                  "dense<1.0> : tensor<1x1xf32> : tensor<1x1xf32>\n%v = pith.constant "
                  "dense<1.0> : "
                  "tensor<1x3xf32> : tensor<1x3xf32>\n%i = pith.constant dense<" +
                      index + "> : tensor<1x1xi64> : tensor<1x1xi64>\n%r = pith." + op +
                      type,
                  type, message + index);
}

// What would index sizes that are not there.
TEST_F(IndexingTest, RefusesWrongAttributes) {
  std::string x = "%x = pith.constant dense<1.0> : tensor<2x3xf32> : tensor<2x3xf32>\n";
  expectError(x + "%i = pith.constant dense<0> : tensor<3x1xi64> : tensor<3x1xi64>\n%r = "
                  "pith.gather_nd %x, %i {batch_dims = 1 : i64} : (tensor<2x3xf32>, "
                  "tensor<3x1xi64>) -> tensor<3xf32>",
              "tensor<3xf32>",
              "expects equal sizes along batch axis 0 (C1), found 2 and 3");
  expectError(x + "%i = pith.constant dense<0> : tensor<2x1xi64> : tensor<2x1xi64>\n%r = "
                  "pith.gather_nd %x, %i {batch_dims = -1 : i64} : (tensor<2x3xf32>, "
                  "tensor<2x1xi64>) -> tensor<2xf32>",
              "tensor<2xf32>", "expects batch_dims from 0 to below the ranks 2 and 2");
  expectError(
      x + "%s = pith.constant dense<1.0> : tensor<3xf32> : tensor<3xf32>\n%r = "
          "pith.quantize %x, %s {axis = -1 : i64} : (tensor<2x3xf32>, tensor<3xf32>) "
          "-> tensor<2x3xi8>",
      "tensor<2x3xi8>", "expects 1 scale, or one per element of axis");
  std::string s = "%s = pith.constant dense<1.0> : tensor<1xf32> : tensor<1xf32>\n";
  expectError(x + s + "%r = pith.quantize %x, %s {bits = 9 : i64} : (tensor<2x3xf32>, "
                      "tensor<1xf32>) -> tensor<2x3xi8>",
              "tensor<2x3xi8>", "expects bits of 0, or from 2 to 8 (C2), found 9");
  expectError(x + "%r, %t = pith.dynamic_quantize %x {group_size = 0 : i64, bits = 1 : "
                  "i64} : (tensor<2x3xf32>) -> (tensor<2x3xi8>, tensor<2x1xf32>)",
              "tensor<2x3xi8>", "expects bits from 2 to 8 (C2), found 1");
}

// Ties to even, then the zero point, then saturation.
TEST_F(IndexingTest, Quantize) {
  expectOp("quantize",
           {"[0.5, 1.5, -0.5, 300.0, -300.0, 0x7FC00000] : tensor<6xf32>",
            "1.0 : tensor<f32>"},
           "tensor<6xi8>", {0, 2, 0, 127, -128, 0});
  expectOp("quantize",
           {"[2.5, -1.0] : tensor<2xf32>", "1.0 : tensor<f32>", "3 : tensor<ui8>"},
           "tensor<2xui8>", {5, 2});
  expectOp("quantize {axis = 1 : i64}",
           {"[[1.0, 1.0], [2.0, 2.0]] : tensor<2x2xf32>", "[0.5, 0.25] : tensor<2xf32>",
            "[0, 1] : tensor<2xi8>"},
           "tensor<2x2xi8>", {2, 5, 4, 9});
  expectOp("quantize", {"[100.0, -100.0] : tensor<2xf32>", "1.0 : tensor<f32>"},
           "tensor<2xi4>", {7, -8});
  // Fewer bits than the type has.
  expectOp("quantize {bits = 4 : i64}",
           {"[100.0, -100.0, 3.0] : tensor<3xf32>", "1.0 : tensor<f32>"},
           "tensor<3xi8>", {7, -8, 3});
  expectOp("quantize {bits = 4 : i64}",
           {"[100.0, -100.0, 3.0] : tensor<3xf32>", "1.0 : tensor<f32>", "5 : tensor<ui8>"},
           "tensor<3xui8>", {15, 0, 8});
  // As f32 the quotient is the tie 0.5; in exact arithmetic it lies above.
  expectOp("quantize",
           {"0.05000000074505806 : tensor<f32>", "0.10000000149011612 : tensor<f32>"},
           "tensor<i8>", {0});
}

TEST_F(IndexingTest, DynamicQuantizeOfNan) {
  expect("%x = pith.constant dense<[1.0, 0x7FC00000]> : tensor<2xf32> : tensor<2xf32>\n"
         "%r, %s = pith.dynamic_quantize %x {group_size = 0 : i64} : (tensor<2xf32>) -> "
         "(tensor<2xi8>, tensor<1xf32>)",
         "tensor<2xi8>", {127, -127});
}

TEST_F(IndexingTest, DynamicQuantizeToFewBits) {
  std::string x = "%x = pith.constant dense<[1.4, -0.7, 0.1]> : tensor<3xf32> : "
                  "tensor<3xf32>\n";
  std::string op = " = pith.dynamic_quantize %x {group_size = 0 : i64, bits = 4 : i64} : "
                   "(tensor<3xf32>) -> (tensor<3xi8>, tensor<1xf32>)";
  expect(x + "%r, %s" + op, "tensor<3xi8>", {7, -4, 0});
  expect(x + "%c, %r" + op, "tensor<1xf32>", {0.2});
}

TEST_F(IndexingTest, DynamicQuantize) {
  std::string x = "%x = pith.constant dense<[[1.27, -0.635, 0.0, 0.0, 2.54]]> : "
                  "tensor<1x5xf32> : tensor<1x5xf32>\n";
  std::string groups = " = pith.dynamic_quantize %x {group_size = 2 : i64} : "
                       "(tensor<1x5xf32>) -> (tensor<1x5xi8>, tensor<1x3xf32>)";
  expect(x + "%r, %s" + groups, "tensor<1x5xi8>", {127, -64, 0, 0, 127});
  expect(x + "%c, %r" + groups, "tensor<1x3xf32>", {0.01, 1, 0.02});
  std::string row = " = pith.dynamic_quantize %x {group_size = 0 : i64} : "
                    "(tensor<1x5xf32>) -> (tensor<1x5xi8>, tensor<1x1xf32>)";
  expect(x + "%r, %s" + row, "tensor<1x5xi8>", {64, -32, 0, 0, 127});
  expect(x + "%c, %r" + row, "tensor<1x1xf32>", {0.02});
}

} // namespace
