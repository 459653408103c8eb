// RUN: pith-opt %s -canonicalize -split-input-file | FileCheck %s

// Ops that rename bytes are one reshape, or none.
// CHECK-LABEL: @renames
// CHECK: %[[LIST:.*]] = pith.constant dense<[-1, 12]>
// CHECK: %[[R:.*]] = pith.reshape %arg0, %[[LIST]]
// CHECK: return %[[R]], %arg0
func.func @renames(%x: tensor<?x3x4xf32>) -> (tensor<?x12xf32>, tensor<?x3x4xf32>) {
  %list = pith.constant dense<[-1, 3, 4]> : tensor<3xi64> : tensor<3xi64>
  %0 = pith.unsqueeze %x {axes = array<i64: 1>} : (tensor<?x3x4xf32>) -> tensor<?x1x3x4xf32>
  %1 = pith.flatten %0 {axis = 1 : i64} : (tensor<?x1x3x4xf32>) -> tensor<?x12xf32>
  %2 = pith.reshape %1, %list : (tensor<?x12xf32>, tensor<3xi64>) -> tensor<?x3x4xf32>
  return %1, %2 : tensor<?x12xf32>, tensor<?x3x4xf32>
}

// -----

// Two dynamic sizes do not tell that they are the same two.
// CHECK-LABEL: @two_dynamic
// CHECK: pith.reshape
func.func @two_dynamic(%x: tensor<?x?xf32>, %list: tensor<2xi64>) -> tensor<?x?xf32> {
  %0 = pith.reshape %x, %list : (tensor<?x?xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

// -----

// CHECK-LABEL: @transposes
// CHECK: %[[A:.*]] = pith.transpose %arg0 {permutation = array<i64: 2, 0, 1>}
// CHECK: return %[[A]], %arg0
func.func @transposes(%x: tensor<2x3x4xf32>) -> (tensor<4x2x3xf32>, tensor<2x3x4xf32>) {
  %0 = pith.transpose %x {permutation = array<i64: 1, 2, 0>} : (tensor<2x3x4xf32>) -> tensor<3x4x2xf32>
  %1 = pith.transpose %0 {permutation = array<i64: 1, 2, 0>} : (tensor<3x4x2xf32>) -> tensor<4x2x3xf32>
  %2 = pith.transpose %0 {permutation = array<i64: 2, 0, 1>} : (tensor<3x4x2xf32>) -> tensor<2x3x4xf32>
  return %1, %2 : tensor<4x2x3xf32>, tensor<2x3x4xf32>
}

// -----

// Only axes of size 1 move: elements stay.
// CHECK-LABEL: @unit_axes
// CHECK: pith.reshape
// CHECK-NOT: pith.transpose
func.func @unit_axes(%x: tensor<?x8x1x1xf32>) -> tensor<?x1x1x8xf32> {
  %0 = pith.transpose %x {permutation = array<i64: 0, 2, 3, 1>} : (tensor<?x8x1x1xf32>) -> tensor<?x1x1x8xf32>
  return %0 : tensor<?x1x1x8xf32>
}

// -----

// CHECK-LABEL: @whole
// CHECK-NEXT: return %arg0
func.func @whole(%x: tensor<?x3xf32>) -> tensor<?x3xf32> {
  %zero = pith.constant dense<0> : tensor<1xi64> : tensor<1xi64>
  %end = pith.constant dense<9223372036854775807> : tensor<1xi64> : tensor<1xi64>
  %zeros = pith.constant dense<0> : tensor<2xi64> : tensor<2xi64>
  %ones = pith.constant dense<1> : tensor<2xi64> : tensor<2xi64>
  %0 = pith.slice %x, %zero, %end {axes = array<i64: 0>, steps = array<i64: 1>} : (tensor<?x3xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x3xf32>
  %1 = pith.pad %0, %zeros, %zeros {mode = #pith.pad_mode<constant>} : (tensor<?x3xf32>, tensor<2xi64>, tensor<2xi64>) -> tensor<?x3xf32>
  %2 = pith.expand %1, %ones : (tensor<?x3xf32>, tensor<2xi64>) -> tensor<?x3xf32>
  %3 = pith.tile %2, %ones : (tensor<?x3xf32>, tensor<2xi64>) -> tensor<?x3xf32>
  %4 = pith.concat %3 {axis = 0 : i64} : (tensor<?x3xf32>) -> tensor<?x3xf32>
  return %4 : tensor<?x3xf32>
}

// -----

// A reversed tensor has the same sizes and is another one.
// CHECK-LABEL: @reversed
// CHECK: pith.slice
func.func @reversed(%x: tensor<3xf32>) -> tensor<3xf32> {
  %from = pith.constant dense<-1> : tensor<1xi64> : tensor<1xi64>
  %to = pith.constant dense<-9223372036854775807> : tensor<1xi64> : tensor<1xi64>
  %0 = pith.slice %x, %from, %to {axes = array<i64: 0>, steps = array<i64: -1>} : (tensor<3xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}

// -----

// CHECK-LABEL: @concats
// CHECK-NEXT: pith.concat %arg0, %arg1, %arg0 {axis = 0 : i64}
func.func @concats(%x: tensor<?x3xf32>, %y: tensor<?x3xf32>, %none: tensor<0x3xf32>) -> tensor<?x3xf32> {
  %0 = pith.concat %x, %y {axis = 0 : i64} : (tensor<?x3xf32>, tensor<?x3xf32>) -> tensor<?x3xf32>
  %1 = pith.concat %0, %none, %x {axis = 0 : i64} : (tensor<?x3xf32>, tensor<0x3xf32>, tensor<?x3xf32>) -> tensor<?x3xf32>
  return %1 : tensor<?x3xf32>
}

// -----

// CHECK-LABEL: @product
// CHECK-NEXT: pith.matmul %arg0, %arg1 {transpose_rhs}
func.func @product(%x: tensor<?x3xf32>, %w: tensor<4x3xf32>) -> tensor<?x4xf32> {
  %0 = pith.transpose %w {permutation = array<i64: 1, 0>} : (tensor<4x3xf32>) -> tensor<3x4xf32>
  %1 = pith.matmul %x, %0 : (tensor<?x3xf32>, tensor<3x4xf32>) -> tensor<?x4xf32>
  return %1 : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: @unit_reduce
// CHECK-NOT: pith.reduce %arg0 {{.*}}mean
// CHECK: pith.reduce %arg0 {{.*}}l1
func.func @unit_reduce(%x: tensor<3x1xf32>) -> (tensor<3xf32>, tensor<3xf32>) {
  %0 = pith.reduce %x {kind = #pith.reduce_kind<mean>, axes = array<i64: 1>} : (tensor<3x1xf32>) -> tensor<3xf32>
  %1 = pith.reduce %x {kind = #pith.reduce_kind<l1>, axes = array<i64: 1>} : (tensor<3x1xf32>) -> tensor<3xf32>
  return %0, %1 : tensor<3xf32>, tensor<3xf32>
}
