// RUN: pith-opt %s --pith-prune-weights=min-elements=1 | FileCheck %s --check-prefix=KEPT
// RUN: pith-opt %s --pith-prune-wanda=min-elements=1 | FileCheck %s --check-prefix=KEPT
// RUN: pith-opt %s --pith-prune-sparsegpt=min-elements=1 | FileCheck %s --check-prefix=KEPT
// RUN: pith-opt %s --pith-prune-weights='min-elements=1 select=table' | FileCheck %s --check-prefix=NAMED
// RUN: pith-opt %s --pith-prune-wanda='min-elements=1 select=table' | FileCheck %s --check-prefix=WANDA

// An embedding stays, unless it is selected; without activations only magnitudes tell.

// KEPT: pith.kept = "its rows are looked up, which is sensitive to every element; select it to prune it"
// NAMED: pith.sparse_decode
// WANDA: pith.kept = "its rows are looked up: no activation tells which elements count"
func.func @main(%i: tensor<3xi64>) -> tensor<3x4xf32> {
  %t = pith.constant dense<[[4.0, 1.0, 3.0, 3.0], [2.0, 3.0, 1.0, 1.0]]> : tensor<2x4xf32> {name = "table"} : tensor<2x4xf32>
  %y = pith.gather %t, %i {axis = 0 : i64} : (tensor<2x4xf32>, tensor<3xi64>) -> tensor<3x4xf32>
  return %y : tensor<3x4xf32>
}
