// RUN: pith-run %s --compare

// The kernel against the definition: windows that overlap and some that do not, more and
// fewer elements than a vector, behind and in front of elementwise ops.

func.func @main(%x: tensor<5x172xf32> {pith.name = "x"}, %z: tensor<?x2x6xf32> {pith.name = "z"})
    -> (tensor<5x172xf32> {pith.name = "wide"}, tensor<?x2x6xf32> {pith.name = "narrow"}, tensor<5x172xf32> {pith.name = "back"}) {
  %a = pith.relu %x : (tensor<5x172xf32>) -> tensor<5x172xf32>
  %b = pith.hadamard %a {block = 128 : i64, offsets = array<i64: 0, 44>} : (tensor<5x172xf32>) -> tensor<5x172xf32>
  %c = pith.neg %b : (tensor<5x172xf32>) -> tensor<5x172xf32>
  %d = pith.hadamard %z {block = 2 : i64, offsets = array<i64: 0, 2, 4>} : (tensor<?x2x6xf32>) -> tensor<?x2x6xf32>
  %e = pith.hadamard %b {block = 128 : i64, offsets = array<i64: 44, 0>} : (tensor<5x172xf32>) -> tensor<5x172xf32>
  %f = pith.sub %e, %a : (tensor<5x172xf32>, tensor<5x172xf32>) -> tensor<5x172xf32>
  return %c, %d, %f : tensor<5x172xf32>, tensor<?x2x6xf32>, tensor<5x172xf32>
}
