// RUN: pith-opt %s --pith-rotate-activations=min-elements=1 --split-input-file | FileCheck %s
// RUN: pith-opt %s --pith-rotate-activations='min-elements=1 block=2' --split-input-file | FileCheck %s --check-prefix=BLOCK
// RUN: pith-opt %s --pith-rotate-activations='min-elements=1 seed=1' --split-input-file | FileCheck %s --check-prefix=SEED
// RUN: pith-opt %s --pith-rotate-activations=min-elements=1 --remarks-filter-missed='pith-rotate-.*' --split-input-file -o /dev/null 2>&1 | FileCheck %s --check-prefix=LEFT
// RUN: pith-opt %s --pith-rotate-activations='min-elements=1 only-outliers=false' --split-input-file | FileCheck %s --check-prefix=ALL
// RUN: pith-opt %s --pith-rotate-activations='min-elements=1 explicit=false' --remarks-filter-passed='pith-rotate-.*' --remarks-filter-missed='pith-rotate-.*' --split-input-file -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// An input is rotated by ops, once for both products: windows of 4 of its 6 elements.

// CHECK-LABEL: func @input
// CHECK-SAME: (%[[X:.*]]: tensor<3x6xf32>)
// CHECK-DAG: %[[S:.*]] = pith.constant dense<[-1.000000e+00, 1.000000e+00, -1.000000e+00, -1.000000e+00, -1.000000e+00, -1.000000e+00]> : tensor<6xf32> {name = "signs"}
// CHECK-DAG: %[[M:.*]] = pith.mul %[[X]], %[[S]]
// CHECK-DAG: %[[R:.*]] = pith.hadamard %[[M]] {block = 4 : i64, offsets = array<i64: 0, 2>}
// CHECK-DAG: %[[V:.*]] = pith.constant {{.*}} : tensor<2x6xf32> {name = "v"}
// CHECK-DAG: %[[W:.*]] = pith.constant {{.*}} : tensor<2x6xf32> {name = "w"}
// CHECK: pith.matmul %[[R]], %[[V]]
// CHECK: pith.matmul %[[R]], %[[W]]
// BLOCK-LABEL: func @input
// BLOCK: pith.hadamard {{.*}} {block = 2 : i64, offsets = array<i64: 0, 2, 4>}
// SEED-LABEL: func @input
// SEED-NOT: dense<[-1.000000e+00, 1.000000e+00, -1.000000e+00, -1.000000e+00, -1.000000e+00, -1.000000e+00]>
// SEED: return
// REMARK-DAG: loc("/first"): [Missed] NotRotated {{.*}}"that takes explicit ops"
func.func @input(%x: tensor<3x6xf32>) -> (tensor<3x2xf32>, tensor<3x2xf32>) {
  %v = pith.constant dense<1.0> : tensor<2x6xf32> {name = "v"} : tensor<2x6xf32>
  %w = pith.constant dense<2.0> : tensor<2x6xf32> {name = "w"} : tensor<2x6xf32>
  %y = pith.matmul %x, %v {transpose_rhs} : (tensor<3x6xf32>, tensor<2x6xf32>) -> tensor<3x2xf32> loc("/first")
  %z = pith.matmul %x, %w {transpose_rhs} : (tensor<3x6xf32>, tensor<2x6xf32>) -> tensor<3x2xf32> loc("/second")
  return %y, %z : tensor<3x2xf32>, tensor<3x2xf32>
}

// -----

// A residual stream is rotated for free, from the table to the last product; the scale of
// the norm goes into the weights behind it. What is behind a nonlinear op is not free.

