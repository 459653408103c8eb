// RUN: pith-opt %s --pith-equalize-layers='min-elements=1 select=f2 absorb-bias=3' --split-input-file | FileCheck %s
// RUN: pith-opt %s --pith-equalize-layers='min-elements=1 select=f2 absorb-bias=3' --remarks-filter-passed='pith-equalize-layers' --remarks-filter-missed='pith-equalize-layers' --split-input-file -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: pith-opt %s --pith-equalize-layers='min-elements=1 select=f2 absorb-bias=12' --split-input-file | FileCheck %s --check-prefix=NOTHING
// RUN: pith-opt %s --pith-equalize-layers='min-elements=1 select=f2' --split-input-file | FileCheck %s --check-prefix=NOTHING
// RUN: not pith-opt %s --pith-equalize-layers=absorb-bias=-1 2>&1 | FileCheck %s --check-prefix=NEGATIVE
// RUN: not pith-opt %s --pith-equalize-layers='min-elements=1 absorb-bias=3' --split-input-file 2>&1 | FileCheck %s --check-prefix=PROFILE

// NEGATIVE: expected absorb-bias from 0 to 1000, found -1
// PROFILE: error: weight 'seen by nobody': pith-equalize-layers needs a profile of the model's activations, found none

// Ranges are equal on both sides: no factors. The first channel has mean 10 and deviation
// 1, c = 7; the second 0.5 and 1. 7 · (2, −1) goes into the bias behind.

// CHECK-LABEL: func @product
// CHECK: %[[W:.*]] = pith.constant dense<{{\[\[}}2.000000e+00, 1.000000e+00], [-1.000000e+00, 2.000000e+00]]>
// CHECK: dense<[-2.000000e+00, 1.000000e+00]> : tensor<2xf32>
// CHECK: %[[Y:.*]] = pith.matmul %{{.*}}, %[[W]]
// CHECK-SAME: gram = dense<{{\[\[\[}}4.000000e+01, 6.000000e+00], [6.000000e+00, 5.000000e+00]]]>
// CHECK-SAME: largest = dense<{{\[\[}}5.000000e+00, 2.000000e+00]]>
// CHECK-SAME: magnitude = dense<{{\[\[}}3.000000e+00, 5.000000e-01]]>
// CHECK-SAME: maximum = 5.000000e+00
// CHECK-SAME: mean = dense<{{\[\[}}3.000000e+00, 5.000000e-01]]>
// CHECK: %[[B:.*]] = pith.constant dense<[1.400000e+01, -7.000000e+00]> : tensor<2xf32>
// CHECK: pith.add %[[Y]], %[[B]]
// REMARK: loc("/relu"): [Passed] Absorbed {{.*}}channels=1, largest=7.000, node=/relu
// NOTHING-LABEL: func @product
// NOTHING-DAG: dense<[5.000000e+00, 1.000000e+00]> : tensor<2xf32>
// NOTHING: return
func.func @product(%x: tensor<3x2xf32>) -> tensor<3x2xf32> {
  %w1 = pith.constant dense<[[1.0, 2.0], [2.0, 1.0]]> : tensor<2x2xf32> {name = "w1"} : tensor<2x2xf32>
  %b1 = pith.constant dense<[5.0, 1.0]> : tensor<2xf32> {name = "b1"} : tensor<2xf32>
  %w2 = pith.constant dense<[[2.0, 1.0], [-1.0, 2.0]]> : tensor<2x2xf32> {name = "w2"} : tensor<2x2xf32>
  %h = pith.matmul %x, %w1 {transpose_rhs} : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32> loc("/f1")
  %a = pith.add %h, %b1 : (tensor<3x2xf32>, tensor<2xf32>) -> tensor<3x2xf32> loc("/add")
  %r = pith.relu %a : (tensor<3x2xf32>) -> tensor<3x2xf32> loc("/relu")
  %y = pith.matmul %r, %w2 {transpose_rhs, pith.statistics = {rows = 4 : i64, minimum = 0.0 : f32, maximum = 12.0 : f32,
      mean = dense<[[10.0, 0.5]]> : tensor<1x2xf32>, magnitude = dense<[[10.0, 0.5]]> : tensor<1x2xf32>, largest = dense<[[12.0, 2.0]]> : tensor<1x2xf32>,
      gram = dense<[[[404.0, 20.0], [20.0, 5.0]]]> : tensor<1x2x2xf32>}} : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32> loc("/f2")
  return %y : tensor<3x2xf32>
}

