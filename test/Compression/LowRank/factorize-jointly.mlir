// RUN: pith-opt %s --pith-factorize-jointly='min-elements=1 rank=1' --split-input-file | FileCheck %s
// RUN: pith-opt %s --pith-factorize-jointly='min-elements=1 rank=1' --remarks-filter='pith-.*' --split-input-file -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: pith-opt %s --pith-factorize-jointly='min-elements=1 ratio=0.4' --split-input-file | FileCheck %s --check-prefix=RATIO
// RUN: pith-opt %s --pith-factorize-jointly='min-elements=1 energy=0.9' --split-input-file | FileCheck %s --check-prefix=ENERGY
// RUN: pith-opt %s --pith-factorize-jointly='min-elements=1 rank=1 select=/q|/left' --split-input-file | FileCheck %s --check-prefix=SELECT
// RUN: pith-opt %s --pith-factorize-jointly='min-elements=1 rank=4' --remarks-filter='pith-.*' --split-input-file -o /dev/null 2>&1 | FileCheck %s --check-prefix=THREE
// RUN: pith-opt %s --pith-factorize-jointly='min-elements=1 rank=3' --remarks-filter='pith-.*' --split-input-file -o /dev/null 2>&1 | FileCheck %s --check-prefix=TOO-MUCH

// Three weights with the same row space: one factor B, three A.

// REMARK: loc("/q"): [Passed] Joined {{.*}}"rank 1, one of 3", elements_after=14, elements_before=40, node=/q, sqnr_db={{[0-9]+}}
// REMARK: loc("/v"): [Passed] Joined {{.*}}"rank 1, one of 3"
// TOO-MUCH: loc("/q"): [Missed] NotJoined {{.*}}rank 3 of 10 x 4 would take no fewer bytes
// CHECK-LABEL: func @joint
// CHECK: %[[T:.*]] = pith.matmul %{{.*}}, %{{.*}} {transpose_rhs} : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x1xf32>
// CHECK: pith.matmul %[[T]], %{{.*}} {transpose_rhs} : (tensor<1x1xf32>, tensor<4x1xf32>)
// CHECK-NOT: tensor<1x4xf32>, tensor<1x4xf32>
// CHECK: pith.matmul %[[T]], %{{.*}} {transpose_rhs} : (tensor<1x1xf32>, tensor<4x1xf32>)
// CHECK: pith.matmul %[[T]], %{{.*}} {transpose_rhs} : (tensor<1x1xf32>, tensor<2x1xf32>)
// RATIO: tensor<1x1xf32>, tensor<2x1xf32>
// ENERGY: tensor<1x1xf32>, tensor<2x1xf32>
// SELECT-NOT: tensor<1x1xf32>
func.func @joint(%x: tensor<1x4xf32>) -> (tensor<1x4xf32>, tensor<1x4xf32>, tensor<1x2xf32>) {
  %q = pith.constant dense<[[1.0, 2.0, 3.0, 4.0], [2.0, 4.0, 6.0, 8.0], [1.0, 2.0, 3.0, 4.0], [2.0, 4.0, 6.0, 8.0]]> : tensor<4x4xf32> {name = "q"} : tensor<4x4xf32>
  %k = pith.constant dense<[[3.0, 6.0, 9.0, 12.0], [2.0, 4.0, 6.0, 8.0], [1.0, 2.0, 3.0, 4.0], [2.0, 4.0, 6.0, 8.0]]> : tensor<4x4xf32> {name = "k"} : tensor<4x4xf32>
  %v = pith.constant dense<[[1.0, 2.0, 3.0, 4.0], [-2.0, -4.0, -6.0, -8.0]]> : tensor<2x4xf32> {name = "v"} : tensor<2x4xf32>
  %a = pith.matmul %x, %q {transpose_rhs} : (tensor<1x4xf32>, tensor<4x4xf32>) -> tensor<1x4xf32> loc("/q")
  %b = pith.matmul %x, %k {transpose_rhs} : (tensor<1x4xf32>, tensor<4x4xf32>) -> tensor<1x4xf32> loc("/k")
  %c = pith.matmul %x, %v {transpose_rhs} : (tensor<1x4xf32>, tensor<2x4xf32>) -> tensor<1x2xf32> loc("/v")
  return %a, %b, %c : tensor<1x4xf32>, tensor<1x4xf32>, tensor<1x2xf32>
}

// -----

// Weights that have nothing in common are better off alone: a rank of 3 has as many
// elements as one of one and one of two by themselves.

// THREE: loc("/left"): [Missed] NotJoined {{.*}}with as many elements separate factors keep more: {{[0-9.]+}} dB instead of {{[0-9.]+}}
func.func @apart(%x: tensor<1x8xf32>) -> (tensor<1x8xf32>, tensor<1x2xf32>) {
  %w = pith.constant dense<[[3.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]]> : tensor<8x8xf32> {name = "w"} : tensor<8x8xf32>
  %u = pith.constant dense<[[0.0, 0.0, 0.0, 0.0, 1.5, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0, 0.5, 0.0, 0.0]]> : tensor<2x8xf32> {name = "u"} : tensor<2x8xf32>
  %a = pith.matmul %x, %w {transpose_rhs} : (tensor<1x8xf32>, tensor<8x8xf32>) -> tensor<1x8xf32> loc("/left")
  %b = pith.matmul %x, %u {transpose_rhs} : (tensor<1x8xf32>, tensor<2x8xf32>) -> tensor<1x2xf32> loc("/right")
  return %a, %b : tensor<1x8xf32>, tensor<1x2xf32>
}
