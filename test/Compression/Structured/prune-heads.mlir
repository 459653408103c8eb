// RUN: pith-opt %s --pith-prune-heads='ratio=0.5 min-elements=1' | FileCheck %s
// RUN: pith-opt %s --pith-prune-heads='ratio=0.5 min-elements=1' --remarks-filter='pith-prune.*' -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: pith-opt %s --pith-prune-heads='ratio=0.4 min-elements=1 scope=layer' | FileCheck %s --check-prefix=WHOLE
// RUN: pith-opt %s --pith-prune-channels='ratio=0.5 min-elements=1' --remarks-filter-missed='pith-prune.*' -o /dev/null 2>&1 | FileCheck %s --check-prefix=CHANNELS

// Two heads of keys and values serve two query heads each. One goes with both, and the
// cache shrinks, in the model's inputs and outputs: sizes and what is known of them.

// CHECK: pith.removed = [{name = "/attention", of = 2 : i64, pass = "pith-prune-heads", removed = 1 : i64, what = "heads"}]
// CHECK: func.func @main(%{{.*}}: tensor<1x?x4xf32> {{.*}}, %[[PAST:.*]]: tensor<1x1x?x2xf32> {pith.kept_positions = {{.*}}, pith.name = "past", pith.shape = affine_map<()[s0, s1] -> (1, 1, s1, 2)>})
// CHECK-SAME: -> (tensor<1x?x3xf32> {pith.name = "y"}, tensor<1x1x?x2xf32> {pith.name = "now"
// CHECK-DAG: tensor<4x4xf32> {name = "q"
// CHECK-DAG: tensor<2x4xf32> {name = "k"
// CHECK-DAG: tensor<3x4xf32> {name = "o"
// CHECK-DAG: dense<[0, 0, 2, 2]> : tensor<4xi64>
// CHECK-DAG: dense<[0, 0, 1, 2]> : tensor<4xi64>
// CHECK-DAG: dense<[0, 0, 4]> : tensor<3xi64>
// CHECK-DAG: pith.attention {{.*}} : (tensor<1x2x?x2xf32>, tensor<1x1x?x2xf32>, tensor<1x1x?x2xf32>) -> tensor<1x2x?x2xf32>
// REMARK: [Passed] Removed {{.*}}"removed 1 of 2 heads", importance=magnitude, loss={{.*}}, node=/attention
// WHOLE: tensor<8x4xf32> {name = "q"
// CHANNELS: [Missed] Kept {{.*}}"they are heads of attention"
func.func @main(%x: tensor<1x?x4xf32> {pith.name = "x", pith.shape = affine_map<()[s0, s1] -> (1, s0, 4)>},
    %past: tensor<1x2x?x2xf32> {pith.name = "past", pith.shape = affine_map<()[s0, s1] -> (1, 2, s1, 2)>})
    -> (tensor<1x?x3xf32> {pith.name = "y"}, tensor<1x2x?x2xf32> {pith.name = "now", pith.shape = affine_map<()[s0, s1] -> (1, 2, s0 + s1, 2)>})
    attributes {pith.symbols = ["t", "p"]} {
  %q = pith.constant dense<1.0> : tensor<8x4xf32> {name = "q"} : tensor<8x4xf32>
  %k = pith.constant dense<[[1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0], [0.1, 0.1, 0.1, 0.1], [0.1, 0.1, 0.1, 0.1]]> : tensor<4x4xf32> {name = "k"} : tensor<4x4xf32>
  %o = pith.constant dense<1.0> : tensor<3x8xf32> {name = "o"} : tensor<3x8xf32>
  %four = pith.constant dense<[0, 0, 4, 2]> : tensor<4xi64> : tensor<4xi64>
  %two = pith.constant dense<[0, 0, 2, 2]> : tensor<4xi64> : tensor<4xi64>
  %merge = pith.constant dense<[0, 0, 8]> : tensor<3xi64> : tensor<3xi64>
  %xq = pith.matmul %x, %q {transpose_rhs} : (tensor<1x?x4xf32>, tensor<8x4xf32>) -> tensor<1x?x8xf32>
  %xk = pith.matmul %x, %k {transpose_rhs} : (tensor<1x?x4xf32>, tensor<4x4xf32>) -> tensor<1x?x4xf32>
  %hq = pith.reshape %xq, %four : (tensor<1x?x8xf32>, tensor<4xi64>) -> tensor<1x?x4x2xf32>
  %hk = pith.reshape %xk, %two : (tensor<1x?x4xf32>, tensor<4xi64>) -> tensor<1x?x2x2xf32>
  %tq = pith.transpose %hq {permutation = array<i64: 0, 2, 1, 3>} : (tensor<1x?x4x2xf32>) -> tensor<1x4x?x2xf32>
  %tk = pith.transpose %hk {permutation = array<i64: 0, 2, 1, 3>} : (tensor<1x?x2x2xf32>) -> tensor<1x2x?x2xf32>
  %now = pith.concat %past, %tk {axis = 2 : i64} : (tensor<1x2x?x2xf32>, tensor<1x2x?x2xf32>) -> tensor<1x2x?x2xf32>
  %a = pith.attention %tq, %now, %now {scale = 0.5 : f64} : (tensor<1x4x?x2xf32>, tensor<1x2x?x2xf32>, tensor<1x2x?x2xf32>) -> tensor<1x4x?x2xf32> loc("/attention")
  %ta = pith.transpose %a {permutation = array<i64: 0, 2, 1, 3>} : (tensor<1x4x?x2xf32>) -> tensor<1x?x4x2xf32>
  %m = pith.reshape %ta, %merge : (tensor<1x?x4x2xf32>, tensor<3xi64>) -> tensor<1x?x8xf32>
  %y = pith.matmul %m, %o {transpose_rhs} : (tensor<1x?x8xf32>, tensor<3x8xf32>) -> tensor<1x?x3xf32>
  return %y, %now : tensor<1x?x3xf32>, tensor<1x2x?x2xf32>
}
