// What is rounded, what is not and why; no later pass takes it back.

// RUN: pith-opt %s --split-input-file --pith-round-floats | FileCheck %s
// RUN: pith-opt %s --split-input-file --pith-round-floats --canonicalize --pith-fold-constants | FileCheck %s
// RUN: pith-opt %s --split-input-file --pith-round-floats --pith-round-floats | FileCheck %s
// RUN: pith-opt %s --split-input-file --pith-round-floats --remarks-filter-passed=pith-round-floats --remarks-filter-missed=pith-round-floats -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// Ties go to even: 2049 and 2051 lie between 2048, 2050 and 2052.

// CHECK-LABEL: @kinds
// CHECK-DAG: %[[W:.*]] = pith.constant {{.*}} : tensor<2x4xf16> {name = "w"}
// CHECK-DAG: %[[B:.*]] = pith.constant dense<[2.048000e+03, 2.052000e+03, 1.000000e+00, 2.000000e+00, 3.000000e+00, 4.000000e+00, 5.000000e+00, 6.000000e+00]> : tensor<8xf16> {name = "b"}
// CHECK-DAG: pith.widen %[[W]] {pith.error = 79.92{{.*}}pith.original_bytes = 32 : i64} : (tensor<2x4xf16>) -> tensor<2x4xf32>
// CHECK-DAG: pith.widen %[[B]] {{.*}} : (tensor<8xf16>) -> tensor<8xf32>
// REMARK-DAG: Remark=f16, bits_per_weight=16.000, node=pith.matmul, sqnr_db=79.92, tensor=w
// REMARK-DAG: Remark=f16, bits_per_weight=16.000, node=pith.add, sqnr_db=66.24, tensor=b
func.func @kinds(%x: tensor<1x4xf32>, %y: tensor<1x8xf32>) -> (tensor<1x2xf32>, tensor<1x8xf32>) {
  %w = pith.constant dense<[[0.1, 0.2, 0.3, 0.4], [-1.0, 2.0, 0.7, 0.6]]> : tensor<2x4xf32> {name = "w"} : tensor<2x4xf32>
  %b = pith.constant dense<[2049.0, 2051.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]> : tensor<8xf32> {name = "b"} : tensor<8xf32>
  %0 = pith.matmul %x, %w {transpose_rhs} : (tensor<1x4xf32>, tensor<2x4xf32>) -> tensor<1x2xf32>
  %1 = pith.add %y, %b : (tensor<1x8xf32>, tensor<8xf32>) -> tensor<1x8xf32>
  return %0, %1 : tensor<1x2xf32>, tensor<1x8xf32>
}

// -----

// Scale and bias of a norm.

// CHECK-LABEL: @norm
// CHECK: pith.widen
// CHECK: pith.widen
// CHECK: pith.layer_norm
func.func @norm(%x: tensor<3x8xf32>) -> tensor<3x8xf32> {
  %s = pith.constant dense<[1.1, 0.9, 1.2, 0.8, 1.3, 0.7, 1.4, 0.6]> : tensor<8xf32> {name = "s"} : tensor<8xf32>
  %b = pith.constant dense<[0.1, 0.9, 0.2, 0.8, 0.3, 0.7, 0.4, 0.6]> : tensor<8xf32> {name = "b"} : tensor<8xf32>
  %0 = pith.layer_norm %x scale %s : tensor<8xf32> bias %b : tensor<8xf32> {axis = 1 : i64, epsilon = 1.0e-5 : f64} : tensor<3x8xf32> -> tensor<3x8xf32>
  return %0 : tensor<3x8xf32>
}

// -----

// CHECK-LABEL: @kept
// CHECK-NOT: pith.widen
// CHECK: return
// REMARK-DAG: its largest magnitude, 6.552e+04, lies outside the range of f16{{.*}}tensor=range
// REMARK-DAG: not all of its elements are finite{{.*}}tensor=infinite
// REMARK-DAG: dB, fewer than min-sqnr 40.0{{.*}}tensor=tiny
// REMARK-DAG: all its elements are equal: kernels contain them{{.*}}tensor=equal
// REMARK-DAG: 7 elements, fewer than min-elements 8{{.*}}tensor=few
func.func @kept(%x: tensor<8xf32>, %z: tensor<7xf32>) -> (tensor<8xf32>, tensor<7xf32>) {
  %a = pith.constant dense<[65520.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]> : tensor<8xf32> {name = "range"} : tensor<8xf32>
  %b = pith.constant dense<[0xFF800000, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]> : tensor<8xf32> {name = "infinite"} : tensor<8xf32>
  %c = pith.constant dense<[1.3e-7, 2.2e-7, 1.3e-7, 3.3e-7, 1.1e-7, 2.1e-7, 3.2e-7, 4.4e-7]> : tensor<8xf32> {name = "tiny"} : tensor<8xf32>
  %d = pith.constant dense<0.3> : tensor<8xf32> {name = "equal"} : tensor<8xf32>
  %e = pith.constant dense<[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]> : tensor<7xf32> {name = "few"} : tensor<7xf32>
  %0 = pith.add %x, %a : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  %1 = pith.add %0, %b : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  %2 = pith.add %1, %c : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  %3 = pith.add %2, %d : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  %4 = pith.add %z, %e : (tensor<7xf32>, tensor<7xf32>) -> tensor<7xf32>
  return %3, %4 : tensor<8xf32>, tensor<7xf32>
}

// -----

// The largest that rounds to a number: 65504 and half of the step to 65536, less a bit.

// CHECK-LABEL: @limit
// CHECK: dense<[6.550400e+04, 2.000000e+00
// CHECK: pith.widen
func.func @limit(%x: tensor<8xf32>) -> tensor<8xf32> {
  %a = pith.constant dense<[65519.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]> : tensor<8xf32> {name = "range"} : tensor<8xf32>
  %0 = pith.add %x, %a : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  return %0 : tensor<8xf32>
}
