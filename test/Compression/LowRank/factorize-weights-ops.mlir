// RUN: pith-opt %s --pith-factorize-weights='min-elements=1 rank=1 form=matrix' --split-input-file | FileCheck %s
// RUN: pith-opt %s --pith-factorize-weights='min-elements=1 rank=1 form=matrix' --remarks-filter-missed='pith-.*' --split-input-file -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// A convolution becomes one to `rank` channels, which has the window, and one of
// 1 x 1 with the bias.

// CHECK-LABEL: func @conv
// CHECK-SAME: (%[[X:.*]]: tensor
// CHECK-DAG: %[[BIAS:.*]] = pith.constant dense<1.000000e+00> : tensor<8xf32>
// CHECK-DAG: %[[A:.*]] = pith.constant {{.*}} : tensor<8x1x1x1xf32>
// CHECK-DAG: %[[B:.*]] = pith.constant {{.*}} : tensor<1x3x3x2xf32>
// CHECK: %[[N:.*]] = pith.conv %[[X]], %[[B]] {
// CHECK-SAME: pads_low = array<i64: 1, 1>, strides = array<i64: 2, 2>
// CHECK-SAME: -> tensor<1x2x2x1xf32>
// CHECK: pith.conv %[[N]], %[[A]], %[[BIAS]] {
// CHECK-SAME: pads_low = array<i64: 0, 0>, strides = array<i64: 1, 1>
func.func @conv(%x: tensor<1x4x4x2xf32>) -> tensor<1x2x2x8xf32> {
  %w = pith.constant dense<0.5> : tensor<8x3x3x2xf32> {name = "w"} : tensor<8x3x3x2xf32>
  %b = pith.constant dense<1.0> : tensor<8xf32> : tensor<8xf32>
  %y = pith.conv %x, %w, %b {strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>,
    pads_low = array<i64: 1, 1>, pads_high = array<i64: 1, 1>, layout = #pith.layout<channels_last>}
    : (tensor<1x4x4x2xf32>, tensor<8x3x3x2xf32>, tensor<8xf32>) -> tensor<1x2x2x8xf32> loc("/conv")
  return %y : tensor<1x2x2x8xf32>
}

// -----

// An embedding table becomes a thin table and a product.

// CHECK-LABEL: func @table
// CHECK: %[[R:.*]] = pith.gather %{{.*}}, %{{.*}} {axis = 0 : i64} : (tensor<16x1xf32>, tensor<?xi64>) -> tensor<?x1xf32>
// CHECK: pith.matmul %[[R]], %{{.*}} {transpose_rhs} : (tensor<?x1xf32>, tensor<8x1xf32>) -> tensor<?x8xf32>
func.func @table(%i: tensor<?xi64>) -> tensor<?x8xf32> {
  %w = pith.constant dense<0.5> : tensor<16x8xf32> {name = "w"} : tensor<16x8xf32>
  %y = pith.gather %w, %i {axis = 0 : i64} : (tensor<16x8xf32>, tensor<?xi64>) -> tensor<?x8xf32> loc("/table")
  return %y : tensor<?x8xf32>
}

// -----

// What does not factorize stays, with the reason.

// REMARK: loc("/grouped"): [Missed] Kept {{.*}}"an op that uses it does not factorize"
// CHECK-LABEL: func @grouped
// CHECK-NEXT: pith.constant
// CHECK-NEXT: pith.conv
// CHECK-NEXT: return
func.func @grouped(%x: tensor<1x4x4x8xf32>) -> tensor<1x2x2x8xf32> {
  %w = pith.constant dense<0.5> : tensor<8x3x3x4xf32> {name = "w"} : tensor<8x3x3x4xf32>
  %y = pith.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, group = 2 : i64,
    pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>, layout = #pith.layout<channels_last>}
    : (tensor<1x4x4x8xf32>, tensor<8x3x3x4xf32>) -> tensor<1x2x2x8xf32> loc("/grouped")
  return %y : tensor<1x2x2x8xf32>
}

// -----

// Zeros have no singular vectors.

// REMARK: loc("/zeros"): [Missed] Kept {{.*}}"all of it is zero"
func.func @zeros(%x: tensor<1x8xf32>) -> tensor<1x8xf32> {
  %w = pith.constant dense<0.0> : tensor<8x8xf32> {name = "w"} : tensor<8x8xf32>
  %y = pith.matmul %x, %w {transpose_rhs} : (tensor<1x8xf32>, tensor<8x8xf32>) -> tensor<1x8xf32> loc("/zeros")
  return %y : tensor<1x8xf32>
}
