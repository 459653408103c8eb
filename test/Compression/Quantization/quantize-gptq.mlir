// RUN: pith-opt %s --pith-quantize-gptq='min-elements=1 granularity=per-tensor order=none sweeps=0 correct-bias=none' --print-weights | FileCheck %s --check-prefixes=CHECK,PLAIN
// RUN: pith-opt %s --pith-quantize-gptq='min-elements=1 granularity=per-tensor order=full correct-bias=none' --remarks-filter-analyse='pith-quantize-gptq' -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: pith-opt %s --pith-quantize-gptq='min-elements=1 granularity=per-tensor correct-bias=all' | FileCheck %s --check-prefix=BIAS
// RUN: pith-opt %s --pith-quantize-gptq='min-elements=1 granularity=per-tensor' | FileCheck %s --check-prefix=NOBIAS
// RUN: pith-opt %s --pith-quantize-gptq='min-elements=1 bits=0 granularity=per-tensor' | FileCheck %s --check-prefix=CHOSEN
// RUN: not pith-opt %s --pith-quantize-gptq='damping=2' 2>&1 | FileCheck %s --check-prefix=DAMPING
// RUN: not pith-opt %s --pith-quantize-gptq='bits=9' 2>&1 | FileCheck %s --check-prefix=BITS
// RUN: not pith-opt %s --pith-quantize-gptq='min-elements=1 recalibrate=1' 2>&1 | FileCheck %s --check-prefix=SAMPLES
// RUN: not pith-opt %s --pith-quantize-gptq='sweeps=101' 2>&1 | FileCheck %s --check-prefix=SWEEPS

// The scale is 1. x₁ is nearly x₀, so what 0.4 loses by becoming 0 is made up for:
// 0.3 + 0.4 · 0.99 rounds to 1 (codes 0, 1, 7, -7). The table is only looked up.

// CHECK: pith.constant dense<1.000000e+00> : tensor<1xf16>
// PLAIN: w: "0x400000001097"
// REMARK: dB of output, {{.*}} dB if rounded to nearest
// REMARK: rounded to nearest: it is only looked up
// DAMPING: expected a damping from 0 to 1, found 2
// BITS: expected bits from 0 to 8, found 9
// SAMPLES: expects samples to calibrate on, found none
// SWEEPS: expected at most 100 sweeps, found 101

// The mean activation is 1: the product gets a bias for what its weights lose.
// BIAS: pith.matmul {{.*}}pith.mean_error
// BIAS-NEXT: pith.constant dense<-0.{{[23].*}}> : tensor<1xf32> {name = "w.bias"}
// BIAS-NEXT: pith.add
// It has none: by default it gets none.
// NOBIAS-NOT: pith.add

// pith.bits counts where the option is 0.
// CHOSEN: tensor<1x4xi8>
func.func @main(%x: tensor<1x4xf32>, %i: tensor<2xi64>) -> (tensor<1x1xf32>, tensor<2x4xf32>) {
  %w = pith.constant dense<[[0.4, 0.3, 7.0, -7.0]]> : tensor<1x4xf32> {name = "w"} : tensor<1x4xf32>
  %y = pith.matmul %x, %w {transpose_rhs, pith.bits = 8 : i64, pith.statistics = {rows = 5 : i64, minimum = -4.0 : f32, maximum = 4.0 : f32,
      mean = dense<1.0> : tensor<1x4xf32>, magnitude = dense<1.0> : tensor<1x4xf32>, largest = dense<4.0> : tensor<1x4xf32>,
      gram = dense<[[[100.0, 99.0, 0.0, 0.0], [99.0, 100.0, 0.0, 0.0], [0.0, 0.0, 100.0, 0.0], [0.0, 0.0, 0.0, 100.0]]]> : tensor<1x4x4xf32>}}
      : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x1xf32>
  %t = pith.constant dense<[[0.5, 1.5, 7.0, -7.0], [1.0, 2.0, 3.0, 7.0]]> : tensor<2x4xf32> {name = "t"} : tensor<2x4xf32>
  %e = pith.gather %t, %i {axis = 0 : i64} : (tensor<2x4xf32>, tensor<2xi64>) -> tensor<2x4xf32>
  return %y, %e : tensor<1x1xf32>, tensor<2x4xf32>
}
