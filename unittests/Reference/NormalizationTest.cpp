//===- NormalizationTest.cpp - Mean, variance and scale -------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ReferenceTest.h"

using namespace pith;

namespace {

using NormalizationTest = ReferenceTest;

TEST_F(NormalizationTest, BatchNorm) {
  std::vector<std::string> parameters{
      "[2.0, 3.0] : tensor<2xf32>", "[0.5, -0.5] : tensor<2xf32>",
      "[1.0, 2.0] : tensor<2xf32>", "[3.0, 15.0] : tensor<2xf32>"};
  auto with = [&](const std::string &x) {
    std::vector<std::string> operands{x};
    operands.insert(operands.end(), parameters.begin(), parameters.end());
    return operands;
  };
  expectOp("batch_norm {epsilon = 1.0 : f64}",
           with("[[[1.0, 3.0], [2.0, 6.0]]] : tensor<1x2x2xf32>"), "tensor<1x2x2xf32>",
           {0.5, 2.5, -0.5, 2.5});
  expectOp("batch_norm {epsilon = 1.0 : f64, layout = #pith.layout<channels_last>}",
           with("[[[1.0, 2.0], [3.0, 6.0]]] : tensor<1x2x2xf32>"), "tensor<1x2x2xf32>",
           {0.5, -0.5, 2.5, 2.5});
}

// Deviations −1 and 1, variance 1; with epsilon 3 they are halved.
TEST_F(NormalizationTest, LayerNorm) {
  std::string x = "%x = pith.constant dense<[[1.0, 3.0], [5.0, 7.0]]> : tensor<2x2xf32> "
                  ": tensor<2x2xf32>\n";
  std::string s =
      "%s = pith.constant dense<[2.0, 4.0]> : tensor<2xf32> : tensor<2xf32>\n";
  std::string b =
      "%b = pith.constant dense<[[10.0], [20.0]]> : tensor<2x1xf32> : tensor<2x1xf32>\n";
  std::string rest =
      " {axis = 1 : i64, epsilon = 3.0 : f64} : tensor<2x2xf32> -> tensor<2x2xf32>";
  expect(x + "%r = pith.layer_norm %x" + rest, "tensor<2x2xf32>", {-0.5, 0.5, -0.5, 0.5});
  expect(x + s + "%r = pith.layer_norm %x scale %s : tensor<2xf32>" + rest,
         "tensor<2x2xf32>", {-1, 2, -1, 2});
  expect(x + b + "%r = pith.layer_norm %x bias %b : tensor<2x1xf32>" + rest,
         "tensor<2x2xf32>", {9.5, 10.5, 19.5, 20.5});
}

TEST_F(NormalizationTest, RmsNorm) {
  expectOp("rms_norm {axis = 1 : i64, epsilon = 3.5 : f64}",
           {"[[3.0, 4.0]] : tensor<1x2xf32>", "[4.0, 8.0] : tensor<2xf32>"},
           "tensor<1x2xf32>", {3, 8});
}

// Parameters broadcast to the input, never the input to them.
TEST_F(NormalizationTest, RefusesLargerParameters) {
  expectError(
      "%x = pith.constant dense<1.0> : tensor<1x1xf32> : tensor<1x1xf32>\n%s = "
      "pith.constant dense<1.0> : tensor<3xf32> : tensor<3xf32>\n%r = pith.rms_norm "
      "%x, %s {axis = 1 : i64, epsilon = 1.0 : f64} : (tensor<1x1xf32>, "
      "tensor<3xf32>) -> tensor<1x1xf32>",
      "tensor<1x1xf32>", "expects parameters that broadcast to the input");
}

// Two groups of two channels, normalized on their own.
TEST_F(NormalizationTest, GroupNorm) {
  expectOp("group_norm {groups = 2 : i64, epsilon = 3.0 : f64}",
           {"[[[1.0], [3.0], [10.0], [10.0]]] : tensor<1x4x1xf32>",
            "[2.0, 4.0, 6.0, 8.0] : tensor<4xf32>",
            "[0.0, 0.0, 1.0, 2.0] : tensor<4xf32>"},
           "tensor<1x4x1xf32>", {-1, 2, 1, 2});
}

// An even size reaches further behind than before.
TEST_F(NormalizationTest, Lrn) {
  expectOp("lrn {size = 2 : i64, alpha = 2.0 : f32, beta = 1.0 : f32, bias = 1.0 : f32}",
           {"[[[1.0], [2.0], [3.0]]] : tensor<1x3x1xf32>"}, "tensor<1x3x1xf32>",
           {1.0 / 6, 2.0 / 14, 3.0 / 10});
}

} // namespace
