// RUN: pith-opt %s --pith-prune-weights=min-elements=1 | FileCheck %s --check-prefix=LAYER
// RUN: pith-opt %s --pith-prune-weights='min-elements=1 scope=global' | FileCheck %s --check-prefix=GLOBAL

// Half of each weight, or the smaller half of both together.

// LAYER-COUNT-2: pith.sparse_decode {{.*}} : (tensor<4xf32>, tensor<1x8xi1>)
// GLOBAL: pith.sparse_decode {{.*}} : (tensor<1xf32>, tensor<1x8xi1>)
// GLOBAL: pith.sparse_decode {{.*}} : (tensor<7xf32>, tensor<1x8xi1>)
func.func @main(%x: tensor<1x8xf32>) -> (tensor<1x1xf32>, tensor<1x1xf32>) {
  %v = pith.constant dense<[[1.0, 2.0, 3.0, 4.0, 0.5, 0.25, 0.125, 20.0]]> : tensor<1x8xf32> {name = "v"} : tensor<1x8xf32>
  %w = pith.constant dense<[[11.0, 12.0, 13.0, 14.0, 15.0, 16.0, 17.0, 1.5]]> : tensor<1x8xf32> {name = "w"} : tensor<1x8xf32>
  %y = pith.matmul %x, %v {transpose_rhs} : (tensor<1x8xf32>, tensor<1x8xf32>) -> tensor<1x1xf32> loc("/v")
  %z = pith.matmul %x, %w {transpose_rhs} : (tensor<1x8xf32>, tensor<1x8xf32>) -> tensor<1x1xf32> loc("/w")
  return %y, %z : tensor<1x1xf32>, tensor<1x1xf32>
}
