// Biases in half precision, behind products whose rows are one axis or cannot be.

// RUN: pith-run %s --compare --shape x:3x6x4 --shape r:3x6x3 | FileCheck %s
// CHECK: y: equal
// CHECK: z: equal
func.func @main(%x: tensor<?x6x4xf32> {pith.name = "x", pith.shape = affine_map<()[s0] -> (s0, 6, 4)>},
                %r: tensor<?x6x3xf32> {pith.name = "r", pith.shape = affine_map<()[s0] -> (s0, 6, 3)>})
    -> (tensor<?x6x3xf32> {pith.name = "y"}, tensor<?x6x3xf32> {pith.name = "z"}) attributes {pith.symbols = ["n"]} {
  %w = pith.constant dense<[[1.0, 2.0, 3.0, 4.0], [0.5, 0.25, 1.0, 1.0], [2.0, 3.0, 1.0, -1.0]]> : tensor<3x4xf32> : tensor<3x4xf32>
  %c = pith.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf16> : tensor<3xf16>
  %b = pith.widen %c : (tensor<3xf16>) -> tensor<3xf32>
  %m = pith.matmul %x, %w {transpose_rhs} : (tensor<?x6x4xf32>, tensor<3x4xf32>) -> tensor<?x6x3xf32>
  %a = pith.add %m, %b : (tensor<?x6x3xf32>, tensor<3xf32>) -> tensor<?x6x3xf32>
  %y = pith.add %a, %r : (tensor<?x6x3xf32>, tensor<?x6x3xf32>) -> tensor<?x6x3xf32>
  %d = pith.constant dense<[[1.0], [2.0], [3.0], [4.0], [5.0], [6.0]]> : tensor<6x1xf16> : tensor<6x1xf16>
  %e = pith.widen %d : (tensor<6x1xf16>) -> tensor<6x1xf32>
  %n = pith.matmul %r, %w : (tensor<?x6x3xf32>, tensor<3x4xf32>) -> tensor<?x6x4xf32>
  %o = pith.matmul %n, %w {transpose_rhs} : (tensor<?x6x4xf32>, tensor<3x4xf32>) -> tensor<?x6x3xf32>
  %z = pith.mul %o, %e : (tensor<?x6x3xf32>, tensor<6x1xf32>) -> tensor<?x6x3xf32>
  return %y, %z : tensor<?x6x3xf32>, tensor<?x6x3xf32>
}
