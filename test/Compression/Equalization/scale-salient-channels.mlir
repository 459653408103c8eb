// RUN: pith-opt %s --pith-scale-salient-channels='min-elements=1 bits=2 group-size=0 search=none clip=false' --split-input-file | FileCheck %s
// RUN: pith-opt %s --pith-scale-salient-channels='min-elements=1 bits=2 group-size=0 search=none clip=false' --remarks-filter-passed='pith-scale-.*' --remarks-filter-missed='pith-scale-.*' --split-input-file -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: pith-opt %s --pith-scale-salient-channels='min-elements=1 bits=0 group-size=0 search=none clip=false steps=1' --remarks-filter-passed='pith-scale-.*' --split-input-file -o /dev/null 2>&1 | FileCheck %s --check-prefix=STEP
// RUN: pith-opt %s --pith-scale-salient-channels='min-elements=1 bits=2 group-size=0 search=none clip=false explicit=true' --split-input-file | FileCheck %s --check-prefix=EXPLICIT
// RUN: pith-opt %s --pith-scale-salient-channels='min-elements=1 bits=2 group-size=0 search=none' --split-input-file | FileCheck %s --check-prefix=CLIP
// RUN: pith-opt %s --pith-scale-salient-channels='min-elements=1 bits=0 group-size=0 search=none clip=false' --remarks-filter-missed='pith-scale-.*' --remarks-filter-passed='pith-scale-.*' --split-input-file -o /dev/null 2>&1 | FileCheck %s --check-prefix=CHOSEN

// Two bits have the codes −2 … 1 with scale max|w|: 0.4 becomes 0, whatever large
// activation it meets. Divided by the magnitudes of weights (α = 0) both have a code.

// CHECK-LABEL: func @salient
// REMARK: loc("/fc"): [Passed] Scaled {{.*}}absorbed_by=/norm, alpha=0.00, by_weights=yes, factors=2, node=/fc, output_sqnr_db=73.65, output_sqnr_db_before=0.01
// The 8 bits that an earlier pass chose: less is to be won. With one step 0.15 is not on
// trial.
// CHOSEN: loc("/fc"): {{.*}}alpha=0.15, {{.*}}output_sqnr_db_before=48.24
// STEP: loc("/fc"): {{.*}}alpha={{(0|1).00}}, {{.*}}output_sqnr_db_before=48.24
// CHECK-DAG: %[[G:.*]] = pith.constant dense<[{{[0-9.e+-]+}}, {{[0-9.e+-]+}}]> : tensor<2xf32> {name = "gamma"}
// CHECK: pith.rms_norm %{{.*}}, %[[G]]
// CLIP-LABEL: func @salient
// CLIP: pith.matmul
func.func @salient(%x: tensor<3x2xf32>) -> tensor<3x1xf32> {
  %gamma = pith.constant dense<1.0> : tensor<2xf32> {name = "gamma"} : tensor<2xf32>
  %w = pith.constant dense<[[1.0, 0.4]]> : tensor<1x2xf32> {name = "w"} : tensor<1x2xf32>
  %n = pith.rms_norm %x, %gamma {axis = 1 : i64, epsilon = 1.0e-5 : f64} : (tensor<3x2xf32>, tensor<2xf32>) -> tensor<3x2xf32> loc("/norm")
  %y = pith.matmul %n, %w {transpose_rhs, pith.bits = 8 : i64, pith.statistics = {rows = 2 : i64, minimum = -16.0 : f32, maximum = 4.0 : f32,
      mean = dense<0.0> : tensor<1x2xf32>, magnitude = dense<[[0.25, 16.0]]> : tensor<1x2xf32>, largest = dense<[[1.0, 16.0]]> : tensor<1x2xf32>,
      gram = dense<[[[0.125, 0.0], [0.0, 512.0]]]> : tensor<1x2x2xf32>}} : (tensor<3x2xf32>, tensor<1x2xf32>) -> tensor<3x1xf32> loc("/fc")
  return %y : tensor<3x1xf32>
}

// -----

// Nothing absorbs factors of an input.