// CHECK-LABEL: func @stream
// CHECK-NOT: pith.hadamard
// CHECK: pith.rms_norm %{{[0-9]+}} {
// CHECK-NOT: pith.hadamard
// CHECK: pith.gelu
// CHECK: pith.hadamard
// CHECK-NOT: pith.hadamard
// CHECK: return
// REMARK-DAG: loc("/down"): [Missed] NotRotated {{.*}}"that takes explicit ops"
// REMARK-DAG: loc("/up"): [Passed] Rotated {{.*}}block=2, elements=2, explicit_ops=0, {{.*}}nodes="/up,/head", writers=2
func.func @stream(%i: tensor<3xi64>) -> tensor<3x5xf32> {
  %t = pith.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32> {name = "t"} : tensor<2x2xf32>
  %gamma = pith.constant dense<[2.0, 0.5]> : tensor<2xf32> {name = "gamma"} : tensor<2xf32>
  %up = pith.constant dense<[[1.0, 1.0], [2.0, -1.0], [0.5, 3.0]]> : tensor<3x2xf32> {name = "up"} : tensor<3x2xf32>
  %down = pith.constant dense<[[1.0, 1.0, 2.0], [2.0, -1.0, 3.0]]> : tensor<2x3xf32> {name = "down"} : tensor<2x3xf32>
  %head = pith.constant dense<1.0> : tensor<5x2xf32> {name = "head"} : tensor<5x2xf32>
  %e = pith.gather %t, %i {axis = 0 : i64} : (tensor<2x2xf32>, tensor<3xi64>) -> tensor<3x2xf32>
  %n = pith.rms_norm %e, %gamma {axis = 1 : i64, epsilon = 1.0e-5 : f64} : (tensor<3x2xf32>, tensor<2xf32>) -> tensor<3x2xf32>
  %u = pith.matmul %n, %up {transpose_rhs} : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<3x3xf32> loc("/up")
  %a = pith.gelu %u : (tensor<3x3xf32>) -> tensor<3x3xf32>
  %d = pith.matmul %a, %down {transpose_rhs} : (tensor<3x3xf32>, tensor<2x3xf32>) -> tensor<3x2xf32> loc("/down")
  %s = pith.add %e, %d : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<3x2xf32>
  %y = pith.matmul %s, %head {transpose_rhs} : (tensor<3x2xf32>, tensor<5x2xf32>) -> tensor<3x5xf32> loc("/head")
  return %y : tensor<3x5xf32>
}

// -----

// Without outliers a rotation does harm: 1 is 0.4 root mean squares here, a normal
// distribution's largest of two 1.2.

// LEFT: loc("/even"): [Missed] NotRotated {{.*}}"its largest element is 0.4 root mean squares, no more than the 1.2 of a rotated one"
// ALL-LABEL: func @even
// ALL: pith.hadamard
// BLOCK-LABEL: func @even
// BLOCK-NOT: pith.hadamard
// BLOCK: return
func.func @even(%x: tensor<3x2xf32>) -> tensor<3x1xf32> {
  %w = pith.constant dense<[[1.0, 0.4]]> : tensor<1x2xf32> {name = "w"} : tensor<1x2xf32>
  %y = pith.matmul %x, %w {transpose_rhs, pith.statistics = {rows = 1 : i64, minimum = -1.0 : f32, maximum = 1.0 : f32,
      mean = dense<0.0> : tensor<1x2xf32>, magnitude = dense<1.0> : tensor<1x2xf32>, largest = dense<1.0> : tensor<1x2xf32>,
      gram = dense<[[[8.0, 0.0], [0.0, 2.0]]]> : tensor<1x2x2xf32>}} : (tensor<3x2xf32>, tensor<1x2xf32>) -> tensor<3x1xf32> loc("/even")
  return %y : tensor<3x1xf32>
}

// -----

// Statistics are rotated too: signs are + and −, so that (x, y) becomes (x − y, x + y) / √2.

// BLOCK-LABEL: func @statistics
// BLOCK: gram = dense<{{\[\[\[}}{{4.99|5.00}}{{[0-9e+-]*}}, {{3.00|2.99}}{{[0-9e+-]*}}], [{{3.00|2.99}}{{[0-9e+-]*}}, {{4.99|5.00}}{{[0-9e+-]*}}]]]>
func.func @statistics(%x: tensor<3x2xf32>) -> tensor<3x1xf32> {
  %w = pith.constant dense<[[1.0, 0.4]]> : tensor<1x2xf32> {name = "w"} : tensor<1x2xf32>
  %y = pith.matmul %x, %w {transpose_rhs, pith.statistics = {rows = 2 : i64, minimum = -16.0 : f32, maximum = 4.0 : f32,
      mean = dense<0.0> : tensor<1x2xf32>, magnitude = dense<1.0> : tensor<1x2xf32>, largest = dense<4.0> : tensor<1x2xf32>,
      gram = dense<[[[8.0, 0.0], [0.0, 2.0]]]> : tensor<1x2x2xf32>}} : (tensor<3x2xf32>, tensor<1x2xf32>) -> tensor<3x1xf32>
  return %y : tensor<3x1xf32>
}

// -----

// A weight that something else uses stays.

// REMARK-DAG: loc("/tied"): [Missed] NotRotated {{.*}}"its weights are not dense, in groups, or used elsewhere too"
func.func @tied(%x: tensor<3x2xf32>, %i: tensor<3xi64>) -> (tensor<3x2xf32>, tensor<3x2xf32>) {
  %w = pith.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32> {name = "w"} : tensor<2x2xf32>
  %e = pith.gather %w, %i {axis = 0 : i64} : (tensor<2x2xf32>, tensor<3xi64>) -> tensor<3x2xf32>
  %y = pith.matmul %x, %w {transpose_rhs} : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32> loc("/tied")
  return %y, %e : tensor<3x2xf32>, tensor<3x2xf32>
}
