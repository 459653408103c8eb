// RUN: pith-opt %s --pith-prune-sparsegpt=min-elements=1 --verify-diagnostics

func.func @main(%x: tensor<1x4xf32>) -> tensor<1x1xf32> {
  %w = pith.constant dense<[[0.4, 0.3, 7.0, -7.0]]> : tensor<1x4xf32> {name = "w"} : tensor<1x4xf32>
  // expected-error @below {{pith-prune-sparsegpt needs a profile of the model's activations, found none}}
  %y = pith.matmul %x, %w {transpose_rhs} : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x1xf32>
  return %y : tensor<1x1xf32>
}
