//===- MovementTest.cpp - The same elements elsewhere ---------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ReferenceTest.h"

using namespace pith;

namespace {

using MovementTest = ReferenceTest;

const std::string a23 = "[[1, 2, 3], [4, 5, 6]] : tensor<2x3xi32>";

TEST_F(MovementTest, NewSizes) {
  std::vector<double> all{1, 2, 3, 4, 5, 6};
  expectOp("reshape", {a23, "[-1, 2] : tensor<2xi64>"}, "tensor<3x2xi32>", all);
  expectOp("reshape", {a23, "[0, 3, 1] : tensor<3xi64>"}, "tensor<2x3x1xi32>", all);
  expectOp("reshape {allow_zero}", {"1 : tensor<2x0xi8>", "[0, 5] : tensor<2xi64>"},
           "tensor<0x5xi8>", {});
  expectOp("squeeze {axes = array<i64: 1>}", {"[[1], [2]] : tensor<2x1xi32>"},
           "tensor<2xi32>", {1, 2});
  expectOp("unsqueeze {axes = array<i64: 0, 2>}", {"[1, 2] : tensor<2xi32>"},
           "tensor<1x2x1xi32>", {1, 2});
  expectOp("flatten {axis = 0 : i64}", {a23}, "tensor<1x6xi32>", all);
  expectOp("flatten {axis = 2 : i64}", {a23}, "tensor<6x1xi32>", all);
  expectOp("shape {start = 0 : i64, end = 2 : i64}", {a23}, "tensor<2xi64>", {2, 3});
  expectOp("shape {start = 1 : i64, end = 9 : i64}", {a23}, "tensor<1xi64>", {3});
}

TEST_F(MovementTest, Transpose) {
  expectOp("transpose {permutation = array<i64: 1, 0>}", {a23}, "tensor<3x2xi32>",
           {1, 4, 2, 5, 3, 6});
  expectOp("transpose {permutation = array<i64>}", {"7 : tensor<i32>"}, "tensor<i32>",
           {7});
  // Elements of less than a byte are moved one by one.
  expectOp("transpose {permutation = array<i64: 1, 0>}",
           {"[[1, -2, 3], [-4, 5, -6]] : tensor<2x3xi4>"}, "tensor<3x2xi4>",
           {1, -4, -2, 5, 3, -6});
}

TEST_F(MovementTest, Repeats) {
  expectOp("expand", {"[[1], [2]] : tensor<2x1xi32>", "[2, 1, 2] : tensor<3xi64>"},
           "tensor<2x2x2xi32>", {1, 1, 2, 2, 1, 1, 2, 2});
  expectOp("tile", {"[[1, 2]] : tensor<1x2xi32>", "[2, 2] : tensor<2xi64>"},
           "tensor<2x4xi32>", {1, 2, 1, 2, 1, 2, 1, 2});
  expectOp("tile", {"[1, 2] : tensor<2xi32>", "0 : tensor<1xi64>"}, "tensor<0xi32>", {});
  expectOp("fill", {"[2, 2] : tensor<2xi64>", "1.5 : tensor<f32>"}, "tensor<2x2xf32>",
           {1.5, 1.5, 1.5, 1.5});
  expectOp("fill", {"1 : tensor<0xi64>", "3 : tensor<1xi8>"}, "tensor<i8>", {3});
}

TEST_F(MovementTest, Concat) {
  expectOp("concat {axis = 1 : i64}", {a23, "[[7], [8]] : tensor<2x1xi32>"},
           "tensor<2x4xi32>", {1, 2, 3, 7, 4, 5, 6, 8});
  expectOp("concat {axis = 0 : i64}", {"[1] : tensor<1xi8>", "0 : tensor<0xi8>"},
           "tensor<1xi8>", {1});
}

TEST_F(MovementTest, Slice) {
  auto slice = [&](const std::string &start, const std::string &end,
                   const std::string &step, const std::vector<double> &elements) {
    expectOp("slice {axes = array<i64: 0>, steps = array<i64: " + step + ">}",
             {"[0, 1, 2, 3, 4] : tensor<5xi32>", start + " : tensor<1xi64>",
              end + " : tensor<1xi64>"},
             "tensor<" + std::to_string(elements.size()) + "xi32>", elements);
  };
  slice("1", "4", "2", {1, 3});
  slice("-2", "9223372036854775807", "1", {3, 4});
  slice("3", "1", "1", {});
  slice("-1", "-9223372036854775808", "-2", {4, 2, 0});
  slice("3", "0", "-1", {3, 2, 1});
  slice("-100", "100", "100", {0});
}

TEST_F(MovementTest, Pad) {
  auto pad = [&](const std::string &mode, const std::string &low, const std::string &high,
                 const std::vector<double> &elements) {
    expectOp("pad {mode = #pith.pad_mode<" + mode + ">}",
             {"[1, 2, 3] : tensor<3xi32>", low + " : tensor<1xi64>",
              high + " : tensor<1xi64>", "9 : tensor<i32>"},
             "tensor<" + std::to_string(elements.size()) + "xi32>", elements);
  };
  pad("constant", "1", "2", {9, 1, 2, 3, 9, 9});
  pad("constant", "-1", "1", {2, 3, 9});
  pad("constant", "-4", "3", {9, 9});
  pad("edge", "2", "1", {1, 1, 1, 2, 3, 3});
  pad("reflect", "2", "2", {3, 2, 1, 2, 3, 2, 1});
  pad("wrap", "2", "4", {2, 3, 1, 2, 3, 1, 2, 3, 1});
  expectOp("pad {mode = #pith.pad_mode<constant>}",
           {"1.0 : tensor<1xf32>", "1 : tensor<1xi64>", "0 : tensor<1xi64>"},
           "tensor<2xf32>", {0, 1});
}

TEST_F(MovementTest, Blocks) {
  std::string x = "[[[[0]], [[1]], [[2]], [[3]], [[4]], [[5]], [[6]], [[7]]]] : "
                  "tensor<1x8x1x1xi32>";
  expectOp("depth_to_space {block = 2 : i64}", {x}, "tensor<1x2x2x2xi32>",
           {0, 2, 4, 6, 1, 3, 5, 7});
  expectOp("depth_to_space {block = 2 : i64, column_row_depth}", {x},
           "tensor<1x2x2x2xi32>", {0, 1, 2, 3, 4, 5, 6, 7});
  expectOp("space_to_depth {block = 2 : i64}",
           {"[[[[0, 2], [4, 6]], [[1, 3], [5, 7]]]] : tensor<1x2x2x2xi32>"},
           "tensor<1x8x1x1xi32>", {0, 1, 2, 3, 4, 5, 6, 7});
}

TEST_F(MovementTest, Ranges) {
  expectOp("range", {"1 : tensor<i32>", "8 : tensor<i32>", "3 : tensor<i32>"},
           "tensor<3xi32>", {1, 4, 7});
  expectOp("range", {"3 : tensor<i64>", "0 : tensor<i64>", "-2 : tensor<i64>"},
           "tensor<2xi64>", {3, 1});
  expectOp("range", {"0.0 : tensor<f32>", "1.0 : tensor<f32>", "0.4 : tensor<f32>"},
           "tensor<3xf32>", {0, 0.4000000060, 0.8000000119});
  expectOp("range", {"1 : tensor<i32>", "1 : tensor<i32>", "1 : tensor<i32>"},
           "tensor<0xi32>", {});
}

TEST_F(MovementTest, Triangles) {
  expectOp("trilu {k = 1 : i64, upper}", {a23}, "tensor<2x3xi32>", {0, 2, 3, 0, 0, 6});
  expectOp("trilu {k = 0 : i64}", {a23}, "tensor<2x3xi32>", {1, 0, 0, 4, 5, 0});
}

TEST_F(MovementTest, ReverseSequence) {
  expectOp("reverse_sequence {batch_axis = 0 : i64, time_axis = 1 : i64}",
           {a23, "[2, 3] : tensor<2xi64>"}, "tensor<2x3xi32>", {2, 1, 3, 6, 5, 4});
  expectOp("reverse_sequence {batch_axis = 1 : i64, time_axis = 0 : i64}",
           {a23, "[2, 1, 0] : tensor<3xi64>"}, "tensor<2x3xi32>", {4, 2, 3, 1, 5, 6});
}

// What only values tell is checked when they are known.
TEST_F(MovementTest, RefusesWhatDoesNotFit) {
  auto i64 = mlir::IntegerType::get(&context, 64);
  auto f32 = mlir::Float32Type::get(&context);
  auto with = [&](const std::string &op, int64_t value, const std::string &message) {
    std::string text = "func.func @f(%x: tensor<2x3xf32>, %n: tensor<2xi64>) -> "
                       "tensor<?x?xf32> {\n%c = pith.constant dense<1.0> : tensor<f32> : "
                       "tensor<f32>\n%r = pith." +
                       op +
                       " -> tensor<?x?xf32>\n"
                       "return %r : tensor<?x?xf32>\n}";
    HostTensor list(mlir::RankedTensorType::get({2}, i64));
    list.setInt(0, value);
    list.setInt(1, value);
    EXPECT_TRUE(failed(runModule(text, {iota({2, 3}, f32), list}))) << op;
    EXPECT_NE(diagnostics.find(message), std::string::npos) << op << "\n" << diagnostics;
  };
  with("reshape %x, %n : (tensor<2x3xf32>, tensor<2xi64>)", 4,
       "equal element counts (C2), found 6 and 16");
  with("reshape %x, %n : (tensor<2x3xf32>, tensor<2xi64>)", -1, "at most one −1");
  with("expand %x, %n : (tensor<2x3xf32>, tensor<2xi64>)", 4, "operands that broadcast");
  with("pad %x, %n, %n {mode = #pith.pad_mode<reflect>} : (tensor<2x3xf32>, "
       "tensor<2xi64>, "
       "tensor<2xi64>)",
       2, "reflected pads below the size (C2), found 2 for 2");
  with("expand %x, %n : (tensor<2x3xf32>, tensor<2xi64>)", -1, "sizes of at least 0");
  with("fill %n, %c : (tensor<2xi64>, tensor<f32>)", std::numeric_limits<int64_t>::min(),
       "sizes of at least 0");
  with("tile %x, %n : (tensor<2x3xf32>, tensor<2xi64>)", -1,
       "sizes of at least 0, found -2");
  with("tile %x, %n : (tensor<2x3xf32>, tensor<2xi64>)", int64_t(1) << 40,
       "expects a result of at most");
}

TEST_F(MovementTest, ReverseSequenceRefusesLongLengths) {
  expectError(
      "%x = pith.constant dense<1> : tensor<2x3xi32> : tensor<2x3xi32>\n%n = "
      "pith.constant dense<4> : "
      "tensor<2xi64> : tensor<2xi64>\n%r = pith.reverse_sequence %x, %n {batch_axis = 0 "
      ": i64, "
      "time_axis = 1 : i64} : (tensor<2x3xi32>, tensor<2xi64>) -> tensor<2x3xi32>",
      "tensor<2x3xi32>", "expects lengths from 0 to 3, found 4");
}

} // namespace
