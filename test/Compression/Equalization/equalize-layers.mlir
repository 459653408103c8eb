// RUN: pith-opt %s --pith-equalize-layers=min-elements=1 --split-input-file | FileCheck %s
// RUN: pith-opt %s --pith-equalize-layers=min-elements=1 --remarks-filter='pith-equalize-layers' --remarks-filter-missed='pith-equalize-layers' --remarks-filter-passed='pith-equalize-layers' --split-input-file -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: pith-opt %s --pith-equalize-layers='min-elements=1 iterations=1' --split-input-file | FileCheck %s --check-prefix=ONCE

// Ranges of the two channels are 4 and 1, 0.5 and 8: the factors are √(1/4) and √(8/0.5).

// CHECK-LABEL: func @bias
// CHECK-DAG: dense<{{\[\[}}5.000000e-01, 1.000000e+00, 2.000000e+00], [1.000000e+00, -2.000000e+00, 0.000000e+00]]> : tensor<2x3xf32> {name = "w1"}
// CHECK-DAG: dense<[5.000000e-01, 2.000000e+00]> : tensor<2xf32> {name = "b1"}
// CHECK-DAG: dense<{{\[\[}}2.000000e+00, 5.000000e-01], [1.000000e+00, -2.000000e+00]]> : tensor<2x2xf32> {name = "w2"}
// REMARK-DAG: loc("/fc1"): [Missed] NotScaled {{.*}}"an input of the model would be scaled"
// REMARK-DAG: loc("/fc2"): [Passed] Equalized {{.*}}absorbed_by="/add,/fc1", factors=2, {{.*}}octaves_apart=0.00, octaves_apart_before=3.16, sweeps=2
func.func @bias(%x: tensor<2x3xf32>) -> tensor<2x2xf32> {
  %w1 = pith.constant dense<[[1.0, 2.0, 4.0], [0.25, -0.5, 0.0]]> : tensor<2x3xf32> {name = "w1"} : tensor<2x3xf32>
  %b1 = pith.constant dense<[1.0, 0.5]> : tensor<2xf32> {name = "b1"} : tensor<2xf32>
  %w2 = pith.constant dense<[[1.0, 2.0], [0.5, -8.0]]> : tensor<2x2xf32> {name = "w2"} : tensor<2x2xf32>
  %h = pith.matmul %x, %w1 {transpose_rhs} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x2xf32> loc("/fc1")
  %a = pith.add %h, %b1 : (tensor<2x2xf32>, tensor<2xf32>) -> tensor<2x2xf32> loc("/add")
  %r = pith.relu %a : (tensor<2x2xf32>) -> tensor<2x2xf32> loc("/relu")
  %y = pith.matmul %r, %w2 {transpose_rhs} : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32> loc("/fc2")
  return %y : tensor<2x2xf32>
}

// -----

// A depthwise convolution takes part on both sides: its own range moves too, so that
// all three end at the cube root of 1 · 8 · 1; one sweep does not get there.

