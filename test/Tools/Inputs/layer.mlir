// One layer on rows of 64 values: y = relu(x · wᵀ), where all of w is 0.5.
module {
  func.func @main(
      %x: tensor<?x64xf32> {pith.name = "x", pith.shape = affine_map<()[s0] -> (s0, 64)>})
      -> (tensor<?x64xf32> {pith.name = "y"}) attributes {pith.symbols = ["batch"]} {
    %w = pith.constant dense<0.5> : tensor<64x64xf32> {name = "w"} : tensor<64x64xf32>
    %0 = pith.matmul %x, %w {transpose_rhs}
        : (tensor<?x64xf32>, tensor<64x64xf32>) -> tensor<?x64xf32>
    %1 = pith.relu %0 : (tensor<?x64xf32>) -> tensor<?x64xf32>
    return %1 : tensor<?x64xf32>
  }
}