// REMARK: loc("/first"): [Missed] NotScaled {{.*}}"an input of the model would be scaled"
// EXPLICIT-LABEL: func @input
// EXPLICIT: pith.mul
func.func @input(%x: tensor<3x2xf32>) -> tensor<3x1xf32> {
  %w = pith.constant dense<[[1.0, 0.4]]> : tensor<1x2xf32> {name = "w"} : tensor<1x2xf32>
  %y = pith.matmul %x, %w {transpose_rhs, pith.statistics = {rows = 2 : i64, minimum = -16.0 : f32, maximum = 4.0 : f32,
      mean = dense<0.0> : tensor<1x2xf32>, magnitude = dense<[[0.25, 16.0]]> : tensor<1x2xf32>, largest = dense<[[1.0, 16.0]]> : tensor<1x2xf32>,
      gram = dense<[[[0.125, 0.0], [0.0, 512.0]]]> : tensor<1x2x2xf32>}} : (tensor<3x2xf32>, tensor<1x2xf32>) -> tensor<3x1xf32> loc("/first")
  return %y : tensor<3x1xf32>
}

// -----

// A limit of half the largest weight keeps the others apart from 0: code 1 is worth 0.5.

// CLIP-LABEL: func @limited
// CLIP: dense<5.000000e-01> : tensor<1x4xf32> {name = "w"
// CHECK-LABEL: func @limited
// CHECK: dense<{{\[\[}}1.000000e+00, 5.000000e-01,
func.func @limited(%x: tensor<3x4xf32>) -> tensor<3x1xf32> {
  %w = pith.constant dense<[[1.0, 0.5, 0.5, 0.5]]> : tensor<1x4xf32> {name = "w"} : tensor<1x4xf32>
  %y = pith.matmul %x, %w {transpose_rhs, pith.statistics = {rows = 2 : i64, minimum = -1.0 : f32, maximum = 1.0 : f32,
      mean = dense<0.0> : tensor<1x4xf32>, magnitude = dense<1.0> : tensor<1x4xf32>, largest = dense<1.0> : tensor<1x4xf32>,
      gram = dense<[[[0.1, 0.0, 0.0, 0.0], [0.0, 2.0, 0.0, 0.0], [0.0, 0.0, 2.0, 0.0], [0.0, 0.0, 0.0, 2.0]]]> : tensor<1x4x4xf32>}} : (tensor<3x4xf32>, tensor<1x4xf32>) -> tensor<3x1xf32>
  return %y : tensor<3x1xf32>
}

// -----

// Layers that share an activation: factors that both gain from.

// CHECK-LABEL: func @both
// REMARK: loc("/both1"): [Passed] Scaled {{.*}}node="/both1,/both2"
func.func @both(%x: tensor<3x2xf32>) -> (tensor<3x1xf32>, tensor<3x1xf32>) {
  %gamma = pith.constant dense<1.0> : tensor<2xf32> {name = "gamma"} : tensor<2xf32>
  %v = pith.constant dense<[[1.0, 0.4]]> : tensor<1x2xf32> {name = "v"} : tensor<1x2xf32>
  %w = pith.constant dense<[[2.0, 0.8]]> : tensor<1x2xf32> {name = "w"} : tensor<1x2xf32>
  %n = pith.rms_norm %x, %gamma {axis = 1 : i64, epsilon = 1.0e-5 : f64} : (tensor<3x2xf32>, tensor<2xf32>) -> tensor<3x2xf32> loc("/norm")
  %y = pith.matmul %n, %v {transpose_rhs, pith.statistics = {rows = 2 : i64, minimum = -16.0 : f32, maximum = 4.0 : f32,
      mean = dense<0.0> : tensor<1x2xf32>, magnitude = dense<[[0.25, 16.0]]> : tensor<1x2xf32>, largest = dense<[[1.0, 16.0]]> : tensor<1x2xf32>,
      gram = dense<[[[0.125, 0.0], [0.0, 512.0]]]> : tensor<1x2x2xf32>}} : (tensor<3x2xf32>, tensor<1x2xf32>) -> tensor<3x1xf32> loc("/both1")
  %z = pith.matmul %n, %w {transpose_rhs, pith.statistics = {rows = 2 : i64, minimum = -16.0 : f32, maximum = 4.0 : f32,
      mean = dense<0.0> : tensor<1x2xf32>, magnitude = dense<[[0.25, 16.0]]> : tensor<1x2xf32>, largest = dense<[[1.0, 16.0]]> : tensor<1x2xf32>,
      gram = dense<[[[0.125, 0.0], [0.0, 512.0]]]> : tensor<1x2x2xf32>}} : (tensor<3x2xf32>, tensor<1x2xf32>) -> tensor<3x1xf32> loc("/both2")
  return %y, %z : tensor<3x1xf32>, tensor<3x1xf32>
}

