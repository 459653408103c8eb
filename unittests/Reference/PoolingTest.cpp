//===- PoolingTest.cpp - Windows ------------------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ReferenceTest.h"

using namespace pith;

namespace {

using PoolingTest = ReferenceTest;

std::string pool(const std::string &name, int kernel, int stride, int low, int high,
                 const std::string &more = "") {
  auto list = [](int value) { return "array<i64: " + std::to_string(value) + ">"; };
  return name + " {kernel = " + list(kernel) + ", strides = " + list(stride) +
         ", dilations = array<i64: 1>, pads_low = " + list(low) +
         ", pads_high = " + list(high) + more + "}";
}

const std::string x = "[[[1.0, -2.0, 3.0, -4.0, 6.0]]] : tensor<1x1x5xf32>";

TEST_F(PoolingTest, Max) {
  expectOp(pool("max_pool", 2, 2, 0, 0), {x}, "tensor<1x1x2xf32>", {1, 3});
  expectOp(pool("max_pool", 2, 2, 0, 0, ", ceil_mode"), {x}, "tensor<1x1x3xf32>",
           {1, 3, 6});
  expectOp(pool("max_pool", 2, 2, 1, 0), {"[[[-1, -2, -3]]] : tensor<1x1x3xi8>"},
           "tensor<1x1x2xi8>", {-1, -2});
  expectOp(pool("max_pool", 2, 1, 0, 0), {"[[[1.0, 0x7FC00000]]] : tensor<1x1x2xf32>"},
           "tensor<1x1x1xf32>", {std::numeric_limits<double>::quiet_NaN()});
  expectOp(pool("max_pool", 2, 1, 0, 0, ", layout = #pith.layout<channels_last>"),
           {"[[[1, 20], [3, 4]]] : tensor<1x2x2xi32>"}, "tensor<1x1x2xi32>", {3, 20});
}

TEST_F(PoolingTest, Average) {
  expectOp(pool("average_pool", 2, 2, 1, 0), {x}, "tensor<1x1x3xf32>", {1, 0.5, 1});
  expectOp(pool("average_pool", 2, 2, 1, 0, ", count_include_pad"), {x},
           "tensor<1x1x3xf32>", {0.5, 0.5, 1});
  // What rounding up adds is not padding.
  expectOp(pool("average_pool", 3, 2, 0, 1, ", ceil_mode, count_include_pad"),
           {"[[[2.0, 2.0, 2.0, 3.0]]] : tensor<1x1x4xf32>"}, "tensor<1x1x2xf32>",
           {2, 5.0 / 3});
  expectOp(pool("average_pool", 3, 2, 0, 0, ", ceil_mode, count_include_pad"),
           {"[[[2.0, 2.0, 2.0, 3.0]]] : tensor<1x1x4xf32>"}, "tensor<1x1x2xf32>",
           {2, 2.5});
}

TEST_F(PoolingTest, Norm) {
  expectOp(pool("lp_pool", 2, 2, 0, 0, ", p = 2 : i64"),
           {"[[[3.0, -4.0]]] : tensor<1x1x2xf32>"}, "tensor<1x1x1xf32>", {5});
  expectOp(pool("lp_pool", 2, 2, 0, 0, ", p = 3 : i64"),
           {"[[[1.0, -2.0]]] : tensor<1x1x2xf32>"}, "tensor<1x1x1xf32>",
           {2.080083823051904});
}

} // namespace
