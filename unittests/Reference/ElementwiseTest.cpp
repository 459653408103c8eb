//===- ElementwiseTest.cpp - Functions of one, two and three elements -----===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ReferenceTest.h"

#include <cmath>

using namespace pith;

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double inf = std::numeric_limits<double>::infinity();

struct ElementwiseTest : ReferenceTest {
  void real(const std::string &op, double x, double y) {
    std::string text = std::to_string(x);
    if (std::isnan(x))
      text = "0x7FC00000";
    else if (std::isinf(x))
      text = x > 0 ? "0x7F800000" : "0xFF800000";
    expectOp(op, {text + " : tensor<f32>"}, "tensor<f32>", {y});
  }
};

// The definitions, at points where they have known values.
TEST_F(ElementwiseTest, FunctionsOfReals) {
  real("ceil", 1.25, 2);
  real("floor", -1.25, -2);
  real("round", 2.5, 2);
  real("round", 3.5, 4);
  real("sqrt", 2.25, 1.5);
  real("sqrt", -1, nan);
  real("reciprocal", 4, 0.25);
  real("exp", 1, 2.718281828459045);
  real("log", 0, -inf);
  real("sin", 1, 0.8414709848078965);
  real("cos", 1, 0.5403023058681398);
  real("tan", 1, 1.557407724654902);
  real("asin", 0.5, 0.5235987755982989);
  real("acos", 0.5, 1.0471975511965979);
  real("atan", 1, 0.7853981633974483);
  real("sinh", 1, 1.1752011936438014);
  real("cosh", 1, 1.5430806348152437);
  real("tanh", 1, 0.7615941559557649);
  real("asinh", 1, 0.881373587019543);
  real("acosh", 2, 1.3169578969248166);
  real("atanh", 0.5, 0.5493061443340548);
  real("erf", 0.5, 0.5204998778130465);
  real("sigmoid", 1, 0.7310585786300049);
  real("softplus", 1, 1.3132616875182228);
  real("softplus", 1000, 1000);
  real("softsign", -3, -0.75);
  real("hard_swish", 1, 0.6666666666666666);
  real("mish", 1, 0.8650983882673103);
}

TEST_F(ElementwiseTest, FunctionsWithParameters) {
  real("leaky_relu {alpha = 0.5 : f32}", -3, -1.5);
  real("elu {alpha = 2.0 : f32}", -1, -1.2642411176571153);
  real("selu", -1, -1.1113307378125625);
  real("celu {alpha = 2.0 : f32}", -1, -0.7869386805747332);
  real("hard_sigmoid", 1, 0.7);
  real("hard_sigmoid", nan, nan);
  real("thresholded_relu {alpha = 2.0 : f32}", 1.5, 0);
  real("swish {alpha = 2.0 : f32}", 1, 0.8807970779778823);
  real("shrink {bias = 0.25 : f32, lambd = 1.0 : f32}", 2, 1.75);
  real("shrink {bias = 0.25 : f32, lambd = 1.0 : f32}", -2, -1.75);
  real("shrink {bias = 0.25 : f32, lambd = 1.0 : f32}", 1, 0);
  real("gelu", 1, 0.8413447460685429);
  real("gelu {approximate}", 1, 0.8411919906082768);
}

TEST_F(ElementwiseTest, NanStays) {
  real("relu", nan, nan);
  real("sign", nan, nan);
  expectOp("max",
           {"[0x7FC00000, 1.0] : tensor<2xf32>", "[1.0, 0x7FC00000] : tensor<2xf32>"},
           "tensor<2xf32>", {nan, nan});
  expectOp("clip", {"0x7FC00000 : tensor<f32>", "0.0 : tensor<f32>", "1.0 : tensor<f32>"},
           "tensor<f32>", {nan});
  expectOp("is_nan", {"[0x7FC00000, 1.0] : tensor<2xf32>"}, "tensor<2xi1>", {1, 0});
  expectOp("is_inf {detect_negative = false}",
           {"[0x7F800000, 0xFF800000] : tensor<2xf32>"}, "tensor<2xi1>", {1, 0});
}

