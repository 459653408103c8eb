// RUN: pith-opt %s --pith-prune-channels='scope=layer ratio=0.5 min-elements=1' --split-input-file | FileCheck %s
// RUN: pith-opt %s --pith-prune-channels='scope=layer ratio=0.5 min-elements=1' --split-input-file --remarks-filter='pith-prune.*' --remarks-filter-missed='pith-prune.*' -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: pith-opt %s --pith-prune-channels='scope=layer ratio=0.5 min-elements=1 multiple-of=2' --split-input-file | FileCheck %s --check-prefix=MULTIPLE
// RUN: pith-opt %s --pith-prune-channels='scope=layer ratio=0.75 max-ratio=0.5 min-elements=1' --split-input-file | FileCheck %s
// RUN: pith-opt %s --pith-prune-channels='ratio=0.12 min-elements=1' --split-input-file | FileCheck %s --check-prefix=GLOBAL

// A neuron is a row of one weight, an element of its bias, and a column of the next
// weight. The smaller rows go: 0 and 2.

// CHECK-LABEL: func.func @main
// CHECK-DAG: %[[A:.*]] = pith.constant dense<{{\[\[}}4.000000e+00, 5.000000e+00, 6.000000e+00], [7.000000e+00, 8.000000e+00, 9.000000e+00]]> : tensor<2x3xf32> {name = "a", pith.original_bytes = 48 : i64}
// CHECK-DAG: %[[BIAS:.*]] = pith.constant dense<[2.000000e+01, 4.000000e+01]> : tensor<2xf32>
// CHECK-DAG: %[[B:.*]] = pith.constant dense<{{\[\[}}2.000000e+00, 4.000000e+00], [6.000000e+00, 8.000000e+00]]> : tensor<2x2xf32>
// CHECK: pith.matmul %{{.*}}, %[[A]] {transpose_rhs} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x2xf32>
// CHECK: pith.add
// CHECK: pith.relu {{.*}} -> tensor<2x2xf32>
// CHECK: pith.matmul %{{.*}}, %[[B]]
// REMARK: [Missed] Kept {{.*}}"an output of the model depends on it", node=b
// REMARK: [Passed] Removed {{.*}}"removed 2 of 4 channels", importance=magnitude{{.*}}node=a
// The ratio of all 24 parameters is 2.88: one neuron of 6.
// GLOBAL-LABEL: func.func @main
// GLOBAL: pith.constant {{.*}}tensor<3x3xf32> {name = "a"
func.func @main(%x: tensor<2x3xf32> {pith.name = "x"}) -> tensor<2x2xf32> {
  %a = pith.constant dense<[[0.1, 0.2, 0.3], [4.0, 5.0, 6.0], [0.4, 0.5, 0.6], [7.0, 8.0, 9.0]]> : tensor<4x3xf32> {name = "a"} : tensor<4x3xf32>
  %bias = pith.constant dense<[10.0, 20.0, 30.0, 40.0]> : tensor<4xf32> : tensor<4xf32>
  %b = pith.constant dense<[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]> : tensor<2x4xf32> {name = "b"} : tensor<2x4xf32>
  %h = pith.matmul %x, %a {transpose_rhs} : (tensor<2x3xf32>, tensor<4x3xf32>) -> tensor<2x4xf32>
  %s = pith.add %h, %bias : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  %r = pith.relu %s : (tensor<2x4xf32>) -> tensor<2x4xf32>
  %y = pith.matmul %r, %b {transpose_rhs} : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}

// -----

// A residual stream ties what is added: rows of `a` and `b`, and columns of `b` and `c`.
// Channels 1 and 2 go, or with multiple-of=2 these, too.

// CHECK-LABEL: func.func @main
// CHECK-DAG: tensor<2x2xf32> {name = "a"
// CHECK-DAG: tensor<2x2xf32> {name = "b"
// CHECK-DAG: dense<{{\[\[}}1.000000e+00, 4.000000e+00]]> : tensor<1x2xf32> {name = "c"
// MULTIPLE-LABEL: func.func @main
// MULTIPLE: tensor<2x2xf32> {name = "a"
// REMARK: "an output of the model depends on it", node=c
// REMARK: "removed 2 of 4 channels"
func.func @main(%x: tensor<2x2xf32>) -> tensor<2x1xf32> {
  %a = pith.constant dense<[[3.0, 3.0], [0.1, 0.1], [0.2, 0.1], [3.0, 4.0]]> : tensor<4x2xf32> {name = "a"} : tensor<4x2xf32>
  %b = pith.constant dense<[[3.0, 3.0, 1.0, 1.0], [0.1, 0.1, 0.0, 0.0], [0.2, 0.1, 0.0, 0.1], [3.0, 4.0, 1.0, 2.0]]> : tensor<4x4xf32> {name = "b"} : tensor<4x4xf32>
  %c = pith.constant dense<[[1.0, 2.0, 3.0, 4.0]]> : tensor<1x4xf32> {name = "c"} : tensor<1x4xf32>
  %h = pith.matmul %x, %a {transpose_rhs} : (tensor<2x2xf32>, tensor<4x2xf32>) -> tensor<2x4xf32>
  %f = pith.matmul %h, %b {transpose_rhs} : (tensor<2x4xf32>, tensor<4x4xf32>) -> tensor<2x4xf32>
  %s = pith.add %h, %f : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  %y = pith.matmul %s, %c {transpose_rhs} : (tensor<2x4xf32>, tensor<1x4xf32>) -> tensor<2x1xf32>
  return %y : tensor<2x1xf32>
}

