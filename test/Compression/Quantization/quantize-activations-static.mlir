// RUN: pith-opt %s --pith-quantize-activations | FileCheck %s
// RUN: pith-opt %s --pith-quantize-activations --remarks-filter='pith-quantize-activations' --remarks-filter-missed='pith-quantize-activations' 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK
// RUN: pith-opt %s --pith-quantize-activations=scheme=symmetric | FileCheck %s --check-prefix=SYMMETRIC
// RUN: pith-opt %s --pith-quantize-activations='bits=4 min-sqnr=0' | FileCheck %s --check-prefix=BITS
// RUN: pith-opt %s --pith-quantize-activations='range=percentile percentile=75 min-sqnr=0' | FileCheck %s --check-prefix=PERCENTILE
// RUN: pith-opt %s --pith-quantize-activations=mode=dynamic | FileCheck %s --check-prefix=DYNAMIC
// RUN: pith-opt %s --pith-quantize-activations=min-sqnr=100 --remarks-filter='pith-quantize-activations' --remarks-filter-missed='pith-quantize-activations' 2>&1 | FileCheck %s --check-prefix=COSTLY
// RUN: pith-opt %s --pass-pipeline='builtin.module(pith-quantize-activations,func.func(pith-factor-scales))' | FileCheck %s --check-prefix=FACTORED
// RUN: not pith-opt %s --pith-quantize-activations=bits=9 2>&1 | FileCheck %s --check-prefix=BAD-BITS
// RUN: not pith-opt %s --pith-quantize-activations=percentile=30 2>&1 | FileCheck %s --check-prefix=BAD-PERCENT

// BAD-BITS: bits: expected 2 to 8, found 9
// BAD-PERCENT: percentile: expected 50 to 100, found 30

// Activations from 0 to 2.55: codes of 8 bits are multiples of 0.01. Two layers share
// them; the padded convolution has the zero point as its padding, by definition.

// CHECK-LABEL: func @main
// CHECK-SAME: (%[[X:.*]]: tensor<1x4x4x2xf32>
// CHECK: %[[S:.*]] = pith.constant dense<0.00999999977> : tensor<1xf32>
// CHECK: %[[Z:.*]] = pith.constant dense<0> : tensor<1xui8>
// CHECK: %[[Q:.*]] = pith.quantize %[[X]], %[[S]], %[[Z]]
// CHECK-SAME: -> tensor<1x4x4x2xui8>
// CHECK: %[[D:.*]] = pith.dequantize %[[Q]], %[[S]], %[[Z]] {axis = 3 : i64}
// CHECK-NOT: pith.quantize
// CHECK: pith.conv %[[D]]
// CHECK: pith.conv %[[D]]
// REMARK-DAG: loc("/first"): [Passed] IntegerActivation {{.*}}"static uint8 activation, 0.0000 to 2.5500 (min-max), estimated sqnr_db {{.*}}"
// REMARK-DAG: loc("/second"): [Passed] IntegerActivation

// SYMMETRIC: pith.quantize {{.*}} -> tensor<1x4x4x2xi8>

// Codes of 4 bits are bytes all the same.
// BITS: pith.constant dense<1.700000e-01> : tensor<1xf32>
// BITS: pith.quantize {{.*}}bits = 4 : i64{{.*}} -> tensor<1x4x4x2xui8>

// Without a histogram values are spread evenly.
// PERCENTILE: pith.constant dense<7.500000e-03> : tensor<1xf32>

// A convolution has no rows that dynamic scales could belong to.
// DYNAMIC-NOT: pith.quantize
// DYNAMIC-NOT: pith.dynamic_quantize

// COSTLY-DAG: loc("/first"): [Missed] FloatActivation {{.*}}would cost too much: expected at least 100.0 dB
// COSTLY: pith.conv %arg0

// The sums are those of integers, scaled once.
// FACTORED: %[[Q:.*]] = pith.quantize
// FACTORED: %[[ONE:.*]] = pith.constant dense<1.000000e+00> : tensor<1xf32>
// FACTORED: %[[D:.*]] = pith.dequantize %[[Q]], %[[ONE]]
// FACTORED: %[[Y:.*]] = pith.conv %[[D]]
// FACTORED: %[[M:.*]] = pith.mul %[[Y]]
// FACTORED: pith.add %[[M]]
func.func @main(%x: tensor<1x4x4x2xf32>) -> (tensor<1x4x4x2xf32>, tensor<1x4x4x2xf32>) {
  %c = pith.constant dense<3> : tensor<2x3x3x2xi8> : tensor<2x3x3x2xi8>
  %s = pith.constant dense<[[0.5], [0.25]]> : tensor<2x1xf32> : tensor<2x1xf32>
  %w = pith.dequantize %c, %s {axis = 1 : i64} : (tensor<2x3x3x2xi8>, tensor<2x1xf32>) -> tensor<2x3x3x2xf32>
  %b = pith.constant dense<[1.0, 2.0]> : tensor<2xf32> : tensor<2xf32>
  %y = pith.conv %x, %w, %b {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
    pads_low = array<i64: 1, 1>, pads_high = array<i64: 1, 1>, layout = #pith.layout<channels_last>,
    pith.statistics = {rows = 16 : i64, minimum = 0.0 : f32, maximum = 2.55 : f32,
      mean = dense<1.0> : tensor<1x18xf32>, magnitude = dense<1.0> : tensor<1x18xf32>,
      largest = dense<2.55> : tensor<1x18xf32>}}
    : (tensor<1x4x4x2xf32>, tensor<2x3x3x2xf32>, tensor<2xf32>) -> tensor<1x4x4x2xf32> loc("/first")
  %z = pith.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
    pads_low = array<i64: 1, 1>, pads_high = array<i64: 1, 1>, layout = #pith.layout<channels_last>,
    pith.statistics = {rows = 16 : i64, minimum = 0.0 : f32, maximum = 2.55 : f32,
      mean = dense<1.0> : tensor<1x18xf32>, magnitude = dense<1.0> : tensor<1x18xf32>,
      largest = dense<2.55> : tensor<1x18xf32>}}
    : (tensor<1x4x4x2xf32>, tensor<2x3x3x2xf32>) -> tensor<1x4x4x2xf32> loc("/second")
  return %y, %z : tensor<1x4x4x2xf32>, tensor<1x4x4x2xf32>
}
