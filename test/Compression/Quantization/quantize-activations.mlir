// RUN: pith-opt %s --pith-quantize-weights=min-elements=1 --pith-quantize-activations --split-input-file | FileCheck %s
// RUN: pith-opt %s --pith-quantize-weights=min-elements=1 --pith-quantize-activations --remarks-filter='pith-quantize-activations' --remarks-filter-missed='pith-quantize-activations' --split-input-file 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK
// RUN: pith-opt %s --pith-quantize-weights=min-elements=1 --pith-quantize-activations=granularity=row --split-input-file | FileCheck %s --check-prefix=ROW
// RUN: pith-opt %s --pith-quantize-weights='min-elements=1 granularity=per-channel' --pith-quantize-activations --split-input-file | FileCheck %s --check-prefix=ROW

// Two layers share the rounded activation, which has the groups of the weights.

// CHECK-LABEL: func @shared
// CHECK-SAME: (%[[X:.*]]: tensor<?x40xf32>)
// CHECK: %[[C:.*]], %[[S:.*]] = pith.dynamic_quantize %[[X]]
// CHECK-SAME: group_size = 32
// CHECK-SAME: (tensor<?x40xf32>) -> (tensor<?x40xi8>, tensor<?x2xf32>)
// CHECK: %[[R:.*]] = pith.dequantize %[[C]], %[[S]] {group_size = 32 : i64}
// CHECK-NOT: pith.dynamic_quantize
// CHECK: pith.matmul %[[R]]
// CHECK: pith.matmul %[[R]]

// One scale per row: of the pass by its option, or where the weights have no groups.

// ROW-LABEL: func @shared
// ROW: pith.dynamic_quantize
// ROW-SAME: (tensor<?x40xf32>) -> (tensor<?x40xi8>, tensor<?x1xf32>)

// REMARK-DAG: loc("/first"): [Passed] IntegerActivation {{.*}}"int8 activation, groups of 32"
// REMARK-DAG: loc("/second"): [Passed] IntegerActivation
func.func @shared(%x: tensor<?x40xf32>) -> (tensor<?x2xf32>, tensor<?x2xf32>) {
  %v = pith.constant dense<1.5> : tensor<2x40xf32> {name = "v"} : tensor<2x40xf32>
  %w = pith.constant dense<0.5> : tensor<2x40xf32> {name = "w"} : tensor<2x40xf32>
  %y = pith.matmul %x, %v {transpose_rhs} : (tensor<?x40xf32>, tensor<2x40xf32>) -> tensor<?x2xf32> loc("/first")
  %z = pith.matmul %x, %w {transpose_rhs} : (tensor<?x40xf32>, tensor<2x40xf32>) -> tensor<?x2xf32> loc("/second")
  return %y, %z : tensor<?x2xf32>, tensor<?x2xf32>
}

// -----

// A convolution reduces over windows, a look-up over nothing, and a float weight
// has no codes: their activations stay float, and remarks say why.

// CHECK-LABEL: func @others
// CHECK-NOT: pith.dynamic_quantize
// REMARK-DAG: loc("/conv"): [Missed] FloatActivation {{.*}}"the activation is not contracted over its last axis alone, and there is no profile (granularity=tensor needs neither)"
// REMARK-DAG: loc("/look-up"): [Missed] FloatActivation {{.*}}"nothing is multiplied with the weight"
// REMARK-DAG: loc("/float"): [Missed] FloatActivation {{.*}}"the weight has no integer form: f32"
func.func @others(%x: tensor<1x4x4x8xf32>, %i: tensor<3xi64>, %a: tensor<3x1xf32>)
    -> (tensor<1x2x2x2xf32>, tensor<3x40xf32>, tensor<3x1xf32>) {
  %v = pith.constant dense<1.5> : tensor<2x3x3x8xf32> {name = "v"} : tensor<2x3x3x8xf32>
  %w = pith.constant dense<0.5> : tensor<2x40xf32> {name = "w"} : tensor<2x40xf32>
  %f = pith.constant dense<0.5> : tensor<1x1xf32> {name = "f"} : tensor<1x1xf32>
  %y = pith.conv %x, %v {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
    pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>, layout = #pith.layout<channels_last>}
    : (tensor<1x4x4x8xf32>, tensor<2x3x3x8xf32>) -> tensor<1x2x2x2xf32> loc("/conv")
  %z = pith.gather %w, %i {axis = 0 : i64} : (tensor<2x40xf32>, tensor<3xi64>) -> tensor<3x40xf32> loc("/look-up")
  %u = pith.matmul %a, %f : (tensor<3x1xf32>, tensor<1x1xf32>) -> tensor<3x1xf32> loc("/float")
  return %y, %z, %u : tensor<1x2x2x2xf32>, tensor<3x40xf32>, tensor<3x1xf32>
}