// -----

// A concatenation moves indices: row 0 of `b` is column 2 of `c`; a slice takes a part.

// CHECK-LABEL: func.func @main
// CHECK-DAG: dense<5.000000e+00> : tensor<1x2xf32> {name = "a"
// CHECK-DAG: dense<7.000000e+00> : tensor<1x2xf32> {name = "b"
// CHECK-DAG: dense<{{\[\[}}1.000000e+00, 4.000000e+00]]> : tensor<1x2xf32> {name = "c"
// CHECK-DAG: dense<8.000000e+00> : tensor<1x1xf32> {name = "d"
// CHECK-DAG: %[[ONE:.*]] = pith.constant dense<1> : tensor<1xi64>
// CHECK-DAG: %[[TWO:.*]] = pith.constant dense<2> : tensor<1xi64>
// CHECK: pith.slice %{{.*}}, %[[ONE]], %[[TWO]]
func.func @main(%x: tensor<2x2xf32>) -> (tensor<2x1xf32>, tensor<2x1xf32>) {
  %two = pith.constant dense<2> : tensor<1xi64> : tensor<1xi64>
  %four = pith.constant dense<4> : tensor<1xi64> : tensor<1xi64>
  %a = pith.constant dense<[[5.0, 5.0], [0.1, 0.1]]> : tensor<2x2xf32> {name = "a"} : tensor<2x2xf32>
  %b = pith.constant dense<[[0.1, 0.1], [7.0, 7.0]]> : tensor<2x2xf32> {name = "b"} : tensor<2x2xf32>
  %c = pith.constant dense<[[1.0, 2.0, 3.0, 4.0]]> : tensor<1x4xf32> {name = "c"} : tensor<1x4xf32>
  %d = pith.constant dense<[[9.0, 8.0]]> : tensor<1x2xf32> {name = "d"} : tensor<1x2xf32>
  %g = pith.matmul %x, %a {transpose_rhs} : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  %h = pith.matmul %x, %b {transpose_rhs} : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  %k = pith.concat %g, %h {axis = 1 : i64} : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x4xf32>
  %s = pith.slice %k, %two, %four {axes = array<i64: 1>, steps = array<i64: 1>} : (tensor<2x4xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<2x2xf32>
  %y = pith.matmul %k, %c {transpose_rhs} : (tensor<2x4xf32>, tensor<1x4xf32>) -> tensor<2x1xf32>
  %z = pith.matmul %s, %d {transpose_rhs} : (tensor<2x2xf32>, tensor<1x2xf32>) -> tensor<2x1xf32>
  return %y, %z : tensor<2x1xf32>, tensor<2x1xf32>
}

// -----

// A channel of a flattened plane is every second column; layer_norm and compressed
// weights keep theirs.

// CHECK-LABEL: func.func @main
// CHECK-DAG: dense<{{\[\[}}2.000000e+00, 4.000000e+00]]> : tensor<1x2xf32> {name = "c"
// CHECK-DAG: pith.constant dense<[1, 2]> : tensor<2xi64>
// CHECK-DAG: tensor<2x2xf32> {name = "n"
// REMARK: "a mean is formed over all of it", node=n
func.func @main(%x: tensor<1x1x2x1xf32>, %t: tensor<1x2xf32>) -> (tensor<1x1xf32>, tensor<1x1xf32>) {
  %shape = pith.constant dense<[1, 4]> : tensor<2xi64> : tensor<2xi64>
  %w = pith.constant dense<[[[[0.1]]], [[[9.0]]]]> : tensor<2x1x1x1xf32> {name = "w"} : tensor<2x1x1x1xf32>
  %c = pith.constant dense<[[1.0, 2.0, 3.0, 4.0]]> : tensor<1x4xf32> {name = "c"} : tensor<1x4xf32>
  %n = pith.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32> {name = "n"} : tensor<2x2xf32>
  %m = pith.constant dense<[[1.0, 2.0]]> : tensor<1x2xf32> {name = "m"} : tensor<1x2xf32>
  %p = pith.conv %x, %w {dilations = array<i64: 1, 1>, layout = #pith.layout<channels_last>, pads_high = array<i64: 0, 0>, pads_low = array<i64: 0, 0>, strides = array<i64: 1, 1>} : (tensor<1x1x2x1xf32>, tensor<2x1x1x1xf32>) -> tensor<1x1x2x2xf32>
  %f = pith.reshape %p, %shape : (tensor<1x1x2x2xf32>, tensor<2xi64>) -> tensor<1x4xf32>
  %y = pith.matmul %f, %c {transpose_rhs} : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x1xf32>
  %u = pith.matmul %t, %n {transpose_rhs} : (tensor<1x2xf32>, tensor<2x2xf32>) -> tensor<1x2xf32>
  %v = pith.layer_norm %u {axis = 1 : i64, epsilon = 1.0e-5 : f64} : tensor<1x2xf32> -> tensor<1x2xf32>
  %z = pith.matmul %v, %m {transpose_rhs} : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x1xf32>
  return %y, %z : tensor<1x1xf32>, tensor<1x1xf32>
}
