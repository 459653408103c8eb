// RUN: pith-opt %s --pith-prune-wanda=min-elements=1 --split-input-file --verify-diagnostics | FileCheck %s
// RUN: pith-opt %s --pith-prune-wanda='min-elements=1 pattern=1:2' --split-input-file --verify-diagnostics | FileCheck %s --check-prefix=NM
// RUN: pith-opt %s --pith-prune-wanda='min-elements=1 block=1x2' --split-input-file --verify-diagnostics | FileCheck %s --check-prefix=BLOCK

// RUN: pith-opt %s --pith-prune-wanda='min-elements=1 compare=layer' --split-input-file --verify-diagnostics | FileCheck %s --check-prefix=LAYER

// Norms of the activations are 1, 4, 2 and 3, so scores are 4, 4, 6, 9 and 2, 12, 2, 3: the
// two greatest of each output stay, whatever their own magnitude.

// CHECK: pith.constant dense<[3.000000e+00, 3.000000e+00, 3.000000e+00, 1.000000e+00]> : tensor<4xf32>
// CHECK: pith.constant dense<{{\[\[}}false, false, true, true], [false, true, false, true]]> : tensor<2x4xi1>
// Of all together 12, 9, 6 and the second 4: of equal ones the first is dropped.
// LAYER: pith.constant dense<{{\[\[}}false, true, true, true], [false, true, false, false]]> : tensor<2x4xi1>
// Of two neighbours the greater one, of equal ones the first: 4, 9 and 12, 3.
// NM: pith.constant dense<{{\[\[}}4.000000e+00, 3.000000e+00], [3.000000e+00, 1.000000e+00]]> : tensor<2x2xf32>
// Blocks of two elements: 4² + 4² against 6² + 9², and 2² + 12² against 2² + 3².
// BLOCK: pith.constant dense<{{\[\[\[}}3.000000e+00, 3.000000e+00]], {{\[\[}}2.000000e+00, 3.000000e+00]]]> : tensor<2x1x2xf32>
func.func @main(%x: tensor<1x4xf32>) -> tensor<1x2xf32> {
  %w = pith.constant dense<[[4.0, 1.0, 3.0, 3.0], [2.0, 3.0, 1.0, 1.0]]> : tensor<2x4xf32> {name = "w"} : tensor<2x4xf32>
  %y = pith.matmul %x, %w {transpose_rhs, pith.statistics = {rows = 5 : i64, minimum = -4.0 : f32, maximum = 4.0 : f32,
      mean = dense<0.0> : tensor<1x4xf32>, magnitude = dense<1.0> : tensor<1x4xf32>, largest = dense<4.0> : tensor<1x4xf32>,
      gram = dense<[[[1.0, 0.0, 0.0, 0.0], [0.0, 16.0, 0.0, 0.0], [0.0, 0.0, 4.0, 0.0], [0.0, 0.0, 0.0, 9.0]]]> : tensor<1x4x4xf32>}}
      : (tensor<1x4xf32>, tensor<2x4xf32>) -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}

// -----

// Without a profile it stops.

func.func @main(%x: tensor<1x4xf32>) -> tensor<1x2xf32> {
  %w = pith.constant dense<[[4.0, 1.0, 3.0, 3.0], [2.0, 3.0, 1.0, 1.0]]> : tensor<2x4xf32> {name = "w"} : tensor<2x4xf32>
  // expected-error @+1 {{pith-prune-wanda needs a profile of the model's activations, found none}}
  %y = pith.matmul %x, %w {transpose_rhs} : (tensor<1x4xf32>, tensor<2x4xf32>) -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}