// -----

// Any factors but 1 would cost the second its exact codes, little as that is beside what
// the first would gain.

// CHECK-LABEL: func @torn
// CHECK: dense<[{{\[}}1.000000e+00, 4.000000e-01]]>
// REMARK: loc("/torn1"): [Missed] NotScaled {{.*}}"no factors lessen the error of all layers' outputs"{{.*}}node="/torn1,/torn2"
func.func @torn(%x: tensor<3x2xf32>) -> (tensor<3x1xf32>, tensor<3x1xf32>) {
  %gamma = pith.constant dense<1.0> : tensor<2xf32> {name = "gamma"} : tensor<2xf32>
  %v = pith.constant dense<[[1.0, 0.4]]> : tensor<1x2xf32> {name = "v"} : tensor<1x2xf32>
  %w = pith.constant dense<[[1.0, 1.0]]> : tensor<1x2xf32> {name = "w"} : tensor<1x2xf32>
  %n = pith.rms_norm %x, %gamma {axis = 1 : i64, epsilon = 1.0e-5 : f64} : (tensor<3x2xf32>, tensor<2xf32>) -> tensor<3x2xf32> loc("/norm")
  %y = pith.matmul %n, %v {transpose_rhs, pith.statistics = {rows = 2 : i64, minimum = -16.0 : f32, maximum = 4.0 : f32,
      mean = dense<0.0> : tensor<1x2xf32>, magnitude = dense<[[0.25, 16.0]]> : tensor<1x2xf32>, largest = dense<[[1.0, 16.0]]> : tensor<1x2xf32>,
      gram = dense<[[[0.125, 0.0], [0.0, 512.0]]]> : tensor<1x2x2xf32>}} : (tensor<3x2xf32>, tensor<1x2xf32>) -> tensor<3x1xf32> loc("/torn1")
  %z = pith.matmul %n, %w {transpose_rhs, pith.statistics = {rows = 2 : i64, minimum = -16.0 : f32, maximum = 4.0 : f32,
      mean = dense<0.0> : tensor<1x2xf32>, magnitude = dense<[[0.25, 16.0]]> : tensor<1x2xf32>, largest = dense<[[1.0, 16.0]]> : tensor<1x2xf32>,
      gram = dense<[[[0.125, 0.0], [0.0, 512.0]]]> : tensor<1x2x2xf32>}} : (tensor<3x2xf32>, tensor<1x2xf32>) -> tensor<3x1xf32> loc("/torn2")
  return %y, %z : tensor<3x1xf32>, tensor<3x1xf32>
}

// -----

// Scales below what half precision represents are single ones, as in rounding itself:
// the codes of the small weights are exact.

// CHECK-LABEL: func @tiny
// REMARK: loc("/tiny"): [Missed] NotScaled {{.*}}output_sqnr_db_before=999
func.func @tiny(%x: tensor<3x2xf32>) -> tensor<3x1xf32> {
  %gamma = pith.constant dense<1.0> : tensor<2xf32> {name = "gamma"} : tensor<2xf32>
  %w = pith.constant dense<1.2345e-7> : tensor<1x2xf32> {name = "w"} : tensor<1x2xf32>
  %n = pith.rms_norm %x, %gamma {axis = 1 : i64, epsilon = 1.0e-5 : f64} : (tensor<3x2xf32>, tensor<2xf32>) -> tensor<3x2xf32> loc("/norm")
  %y = pith.matmul %n, %w {transpose_rhs, pith.statistics = {rows = 2 : i64, minimum = -16.0 : f32, maximum = 4.0 : f32,
      mean = dense<0.0> : tensor<1x2xf32>, magnitude = dense<[[0.25, 16.0]]> : tensor<1x2xf32>, largest = dense<[[1.0, 16.0]]> : tensor<1x2xf32>,
      gram = dense<[[[0.125, 0.0], [0.0, 512.0]]]> : tensor<1x2x2xf32>}} : (tensor<3x2xf32>, tensor<1x2xf32>) -> tensor<3x1xf32> loc("/tiny")
  return %y : tensor<3x1xf32>
}
