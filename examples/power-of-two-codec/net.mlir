func.func @main(%x: tensor<2x16xf32> {pith.name = "x"}) -> (tensor<2x3xf32> {pith.name = "y"}) {
  %w = pith.constant dense<[
    [1.0, 0.5, -0.25, 0.9, 0.1, -0.05, 0.0, 0.01, -1.0, 0.3, 0.7, -0.6, 0.2, 0.8, -0.4, 0.15],
    [4.0, 2.0, -1.0, 3.0, 0.5, -0.25, 0.0, 0.01, -4.0, 1.3, 2.7, -2.6, 0.2, 3.8, -1.4, 0.6],
    [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]]>
    : tensor<3x16xf32> {name = "w"} : tensor<3x16xf32>
  %y = pith.matmul %x, %w {transpose_rhs} : (tensor<2x16xf32>, tensor<3x16xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}
