// RUN: pith-opt %s --pith-smooth-activations='min-elements=1 alpha=1' --split-input-file | FileCheck %s
// RUN: pith-opt %s --pith-smooth-activations='min-elements=1 alpha=0' --split-input-file | FileCheck %s --check-prefix=ZERO
// RUN: pith-opt %s --pith-smooth-activations='min-elements=1 alpha=1 explicit=true' --split-input-file | FileCheck %s --check-prefix=EXPLICIT
// RUN: pith-opt %s --pith-smooth-activations='min-elements=1 alpha=0 search=true' --split-input-file | FileCheck %s --check-prefix=SEARCH

// With alpha = 1 activations are divided by their largest elements, 4 and 16: into the
// scale of the norm, for both weights alike. Statistics are those of the scaled ones.

// CHECK-LABEL: func @norm
// CHECK-DAG: dense<[2.500000e-01, 6.250000e-02]> : tensor<2xf32> {name = "gamma"}
// CHECK-DAG: dense<{{\[\[}}4.000000e+00, 3.200000e+01]]> : tensor<1x2xf32> {name = "v"}
// CHECK-DAG: dense<{{\[\[}}2.000000e+00, 6.400000e+01]]> : tensor<1x2xf32> {name = "w"}
// CHECK: pith.matmul
// CHECK-SAME: gram = dense<{{\[\[\[}}1.250000e-01, 3.125000e-02], [3.125000e-02, 1.562500e-02]]]>
// CHECK-SAME: largest = dense<1.000000e+00>
// CHECK-SAME: magnitude = dense<{{\[\[}}2.500000e-01, 6.250000e-02]]>
// With alpha = 0 they are multiplied by the largest weights, 1 and 4.
// ZERO-LABEL: func @norm
// ZERO-DAG: dense<[1.000000e+00, 4.000000e+00]> : tensor<2xf32> {name = "gamma"}
// ZERO-DAG: dense<{{\[\[}}1.000000e+00, 5.000000e-01]]> : tensor<1x2xf32> {name = "v"}
// A search finds something better.
// SEARCH-LABEL: func @norm
// SEARCH-NOT: dense<[1.000000e+00, 4.000000e+00]>
// SEARCH: return
func.func @norm(%x: tensor<3x2xf32>) -> (tensor<3x1xf32>, tensor<3x1xf32>) {
  %gamma = pith.constant dense<1.0> : tensor<2xf32> {name = "gamma"} : tensor<2xf32>
  %v = pith.constant dense<[[1.0, 2.0]]> : tensor<1x2xf32> {name = "v"} : tensor<1x2xf32>
  %w = pith.constant dense<[[0.5, 4.0]]> : tensor<1x2xf32> {name = "w"} : tensor<1x2xf32>
  %n = pith.rms_norm %x, %gamma {axis = 1 : i64, epsilon = 1.0e-5 : f64} : (tensor<3x2xf32>, tensor<2xf32>) -> tensor<3x2xf32>
  %y = pith.matmul %n, %v {transpose_rhs, pith.statistics = {rows = 2 : i64, minimum = -16.0 : f32, maximum = 4.0 : f32,
      mean = dense<0.0> : tensor<1x2xf32>, magnitude = dense<1.0> : tensor<1x2xf32>, largest = dense<[[4.0, 16.0]]> : tensor<1x2xf32>,
      gram = dense<[[[2.0, 2.0], [2.0, 4.0]]]> : tensor<1x2x2xf32>}} : (tensor<3x2xf32>, tensor<1x2xf32>) -> tensor<3x1xf32>
  %z = pith.matmul %n, %w {transpose_rhs, pith.statistics = {rows = 2 : i64, minimum = -16.0 : f32, maximum = 4.0 : f32,
      mean = dense<0.0> : tensor<1x2xf32>, magnitude = dense<1.0> : tensor<1x2xf32>, largest = dense<[[4.0, 16.0]]> : tensor<1x2xf32>,
      gram = dense<[[[2.0, 2.0], [2.0, 4.0]]]> : tensor<1x2x2xf32>}} : (tensor<3x2xf32>, tensor<1x2xf32>) -> tensor<3x1xf32>
  return %y, %z : tensor<3x1xf32>, tensor<3x1xf32>
}

