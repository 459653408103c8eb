// RUN: pith-opt %s --pith-choose-ranks='min-elements=1 ratio=0.5 steps=3 least-ratio=0' --remarks-filter='pith-choose.*' 2>&1 | FileCheck %s --check-prefixes=CHECK,HALF
// RUN: pith-opt %s --pith-choose-ranks='min-elements=1 bits-per-parameter=16 steps=3 least-ratio=0' --remarks-filter='pith-choose.*' 2>&1 | FileCheck %s --check-prefixes=CHECK,HALF
// RUN: pith-opt %s --pith-choose-ranks='min-elements=1 ratio=0.8 steps=3 least-ratio=0.6' --remarks-filter='pith-choose.*' 2>&1 | FileCheck %s --check-prefix=LEAST
// RUN: pith-opt %s --pith-choose-ranks='min-elements=1 ratio=0.8 steps=1 least-ratio=0' --remarks-filter='pith-choose.*' 2>&1 | FileCheck %s --check-prefix=ONE
// RUN: pith-opt %s --pith-choose-ranks='min-elements=1 ratio=0.5 steps=3 least-ratio=0' --pith-factorize-weights=min-elements=1 | FileCheck %s --check-prefix=FACTORS

// Rank 1 costs 16 of 64 elements. One weight has rank 1, the other two equal singular
// values: half of all elements are more than enough. No rank below `least-ratio` is looked
// at, and with one step only the greatest.

// HALF: loc("/one"): {{.*}}"rank 1", error=0.000e+00, node=/one, part=0.250, tensor=w, weighting=none
// HALF: loc("/two"): {{.*}}"rank 2", error={{.*}}, node=/two, part=0.500, tensor=u, weighting=none
// CHECK: pith.matmul {{.*}}pith.rank = 1
// CHECK: pith.matmul {{.*}}pith.rank = 2

// LEAST: loc("/one"): {{.*}}"rank 3"
// LEAST: loc("/two"): {{.*}}"rank 3"
// ONE: loc("/one"): {{.*}}"rank 3"
// ONE: loc("/two"): {{.*}}"rank 3"
// FACTORS: tensor<1x1xf32>, tensor<8x1xf32>
// FACTORS: tensor<1x2xf32>, tensor<8x2xf32>
func.func @main(%x: tensor<1x8xf32>) -> (tensor<1x8xf32>, tensor<1x8xf32>) {
  %w = pith.constant dense<[
    [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0], [2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0],
    [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]]>
    : tensor<8x8xf32> {name = "w"} : tensor<8x8xf32>
  %u = pith.constant dense<[
    [5.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 5.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]]>
    : tensor<8x8xf32> {name = "u"} : tensor<8x8xf32>
  %y = pith.matmul %x, %w {transpose_rhs} : (tensor<1x8xf32>, tensor<8x8xf32>) -> tensor<1x8xf32> loc("/one")
  %z = pith.matmul %x, %u {transpose_rhs} : (tensor<1x8xf32>, tensor<8x8xf32>) -> tensor<1x8xf32> loc("/two")
  return %y, %z : tensor<1x8xf32>, tensor<1x8xf32>
}
