//===- ReductionTest.cpp - Many elements to one, and along one axis -------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ReferenceTest.h"

using namespace pith;

namespace {

using ReductionTest = ReferenceTest;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double inf = std::numeric_limits<double>::infinity();

std::string reduce(const std::string &kind, const std::string &axes = "array<i64: 1>") {
  return "reduce {kind = #pith.reduce_kind<" + kind + ">, axes = " + axes + "}";
}

TEST_F(ReductionTest, KindsOnReals) {
  std::string x = "[[1.0, -2.0], [3.0, 4.0]] : tensor<2x2xf32>";
  for (auto [kind, first, second] : std::vector<std::tuple<std::string, double, double>>{
           {"sum", -1, 7},
           {"mean", -0.5, 3.5},
           {"max", 1, 4},
           {"min", -2, 3},
           {"prod", -2, 12},
           {"l1", 3, 7},
           {"l2", 2.23606797749979, 5},
           {"log_sum_exp", 1.0485873515737421, 4.313261687518223},
           {"sum_square", 5, 25}})
    expectOp(reduce(kind), {x}, "tensor<2xf32>", {first, second});
  expectOp(reduce("log_sum"), {"[[1.0, 2.0]] : tensor<1x2xf32>"}, "tensor<1xf32>",
           {1.0986122886681098});
  expectOp("reduce {kind = #pith.reduce_kind<sum>, axes = array<i64: 0>, keep_dims}", {x},
           "tensor<1x2xf32>", {4, 2});
}

TEST_F(ReductionTest, KindsOnIntegers) {
  std::string x = "[[-3, -4, 5]] : tensor<1x3xi32>";
  expectOp(reduce("sum"), {x}, "tensor<1xi32>", {-2});
  expectOp(reduce("mean"), {"[[-3, -4]] : tensor<1x2xi32>"}, "tensor<1xi32>", {-3});
  expectOp(reduce("max"), {x}, "tensor<1xi32>", {5});
  expectOp(reduce("min"), {"[[200, 100]] : tensor<1x2xui8>"}, "tensor<1xui8>", {100});
  expectOp(reduce("l1"), {x}, "tensor<1xi32>", {12});
  expectOp(reduce("l2"), {"[[3, 4]] : tensor<1x2xi32>"}, "tensor<1xi32>", {5});
  expectOp(reduce("prod"), {"[[16, 16]] : tensor<1x2xi8>"}, "tensor<1xi8>", {0});
  expectOp(reduce("max"), {"[[false, true]] : tensor<1x2xi1>"}, "tensor<1xi1>", {1});
  expectOp(reduce("min"), {"[[false, true]] : tensor<1x2xi1>"}, "tensor<1xi1>", {0});
}

TEST_F(ReductionTest, NeutralElementsAndNan) {
  std::string none = "1.0 : tensor<1x0xf32>";
  for (auto [kind, value] :
       std::vector<std::pair<std::string, double>>{{"sum", 0},
                                                   {"mean", nan},
                                                   {"max", -inf},
                                                   {"min", inf},
                                                   {"prod", 1},
                                                   {"log_sum", -inf},
                                                   {"log_sum_exp", -inf}})
    expectOp(reduce(kind), {none}, "tensor<1xf32>", {value});
  expectOp(reduce("max"), {"0 : tensor<1x0xi8>"}, "tensor<1xi8>", {-128});
  expectOp(reduce("min"), {"true : tensor<1x0xi1>"}, "tensor<1xi1>", {1});
  expectOp(reduce("min"), {"0 : tensor<1x0xui64>"}, "tensor<1xui64>",
           {18446744073709551615.0});
  expectOp(reduce("max"), {"[[0x7FC00000, 1.0]] : tensor<1x2xf32>"}, "tensor<1xf32>",
           {nan});
  expectOp(reduce("log_sum_exp"), {"[[1000.0, 1000.0]] : tensor<1x2xf32>"},
           "tensor<1xf32>", {1000.6931471805599});
  expectOp(reduce("log_sum_exp"), {"[[0x7F800000, 1.0]] : tensor<1x2xf32>"},
           "tensor<1xf32>", {inf});
  expectOp(reduce("sum", "array<i64>"), {"[1.0, 2.0] : tensor<2xf32>"}, "tensor<2xf32>",
           {1, 2});
}

TEST_F(ReductionTest, PositionsOfExtremes) {
  std::string x = "[[1.0, 3.0, 3.0], [0x7FC00000, 9.0, 2.0]] : tensor<2x3xf32>";
  expectOp("arg_max {axis = 1 : i64}", {x}, "tensor<2xi64>", {1, 0});
  expectOp("arg_max {axis = 1 : i64, last_index, keep_dims}", {x}, "tensor<2x1xi64>",
           {2, 0});
  expectOp("arg_min {axis = 0 : i64}", {"[[2, 1], [1, 1]] : tensor<2x2xi32>"},
           "tensor<2xi64>", {1, 0});
  expectOp("arg_max {axis = 0 : i64}", {"[100, 200] : tensor<2xui8>"}, "tensor<i64>",
           {1});
  expectError("%a = pith.constant dense<1.0> : tensor<2x0xf32> : tensor<2x0xf32>\n%r = "
              "pith.arg_max %a {axis "
              "= 1 : i64} : (tensor<2x0xf32>) -> tensor<2xi64>",
              "tensor<2xi64>", "expects an axis that is not empty");
}

TEST_F(ReductionTest, Softmax) {
  expectOp("softmax {axis = 0 : i64}",
           {"[[0.0, 1000.0], [0.6931471805599453, 1000.0]] : tensor<2x2xf32>"},
           "tensor<2x2xf32>", {0.33333333, 0.5, 0.66666667, 0.5});
  expectOp("log_softmax {axis = 0 : i64}", {"[0.0, 0.0] : tensor<2xf32>"},
           "tensor<2xf32>", {-0.6931471805599453, -0.6931471805599453});
}

TEST_F(ReductionTest, RunningSums) {
  std::string x = "[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]] : tensor<2x3xf32>";
  expectOp("cumsum {axis = 1 : i64}", {x}, "tensor<2x3xf32>", {1, 3, 6, 4, 9, 15});
  expectOp("cumsum {axis = 0 : i64, exclusive}", {x}, "tensor<2x3xf32>",
           {0, 0, 0, 1, 2, 3});
  expectOp("cumsum {axis = 1 : i64, reverse}", {x}, "tensor<2x3xf32>",
           {6, 5, 3, 15, 11, 6});
  expectOp("cumsum {axis = 1 : i64, reverse, exclusive}", {x}, "tensor<2x3xf32>",
           {5, 3, 0, 11, 6, 0});
}

// Values and positions; equal values in order of position, NaN first.
TEST_F(ReductionTest, TopK) {
  std::string ops = "%x = pith.constant dense<[[3.0, 1.0, 3.0, 0x7FC00000]]> : "
                    "tensor<1x4xf32> : tensor<1x4xf32>\n"
                    "%k = pith.constant dense<3> : tensor<1xi64> : tensor<1xi64>\n";
  for (auto [attributes, positions, values] :
       std::vector<std::tuple<std::string, std::vector<double>, std::vector<double>>>{
           {"{axis = 1 : i64}", {3, 0, 2}, {nan, 3, 3}},
           {"{axis = 1 : i64, largest = false}", {3, 1, 0}, {nan, 1, 3}}})
    for (bool wantsPositions : {false, true}) {
      std::string names = wantsPositions ? "%v, %r" : "%r, %p";
      expect(
          ops + names + " = pith.top_k %x, %k " + attributes +
              " : (tensor<1x4xf32>, tensor<1xi64>) -> (tensor<1x3xf32>, tensor<1x3xi64>)",
          wantsPositions ? "tensor<1x3xi64>" : "tensor<1x3xf32>",
          wantsPositions ? positions : values);
    }
  // Along the first of two axes.
  expect(
      "%x = pith.constant dense<[[1, 6], [5, 2], [3, 4]]> : tensor<3x2xi32> : "
      "tensor<3x2xi32>\n"
      "%k = pith.constant dense<2> : tensor<i64> : tensor<i64>\n"
      "%r, %p = pith.top_k %x, %k {axis = 0 : i64} : (tensor<3x2xi32>, tensor<i64>) -> "
      "(tensor<2x2xi32>, tensor<2x2xi64>)",
      "tensor<2x2xi32>", {5, 6, 3, 4});
}

} // namespace
