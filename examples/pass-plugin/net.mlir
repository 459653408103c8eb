func.func @main(%x: tensor<2x4xf32> {pith.name = "x"}) -> (tensor<2x3xf32> {pith.name = "y"}) {
  %w = pith.constant dense<[[0.5, -0.5, 0.5, 9.0],
                            [0.5, 0.5, -0.5, 0.5],
                            [-0.5, 0.5, 0.5, 0.5]]> : tensor<3x4xf32> {name = "w"} : tensor<3x4xf32>
  %y = pith.matmul %x, %w {transpose_rhs} : (tensor<2x4xf32>, tensor<3x4xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}
