// RUN: pith-opt %s --pith-simplify --mlir-print-debuginfo | FileCheck %s

// The stage as a whole: shapes, batch norm, layout and weights of a small classifier
// as exporters write it. Ops keep the names of the nodes they come from.
// CHECK-LABEL: @main
// CHECK-NOT: pith.batch_norm
// CHECK-NOT: pith.shape %
// CHECK: pith.conv {{.*}}layout = #pith.layout<channels_last>{{.*}} loc(#[[CONV:.*]])
// CHECK-NEXT: pith.relu
// CHECK-NEXT: pith.reduce
// CHECK-NEXT: pith.reshape {{.*}} -> tensor<?x2xf32>
// CHECK-NEXT: pith.matmul {{.*}}transpose_rhs{{.*}} : (tensor<?x2xf32>, tensor<5x2xf32>) -> tensor<?x5xf32> loc(#[[HEAD:.*]])
// CHECK-NEXT: return
// CHECK-DAG: #[[CONV]] = loc("stem/Conv")
// CHECK-DAG: #[[HEAD]] = loc("head/MatMul")
func.func @main(%x: tensor<?x3x8x8xf32> {pith.shape = affine_map<()[s0] -> (s0, 3, 8, 8)>}) -> tensor<?x?xf32> attributes {pith.symbols = ["batch"]} {
  %w = pith.constant dense<1.0> : tensor<2x3x1x1xf32> : tensor<2x3x1x1xf32>
  %0 = pith.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>} : (tensor<?x3x8x8xf32>, tensor<2x3x1x1xf32>) -> tensor<?x2x8x8xf32> loc("stem/Conv")
  %p = pith.constant dense<[1.0, 2.0]> : tensor<2xf32> : tensor<2xf32>
  %1 = pith.batch_norm %0, %p, %p, %p, %p {epsilon = 0.0 : f64} : (tensor<?x2x8x8xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<?x2x8x8xf32> loc("stem/BatchNormalization")
  %2 = pith.relu %1 : (tensor<?x2x8x8xf32>) -> tensor<?x2x8x8xf32> loc("stem/Relu")
  %3 = pith.reduce %2 {kind = #pith.reduce_kind<mean>, axes = array<i64: 2, 3>, keep_dims} : (tensor<?x2x8x8xf32>) -> tensor<?x2x1x1xf32> loc("pool")
  %zero = pith.constant dense<0> : tensor<i64> : tensor<i64>
  %rest = pith.constant dense<-1> : tensor<1xi64> : tensor<1xi64>
  %sizes = pith.shape %3 {start = 0 : i64, end = 4 : i64} : (tensor<?x2x1x1xf32>) -> tensor<4xi64>
  %batch = pith.gather %sizes, %zero {axis = 0 : i64} : (tensor<4xi64>, tensor<i64>) -> tensor<i64>
  %list = pith.unsqueeze %batch {axes = array<i64: 0>} : (tensor<i64>) -> tensor<1xi64>
  %target = pith.concat %list, %rest {axis = 0 : i64} : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %4 = pith.reshape %3, %target : (tensor<?x2x1x1xf32>, tensor<2xi64>) -> tensor<?x?xf32> loc("flatten")
  %h = pith.constant dense<[[1.0, 2.0, 3.0, 4.0, 5.0], [6.0, 7.0, 8.0, 9.0, 10.0]]> : tensor<2x5xf32> : tensor<2x5xf32>
  %5 = pith.matmul %4, %h : (tensor<?x?xf32>, tensor<2x5xf32>) -> tensor<?x?xf32> loc("head/MatMul")
  return %5 : tensor<?x?xf32>
}
