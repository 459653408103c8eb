// RUN: pith-opt %s -split-input-file -pass-pipeline="builtin.module(func.func(pith-refine-shapes))" | FileCheck %s

// What exporters write for x.reshape(x.shape[0], -1): a constant list, and nothing
// of the arithmetic is left.
// CHECK-LABEL: @flatten
// CHECK-NOT: pith.shape %
// CHECK: %[[LIST:.*]] = pith.constant dense<[0, 12]>
// CHECK-NEXT: pith.reshape %arg0, %[[LIST]] : {{.*}} -> tensor<?x12xf32>
// CHECK-NEXT: return
func.func @flatten(%arg0: tensor<?x3x4xf32> {pith.shape = affine_map<()[s0] -> (s0, 3, 4)>}) -> tensor<?x?xf32> attributes {pith.symbols = ["batch"]} {
  %zero = pith.constant dense<0> : tensor<i64> : tensor<i64>
  %rest = pith.constant dense<-1> : tensor<1xi64> : tensor<1xi64>
  %sizes = pith.shape %arg0 {start = 0 : i64, end = 3 : i64} : (tensor<?x3x4xf32>) -> tensor<3xi64>
  %batch = pith.gather %sizes, %zero {axis = 0 : i64} : (tensor<3xi64>, tensor<i64>) -> tensor<i64>
  %list = pith.unsqueeze %batch {axes = array<i64: 0>} : (tensor<i64>) -> tensor<1xi64>
  %target = pith.concat %list, %rest {axis = 0 : i64} : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %0 = pith.reshape %arg0, %target : (tensor<?x3x4xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

// -----

// Sizes that are all known make constants of what is computed from them.
// CHECK-LABEL: @known
// CHECK-NEXT: %[[C:.*]] = pith.constant dense<12> : tensor<i64>
// CHECK-NEXT: return %[[C]]
func.func @known(%arg0: tensor<3x4xf32>) -> tensor<i64> {
  %zero = pith.constant dense<0> : tensor<i64> : tensor<i64>
  %one = pith.constant dense<1> : tensor<i64> : tensor<i64>
  %sizes = pith.shape %arg0 {start = 0 : i64, end = 2 : i64} : (tensor<3x4xf32>) -> tensor<2xi64>
  %a = pith.gather %sizes, %zero {axis = 0 : i64} : (tensor<2xi64>, tensor<i64>) -> tensor<i64>
  %b = pith.gather %sizes, %one {axis = 0 : i64} : (tensor<2xi64>, tensor<i64>) -> tensor<i64>
  %0 = pith.mul %a, %b : (tensor<i64>, tensor<i64>) -> tensor<i64>
  return %0 : tensor<i64>
}

// -----

// A reshape to the sizes that are there, though dynamic, does nothing; an axis
// taken up to its own size is taken whole.
// CHECK-LABEL: @same
// CHECK-NEXT: return %arg0
func.func @same(%arg0: tensor<?x?xf32> {pith.shape = affine_map<()[s0, s1] -> (s0, s1)>}) -> tensor<?x?xf32> attributes {pith.symbols = ["a", "b"]} {
  %sizes = pith.shape %arg0 {start = 0 : i64, end = 2 : i64} : (tensor<?x?xf32>) -> tensor<2xi64>
  %0 = pith.reshape %arg0, %sizes : (tensor<?x?xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  %zero = pith.constant dense<0> : tensor<1xi64> : tensor<1xi64>
  %end = pith.shape %arg0 {start = 1 : i64, end = 2 : i64} : (tensor<?x?xf32>) -> tensor<1xi64>
  %1 = pith.slice %0, %zero, %end {axes = array<i64: 1>, steps = array<i64: 1>} : (tensor<?x?xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x?xf32>
  return %1 : tensor<?x?xf32>
}

// -----

// The other operand of a sum gives the sizes: no need to expand.
// CHECK-LABEL: @expand
// CHECK-NEXT: pith.add %arg0, %arg1 : (tensor<?x4xf32>, tensor<1x4xf32>)
func.func @expand(%arg0: tensor<?x4xf32> {pith.shape = affine_map<()[s0] -> (s0, 4)>}, %arg1: tensor<1x4xf32>) -> tensor<?x4xf32> attributes {pith.symbols = ["batch"]} {
  %sizes = pith.shape %arg0 {start = 0 : i64, end = 2 : i64} : (tensor<?x4xf32>) -> tensor<2xi64>
  %0 = pith.expand %arg1, %sizes : (tensor<1x4xf32>, tensor<2xi64>) -> tensor<?x4xf32>
  %1 = pith.add %arg0, %0 : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  return %1 : tensor<?x4xf32>
}