// What an f16 result holds is the double result rounded once.
TEST_F(ElementwiseTest, RoundsOnce) {
  expectOp("add", {"2048.0 : tensor<f16>", "1.0 : tensor<f16>"}, "tensor<f16>", {2048});
  expectOp("add", {"2048.0 : tensor<f16>", "3.0 : tensor<f16>"}, "tensor<f16>", {2052});
}

TEST_F(ElementwiseTest, IntegersWrapAround) {
  expectOp("add", {"100 : tensor<i8>", "100 : tensor<i8>"}, "tensor<i8>", {-56});
  expectOp("sub", {"1 : tensor<ui8>", "2 : tensor<ui8>"}, "tensor<ui8>", {255});
  expectOp("mul", {"65536 : tensor<i32>", "65536 : tensor<i32>"}, "tensor<i32>", {0});
  expectOp("abs", {"[-128, -3] : tensor<2xi8>"}, "tensor<2xi8>", {-128, 3});
  expectOp("neg", {"-128 : tensor<i8>"}, "tensor<i8>", {-128});
  expectOp("sign", {"[-5, 0, 5] : tensor<3xi32>"}, "tensor<3xi32>", {-1, 0, 1});
  expectOp("bitwise_not", {"5 : tensor<ui8>"}, "tensor<ui8>", {250});
}

TEST_F(ElementwiseTest, IntegerDivision) {
  expectOp("div", {"[7, -7, 7, -7] : tensor<4xi32>", "[2, 2, -2, -2] : tensor<4xi32>"},
           "tensor<4xi32>", {3, -3, -3, 3});
  // What is not specified still ends.
  ASSERT_TRUE(mlir::succeeded(
      run("%a = pith.constant dense<[1, -9223372036854775808]> : "
          "tensor<2xi64> : tensor<2xi64>\n%b = pith.constant dense<[0, -1]> : "
          "tensor<2xi64> : tensor<2xi64>\n%r = pith.div %a, %b : (tensor<2xi64>, "
          "tensor<2xi64>) -> tensor<2xi64>",
          "tensor<2xi64>")));
  expectOp("div", {"18446744073709551615 : tensor<ui64>", "2 : tensor<ui64>"},
           "tensor<ui64>", {9223372036854775807.0});
  std::string a = "[7, -7, 7, -7] : tensor<4xi32>", b = "[3, 3, -3, -3] : tensor<4xi32>";
  expectOp("mod", {a, b}, "tensor<4xi32>", {1, 2, -2, -1});
  expectOp("mod {fmod}", {a, b}, "tensor<4xi32>", {1, -1, 1, -1});
  expectOp("mod {fmod}", {"-5.5 : tensor<f32>", "2.0 : tensor<f32>"}, "tensor<f32>",
           {-1.5});
}

TEST_F(ElementwiseTest, Powers) {
  expectOp("pow", {"[2.0, 9.0] : tensor<2xf32>", "[-1, 2] : tensor<2xi64>"},
           "tensor<2xf32>", {0.5, 81});
  expectOp("pow", {"[2, -1, 3] : tensor<3xi32>", "[-1, -3, 5] : tensor<3xi32>"},
           "tensor<3xi32>", {0, -1, 243});
  expectOp("pow", {"[4, 2] : tensor<2xi32>", "[0.5, 3.0] : tensor<2xf32>"},
           "tensor<2xi32>", {2, 8});
}

TEST_F(ElementwiseTest, Shifts) {
  expectOp("shift_left", {"[1, 1, 255] : tensor<3xui8>", "[7, 8, 1] : tensor<3xui8>"},
           "tensor<3xui8>", {128, 0, 254});
  expectOp("shift_right", {"[128, 128] : tensor<2xui8>", "[7, 8] : tensor<2xui8>"},
           "tensor<2xui8>", {1, 0});
}

