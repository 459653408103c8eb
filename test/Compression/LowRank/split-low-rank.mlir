// RUN: pith-opt %s --pith-split-low-rank='min-elements=1 rank=1' --remarks-filter='pith-split.*' 2>&1 | FileCheck %s
// RUN: pith-opt %s --pith-split-low-rank='min-elements=1 rank=1' --pith-quantize-weights='min-elements=1 bits=2 exclude=low_rank' | FileCheck %s --check-prefix=CODES
// RUN: pith-opt %s --pith-split-low-rank='min-elements=1 rank=1 iterations=3 bits=2 group-size=0' --remarks-filter='pith-split.*' 2>&1 | FileCheck %s --check-prefix=ITERATED
// RUN: pith-opt %s --pith-split-low-rank='min-elements=1 rank=2' --remarks-filter-missed='pith-split.*' 2>&1 | FileCheck %s --check-prefix=ALL
// RUN: pith-opt %s --pith-split-low-rank='min-elements=1 rank=0' --remarks-filter-missed='pith-split.*' 2>&1 | FileCheck %s --check-prefix=ZERO
// RUN: pith-opt %s --pith-quantize-weights='min-elements=1' --pith-split-low-rank='min-elements=1 rank=1' --remarks-filter-missed='pith-split.*' 2>&1 | FileCheck %s --check-prefix=CODED

// One large row is what is split off; the rest is small.

// CHECK: loc("/fc"): [Passed] Split {{.*}}"rank 1", energy_left=0.0008, largest_after=0.3133, largest_before=8.0000, node=/fc, tensor=w, weighting=none
// CHECK: func @main(%[[X:.*]]: tensor<1x4xf32>)
// CHECK-DAG: pith.constant {{.*}} {name = "w.low_rank.a"
// CHECK-DAG: pith.constant {{.*}} {name = "w.low_rank.b"
// CHECK-DAG: %[[W:.*]] = pith.constant {{.*}} {name = "w"{{.*}} : tensor<2x4xf32>
// CHECK-DAG: %[[Y:.*]] = pith.matmul %[[X]], %[[W]] {transpose_rhs}
// CHECK-DAG: %[[T:.*]] = pith.matmul %[[X]], %{{.*}} {transpose_rhs} : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x1xf32>
// CHECK-DAG: %[[L:.*]] = pith.matmul %[[T]], %{{.*}} {transpose_rhs} : (tensor<1x1xf32>, tensor<2x1xf32>) -> tensor<1x2xf32>
// CHECK: pith.add %[[Y]], %[[L]]
// CODES: tensor<2x4xi2>
// CODES: tensor<1x4xf32>, tensor<1x4xf32>
// ITERATED: Split {{.*}}"rank 1"
// ALL: NotSplit {{.*}}rank 2 is all of a matrix of 2 x 4
// ZERO: NotSplit {{.*}}no rank was chosen for it
// CODED: NotSplit {{.*}}the weight is int4{{.*}} already; split it first
func.func @main(%x: tensor<1x4xf32>) -> tensor<1x2xf32> {
  %w = pith.constant dense<[[8.0, 4.0, -6.0, 8.0], [0.2, -0.3, 0.1, 0.1]]> : tensor<2x4xf32> {name = "w"} : tensor<2x4xf32>
  %y = pith.matmul %x, %w {transpose_rhs} : (tensor<1x4xf32>, tensor<2x4xf32>) -> tensor<1x2xf32> loc("/fc")
  return %y : tensor<1x2xf32>
}
