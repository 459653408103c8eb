// RUN: pith-opt %s -split-input-file -pass-pipeline="builtin.module(func.func(canonicalize,pith-recompose-attention,canonicalize))" | FileCheck %s

// CHECK-LABEL: @masked
// CHECK-NEXT: pith.attention %arg0, %arg1, %arg2, %arg3 {scale = 5.000000e-01 : f64}
// CHECK-NEXT: return
func.func @masked(%q: tensor<1x2x3x4xf32>, %k: tensor<1x2x5x4xf32>, %v: tensor<1x2x5x6xf32>, %m: tensor<1x1x3x5xf32>) -> tensor<1x2x3x6xf32> {
  %two = pith.constant dense<2.0> : tensor<f32> : tensor<f32>
  %t = pith.transpose %k {permutation = array<i64: 0, 1, 3, 2>} : (tensor<1x2x5x4xf32>) -> tensor<1x2x4x5xf32>
  %0 = pith.matmul %q, %t : (tensor<1x2x3x4xf32>, tensor<1x2x4x5xf32>) -> tensor<1x2x3x5xf32>
  %1 = pith.div %0, %two : (tensor<1x2x3x5xf32>, tensor<f32>) -> tensor<1x2x3x5xf32>
  %2 = pith.add %1, %m : (tensor<1x2x3x5xf32>, tensor<1x1x3x5xf32>) -> tensor<1x2x3x5xf32>
  %3 = pith.softmax %2 {axis = 3 : i64} : (tensor<1x2x3x5xf32>) -> tensor<1x2x3x5xf32>
  %4 = pith.matmul %3, %v : (tensor<1x2x3x5xf32>, tensor<1x2x5x6xf32>) -> tensor<1x2x3x6xf32>
  return %4 : tensor<1x2x3x6xf32>
}

// -----

// Keys that are transposed from [b, l, h, d] at once, both sides scaled.
// CHECK-LABEL: @joint_transpose
// CHECK: %[[K:.*]] = pith.transpose %arg1 {permutation = array<i64: 0, 2, 1, 3>}
// CHECK: pith.attention %arg0, %[[K]], %arg2 {scale = 2.500000e-01 : f64}
func.func @joint_transpose(%q: tensor<1x2x3x4xf32>, %k: tensor<1x5x2x4xf32>, %v: tensor<1x2x5x6xf32>) -> tensor<1x2x3x6xf32> {
  %half = pith.constant dense<0.5> : tensor<f32> : tensor<f32>
  %s = pith.mul %q, %half : (tensor<1x2x3x4xf32>, tensor<f32>) -> tensor<1x2x3x4xf32>
  %t = pith.transpose %k {permutation = array<i64: 0, 2, 3, 1>} : (tensor<1x5x2x4xf32>) -> tensor<1x2x4x5xf32>
  %u = pith.mul %t, %half : (tensor<1x2x4x5xf32>, tensor<f32>) -> tensor<1x2x4x5xf32>
  %0 = pith.matmul %s, %u : (tensor<1x2x3x4xf32>, tensor<1x2x4x5xf32>) -> tensor<1x2x3x5xf32>
  %1 = pith.softmax %0 {axis = 3 : i64} : (tensor<1x2x3x5xf32>) -> tensor<1x2x3x5xf32>
  %2 = pith.matmul %1, %v : (tensor<1x2x3x5xf32>, tensor<1x2x5x6xf32>) -> tensor<1x2x3x6xf32>
  return %2 : tensor<1x2x3x6xf32>
}

// -----

