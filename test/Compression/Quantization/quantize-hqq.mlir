// RUN: pith-opt %s --pith-quantize-hqq='min-elements=1 bits=2' | FileCheck %s
// RUN: pith-opt %s --pith-quantize-hqq='min-elements=1 bits=2 fit-scale=false' | FileCheck %s --check-prefix=FIXED
// RUN: pith-opt %s --pith-quantize-hqq='min-elements=1 bits=2 iterations=0' | FileCheck %s --check-prefix=START
// RUN: pith-opt %s --pith-quantize-hqq='min-elements=1 bits=0' | FileCheck %s --check-prefix=CHOSEN
// RUN: pith-opt %s --pith-prune-weights=min-elements=1 --pith-quantize-hqq=min-elements=1 | FileCheck %s --check-prefix=SPARSE
// RUN: not pith-opt %s --pith-quantize-hqq=norm=2 2>&1 | FileCheck %s --check-prefix=NORM
// RUN: not pith-opt %s --pith-quantize-hqq=scale-type=u8 2>&1 | FileCheck %s --check-prefix=BYTES

// NORM: expected a norm above 0 and at most 1, found 2
// BYTES: scale-type=u8 and i8 need integer zero points, which this pass does not make

// Without a step the range is covered: s = 3.3 / 3, z = 0. Nearly all elements are 0,
// 1, 2 or 3; one is not: fitted scales leave it alone.

// START: dense<1.099610e+00> : tensor<1x1xf16> {name = "w.scale"}
// FIXED: dense<1.099610e+00> : tensor<1x1xf16> {name = "w.scale"}
// CHECK: dense<1.005860e+00> : tensor<1x1xf16> {name = "w.scale"}
// CHECK: pith.dequantize
// CHECK-SAME: tensor<1x32xui2>, tensor<1x1xf16>, tensor<1x1xf16>
// CHOSEN: tensor<1x32xui3>
// SPARSE-NOT: pith.dequantize
func.func @main(%x: tensor<1x32xf32>) -> tensor<1x1xf32> {
  %w = pith.constant dense<[[0.0, 1.0, 2.0, 3.0, 0.0, 1.0, 2.0, 3.0, 0.0, 1.0, 2.0, 3.0, 0.0, 1.0, 2.0, 3.0,
    0.0, 1.0, 2.0, 3.0, 0.0, 1.0, 2.0, 3.0, 0.0, 1.0, 2.0, 3.0, 0.0, 1.0, 2.0, 3.3]]> : tensor<1x32xf32> {name = "w"} : tensor<1x32xf32>
  %y = pith.matmul %x, %w {transpose_rhs, pith.bits = 3 : i64} : (tensor<1x32xf32>, tensor<1x32xf32>) -> tensor<1x1xf32>
  return %y : tensor<1x1xf32>
}
