// RUN: pith-opt %s --pith-prune-weights='min-elements=1 block=2x2' | FileCheck %s
// RUN: pith-opt %s --pith-prune-weights='min-elements=1 block=2x2 sparsity=0.75' | FileCheck %s --check-prefix=MORE

// Rows of blocks have the norms 3, 4, 1 and 5, 2, 6 (each one element, the last column
// of blocks is one element wide): the 3 largest of 6 stay. Errors: squares kept are
// 77 of 91, 8.13 dB.

// CHECK: %[[V:.*]] = pith.constant dense<{{\[\[\[}}0.000000e+00, 4.000000e+00], [0.000000e+00, 0.000000e+00]], {{\[\[}}5.000000e+00, 0.000000e+00], [0.000000e+00, 0.000000e+00]], {{\[\[}}0.000000e+00, 0.000000e+00], [6.000000e+00, 0.000000e+00]]]> : tensor<3x2x2xf32>
// CHECK: %[[M:.*]] = pith.constant dense<{{\[\[}}false, true, false], [true, false, true]]> : tensor<2x3xi1>
// CHECK: pith.block_sparse_decode %[[V]], %[[M]] {pith.error = 8.129
// CHECK-SAME: shape = array<i64: 4, 5>
// MORE: pith.constant {{.*}} : tensor<2x2x2xf32>
func.func @main(%x: tensor<1x5xf32>) -> tensor<1x4xf32> {
  %w = pith.constant dense<[
    [3.0, 0.0, 0.0, 4.0, 1.0],
    [0.0, 0.0, 0.0, 0.0, 0.0],
    [5.0, 0.0, 0.0, 0.0, 0.0],
    [0.0, 0.0, 2.0, 0.0, 6.0]]> : tensor<4x5xf32> {name = "w"} : tensor<4x5xf32>
  %y = pith.matmul %x, %w {transpose_rhs} : (tensor<1x5xf32>, tensor<4x5xf32>) -> tensor<1x4xf32>
  return %y : tensor<1x4xf32>
}