TEST_F(ElementwiseTest, Comparisons) {
  std::string a = "[1.0, 2.0, 0x7FC00000] : tensor<3xf32>";
  std::string b = "[2.0, 2.0, 2.0] : tensor<3xf32>";
  expectOp("less", {a, b}, "tensor<3xi1>", {1, 0, 0});
  expectOp("less_equal", {a, b}, "tensor<3xi1>", {1, 1, 0});
  expectOp("greater", {b, a}, "tensor<3xi1>", {1, 0, 0});
  expectOp("greater_equal", {b, a}, "tensor<3xi1>", {1, 1, 0});
  expectOp("equal", {a, b}, "tensor<3xi1>", {0, 1, 0});
  expectOp("less", {"200 : tensor<ui8>", "100 : tensor<ui8>"}, "tensor<i1>", {0});
}

TEST_F(ElementwiseTest, Booleans) {
  std::string a = "[false, false, true, true] : tensor<4xi1>";
  std::string b = "[false, true, false, true] : tensor<4xi1>";
  expectOp("and", {a, b}, "tensor<4xi1>", {0, 0, 0, 1});
  expectOp("or", {a, b}, "tensor<4xi1>", {0, 1, 1, 1});
  expectOp("xor", {a, b}, "tensor<4xi1>", {0, 1, 1, 0});
  expectOp("not", {a}, "tensor<4xi1>", {1, 1, 0, 0});
}

TEST_F(ElementwiseTest, Broadcasts) {
  expectOp("add", {"[[1.0], [2.0]] : tensor<2x1xf32>", "[10.0, 20.0] : tensor<2xf32>"},
           "tensor<2x2xf32>", {11, 21, 12, 22});
  expectOp(
      "where",
      {"[[true], [false]] : tensor<2x1xi1>", "[1, 2] : tensor<2xi32>", "7 : tensor<i32>"},
      "tensor<2x2xi32>", {1, 2, 7, 7});
  expectOp(
      "prelu",
      {"[[-1.0, 2.0], [-3.0, 4.0]] : tensor<2x2xf32>", "[0.5, 0.25] : tensor<2xf32>"},
      "tensor<2x2xf32>", {-0.5, 2, -1.5, 4});
  expectOp("add", {"1.0 : tensor<1x0xf32>", "1.0 : tensor<3x1xf32>"}, "tensor<3x0xf32>",
           {});
  expectOp("clip", {"[-5, 5, 50] : tensor<3xi32>", "0 : tensor<i32>", "9 : tensor<i32>"},
           "tensor<3xi32>", {0, 5, 9});
}

TEST_F(ElementwiseTest, Conversions) {
  expectOp("cast", {"[1.9, -1.9] : tensor<2xf32>"}, "tensor<2xi32>", {1, -1});
  expectOp("cast", {"[0.5, 0.0] : tensor<2xf32>"}, "tensor<2xi1>", {1, 0});
  expectOp("cast", {"[true, false] : tensor<2xi1>"}, "tensor<2xf16>", {1, 0});
  expectOp("cast", {"[300, -1] : tensor<2xi32>"}, "tensor<2xui8>", {44, 255});
  expectOp("cast", {"[-1, 1] : tensor<2xi8>"}, "tensor<2xi64>", {-1, 1});
  expectOp("cast", {"1.00390625 : tensor<f32>"}, "tensor<bf16>", {1}); // a tie
  // 2^54 + 2^30 + 1 lies above the middle of two floats; as a double on it.
  expectOp("cast", {"18014399583223809 : tensor<i64>"}, "tensor<f32>",
           {18014400656965632.});
}

TEST_F(ElementwiseTest, RefusesWrongTypes) {
  expectError("%a = pith.constant dense<1.0> : tensor<f32> : tensor<f32>\n"
              "%r = pith.bitwise_and %a, %a : (tensor<f32>, tensor<f32>) -> tensor<f32>",
              "tensor<f32>", "'pith.bitwise_and' op expects integers, found");
}

} // namespace