// Two query heads share each key head.
// CHECK-LABEL: @grouped
// CHECK-NEXT: pith.attention %arg0, %arg1, %arg2 {scale = 1.000000e+00 : f64} : (tensor<1x4x3x8xf32>, tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>)
func.func @grouped(%q: tensor<1x4x3x8xf32>, %k: tensor<1x2x?x8xf32> {pith.shape = affine_map<()[s0] -> (1, 2, s0, 8)>}, %v: tensor<1x2x?x8xf32> {pith.shape = affine_map<()[s0] -> (1, 2, s0, 8)>}) -> tensor<1x4x3x8xf32> attributes {pith.symbols = ["l"]} {
  %g = pith.constant dense<[1, 1, 2, 1, 1]> : tensor<5xi64> : tensor<5xi64>
  %list = pith.constant dense<[1, 4, -1, 8]> : tensor<4xi64> : tensor<4xi64>
  %k0 = pith.unsqueeze %k {axes = array<i64: 2>} : (tensor<1x2x?x8xf32>) -> tensor<1x2x1x?x8xf32>
  %k1 = pith.expand %k0, %g : (tensor<1x2x1x?x8xf32>, tensor<5xi64>) -> tensor<1x2x2x?x8xf32>
  %k2 = pith.reshape %k1, %list : (tensor<1x2x2x?x8xf32>, tensor<4xi64>) -> tensor<1x4x?x8xf32>
  %v0 = pith.unsqueeze %v {axes = array<i64: 2>} : (tensor<1x2x?x8xf32>) -> tensor<1x2x1x?x8xf32>
  %v1 = pith.expand %v0, %g : (tensor<1x2x1x?x8xf32>, tensor<5xi64>) -> tensor<1x2x2x?x8xf32>
  %v2 = pith.reshape %v1, %list : (tensor<1x2x2x?x8xf32>, tensor<4xi64>) -> tensor<1x4x?x8xf32>
  %0 = pith.matmul %q, %k2 {transpose_rhs} : (tensor<1x4x3x8xf32>, tensor<1x4x?x8xf32>) -> tensor<1x4x3x?xf32>
  %1 = pith.softmax %0 {axis = 3 : i64} : (tensor<1x4x3x?xf32>) -> tensor<1x4x3x?xf32>
  %2 = pith.matmul %1, %v2 : (tensor<1x4x3x?xf32>, tensor<1x4x?x8xf32>) -> tensor<1x4x3x8xf32>
  return %2 : tensor<1x4x3x8xf32>
}

// -----

// Without heads there is one head.
// CHECK-LABEL: @flat
// CHECK: pith.attention %{{.*}} : (tensor<6x1x3x4xf32>, tensor<6x1x5x4xf32>, tensor<6x1x5x4xf32>) -> tensor<6x1x3x4xf32>
func.func @flat(%q: tensor<6x3x4xf32>, %k: tensor<6x5x4xf32>, %v: tensor<6x5x4xf32>) -> tensor<6x3x4xf32> {
  %0 = pith.matmul %q, %k {transpose_rhs} : (tensor<6x3x4xf32>, tensor<6x5x4xf32>) -> tensor<6x3x5xf32>
  %1 = pith.softmax %0 {axis = 2 : i64} : (tensor<6x3x5xf32>) -> tensor<6x3x5xf32>
  %2 = pith.matmul %1, %v : (tensor<6x3x5xf32>, tensor<6x5x4xf32>) -> tensor<6x3x4xf32>
  return %2 : tensor<6x3x4xf32>
}

// -----

// Keys without a batch of their own are broadcast, which attention does not do; and
// weights of a mean over queries are no attention.
// CHECK-LABEL: @broadcast
// CHECK-NOT: pith.attention
func.func @broadcast(%q: tensor<6x2x3x4xf32>, %k: tensor<1x2x5x4xf32>, %v: tensor<1x2x5x4xf32>) -> tensor<6x2x3x4xf32> {
  %0 = pith.matmul %q, %k {transpose_rhs} : (tensor<6x2x3x4xf32>, tensor<1x2x5x4xf32>) -> tensor<6x2x3x5xf32>
  %1 = pith.softmax %0 {axis = 3 : i64} : (tensor<6x2x3x5xf32>) -> tensor<6x2x3x5xf32>
  %2 = pith.matmul %1, %v : (tensor<6x2x3x5xf32>, tensor<1x2x5x4xf32>) -> tensor<6x2x3x4xf32>
  return %2 : tensor<6x2x3x4xf32>
}

// -----

// CHECK-LABEL: @other_axis
// CHECK-NOT: pith.attention
func.func @other_axis(%q: tensor<1x2x5x4xf32>, %k: tensor<1x2x5x4xf32>, %v: tensor<1x2x5x4xf32>) -> tensor<1x2x5x4xf32> {
  %0 = pith.matmul %q, %k {transpose_rhs} : (tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>) -> tensor<1x2x5x5xf32>
  %1 = pith.softmax %0 {axis = 2 : i64} : (tensor<1x2x5x5xf32>) -> tensor<1x2x5x5xf32>
  %2 = pith.matmul %1, %v : (tensor<1x2x5x5xf32>, tensor<1x2x5x4xf32>) -> tensor<1x2x5x4xf32>
  return %2 : tensor<1x2x5x4xf32>
}