// -----

// In a gated unit the linear branch takes the factor: swish does not.

// CHECK-LABEL: func @gated
// CHECK-DAG: dense<{{\[\[}}2.000000e+00, 4.000000e+00]]> : tensor<1x2xf32> {name = "gate"}
// CHECK-DAG: dense<5.000000e-01> : tensor<1x2xf32> {name = "up"}
// CHECK-DAG: dense<{{\[\[}}6.000000e+00], [1.200000e+01]]> : tensor<2x1xf32> {name = "down"}
func.func @gated(%x: tensor<3x2xf32>) -> tensor<3x2xf32> {
  %gate = pith.constant dense<[[2.0, 4.0]]> : tensor<1x2xf32> {name = "gate"} : tensor<1x2xf32>
  %up = pith.constant dense<[[1.0, 1.0]]> : tensor<1x2xf32> {name = "up"} : tensor<1x2xf32>
  %down = pith.constant dense<[[3.0], [6.0]]> : tensor<2x1xf32> {name = "down"} : tensor<2x1xf32>
  %g = pith.matmul %x, %gate {transpose_rhs, pith.statistics = {rows = 2 : i64, minimum = -1.0 : f32, maximum = 1.0 : f32,
      mean = dense<0.0> : tensor<1x2xf32>, magnitude = dense<1.0> : tensor<1x2xf32>, largest = dense<1.0> : tensor<1x2xf32>,
      gram = dense<1.0> : tensor<1x2x2xf32>}} : (tensor<3x2xf32>, tensor<1x2xf32>) -> tensor<3x1xf32>
  %u = pith.matmul %x, %up {transpose_rhs, pith.statistics = {rows = 2 : i64, minimum = -1.0 : f32, maximum = 1.0 : f32,
      mean = dense<0.0> : tensor<1x2xf32>, magnitude = dense<1.0> : tensor<1x2xf32>, largest = dense<1.0> : tensor<1x2xf32>,
      gram = dense<1.0> : tensor<1x2x2xf32>}} : (tensor<3x2xf32>, tensor<1x2xf32>) -> tensor<3x1xf32>
  %s = pith.swish %g : (tensor<3x1xf32>) -> tensor<3x1xf32>
  %p = pith.mul %u, %s : (tensor<3x1xf32>, tensor<3x1xf32>) -> tensor<3x1xf32>
  %y = pith.matmul %p, %down {transpose_rhs, pith.statistics = {rows = 2 : i64, minimum = -2.0 : f32, maximum = 2.0 : f32,
      mean = dense<0.0> : tensor<1x1xf32>, magnitude = dense<1.0> : tensor<1x1xf32>, largest = dense<2.0> : tensor<1x1xf32>,
      gram = dense<2.0> : tensor<1x1x1xf32>}} : (tensor<3x1xf32>, tensor<2x1xf32>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// -----

// Values of attention: two heads of queries share a head of values, so that channels 0
// and 1 have one factor, for the larger of 2 and 4.

// CHECK-LABEL: func @attention
// CHECK-DAG: dense<2.500000e-01> : tensor<1x1xf32> {name = "v"}
// CHECK-DAG: dense<{{\[\[}}4.000000e+00, 8.000000e+00]]> : tensor<1x2xf32> {name = "o"}
func.func @attention(%q: tensor<1x2x3x1xf32>, %k: tensor<1x1x3x1xf32>, %x: tensor<1x3x1xf32>) -> tensor<1x3x1xf32> {
  %v = pith.constant dense<1.0> : tensor<1x1xf32> {name = "v"} : tensor<1x1xf32>
  %o = pith.constant dense<[[1.0, 2.0]]> : tensor<1x2xf32> {name = "o"} : tensor<1x2xf32>
  %split = pith.constant dense<[1, 3, 1, 1]> : tensor<4xi64> : tensor<4xi64>
  %join = pith.constant dense<[1, 3, 2]> : tensor<3xi64> : tensor<3xi64>
  %a = pith.matmul %x, %v {transpose_rhs, pith.statistics = {rows = 2 : i64, minimum = -1.0 : f32, maximum = 1.0 : f32,
      mean = dense<0.0> : tensor<1x1xf32>, magnitude = dense<1.0> : tensor<1x1xf32>, largest = dense<1.0> : tensor<1x1xf32>,
      gram = dense<2.0> : tensor<1x1x1xf32>}} : (tensor<1x3x1xf32>, tensor<1x1xf32>) -> tensor<1x3x1xf32>
  %b = pith.reshape %a, %split : (tensor<1x3x1xf32>, tensor<4xi64>) -> tensor<1x3x1x1xf32>
  %c = pith.transpose %b {permutation = array<i64: 0, 2, 1, 3>} : (tensor<1x3x1x1xf32>) -> tensor<1x1x3x1xf32>
  %d = pith.attention %q, %k, %c {scale = 1.0 : f64} : (tensor<1x2x3x1xf32>, tensor<1x1x3x1xf32>, tensor<1x1x3x1xf32>) -> tensor<1x2x3x1xf32>
  %e = pith.transpose %d {permutation = array<i64: 0, 2, 1, 3>} : (tensor<1x2x3x1xf32>) -> tensor<1x3x2x1xf32>
  %f = pith.reshape %e, %join : (tensor<1x3x2x1xf32>, tensor<3xi64>) -> tensor<1x3x2xf32>
  %y = pith.matmul %f, %o {transpose_rhs, pith.statistics = {rows = 2 : i64, minimum = -1.0 : f32, maximum = 4.0 : f32,
      mean = dense<0.0> : tensor<1x2xf32>, magnitude = dense<1.0> : tensor<1x2xf32>, largest = dense<[[2.0, 4.0]]> : tensor<1x2xf32>,
      gram = dense<[[[2.0, 0.0], [0.0, 2.0]]]> : tensor<1x2x2xf32>}} : (tensor<1x3x2xf32>, tensor<1x2xf32>) -> tensor<1x3x1xf32>
  return %y : tensor<1x3x1xf32>
}

// -----

// Where nothing absorbs the factors they are multiplied explicitly, if the pass may.

// CHECK-LABEL: func @input
// CHECK-NOT: pith.mul
// EXPLICIT-LABEL: func @input
// EXPLICIT-DAG: %[[F:.*]] = pith.constant dense<[2.500000e-01, 6.250000e-02]> : tensor<2xf32> {name = "channel_factors"}
// EXPLICIT-DAG: %[[V:.*]] = pith.constant dense<{{\[\[}}4.000000e+00, 3.200000e+01]]> : tensor<1x2xf32> {name = "v"}
// EXPLICIT: %[[X:.*]] = pith.mul %{{.*}}, %[[F]]
// EXPLICIT: pith.matmul %[[X]], %[[V]]
func.func @input(%x: tensor<3x2xf32>) -> tensor<3x1xf32> {
  %v = pith.constant dense<[[1.0, 2.0]]> : tensor<1x2xf32> {name = "v"} : tensor<1x2xf32>
  %y = pith.matmul %x, %v {transpose_rhs, pith.statistics = {rows = 2 : i64, minimum = -16.0 : f32, maximum = 4.0 : f32,
      mean = dense<0.0> : tensor<1x2xf32>, magnitude = dense<1.0> : tensor<1x2xf32>, largest = dense<[[4.0, 16.0]]> : tensor<1x2xf32>,
      gram = dense<[[[2.0, 2.0], [2.0, 4.0]]]> : tensor<1x2x2xf32>}} : (tensor<3x2xf32>, tensor<1x2xf32>) -> tensor<3x1xf32>
  return %y : tensor<3x1xf32>
}
