// RUN: pith-opt %s --pith-prune-weights='min-elements=1 sparsity=0.6' | FileCheck %s --check-prefix=UNIFORM
// RUN: pith-opt %s --pith-prune-weights='min-elements=1 sparsity=0.6 schedule=lamp' | FileCheck %s --check-prefix=LAMP
// RUN: pith-opt %s --pith-prune-weights='min-elements=1 sparsity=0.6 schedule=erk' | FileCheck %s --check-prefix=ERK

// Scores of LAMP (v has 1 and eleven much smaller ones; w is all of one magnitude, its
// scores are 1, 1/2, 1/3 …): of 20, the 8 greatest are the one of v and 7 of w. ERK
// gives the smaller layer the greater density, (1 + 8) / 8 against (1 + 12) / 12: 3.27 of 8
// and 4.73 of 12 elements, rounded up.

// UNIFORM: pith.sparse_decode {{.*}} : (tensor<5xf32>, tensor<1x12xi1>)
// UNIFORM: pith.sparse_decode {{.*}} : (tensor<4xf32>, tensor<1x8xi1>)
// LAMP: pith.sparse_decode {{.*}} : (tensor<1xf32>, tensor<1x12xi1>)
// LAMP: pith.sparse_decode {{.*}} : (tensor<7xf32>, tensor<1x8xi1>)
// ERK: pith.sparse_decode {{.*}} : (tensor<5xf32>, tensor<1x12xi1>)
// ERK: pith.sparse_decode {{.*}} : (tensor<4xf32>, tensor<1x8xi1>)
func.func @main(%x: tensor<1x12xf32>, %z: tensor<1x8xf32>) -> (tensor<1x1xf32>, tensor<1x1xf32>) {
  %v = pith.constant dense<[[1.0, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01]]> : tensor<1x12xf32> {name = "v"} : tensor<1x12xf32>
  %w = pith.constant dense<[[2.0, -2.0, 2.0, 2.0, 2.0, 2.0, -2.0, 2.0]]> : tensor<1x8xf32> {name = "w"} : tensor<1x8xf32>
  %y = pith.matmul %x, %v {transpose_rhs} : (tensor<1x12xf32>, tensor<1x12xf32>) -> tensor<1x1xf32> loc("/v")
  %u = pith.matmul %z, %w {transpose_rhs} : (tensor<1x8xf32>, tensor<1x8xf32>) -> tensor<1x1xf32> loc("/w")
  return %y, %u : tensor<1x1xf32>, tensor<1x1xf32>
}