// CHECK-LABEL: func @depthwise
// CHECK-DAG: dense<{{1.99|2.00}}{{[0-9e.+-]*}}> : tensor<1x1x1x1xf32> {name = "w1"}
// CHECK-DAG: dense<{{1.99|2.00}}{{[0-9e.+-]*}}> : tensor<1x1x1x1xf32> {name = "d"}
// CHECK-DAG: dense<{{1.99|2.00}}{{[0-9e.+-]*}}> : tensor<1x1x1x1xf32> {name = "w2"}
// ONCE-LABEL: func @depthwise
// ONCE-DAG: dense<2.82{{[0-9e.+-]*}}> : tensor<1x1x1x1xf32> {name = "w1"}
// ONCE-DAG: dense<1.68{{[0-9e.+-]*}}> : tensor<1x1x1x1xf32> {name = "w2"}
func.func @depthwise(%x: tensor<1x2x2x1xf32>) -> tensor<1x2x2x1xf32> {
  %w1 = pith.constant dense<1.0> : tensor<1x1x1x1xf32> {name = "w1"} : tensor<1x1x1x1xf32>
  %d = pith.constant dense<8.0> : tensor<1x1x1x1xf32> {name = "d"} : tensor<1x1x1x1xf32>
  %w2 = pith.constant dense<1.0> : tensor<1x1x1x1xf32> {name = "w2"} : tensor<1x1x1x1xf32>
  %a = pith.conv %x, %w1 {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>,
    pads_high = array<i64: 0, 0>, layout = #pith.layout<channels_last>} : (tensor<1x2x2x1xf32>, tensor<1x1x1x1xf32>) -> tensor<1x2x2x1xf32>
  %r = pith.leaky_relu %a : (tensor<1x2x2x1xf32>) -> tensor<1x2x2x1xf32>
  %b = pith.conv %r, %d {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>,
    pads_high = array<i64: 0, 0>, layout = #pith.layout<channels_last>} : (tensor<1x2x2x1xf32>, tensor<1x1x1x1xf32>) -> tensor<1x2x2x1xf32>
  %y = pith.conv %b, %w2 {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>,
    pads_high = array<i64: 0, 0>, layout = #pith.layout<channels_last>} : (tensor<1x2x2x1xf32>, tensor<1x1x1x1xf32>) -> tensor<1x2x2x1xf32>
  return %y : tensor<1x2x2x1xf32>
}

// -----

// Channels of a grouped convolution: outputs of a group see its channels alone.

// CHECK-LABEL: func @grouped
// CHECK-DAG: dense<{{\[\[}}2.000000e+00, 0.000000e+00], [4.000000e+00, 0.000000e+00]]> : tensor<2x2xf32> {name = "w1"}
// CHECK-DAG: dense<{{\[\[\[\[}}2.000000e+00]]], {{\[\[\[}}4.000000e+00]]]]> : tensor<2x1x1x1xf32> {name = "d"}
func.func @grouped(%x: tensor<1x1x1x2xf32>) -> tensor<1x1x1x2xf32> {
  %w1 = pith.constant dense<[[1.0, 0.0], [1.0, 0.0]]> : tensor<2x2xf32> {name = "w1"} : tensor<2x2xf32>
  %d = pith.constant dense<[[[[4.0]]], [[[16.0]]]]> : tensor<2x1x1x1xf32> {name = "d"} : tensor<2x1x1x1xf32>
  %a = pith.matmul %x, %w1 {transpose_rhs} : (tensor<1x1x1x2xf32>, tensor<2x2xf32>) -> tensor<1x1x1x2xf32>
  %y = pith.conv %a, %d {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, group = 2 : i64,
    pads_high = array<i64: 0, 0>, layout = #pith.layout<channels_last>} : (tensor<1x1x1x2xf32>, tensor<2x1x1x1xf32>) -> tensor<1x1x1x2xf32>
  return %y : tensor<1x1x1x2xf32>
}

// -----

// Both writers of a residual sum and all its readers share the factors: the range in
// front is max(1, 2), that behind max(8, 4).

// CHECK-LABEL: func @residual
// CHECK-DAG: dense<2.000000e+00> : tensor<1x2xf32> {name = "w1"}
// CHECK-DAG: dense<4.000000e+00> : tensor<1x2xf32> {name = "w2"}
// CHECK-DAG: dense<4.000000e+00> : tensor<2x1xf32> {name = "w3"}
// CHECK-DAG: dense<2.000000e+00> : tensor<2x1xf32> {name = "w4"}
func.func @residual(%x: tensor<3x2xf32>) -> (tensor<3x2xf32>, tensor<3x2xf32>) {
  %w1 = pith.constant dense<1.0> : tensor<1x2xf32> {name = "w1"} : tensor<1x2xf32>
  %w2 = pith.constant dense<2.0> : tensor<1x2xf32> {name = "w2"} : tensor<1x2xf32>
  %w3 = pith.constant dense<8.0> : tensor<2x1xf32> {name = "w3"} : tensor<2x1xf32>
  %w4 = pith.constant dense<4.0> : tensor<2x1xf32> {name = "w4"} : tensor<2x1xf32>
  %a = pith.matmul %x, %w1 {transpose_rhs} : (tensor<3x2xf32>, tensor<1x2xf32>) -> tensor<3x1xf32>
  %b = pith.matmul %x, %w2 {transpose_rhs} : (tensor<3x2xf32>, tensor<1x2xf32>) -> tensor<3x1xf32>
  %s = pith.add %a, %b : (tensor<3x1xf32>, tensor<3x1xf32>) -> tensor<3x1xf32>
  %y = pith.matmul %s, %w3 {transpose_rhs} : (tensor<3x1xf32>, tensor<2x1xf32>) -> tensor<3x2xf32>
  %z = pith.matmul %s, %w4 {transpose_rhs} : (tensor<3x1xf32>, tensor<2x1xf32>) -> tensor<3x2xf32>
  return %y, %z : tensor<3x2xf32>, tensor<3x2xf32>
}

// -----

// What is not homogeneous, what an output shows, and weights used elsewhere stop factors.

// CHECK-LABEL: func @obstacles
// CHECK-COUNT-3: dense<[{{.*}}1.000000e+00, 9.000000e+00
// REMARK-DAG: loc("/behind_sigmoid"): [Missed] NotScaled {{.*}}"'/sigmoid' (pith.sigmoid) lets no factor through"
// REMARK-DAG: loc("/behind_output"): [Missed] NotScaled {{.*}}"an output of the model would be scaled"
func.func @obstacles(%x: tensor<3x2xf32>) -> (tensor<3x2xf32>, tensor<3x2xf32>) {
  %w1 = pith.constant dense<[[1.0, 9.0], [1.0, 1.0]]> : tensor<2x2xf32> {name = "w1"} : tensor<2x2xf32>
  %w2 = pith.constant dense<[[1.0, 9.0], [2.0, 2.0]]> : tensor<2x2xf32> {name = "w2"} : tensor<2x2xf32>
  %w3 = pith.constant dense<[[1.0, 9.0], [3.0, 3.0]]> : tensor<2x2xf32> {name = "w3"} : tensor<2x2xf32>
  %a = pith.matmul %x, %w1 {transpose_rhs} : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32> loc("/first")
  %s = pith.sigmoid %a : (tensor<3x2xf32>) -> tensor<3x2xf32> loc("/sigmoid")
  %y = pith.matmul %s, %w2 {transpose_rhs} : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32> loc("/behind_sigmoid")
  %z = pith.matmul %y, %w3 {transpose_rhs} : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32> loc("/behind_output")
  return %y, %z : tensor<3x2xf32>, tensor<3x2xf32>
}

// -----

// Half of the channels go through a slice, and zeros are padded: each channel of the
// joint product keeps its own factor.

// CHECK-LABEL: func @slices
// CHECK-DAG: dense<2.000000e+00> : tensor<2x1xf32> {name = "w1"}
// CHECK-DAG: dense<{{\[\[}}2.000000e+00, 7.000000e+00]]> : tensor<1x2xf32> {name = "w2"}
// CHECK-DAG: dense<2.000000e+00> : tensor<1x1xf32> {name = "w3"}
func.func @slices(%x: tensor<3x1xf32>) -> (tensor<3x1xf32>, tensor<3x1xf32>) {
  %w1 = pith.constant dense<[[1.0], [4.0]]> : tensor<2x1xf32> {name = "w1"} : tensor<2x1xf32>
  %w2 = pith.constant dense<[[4.0, 7.0]]> : tensor<1x2xf32> {name = "w2"} : tensor<1x2xf32>
  %w3 = pith.constant dense<1.0> : tensor<1x1xf32> {name = "w3"} : tensor<1x1xf32>
  %zero = pith.constant dense<0> : tensor<1xi64> : tensor<1xi64>
  %one = pith.constant dense<1> : tensor<1xi64> : tensor<1xi64>
  %two = pith.constant dense<2> : tensor<1xi64> : tensor<1xi64>
  %low = pith.constant dense<0> : tensor<2xi64> : tensor<2xi64>
  %high = pith.constant dense<[0, 1]> : tensor<2xi64> : tensor<2xi64>
  %a = pith.matmul %x, %w1 {transpose_rhs} : (tensor<3x1xf32>, tensor<2x1xf32>) -> tensor<3x2xf32>
  %l = pith.slice %a, %zero, %one {axes = array<i64: 1>, steps = array<i64: 1>} : (tensor<3x2xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<3x1xf32>
  %r = pith.slice %a, %one, %two {axes = array<i64: 1>, steps = array<i64: 1>} : (tensor<3x2xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<3x1xf32>
  %p = pith.pad %l, %low, %high {mode = #pith.pad_mode<constant>} : (tensor<3x1xf32>, tensor<2xi64>, tensor<2xi64>) -> tensor<3x2xf32>
  %y = pith.matmul %p, %w2 {transpose_rhs} : (tensor<3x2xf32>, tensor<1x2xf32>) -> tensor<3x1xf32>
  %z = pith.matmul %r, %w3 {transpose_rhs} : (tensor<3x1xf32>, tensor<1x1xf32>) -> tensor<3x1xf32>
  return %y, %z : tensor<3x1xf32>, tensor<3x1xf32>
}