// -----

// A window that does not pad reads the same channel several times.

// CHECK-LABEL: func @window
// CHECK-DAG: dense<-7.000000e+00> : tensor<1xf32>
// CHECK-DAG: dense<2.100000e+01> : tensor<1xf32>
// REMARK: loc("/relu"): [Passed] Absorbed {{.*}}channels=1, largest=7.000
func.func @window(%x: tensor<1x1x4x1xf32>) -> tensor<1x1x3x1xf32> {
  %w1 = pith.constant dense<2.0> : tensor<1x1x1x1xf32> {name = "w1"} : tensor<1x1x1x1xf32>
  %w2 = pith.constant dense<[[[[1.0], [2.0]]]]> : tensor<1x1x2x1xf32> {name = "w2"} : tensor<1x1x2x1xf32>
  %a = pith.conv %x, %w1 {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>,
    pads_high = array<i64: 0, 0>, layout = #pith.layout<channels_last>} : (tensor<1x1x4x1xf32>, tensor<1x1x1x1xf32>) -> tensor<1x1x4x1xf32> loc("/f1")
  %r = pith.relu %a : (tensor<1x1x4x1xf32>) -> tensor<1x1x4x1xf32> loc("/relu")
  %y = pith.conv %r, %w2 {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>,
    pads_high = array<i64: 0, 0>, layout = #pith.layout<channels_last>, pith.statistics = {rows = 4 : i64, minimum = 0.0 : f32, maximum = 12.0 : f32,
      mean = dense<[[10.0, 10.0]]> : tensor<1x2xf32>, magnitude = dense<[[10.0, 10.0]]> : tensor<1x2xf32>, largest = dense<[[12.0, 2.0]]> : tensor<1x2xf32>,
      gram = dense<[[[404.0, 404.0], [404.0, 404.0]]]> : tensor<1x2x2xf32>}} : (tensor<1x1x4x1xf32>, tensor<1x1x2x1xf32>) -> tensor<1x1x3x1xf32> loc("/f2")
  return %y : tensor<1x1x3x1xf32>
}

// -----

// Padding is not lowered; what reads an activation besides would see it lowered.

// CHECK-LABEL: func @padded
// CHECK-NOT: dense<-7
// REMARK: loc("/relu"): [Missed] NotAbsorbed {{.*}}"'/f2' pads it with zeros"
func.func @padded(%x: tensor<1x1x4x1xf32>) -> tensor<1x3x6x1xf32> {
  %w1 = pith.constant dense<2.0> : tensor<1x1x1x1xf32> {name = "w1"} : tensor<1x1x1x1xf32>
  %w2 = pith.constant dense<2.0> : tensor<1x1x1x1xf32> {name = "w2"} : tensor<1x1x1x1xf32>
  %a = pith.conv %x, %w1 {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>,
    pads_high = array<i64: 0, 0>, layout = #pith.layout<channels_last>} : (tensor<1x1x4x1xf32>, tensor<1x1x1x1xf32>) -> tensor<1x1x4x1xf32> loc("/f1")
  %r = pith.relu %a : (tensor<1x1x4x1xf32>) -> tensor<1x1x4x1xf32> loc("/relu")
  %y = pith.conv %r, %w2 {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 1, 1>,
    pads_high = array<i64: 1, 1>, layout = #pith.layout<channels_last>, pith.statistics = {rows = 4 : i64, minimum = 0.0 : f32, maximum = 12.0 : f32,
      mean = dense<[[10.0]]> : tensor<1x1xf32>, magnitude = dense<[[10.0]]> : tensor<1x1xf32>, largest = dense<[[12.0]]> : tensor<1x1xf32>,
      gram = dense<[[[404.0]]]> : tensor<1x1x1xf32>}} : (tensor<1x1x4x1xf32>, tensor<1x1x1x1xf32>) -> tensor<1x3x6x1xf32> loc("/f2")
  return %y : tensor<1x3x6x1xf32>
}

