// RUN: pith-opt %s -split-input-file -pass-pipeline="builtin.module(func.func(pith-sink-reshapes))" | FileCheck %s

// Bias and activation join the product's kernel.
// CHECK-LABEL: @bias
// CHECK: %[[Y:.*]] = pith.matmul
// CHECK: %[[B:.*]] = pith.add %[[Y]], %{{.*}} : (tensor<?x4xf32>, tensor<4xf32>)
// CHECK: %[[R:.*]] = pith.relu %[[B]] : (tensor<?x4xf32>)
// CHECK: pith.reshape %[[R]]
// CHECK-NEXT: return
func.func @bias(%x: tensor<?x3xf32>) -> tensor<?x2x4xf32> {
  %w = pith.constant dense<1.0> : tensor<4x3xf32> : tensor<4x3xf32>
  %b = pith.constant dense<2.0> : tensor<1x1x4xf32> : tensor<1x1x4xf32>
  %list = pith.constant dense<[-1, 2, 4]> : tensor<3xi64> : tensor<3xi64>
  %0 = pith.matmul %x, %w {transpose_rhs} : (tensor<?x3xf32>, tensor<4x3xf32>) -> tensor<?x4xf32>
  %1 = pith.reshape %0, %list : (tensor<?x4xf32>, tensor<3xi64>) -> tensor<?x2x4xf32>
  %2 = pith.add %1, %b : (tensor<?x2x4xf32>, tensor<1x1x4xf32>) -> tensor<?x2x4xf32>
  %3 = pith.relu %2 : (tensor<?x2x4xf32>) -> tensor<?x2x4xf32>
  return %3 : tensor<?x2x4xf32>
}

// -----

// A constant along an axis that the reshape makes must come after it.
// CHECK-LABEL: @new_axis
// CHECK: pith.reshape
// CHECK-NEXT: pith.add
func.func @new_axis(%x: tensor<?x3xf32>) -> tensor<?x2x4xf32> {
  %w = pith.constant dense<1.0> : tensor<4x3xf32> : tensor<4x3xf32>
  %b = pith.constant dense<2.0> : tensor<2x1xf32> : tensor<2x1xf32>
  %list = pith.constant dense<[-1, 2, 4]> : tensor<3xi64> : tensor<3xi64>
  %0 = pith.matmul %x, %w {transpose_rhs} : (tensor<?x3xf32>, tensor<4x3xf32>) -> tensor<?x4xf32>
  %1 = pith.reshape %0, %list : (tensor<?x4xf32>, tensor<3xi64>) -> tensor<?x2x4xf32>
  %2 = pith.add %1, %b : (tensor<?x2x4xf32>, tensor<2x1xf32>) -> tensor<?x2x4xf32>
  return %2 : tensor<?x2x4xf32>
}
