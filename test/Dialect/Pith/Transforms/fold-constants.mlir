// RUN: pith-opt %s -split-input-file -pass-pipeline="builtin.module(func.func(pith-fold-constants))" | FileCheck %s
// RUN: pith-opt %s -split-input-file -pass-pipeline="builtin.module(func.func(pith-fold-constants{max-bytes=8}))" | FileCheck %s --check-prefix=SMALL
// RUN: pith-opt %s -split-input-file -pass-pipeline="builtin.module(func.func(pith-fold-constants))" --remarks-filter=pith-fold-constants --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// CHECK-LABEL: @sum
// CHECK-NEXT: %[[C:.*]] = pith.constant dense<[4.000000e+00, 6.000000e+00, 8.000000e+00]> : tensor<3xf32> {name = "a"}
// CHECK-NEXT: return %[[C]]
// SMALL-LABEL: @sum
// SMALL: pith.add
func.func @sum() -> tensor<3xf32> {
  %a = pith.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32> {name = "a"} : tensor<3xf32>
  %b = pith.constant dense<[3.0, 4.0, 5.0]> : tensor<3xf32> : tensor<3xf32>
  %0 = pith.add %a, %b : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}

// -----

// What is stored stays stored.
// CHECK-LABEL: @codec
// CHECK: pith.dequantize
func.func @codec() -> tensor<2x2xf32> {
  %q = pith.constant dense<[[1, 2], [3, 4]]> : tensor<2x2xi8> : tensor<2x2xi8>
  %s = pith.constant dense<0.5> : tensor<f32> : tensor<f32>
  %0 = pith.dequantize %q, %s : (tensor<2x2xi8>, tensor<f32>) -> tensor<2x2xf32>
  return %0 : tensor<2x2xf32>
}

// -----

// A megabyte of one number stays a number.
// CHECK-LABEL: @fill
// CHECK: pith.expand
// REMARK: the constant result would take 1048576 bytes, its operands take 20
func.func @fill() -> tensor<512x512xf32> {
  %c = pith.constant dense<1.0> : tensor<f32> : tensor<f32>
  %s = pith.constant dense<512> : tensor<2xi64> : tensor<2xi64>
  %0 = pith.expand %c, %s : (tensor<f32>, tensor<2xi64>) -> tensor<512x512xf32>
  return %0 : tensor<512x512xf32>
}
