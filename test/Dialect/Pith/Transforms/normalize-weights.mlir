// RUN: pith-opt %s -split-input-file -pass-pipeline="builtin.module(func.func(pith-normalize-weights,canonicalize))" | FileCheck %s

// One transposed constant for both products, under the name of the tensor.
// CHECK-LABEL: @transpose
// CHECK: %[[W:.*]] = pith.constant dense<{{\[\[}}1.000000e+00, 3.000000e+00], [2.000000e+00, 4.000000e+00]]> : tensor<2x2xf32> {name = "w"}
// CHECK-NEXT: %[[Y:.*]] = pith.matmul %arg0, %[[W]] {transpose_rhs}
// CHECK-NEXT: pith.matmul %[[Y]], %[[W]] {transpose_rhs}
func.func @transpose(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %w = pith.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32> {name = "w"} : tensor<2x2xf32>
  %0 = pith.matmul %x, %w : (tensor<?x2xf32>, tensor<2x2xf32>) -> tensor<?x2xf32>
  %1 = pith.matmul %0, %w : (tensor<?x2xf32>, tensor<2x2xf32>) -> tensor<?x2xf32>
  return %1 : tensor<?x2xf32>
}

// -----

// A head that is the transposed table, stored apart, is the table.
// CHECK-LABEL: @tied
// CHECK: %[[W:.*]] = pith.constant {{.*}} : tensor<3x2xf32>
// CHECK-NOT: pith.constant
// CHECK: pith.gather %[[W]]
// CHECK: pith.matmul %{{.*}}, %[[W]] {transpose_rhs}
func.func @tied(%ids: tensor<?xi64>) -> tensor<?x3xf32> {
  %table = pith.constant dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32> : tensor<3x2xf32>
  %head = pith.constant dense<[[1.0, 3.0, 5.0], [2.0, 4.0, 6.0]]> : tensor<2x3xf32> : tensor<2x3xf32>
  %0 = pith.gather %table, %ids {axis = 0 : i64} : (tensor<3x2xf32>, tensor<?xi64>) -> tensor<?x2xf32>
  %1 = pith.matmul %0, %head : (tensor<?x2xf32>, tensor<2x3xf32>) -> tensor<?x3xf32>
  return %1 : tensor<?x3xf32>
}

// -----

// W · x for a vector.
// CHECK-LABEL: @left
// CHECK: %[[W:.*]] = pith.constant {{.*}} : tensor<3x2xf32>
// CHECK: pith.matmul %arg0, %[[W]] {transpose_rhs} : (tensor<2xf32>, tensor<3x2xf32>) -> tensor<3xf32>
func.func @left(%x: tensor<2xf32>) -> tensor<3xf32> {
  %w = pith.constant dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32> : tensor<3x2xf32>
  %0 = pith.matmul %w, %x : (tensor<3x2xf32>, tensor<2xf32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}

// -----

// Columns of the weight change their order instead of the activation's elements:
// [2 channels, 3 pixels] to [3 pixels, 2 channels].
// CHECK-LABEL: @absorb
// CHECK: %[[W:.*]] = pith.constant dense<{{\[\[}}1.000000e+00, 4.000000e+00, 2.000000e+00, 5.000000e+00, 3.000000e+00, 6.000000e+00]]>
// CHECK-NOT: pith.transpose
// CHECK: pith.matmul %{{.*}}, %[[W]] {transpose_rhs}
func.func @absorb(%x: tensor<?x3x2xf32>) -> tensor<?x1xf32> {
  %w = pith.constant dense<[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]]> : tensor<1x6xf32> : tensor<1x6xf32>
  %list = pith.constant dense<[-1, 6]> : tensor<2xi64> : tensor<2xi64>
  %0 = pith.transpose %x {permutation = array<i64: 0, 2, 1>} : (tensor<?x3x2xf32>) -> tensor<?x2x3xf32>
  %1 = pith.reshape %0, %list : (tensor<?x2x3xf32>, tensor<2xi64>) -> tensor<?x6xf32>
  %2 = pith.matmul %1, %w {transpose_rhs} : (tensor<?x6xf32>, tensor<1x6xf32>) -> tensor<?x1xf32>
  return %2 : tensor<?x1xf32>
}

// -----

// Codes are transposed, not what they stand for.
// CHECK-LABEL: @codes
// CHECK: %[[Q:.*]] = pith.constant dense<{{\[\[\[}}1, 3], [2, 4]]]> : tensor<1x2x2xi8>
// CHECK: pith.dequantize %[[Q]]
// CHECK-NOT: pith.transpose
// CHECK: return
func.func @codes() -> tensor<1x2x2xf32> {
  %q = pith.constant dense<[[[1, 2], [3, 4]]]> : tensor<1x2x2xi8> : tensor<1x2x2xi8>
  %s = pith.constant dense<0.5> : tensor<1x1xf32> : tensor<1x1xf32>
  %0 = pith.dequantize %q, %s : (tensor<1x2x2xi8>, tensor<1x1xf32>) -> tensor<1x2x2xf32>
  %1 = pith.transpose %0 {permutation = array<i64: 0, 2, 1>} : (tensor<1x2x2xf32>) -> tensor<1x2x2xf32>
  return %1 : tensor<1x2x2xf32>
}
