// RUN: pith-opt %s --pith-factorize-weights='min-elements=1 rank=1' --remarks-filter='pith-.*' 2>&1 | FileCheck %s --check-prefixes=CHECK,GRAM
// RUN: pith-opt %s --pith-factorize-weights='min-elements=1 rank=1 select=/fc weighting=gram damping=0' --remarks-filter='pith-.*' 2>&1 | FileCheck %s --check-prefixes=CHECK,GRAM
// RUN: pith-opt %s --pith-factorize-weights='min-elements=1 rank=1 select=/fc weighting=magnitude' --remarks-filter='pith-.*' 2>&1 | FileCheck %s --check-prefix=MAGNITUDE
// RUN: pith-opt %s --pith-factorize-weights='min-elements=1 rank=1 weighting=none' --remarks-filter='pith-.*' 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: pith-opt %s --pith-factorize-weights='min-elements=1' --remarks-filter='pith-.*' 2>&1 | FileCheck %s --check-prefix=CHOSEN

// The weight is diag(4, 2, 1, 1). Without statistics what is left of rank 1 is its first
// row. The third input is 100 times as large as the others: with them the third row is.
// By magnitudes the third one is, too.

// GRAM: Factorized {{.*}}"rank 1", elements_after=8, elements_before=16, node=/fc, output_sqnr_db=26.{{[0-9]+}}, sqnr_db=0.20, tensor=w, weighting=gram
// MAGNITUDE: Factorized {{.*}}output_sqnr_db=26.{{[0-9]+}}, sqnr_db=0.20, tensor=w, weighting=magnitude
// NONE: Factorized {{.*}}output_sqnr_db=0.0{{[0-9]}}, sqnr_db=5.64, tensor=w, weighting=none

// 0.95 of the energy is that in the same metric. What an earlier pass chose goes first.

// CHOSEN: loc("/fc"): [Passed] Factorized {{.*}}"rank 1"
// CHOSEN: loc("/stays"): [Missed] Kept {{.*}}"its chosen rank is 0"
// CHOSEN: loc("/goes"): [Passed] Factorized {{.*}}"rank 1", {{.*}}weighting=none

// The first op sees the same activation, the second what B makes of it; what errors of
// the op count goes with them, and so do chosen bits.

// CHECK: pith.matmul %{{.*}}, %{{.*}} {pith.bits = 3 : i64, pith.sensitivity = {{[0-9.e+-]+}} : f64, pith.statistics = {{{.*}}gram = dense<{{.*}}1.000000e+04
// CHECK: pith.matmul %{{.*}}, %{{.*}} {pith.bits = 3 : i64, pith.sensitivity = 5.000000e-01 : f64, pith.statistics = {{{.*}}gram = dense<{{[^>]*}}> : tensor<1x1x1xf32>
func.func @main(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
  %w = pith.constant dense<[[4.0, 0.0, 0.0, 0.0], [0.0, 2.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]]>
    : tensor<4x4xf32> {name = "w"} : tensor<4x4xf32>
  %y = pith.matmul %x, %w {transpose_rhs, pith.bits = 3 : i64, pith.sensitivity = 0.5 : f64,
    pith.statistics = {rows = 2 : i64, minimum = 0.0 : f32, maximum = 100.0 : f32,
      mean = dense<[[1.0, 1.0, 70.0, 1.0]]> : tensor<1x4xf32>, magnitude = dense<[[1.0, 1.0, 70.0, 1.0]]> : tensor<1x4xf32>,
      largest = dense<[[1.0, 1.0, 100.0, 1.0]]> : tensor<1x4xf32>,
      gram = dense<[[[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 10000.0, 0.0], [0.0, 0.0, 0.0, 1.0]]]> : tensor<1x4x4xf32>}}
    : (tensor<1x4xf32>, tensor<4x4xf32>) -> tensor<1x4xf32> loc("/fc")
  return %y : tensor<1x4xf32>
}

func.func @chosen(%x: tensor<1x8xf32>) -> (tensor<1x8xf32>, tensor<1x8xf32>) {
  %w = pith.constant dense<[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0], [8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0],
    [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 9.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    [0.0, 0.0, 0.0, 9.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 9.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0, 9.0, 0.0, 0.0]]>
    : tensor<8x8xf32> {name = "v"} : tensor<8x8xf32>
  %u = pith.constant dense<[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0], [8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0],
    [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 9.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    [0.0, 0.0, 0.0, 9.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 9.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0, 9.0, 0.0, 0.0]]>
    : tensor<8x8xf32> {name = "u"} : tensor<8x8xf32>
  %y = pith.matmul %x, %w {transpose_rhs, pith.rank = 0 : i64} : (tensor<1x8xf32>, tensor<8x8xf32>) -> tensor<1x8xf32> loc("/stays")
  %z = pith.matmul %x, %u {transpose_rhs, pith.rank = 1 : i64} : (tensor<1x8xf32>, tensor<8x8xf32>) -> tensor<1x8xf32> loc("/goes")
  return %y, %z : tensor<1x8xf32>, tensor<1x8xf32>
}
