// RUN: pith-opt %s --pith-prune-weights=min-elements=1 --pith-update-weights='min-elements=1 damping=0' | FileCheck %s
// RUN: pith-opt %s --pith-prune-sparsegpt='min-elements=1 damping=0' | FileCheck %s --check-prefix=GPT
// RUN: pith-opt %s --pith-update-weights=min-elements=1 | FileCheck %s --check-prefix=DENSE

// x₁ is x₀ / 2 nearly always, so 3 x₀ + 2 x₁ is 3.98 x₀ (G₀₀ w₀ = 3 G₀₀ + 2 G₀₁ with
// G₀₁ = 0.49 G₀₀), as SparseGPT finds, too.

// CHECK: pith.constant dense<3.980000e+00> : tensor<1xf32>
// CHECK: pith.sparse_decode
// GPT: pith.sparse_decode
// DENSE: pith.kept = "it is dense; prune first"
func.func @main(%x: tensor<1x2xf32>) -> tensor<1x1xf32> {
  %w = pith.constant dense<[[3.0, 2.0]]> : tensor<1x2xf32> {name = "w"} : tensor<1x2xf32>
  %y = pith.matmul %x, %w {transpose_rhs, pith.statistics = {rows = 5 : i64, minimum = -4.0 : f32, maximum = 4.0 : f32,
      mean = dense<0.0> : tensor<1x2xf32>, magnitude = dense<1.0> : tensor<1x2xf32>, largest = dense<4.0> : tensor<1x2xf32>,
      gram = dense<[[[100.0, 49.0], [49.0, 25.0]]]> : tensor<1x2x2xf32>}}
      : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x1xf32>
  return %y : tensor<1x1xf32>
}
