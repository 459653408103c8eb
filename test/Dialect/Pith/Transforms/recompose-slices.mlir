// RUN: pith-opt %s -split-input-file -pass-pipeline="builtin.module(func.func(pith-recompose-slices,canonicalize))" | FileCheck %s

// The second half of shuffled channels is every other channel.
// CHECK-LABEL: @shuffle
// CHECK-DAG: %[[FROM:.*]] = pith.constant dense<1> : tensor<1xi64>
// CHECK-DAG: %[[TO:.*]] = pith.constant dense<8> : tensor<1xi64>
// CHECK: pith.slice %arg0, %[[FROM]], %[[TO]] {axes = array<i64: 1>, steps = array<i64: 2>}
// CHECK-NEXT: return
func.func @shuffle(%x: tensor<1x8x3x3xf32>) -> tensor<1x4x3x3xf32> {
  %a = pith.constant dense<[4, 2, 9]> : tensor<3xi64> : tensor<3xi64>
  %b = pith.constant dense<[2, 1, 4, 3, 3]> : tensor<5xi64> : tensor<5xi64>
  %one = pith.constant dense<1> : tensor<i64> : tensor<i64>
  %0 = pith.reshape %x, %a : (tensor<1x8x3x3xf32>, tensor<3xi64>) -> tensor<4x2x9xf32>
  %1 = pith.transpose %0 {permutation = array<i64: 1, 0, 2>} : (tensor<4x2x9xf32>) -> tensor<2x4x9xf32>
  %2 = pith.reshape %1, %b : (tensor<2x4x9xf32>, tensor<5xi64>) -> tensor<2x1x4x3x3xf32>
  %3 = pith.gather %2, %one {axis = 0 : i64} : (tensor<2x1x4x3x3xf32>, tensor<i64>) -> tensor<1x4x3x3xf32>
  return %3 : tensor<1x4x3x3xf32>
}

// -----

// With two images the halves of both are mixed: no slice.
// CHECK-LABEL: @batch
// CHECK: pith.gather
func.func @batch(%x: tensor<2x8x3x3xf32>) -> tensor<2x4x3x3xf32> {
  %a = pith.constant dense<[8, 2, 9]> : tensor<3xi64> : tensor<3xi64>
  %b = pith.constant dense<[2, 2, 4, 3, 3]> : tensor<5xi64> : tensor<5xi64>
  %one = pith.constant dense<1> : tensor<i64> : tensor<i64>
  %0 = pith.reshape %x, %a : (tensor<2x8x3x3xf32>, tensor<3xi64>) -> tensor<8x2x9xf32>
  %1 = pith.transpose %0 {permutation = array<i64: 1, 2, 0>} : (tensor<8x2x9xf32>) -> tensor<2x9x8xf32>
  %2 = pith.reshape %1, %b : (tensor<2x9x8xf32>, tensor<5xi64>) -> tensor<2x2x4x3x3xf32>
  %3 = pith.gather %2, %one {axis = 0 : i64} : (tensor<2x2x4x3x3xf32>, tensor<i64>) -> tensor<2x4x3x3xf32>
  return %3 : tensor<2x4x3x3xf32>
}
