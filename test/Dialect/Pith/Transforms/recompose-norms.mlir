// RUN: pith-opt %s -split-input-file -pass-pipeline="builtin.module(func.func(canonicalize,cse,pith-recompose-norms,canonicalize))" | FileCheck %s

// CHECK-LABEL: @layer_norm
// CHECK: pith.layer_norm %arg0 scale %{{.*}} : tensor<4xf32> bias %{{.*}} : tensor<4xf32> {axis = 1 : i64, epsilon = 1.000000e+00 : f64}
// CHECK-NEXT: return
func.func @layer_norm(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %two = pith.constant dense<2.0> : tensor<f32> : tensor<f32>
  %eps = pith.constant dense<1.0> : tensor<f32> : tensor<f32>
  %g = pith.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32> : tensor<4xf32>
  %b = pith.constant dense<[4.0, 3.0, 2.0, 1.0]> : tensor<4xf32> : tensor<4xf32>
  %m = pith.reduce %x {kind = #pith.reduce_kind<mean>, axes = array<i64: 1>, keep_dims} : (tensor<?x4xf32>) -> tensor<?x1xf32>
  %d = pith.sub %x, %m : (tensor<?x4xf32>, tensor<?x1xf32>) -> tensor<?x4xf32>
  %s = pith.pow %d, %two : (tensor<?x4xf32>, tensor<f32>) -> tensor<?x4xf32>
  %v = pith.reduce %s {kind = #pith.reduce_kind<mean>, axes = array<i64: 1>, keep_dims} : (tensor<?x4xf32>) -> tensor<?x1xf32>
  %e = pith.add %v, %eps : (tensor<?x1xf32>, tensor<f32>) -> tensor<?x1xf32>
  %r = pith.sqrt %e : (tensor<?x1xf32>) -> tensor<?x1xf32>
  %n = pith.div %d, %r : (tensor<?x4xf32>, tensor<?x1xf32>) -> tensor<?x4xf32>
  %p = pith.mul %n, %g : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  %y = pith.add %p, %b : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// x · (mean(x²) + ε) ^ −½, the scale on the left.
// CHECK-LABEL: @rms_norm
// CHECK: pith.rms_norm %arg0, %{{.*}} {axis = 2 : i64, epsilon = 5.000000e-01 : f64}
// CHECK-NEXT: return
func.func @rms_norm(%x: tensor<?x2x4xf32>) -> tensor<?x2x4xf32> {
  %power = pith.constant dense<-0.5> : tensor<f32> : tensor<f32>
  %eps = pith.constant dense<0.5> : tensor<f32> : tensor<f32>
  %g = pith.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32> : tensor<4xf32>
  %s = pith.mul %x, %x : (tensor<?x2x4xf32>, tensor<?x2x4xf32>) -> tensor<?x2x4xf32>
  %v = pith.reduce %s {kind = #pith.reduce_kind<mean>, axes = array<i64: 2>, keep_dims} : (tensor<?x2x4xf32>) -> tensor<?x2x1xf32>
  %e = pith.add %v, %eps : (tensor<?x2x1xf32>, tensor<f32>) -> tensor<?x2x1xf32>
  %r = pith.pow %e, %power : (tensor<?x2x1xf32>, tensor<f32>) -> tensor<?x2x1xf32>
  %n = pith.mul %x, %r : (tensor<?x2x4xf32>, tensor<?x2x1xf32>) -> tensor<?x2x4xf32>
  %y = pith.mul %g, %n : (tensor<4xf32>, tensor<?x2x4xf32>) -> tensor<?x2x4xf32>
  return %y : tensor<?x2x4xf32>
}

// -----

// A sum of squares times 1/n is a mean; sizes that come back by a reshape are kept.
// CHECK-LABEL: @sum_of_squares
// CHECK: pith.rms_norm %arg0 {axis = 1 : i64
func.func @sum_of_squares(%x: tensor<3x4xf32>) -> tensor<3x4xf32> {
  %quarter = pith.constant dense<0.25> : tensor<f32> : tensor<f32>
  %list = pith.constant dense<[3, 1]> : tensor<2xi64> : tensor<2xi64>
  %v = pith.reduce %x {kind = #pith.reduce_kind<sum_square>, axes = array<i64: 1>} : (tensor<3x4xf32>) -> tensor<3xf32>
  %k = pith.reshape %v, %list : (tensor<3xf32>, tensor<2xi64>) -> tensor<3x1xf32>
  %m = pith.mul %k, %quarter : (tensor<3x1xf32>, tensor<f32>) -> tensor<3x1xf32>
  %r = pith.sqrt %m : (tensor<3x1xf32>) -> tensor<3x1xf32>
  %n = pith.div %x, %r : (tensor<3x4xf32>, tensor<3x1xf32>) -> tensor<3x4xf32>
  return %n : tensor<3x4xf32>
}

// -----

// Over the first axis there is no such op.
// CHECK-LABEL: @leading
// CHECK: pith.sqrt
func.func @leading(%x: tensor<3x4xf32>) -> tensor<3x4xf32> {
  %s = pith.mul %x, %x : (tensor<3x4xf32>, tensor<3x4xf32>) -> tensor<3x4xf32>
  %m = pith.reduce %s {kind = #pith.reduce_kind<mean>, axes = array<i64: 0>, keep_dims} : (tensor<3x4xf32>) -> tensor<1x4xf32>
  %r = pith.sqrt %m : (tensor<1x4xf32>) -> tensor<1x4xf32>
  %n = pith.div %x, %r : (tensor<3x4xf32>, tensor<1x4xf32>) -> tensor<3x4xf32>
  return %n : tensor<3x4xf32>
}

// -----

// TensorFlow's order of the same: x · s + (bias − mean · s).
// CHECK-LABEL: @folded
// CHECK: pith.layer_norm %arg0 scale %{{.*}} : tensor<4xf32> bias %{{.*}} : tensor<4xf32> {axis = 1 : i64
// CHECK-NEXT: return
func.func @folded(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %eps = pith.constant dense<1.0> : tensor<f32> : tensor<f32>
  %g = pith.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32> : tensor<4xf32>
  %b = pith.constant dense<[4.0, 3.0, 2.0, 1.0]> : tensor<4xf32> : tensor<4xf32>
  %m = pith.reduce %x {kind = #pith.reduce_kind<mean>, axes = array<i64: 1>, keep_dims} : (tensor<?x4xf32>) -> tensor<?x1xf32>
  %d = pith.sub %x, %m : (tensor<?x4xf32>, tensor<?x1xf32>) -> tensor<?x4xf32>
  %s = pith.mul %d, %d : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  %v = pith.reduce %s {kind = #pith.reduce_kind<mean>, axes = array<i64: 1>, keep_dims} : (tensor<?x4xf32>) -> tensor<?x1xf32>
  %e = pith.add %v, %eps : (tensor<?x1xf32>, tensor<f32>) -> tensor<?x1xf32>
  %q = pith.sqrt %e : (tensor<?x1xf32>) -> tensor<?x1xf32>
  %r = pith.reciprocal %q : (tensor<?x1xf32>) -> tensor<?x1xf32>
  %f = pith.mul %r, %g : (tensor<?x1xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  %0 = pith.mul %x, %f : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  %1 = pith.mul %m, %f : (tensor<?x1xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  %2 = pith.sub %b, %1 : (tensor<4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  %3 = pith.add %0, %2 : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  return %3 : tensor<?x4xf32>
}
