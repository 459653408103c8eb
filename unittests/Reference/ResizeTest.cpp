//===- ResizeTest.cpp - Interpolation -------------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ReferenceTest.h"

using namespace pith;

namespace {

struct ResizeTest : ReferenceTest {
  /// Resizes `[1, 2, 3, 4]` along one axis.
  void resize(int size, const std::string &mode, const std::string &coordinates,
              const std::vector<double> &elements, const std::string &more = "") {
    std::string type = "tensor<" + std::to_string(size) + "xf32>";
    expectOp("resize {mode = #pith.resize_mode<" + mode +
                 ">, coordinate_mode = #pith.coordinate_mode<" + coordinates + ">" +
                 more + "}",
             {"[1.0, 2.0, 3.0, 4.0] : tensor<4xf32>",
              std::to_string(size) + " : tensor<1xi64>"},
             type, elements);
  }
};

// Values of ONNX's reference implementation.
TEST_F(ResizeTest, Linear) {
  resize(8, "linear", "half_pixel", {1, 1.25, 1.75, 2.25, 2.75, 3.25, 3.75, 4});
  resize(8, "linear", "asymmetric", {1, 1.5, 2, 2.5, 3, 3.5, 4, 4});
  resize(7, "linear", "align_corners", {1, 1.5, 2, 2.5, 3, 3.5, 4});
  resize(1, "linear", "align_corners", {1});
  resize(1, "linear", "pytorch_half_pixel", {1});
  resize(1, "linear", "half_pixel", {2.5});
  resize(2, "linear", "half_pixel", {1.625, 3.375}, ", antialias");
}

TEST_F(ResizeTest, Nearest) {
  auto mode = [](const std::string &name) {
    return ", nearest_mode = #pith.nearest_mode<" + name + ">";
  };
  resize(2, "nearest", "half_pixel", {1, 3}, mode("round_prefer_floor"));
  resize(2, "nearest", "half_pixel", {2, 4}, mode("round_prefer_ceil"));
  resize(3, "nearest", "asymmetric", {1, 2, 3}, mode("floor"));
  resize(3, "nearest", "asymmetric", {1, 3, 4}, mode("ceil"));
  resize(2, "nearest", "tf_half_pixel_for_nn", {2, 4}, mode("floor"));
}

TEST_F(ResizeTest, Cubic) {
  resize(8, "cubic", "half_pixel",
         {0.89453125, 1.19140625, 1.66796875, 2.296875, 2.703125, 3.33203125, 3.80859375,
          4.10546875});
  resize(8, "cubic", "half_pixel",
         {0.8636363636, 1.1731448763, 1.6452830189, 2.296875, 2.703125, 3.3547169811,
          3.8268551237, 4.1363636364},
         ", exclude_outside");
}

// Given scales decide about the coordinates, not the sizes.
TEST_F(ResizeTest, Scales) {
  resize(3, "linear", "half_pixel", {1.125, 2.375, 3.625}, ", scales = array<f64: 0.8>");
  resize(3, "linear", "half_pixel_symmetric", {1.25, 2.5, 3.75},
         ", scales = array<f64: 0.8>");
}

TEST_F(ResizeTest, IntegersRoundAndSaturate) {
  expectOp("resize {mode = #pith.resize_mode<linear>, coordinate_mode = "
           "#pith.coordinate_mode<align_corners>}",
           {"[1, 4] : tensor<2xui8>", "3 : tensor<1xi64>"}, "tensor<3xui8>", {1, 2, 4});
  expectOp("resize {mode = #pith.resize_mode<cubic>, coordinate_mode = "
           "#pith.coordinate_mode<half_pixel>}",
           {"[255, 255, 0, 0] : tensor<4xui8>", "8 : tensor<1xi64>"}, "tensor<8xui8>",
           {255, 255, 255, 197, 58, 0, 0, 0});
}

// No element is read where none is made.
TEST_F(ResizeTest, EmptyResults) {
  expectOp("resize {mode = #pith.resize_mode<linear>, coordinate_mode = "
           "#pith.coordinate_mode<half_pixel>}",
           {"1.0 : tensor<0x2xf32>", "[3, 0] : tensor<2xi64>"}, "tensor<3x0xf32>", {});
}

TEST_F(ResizeTest, RefusesAnEmptyInput) {
  expectError("%x = pith.constant dense<1.0> : tensor<0xf32> : tensor<0xf32>\n%s = "
              "pith.constant dense<2> : "
              "tensor<1xi64> : tensor<1xi64>\n%r = pith.resize %x, %s {mode = "
              "#pith.resize_mode<linear>, "
              "coordinate_mode = #pith.coordinate_mode<half_pixel>} : (tensor<0xf32>, "
              "tensor<1xi64>) -> tensor<2xf32>",
              "tensor<2xf32>", "expects an input that is not empty");
}

} // namespace
