// RUN: pith-opt %s -split-input-file -pass-pipeline="builtin.module(func.func(pith-fold-batch-norm))" | FileCheck %s

// s = 2 / √(4 + 0) = 1, t = 1 − 3 · 1 = −2 for the first channel; s = 6 / 2 = 3,
// t = 0 − 1 · 3 = −3 for the second. The place of the convolution is kept.
// CHECK-LABEL: @conv
// CHECK-DAG: %[[W:.*]] = pith.constant dense<{{\[\[\[\[}}1.000000e+00]]], {{\[\[\[}}6.000000e+00]]]]> : tensor<2x1x1x1xf32> {name = "w"}
// CHECK-DAG: %[[B:.*]] = pith.constant dense<[-2.000000e+00, -3.000000e+00]> : tensor<2xf32>
// CHECK: %[[Y:.*]] = pith.conv %arg0, %[[W]], %[[B]]
// CHECK-NEXT: return %[[Y]]
func.func @conv(%arg0: tensor<1x1x4x4xf32>) -> tensor<1x2x4x4xf32> {
  %w = pith.constant dense<[[[[1.0]]], [[[2.0]]]]> : tensor<2x1x1x1xf32> {name = "w"} : tensor<2x1x1x1xf32>
  %0 = pith.conv %arg0, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>} : (tensor<1x1x4x4xf32>, tensor<2x1x1x1xf32>) -> tensor<1x2x4x4xf32>
  %scale = pith.constant dense<[2.0, 6.0]> : tensor<2xf32> : tensor<2xf32>
  %bias = pith.constant dense<[1.0, 0.0]> : tensor<2xf32> : tensor<2xf32>
  %mean = pith.constant dense<[3.0, 1.0]> : tensor<2xf32> : tensor<2xf32>
  %variance = pith.constant dense<4.0> : tensor<2xf32> : tensor<2xf32>
  %1 = pith.batch_norm %0, %scale, %bias, %mean, %variance {epsilon = 0.0 : f64} : (tensor<1x2x4x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x4x4xf32>
  return %1 : tensor<1x2x4x4xf32>
}

// -----

// (x · W + b) · c = x · (W c) + b c.
// CHECK-LABEL: @matmul
// CHECK: %[[W:.*]] = pith.constant dense<{{\[\[}}2.000000e+00, 6.000000e+00]]> : tensor<1x2xf32>
// CHECK: %[[Y:.*]] = pith.matmul %arg0, %[[W]]
// CHECK: %[[B:.*]] = pith.constant dense<[2.000000e+00, 3.000000e+00]> : tensor<2xf32>
// CHECK: pith.add %[[Y]], %[[B]]
// CHECK-NEXT: return
func.func @matmul(%arg0: tensor<?x1xf32>) -> tensor<?x2xf32> {
  %w = pith.constant dense<[[1.0, 2.0]]> : tensor<1x2xf32> : tensor<1x2xf32>
  %b = pith.constant dense<1.0> : tensor<2xf32> : tensor<2xf32>
  %c = pith.constant dense<[2.0, 3.0]> : tensor<2xf32> : tensor<2xf32>
  %0 = pith.matmul %arg0, %w : (tensor<?x1xf32>, tensor<1x2xf32>) -> tensor<?x2xf32>
  %1 = pith.add %0, %b : (tensor<?x2xf32>, tensor<2xf32>) -> tensor<?x2xf32>
  %2 = pith.mul %1, %c : (tensor<?x2xf32>, tensor<2xf32>) -> tensor<?x2xf32>
  return %2 : tensor<?x2xf32>
}

// -----

// Somebody else needs the product as it is.
// CHECK-LABEL: @shared
// CHECK: pith.matmul
// CHECK: pith.mul
func.func @shared(%arg0: tensor<?x1xf32>) -> (tensor<?x2xf32>, tensor<?x2xf32>) {
  %w = pith.constant dense<[[1.0, 2.0]]> : tensor<1x2xf32> : tensor<1x2xf32>
  %c = pith.constant dense<[2.0, 3.0]> : tensor<2xf32> : tensor<2xf32>
  %0 = pith.matmul %arg0, %w : (tensor<?x1xf32>, tensor<1x2xf32>) -> tensor<?x2xf32>
  %1 = pith.mul %0, %c : (tensor<?x2xf32>, tensor<2xf32>) -> tensor<?x2xf32>
  return %0, %1 : tensor<?x2xf32>, tensor<?x2xf32>
}

