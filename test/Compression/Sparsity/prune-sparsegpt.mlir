// RUN: pith-opt %s --pith-prune-sparsegpt='min-elements=1 damping=0' | FileCheck %s
// RUN: pith-opt %s --pith-prune-weights='min-elements=1' | FileCheck %s --check-prefix=MAGNITUDE
// RUN: pith-opt %s --pith-prune-sparsegpt='min-elements=1 damping=0 pattern=1:2' | FileCheck %s --check-prefix=PATTERN
// RUN: pith-opt %s --pith-prune-sparsegpt='min-elements=1 damping=0 sparsity=0' | FileCheck %s --check-prefix=DENSE
// RUN: pith-opt %s --pith-prune-sparsegpt='min-elements=1 damping=1' | FileCheck %s --check-prefix=DAMPED
// RUN: pith-opt %s --pith-prune-sparsegpt='min-elements=3' | FileCheck %s --check-prefix=FEW

// The first element goes: 2² / (G⁻¹)₀₀ = 3.96 is less than 3² G₁₁ = 900. The second,
// which comes after it, makes up for it: 3 + 2 G₀₁ / G₁₁ = 3.98.

// CHECK: pith.constant dense<3.980000e+00> : tensor<1xf32>
// CHECK: pith.constant dense<[{{\[}}false, true]]> : tensor<1x2xi1>
// CHECK: pith.sparse_decode
// MAGNITUDE: pith.constant dense<3.000000e+00> : tensor<1xf32>
// PATTERN: pith.constant dense<3.980000e+00>
// PATTERN: pith.nm_decode
// DENSE-NOT: pith.sparse_decode
// Damped by all of the diagonal's mean, 62.5: 3 + 2 · 49 / 162.5.
// DAMPED: pith.constant dense<3.603
// FEW: pith.kept = "2 elements, fewer than min-elements 3"
func.func @main(%x: tensor<1x2xf32>) -> tensor<1x1xf32> {
  %w = pith.constant dense<[[2.0, 3.0]]> : tensor<1x2xf32> {name = "w"} : tensor<1x2xf32>
  %y = pith.matmul %x, %w {transpose_rhs, pith.statistics = {rows = 5 : i64, minimum = -4.0 : f32, maximum = 4.0 : f32,
      mean = dense<0.0> : tensor<1x2xf32>, magnitude = dense<1.0> : tensor<1x2xf32>, largest = dense<4.0> : tensor<1x2xf32>,
      gram = dense<[[[25.0, 49.0], [49.0, 100.0]]]> : tensor<1x2x2xf32>}}
      : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x1xf32>
  return %y : tensor<1x1xf32>
}
