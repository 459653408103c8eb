// RUN: pith-opt %s -pass-pipeline="builtin.module(func.func(pith-decompose-ops))" | FileCheck %s

// CHECK-LABEL: @softmax
// CHECK-NEXT: %[[T:.*]] = pith.transpose %arg0 {permutation = array<i64: 0, 2, 1>}
// CHECK-NEXT: %[[S:.*]] = pith.softmax %[[T]] {axis = 2 : i64}
// CHECK-NEXT: pith.transpose %[[S]] {permutation = array<i64: 0, 2, 1>}
func.func @softmax(%x: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> {
  %0 = pith.softmax %x {axis = 1 : i64} : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  return %0 : tensor<2x3x4xf32>
}

// CHECK-LABEL: @last
// CHECK-NEXT: pith.log_softmax %arg0 {axis = 2 : i64}
func.func @last(%x: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> {
  %0 = pith.log_softmax %x {axis = 2 : i64} : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  return %0 : tensor<2x3x4xf32>
}
