// RUN: pith-opt %s --pith-count-parameters --split-input-file | FileCheck %s

// 6 of f32 and 2 of f16; sizes of a reshape are no parameters.

// CHECK: module attributes {pith.parameter_bytes = 28 : i64, pith.parameters = 8 : i64}
func.func @main() -> (tensor<3x2xf32>, tensor<2xf16>) {
  %v = pith.constant dense<1.0> : tensor<2x3xf32> : tensor<2x3xf32>
  %w = pith.constant dense<1.0> : tensor<2xf16> : tensor<2xf16>
  %s = pith.constant dense<[3, 2]> : tensor<2xi64> : tensor<2xi64>
  %y = pith.reshape %v, %s : (tensor<2x3xf32>, tensor<2xi64>) -> tensor<3x2xf32>
  return %y, %w : tensor<3x2xf32>, tensor<2xf16>
}

// -----

// A count made before compression stays.

// CHECK: module attributes {pith.parameter_bytes = 400 : i64, pith.parameters = 100 : i64}
module attributes {pith.parameters = 100 : i64, pith.parameter_bytes = 400 : i64} {
  func.func @main() -> tensor<2xf16> {
    %w = pith.constant dense<1.0> : tensor<2xf16> : tensor<2xf16>
    return %w : tensor<2xf16>
  }
}
