// RUN: pith-opt %s --pith-factorize-weights='min-elements=1 rank=1' --remarks-filter='pith-.*' 2>&1 | FileCheck %s --check-prefixes=REMARK,RANK
// RUN: pith-opt %s --pith-factorize-weights='min-elements=1 energy=0.9' | FileCheck %s --check-prefix=RANK
// RUN: pith-opt %s --pith-factorize-weights='min-elements=1 energy=0.97' | FileCheck %s --check-prefix=TWO
// RUN: pith-opt %s --pith-factorize-weights='min-elements=1' | FileCheck %s --check-prefix=TWO
// RUN: pith-opt %s --pith-factorize-weights='min-elements=1 ratio=0.3' | FileCheck %s --check-prefix=RANK
// RUN: pith-opt %s --pith-factorize-weights='min-elements=1 ratio=0.6' | FileCheck %s --check-prefix=TWO
// RUN: pith-opt %s --pith-factorize-weights='min-elements=1 rank=4' | FileCheck %s --check-prefix=FOUR
// RUN: pith-opt %s --pith-factorize-weights='min-elements=1 energy=0.9999999999' | FileCheck %s --check-prefix=EXACT

// The singular values of the weight are 8 · 10, 8 · 3 and 0: one keeps 0.917 of
// the energy and two all of it. A rank of 4 would have as many elements as the
// weight: it stays.

// REMARK: Factorized {{.*}}"rank 1", elements_after=16, elements_before=64, node=/MatMul, sqnr_db=10.8
// RANK: func @main(%[[X:.*]]: tensor<1x8xf32>)
// RANK: %[[A:.*]] = pith.constant {{.*}}pith.error = 10.8{{.*}} : tensor<8x1xf32>
// RANK: %[[B:.*]] = pith.constant {{.*}} : tensor<1x8xf32>
// RANK: %[[T:.*]] = pith.matmul %[[X]], %[[B]] {transpose_rhs} : (tensor<1x8xf32>, tensor<1x8xf32>) -> tensor<1x1xf32>
// RANK: pith.matmul %[[T]], %[[A]] {transpose_rhs} : (tensor<1x1xf32>, tensor<8x1xf32>) -> tensor<1x8xf32>
// TWO: pith.matmul {{.*}} : (tensor<1x8xf32>, tensor<2x8xf32>) -> tensor<1x2xf32>
// FOUR: pith.kept = "rank 4 of 8 x 8 would take no fewer bytes"
// EXACT: pith.matmul {{.*}} : (tensor<1x8xf32>, tensor<2x8xf32>) -> tensor<1x2xf32>
func.func @main(%x: tensor<1x8xf32>) -> tensor<1x8xf32> {
  // 10 · u uᵀ + 3 · v vᵀ of u = (1, 1, …), v = (1, −1, …).
  %w = pith.constant dense<[
    [13.0, 7.0, 13.0, 7.0, 13.0, 7.0, 13.0, 7.0], [7.0, 13.0, 7.0, 13.0, 7.0, 13.0, 7.0, 13.0],
    [13.0, 7.0, 13.0, 7.0, 13.0, 7.0, 13.0, 7.0], [7.0, 13.0, 7.0, 13.0, 7.0, 13.0, 7.0, 13.0],
    [13.0, 7.0, 13.0, 7.0, 13.0, 7.0, 13.0, 7.0], [7.0, 13.0, 7.0, 13.0, 7.0, 13.0, 7.0, 13.0],
    [13.0, 7.0, 13.0, 7.0, 13.0, 7.0, 13.0, 7.0], [7.0, 13.0, 7.0, 13.0, 7.0, 13.0, 7.0, 13.0]]>
    : tensor<8x8xf32> {name = "w"} : tensor<8x8xf32>
  %y = pith.matmul %x, %w {transpose_rhs} : (tensor<1x8xf32>, tensor<8x8xf32>) -> tensor<1x8xf32> loc("/MatMul")
  return %y : tensor<1x8xf32>
}
