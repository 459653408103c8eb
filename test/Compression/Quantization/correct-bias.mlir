// RUN: pith-opt %s --pith-quantize-weights='min-elements=1 search=none' --pith-correct-bias=min-elements=1 --split-input-file | FileCheck %s
// RUN: pith-opt %s --pith-quantize-weights='min-elements=1 search=none' --pith-correct-bias=min-elements=1 --pith-correct-bias=min-elements=1 --split-input-file | FileCheck %s
// RUN: pith-opt %s --pith-quantize-weights='min-elements=1 search=none' --pith-correct-bias=min-elements=1 --remarks-filter-passed='pith-correct-bias' --split-input-file -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: pith-opt %s --pith-correct-bias=min-elements=1 --remarks-filter-missed='pith-correct-bias' --split-input-file -o /dev/null 2>&1 | FileCheck %s --check-prefix=FLOAT

// 0.25 becomes 0, whose input has the mean 2. The bias is added already; again changes
// nothing.

// CHECK-LABEL: @bias
// CHECK: %[[B:.*]] = pith.constant dense<1.500000e+00> : tensor<1xf32> {name = "w.bias"}
// CHECK: pith.add %{{.*}}, %[[B]]
// CHECK-NOT: pith.add
// REMARK: root mean square 5.00e-01
// FLOAT: the weight is not compressed
func.func @bias(%x: tensor<1x4xf32>) -> tensor<1x1xf32> {
  %w = pith.constant dense<[[0.25, 1.0, 3.0, 7.0]]> : tensor<1x4xf32> {name = "w"} : tensor<1x4xf32>
  %b = pith.constant dense<1.0> : tensor<1xf32> : tensor<1xf32>
  %y = pith.matmul %x, %w {transpose_rhs, pith.statistics = {rows = 5 : i64, minimum = -4.0 : f32, maximum = 4.0 : f32,
      mean = dense<2.0> : tensor<1x4xf32>, magnitude = dense<2.0> : tensor<1x4xf32>, largest = dense<4.0> : tensor<1x4xf32>}}
      : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x1xf32>
  %z = pith.add %y, %b : (tensor<1x1xf32>, tensor<1xf32>) -> tensor<1x1xf32>
  return %z : tensor<1x1xf32>
}

// -----

// Without a bias the product gets one.

// CHECK-LABEL: @none
// CHECK: %[[Y:.*]] = pith.matmul
// CHECK: %[[B:.*]] = pith.constant dense<5.000000e-01> : tensor<1xf32> {name = "w.bias"}
// CHECK: %[[Z:.*]] = pith.add %[[Y]], %[[B]]
// CHECK-NOT: pith.add
// CHECK: return %[[Z]]
func.func @none(%x: tensor<1x4xf32>) -> tensor<1x1xf32> {
  %w = pith.constant dense<[[0.25, 1.0, 3.0, 7.0]]> : tensor<1x4xf32> {name = "w"} : tensor<1x4xf32>
  %y = pith.matmul %x, %w {transpose_rhs, pith.statistics = {rows = 5 : i64, minimum = -4.0 : f32, maximum = 4.0 : f32,
      mean = dense<2.0> : tensor<1x4xf32>, magnitude = dense<2.0> : tensor<1x4xf32>, largest = dense<4.0> : tensor<1x4xf32>}}
      : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x1xf32>
  return %y : tensor<1x1xf32>
}

// -----

// So does a convolution; of two groups each has its own mean.

// CHECK-LABEL: @conv
// CHECK: %[[B:.*]] = pith.constant dense<[5.000000e-01, 2.500000e-01]> : tensor<2xf32> {name = "w.bias"}
// CHECK: pith.conv %{{.*}}, %{{.*}}, %[[B]]
func.func @conv(%x: tensor<1x4x4x4xf32>) -> tensor<1x4x4x2xf32> {
  %w = pith.constant dense<[[[[0.25, 7.0]]], [[[7.0, 0.25]]]]> : tensor<2x1x1x2xf32> {name = "w"} : tensor<2x1x1x2xf32>
  %y = pith.conv %x, %w {group = 2 : i64, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
    pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>, layout = #pith.layout<channels_last>,
    pith.statistics = {rows = 5 : i64, minimum = -4.0 : f32, maximum = 4.0 : f32,
      mean = dense<[[2.0, 1.0], [2.0, 1.0]]> : tensor<2x2xf32>, magnitude = dense<2.0> : tensor<2x2xf32>, largest = dense<4.0> : tensor<2x2xf32>}}
    : (tensor<1x4x4x4xf32>, tensor<2x1x1x2xf32>) -> tensor<1x4x4x2xf32>
  return %y : tensor<1x4x4x2xf32>
}