// -----

// REMARK: loc("/relu"): [Missed] NotAbsorbed {{.*}}"'/sum' reads it in another way"
// REMARK: loc("/alone"): [Missed] NotAbsorbed {{.*}}"no layer with a bias is in front of it alone"
func.func @others(%x: tensor<3x1xf32>) -> (tensor<3x1xf32>, tensor<3x1xf32>) {
  %w1 = pith.constant dense<2.0> : tensor<1x1xf32> {name = "w1"} : tensor<1x1xf32>
  %w2 = pith.constant dense<2.0> : tensor<1x1xf32> {name = "w2"} : tensor<1x1xf32>
  %w3 = pith.constant dense<2.0> : tensor<1x1xf32> {name = "w3"} : tensor<1x1xf32>
  %a = pith.matmul %x, %w1 {transpose_rhs} : (tensor<3x1xf32>, tensor<1x1xf32>) -> tensor<3x1xf32> loc("/f1")
  %r = pith.relu %a : (tensor<3x1xf32>) -> tensor<3x1xf32> loc("/relu")
  %y = pith.matmul %r, %w2 {transpose_rhs, pith.statistics = {rows = 4 : i64, minimum = 0.0 : f32, maximum = 12.0 : f32,
      mean = dense<[[10.0]]> : tensor<1x1xf32>, magnitude = dense<[[10.0]]> : tensor<1x1xf32>, largest = dense<[[12.0]]> : tensor<1x1xf32>,
      gram = dense<[[[404.0]]]> : tensor<1x1x1xf32>}} : (tensor<3x1xf32>, tensor<1x1xf32>) -> tensor<3x1xf32> loc("/f2")
  %z = pith.add %y, %r : (tensor<3x1xf32>, tensor<3x1xf32>) -> tensor<3x1xf32> loc("/sum")
  %s = pith.relu %x : (tensor<3x1xf32>) -> tensor<3x1xf32> loc("/alone")
  %u = pith.matmul %s, %w3 {transpose_rhs, pith.statistics = {rows = 4 : i64, minimum = 0.0 : f32, maximum = 12.0 : f32,
      mean = dense<[[10.0]]> : tensor<1x1xf32>, magnitude = dense<[[10.0]]> : tensor<1x1xf32>, largest = dense<[[12.0]]> : tensor<1x1xf32>,
      gram = dense<[[[404.0]]]> : tensor<1x1x1xf32>}} : (tensor<3x1xf32>, tensor<1x1xf32>) -> tensor<3x1xf32> loc("/f2b")
  return %z, %u : tensor<3x1xf32>, tensor<3x1xf32>
}

// -----

func.func @blind(%x: tensor<3x1xf32>) -> tensor<3x1xf32> {
  %w1 = pith.constant dense<2.0> : tensor<1x1xf32> {name = "f2 w1"} : tensor<1x1xf32>
  %w2 = pith.constant dense<2.0> : tensor<1x1xf32> {name = "seen by nobody"} : tensor<1x1xf32>
  %a = pith.matmul %x, %w1 {transpose_rhs} : (tensor<3x1xf32>, tensor<1x1xf32>) -> tensor<3x1xf32>
  %r = pith.relu %a : (tensor<3x1xf32>) -> tensor<3x1xf32>
  %y = pith.matmul %r, %w2 {transpose_rhs} : (tensor<3x1xf32>, tensor<1x1xf32>) -> tensor<3x1xf32>
  return %y : tensor<3x1xf32>
}
