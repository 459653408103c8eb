// RUN: pith-opt %s --pith-quantize-weights='min-elements=1 search=none' --pith-learn-rounding=min-elements=1 --print-weights | FileCheck %s
// RUN: pith-opt %s --pith-quantize-weights='min-elements=1 search=none' --pith-learn-rounding='min-elements=1 iterations=0' --remarks-filter-analyse='pith-learn-rounding' -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: pith-opt %s --pith-learn-rounding='min-elements=1' --remarks-filter-missed='pith-learn-rounding' -o /dev/null 2>&1 | FileCheck %s --check-prefix=FLOAT
// RUN: not pith-opt %s --pith-learn-rounding=rate=0 2>&1 | FileCheck %s --check-prefix=RATE

// x₀, x₁ and x₂ are nearly the same: three times 0.4 is about 1, not 0. One of them
// becomes 1, no matter which (codes 1 0 0 7, or in another order).

// CHECK: w_1: "0x40000000{{(0170|1070|0071)}}"
// REMARK: dB of output, {{.*}} dB before
// FLOAT: it is not stored as dense integer codes
// RATE: expected a positive rate and a pull that is not negative
func.func @main(%x: tensor<1x4xf32>) -> tensor<1x1xf32> {
  %w = pith.constant dense<[[0.4, 0.4, 0.4, 7.0]]> : tensor<1x4xf32> {name = "w"} : tensor<1x4xf32>
  %y = pith.matmul %x, %w {transpose_rhs, pith.statistics = {rows = 5 : i64, minimum = -4.0 : f32, maximum = 4.0 : f32,
      mean = dense<0.0> : tensor<1x4xf32>, magnitude = dense<1.0> : tensor<1x4xf32>, largest = dense<4.0> : tensor<1x4xf32>,
      gram = dense<[[[100.0, 99.0, 99.0, 0.0], [99.0, 100.0, 99.0, 0.0], [99.0, 99.0, 100.0, 0.0], [0.0, 0.0, 0.0, 100.0]]]> : tensor<1x4x4xf32>}}
      : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x1xf32>
  return %y : tensor<1x1xf32>
}
