// RUN: not pith-opt %s --pith-quantize-weights=min-elements=1 2>&1 | FileCheck %s
// RUN: not pith-opt %s --pith-prune-weights=min-elements=1 2>&1 | FileCheck %s
// RUN: not pith-opt %s --pith-factorize-weights='min-elements=1 rank=1' 2>&1 | FileCheck %s

// A weight with an infinity has no scale, no order and no singular values.

// CHECK: error: {{.*}}weight 'w': expected finite elements, found an infinity or NaN
func.func @main(%x: tensor<1x8xf32>) -> tensor<1x4xf32> {
  %w = pith.constant dense<0x7F800000> : tensor<4x8xf32> {name = "w"} : tensor<4x8xf32>
  %y = pith.matmul %x, %w {transpose_rhs} : (tensor<1x8xf32>, tensor<4x8xf32>) -> tensor<1x4xf32> loc("/MatMul")
  return %y : tensor<1x4xf32>
}