// -----

// In front: the factor goes into the weight of its input channel; the addend only
// where nothing is padded.
// CHECK-LABEL: @front
// CHECK: %[[SHIFTED:.*]] = pith.add %arg0
// CHECK-NOT: pith.mul
// CHECK: pith.conv %[[SHIFTED]]
func.func @front(%arg0: tensor<1x2x4x4xf32>) -> tensor<1x1x4x4xf32> {
  %w = pith.constant dense<1.0> : tensor<1x2x3x3xf32> : tensor<1x2x3x3xf32>
  %a = pith.constant dense<[[[5.0]], [[6.0]]]> : tensor<2x1x1xf32> : tensor<2x1x1xf32>
  %c = pith.constant dense<[[[2.0]], [[3.0]]]> : tensor<2x1x1xf32> : tensor<2x1x1xf32>
  %0 = pith.add %arg0, %a : (tensor<1x2x4x4xf32>, tensor<2x1x1xf32>) -> tensor<1x2x4x4xf32>
  %1 = pith.mul %0, %c : (tensor<1x2x4x4xf32>, tensor<2x1x1xf32>) -> tensor<1x2x4x4xf32>
  %2 = pith.conv %1, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 1, 1>, pads_high = array<i64: 1, 1>} : (tensor<1x2x4x4xf32>, tensor<1x2x3x3xf32>) -> tensor<1x1x4x4xf32>
  return %2 : tensor<1x1x4x4xf32>
}

// -----

// Without padding the addend is Σ w · c = 1·5 + 10·6 in the bias.
// CHECK-LABEL: @shift
// CHECK: %[[B:.*]] = pith.constant dense<6.500000e+01> : tensor<1xf32>
// CHECK: pith.conv %arg0, %{{.*}}, %[[B]]
func.func @shift(%arg0: tensor<1x2x4x4xf32>) -> tensor<1x1x4x4xf32> {
  %w = pith.constant dense<[[[[1.0]], [[10.0]]]]> : tensor<1x2x1x1xf32> : tensor<1x2x1x1xf32>
  %a = pith.constant dense<[[[5.0]], [[6.0]]]> : tensor<2x1x1xf32> : tensor<2x1x1xf32>
  %0 = pith.add %arg0, %a : (tensor<1x2x4x4xf32>, tensor<2x1x1xf32>) -> tensor<1x2x4x4xf32>
  %1 = pith.conv %0, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>} : (tensor<1x2x4x4xf32>, tensor<1x2x1x1xf32>) -> tensor<1x1x4x4xf32>
  return %1 : tensor<1x1x4x4xf32>
}

// -----

// Zeros around the plane are the convolution's own padding.
// CHECK-LABEL: @pad
// CHECK-NOT: pith.pad
// CHECK: pith.conv %arg0, %{{.*}} {{.*}}pads_high = array<i64: 2, 1>, pads_low = array<i64: 1, 0>
func.func @pad(%arg0: tensor<1x1x4x4xf32>) -> tensor<1x1x5x3xf32> {
  %w = pith.constant dense<1.0> : tensor<1x1x3x3xf32> : tensor<1x1x3x3xf32>
  %low = pith.constant dense<[0, 0, 1, 0]> : tensor<4xi64> : tensor<4xi64>
  %high = pith.constant dense<[0, 0, 2, 1]> : tensor<4xi64> : tensor<4xi64>
  %0 = pith.pad %arg0, %low, %high {mode = #pith.pad_mode<constant>} : (tensor<1x1x4x4xf32>, tensor<4xi64>, tensor<4xi64>) -> tensor<1x1x7x5xf32>
  %1 = pith.conv %0, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>} : (tensor<1x1x7x5xf32>, tensor<1x1x3x3xf32>) -> tensor<1x1x5x3xf32>
  return %1 : tensor<1x1x5x3xf32>
}
