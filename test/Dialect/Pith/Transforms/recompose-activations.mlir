// RUN: pith-opt %s -split-input-file -pass-pipeline="builtin.module(func.func(pith-recompose-activations,canonicalize))" | FileCheck %s

// BERT's order: x · (1 + erf(x / √2)) · ½.
// CHECK-LABEL: @gelu
// CHECK-NEXT: pith.gelu %arg0 : (tensor<?x4xf32>) -> tensor<?x4xf32>
// CHECK-NEXT: return
func.func @gelu(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %root = pith.constant dense<1.41421354> : tensor<f32> : tensor<f32>
  %one = pith.constant dense<1.0> : tensor<f32> : tensor<f32>
  %half = pith.constant dense<0.5> : tensor<f32> : tensor<f32>
  %0 = pith.div %x, %root : (tensor<?x4xf32>, tensor<f32>) -> tensor<?x4xf32>
  %1 = pith.erf %0 : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %2 = pith.add %1, %one : (tensor<?x4xf32>, tensor<f32>) -> tensor<?x4xf32>
  %3 = pith.mul %x, %2 : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  %4 = pith.mul %3, %half : (tensor<?x4xf32>, tensor<f32>) -> tensor<?x4xf32>
  return %4 : tensor<?x4xf32>
}

// -----

// Another divisor is another function.
// CHECK-LABEL: @not_gelu
// CHECK: pith.erf
func.func @not_gelu(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %root = pith.constant dense<1.5> : tensor<f32> : tensor<f32>
  %one = pith.constant dense<1.0> : tensor<f32> : tensor<f32>
  %half = pith.constant dense<0.5> : tensor<f32> : tensor<f32>
  %0 = pith.div %x, %root : (tensor<?x4xf32>, tensor<f32>) -> tensor<?x4xf32>
  %1 = pith.erf %0 : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %2 = pith.add %1, %one : (tensor<?x4xf32>, tensor<f32>) -> tensor<?x4xf32>
  %3 = pith.mul %x, %2 : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  %4 = pith.mul %3, %half : (tensor<?x4xf32>, tensor<f32>) -> tensor<?x4xf32>
  return %4 : tensor<?x4xf32>
}

// -----

// The tanh form, with x³ as x · (x · (x · 0.044715)).
// CHECK-LABEL: @gelu_tanh
// CHECK-NEXT: pith.gelu %arg0 {approximate}
// CHECK-NEXT: return
func.func @gelu_tanh(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %a = pith.constant dense<0.044715> : tensor<f32> : tensor<f32>
  %b = pith.constant dense<0.797884583> : tensor<f32> : tensor<f32>
  %one = pith.constant dense<1.0> : tensor<f32> : tensor<f32>
  %half = pith.constant dense<0.5> : tensor<f32> : tensor<f32>
  %0 = pith.mul %x, %a : (tensor<?x4xf32>, tensor<f32>) -> tensor<?x4xf32>
  %1 = pith.mul %x, %0 : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  %2 = pith.mul %x, %1 : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  %3 = pith.add %x, %2 : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  %4 = pith.mul %3, %b : (tensor<?x4xf32>, tensor<f32>) -> tensor<?x4xf32>
  %5 = pith.tanh %4 : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %6 = pith.add %5, %one : (tensor<?x4xf32>, tensor<f32>) -> tensor<?x4xf32>
  %7 = pith.mul %6, %half : (tensor<?x4xf32>, tensor<f32>) -> tensor<?x4xf32>
  %8 = pith.mul %x, %7 : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  return %8 : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: @silu
// CHECK-NEXT: pith.swish %arg0 : (tensor<4xf32>) -> tensor<4xf32>
func.func @silu(%x: tensor<4xf32>) -> tensor<4xf32> {
  %one = pith.constant dense<1.0> : tensor<f32> : tensor<f32>
  %0 = pith.neg %x : (tensor<4xf32>) -> tensor<4xf32>
  %1 = pith.exp %0 : (tensor<4xf32>) -> tensor<4xf32>
  %2 = pith.add %1, %one : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %3 = pith.reciprocal %2 : (tensor<4xf32>) -> tensor<4xf32>
  %4 = pith.mul %3, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %4 : tensor<4xf32>
}

// -----

// CHECK-LABEL: @quick_gelu
// CHECK-NEXT: pith.swish %arg0 {alpha = 1.702000e+00 : f32}
func.func @quick_gelu(%x: tensor<4xf32>) -> tensor<4xf32> {
  %c = pith.constant dense<1.702> : tensor<f32> : tensor<f32>
  %0 = pith.mul %x, %c : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %1 = pith.sigmoid %0 : (tensor<4xf32>) -> tensor<4xf32>
  %2 = pith.mul %x, %1 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %2 : tensor<4xf32>
}

// -----

// A gate by something else is no SiLU.
// CHECK-LABEL: @gate
// CHECK: pith.sigmoid
func.func @gate(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
  %0 = pith.sigmoid %x : (tensor<4xf32>) -> tensor<4xf32>
  %1 = pith.mul %y, %0 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// -----

// CHECK-LABEL: @hard_swish
// CHECK-NEXT: pith.hard_swish %arg0
func.func @hard_swish(%x: tensor<4xf32>) -> tensor<4xf32> {
  %three = pith.constant dense<3.0> : tensor<f32> : tensor<f32>
  %zero = pith.constant dense<0.0> : tensor<f32> : tensor<f32>
  %six = pith.constant dense<6.0> : tensor<f32> : tensor<f32>
  %0 = pith.add %x, %three : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %1 = pith.clip %0, %zero, %six : (tensor<4xf32>, tensor<f32>, tensor<f32>) -> tensor<4xf32>
  %2 = pith.mul %x, %1 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %3 = pith.div %2, %six : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return %3 : tensor<4xf32>
}

// -----

// CHECK-LABEL: @mish
// CHECK-NEXT: pith.mish %arg0
func.func @mish(%x: tensor<4xf32>) -> tensor<4xf32> {
  %one = pith.constant dense<1.0> : tensor<f32> : tensor<f32>
  %0 = pith.exp %x : (tensor<4xf32>) -> tensor<4xf32>
  %1 = pith.add %0, %one : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %2 = pith.log %1 : (tensor<4xf32>) -> tensor<4xf32>
  %3 = pith.tanh %2 : (tensor<4xf32>) -> tensor<4xf32>
  %4 = pith.mul %x, %3 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %4 : tensor<4xf32>
}

// -----

// CHECK-LABEL: @log_softmax
// CHECK-NEXT: pith.log_softmax %arg0 {axis = 1 : i64}
func.func @log_softmax(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %0 = pith.reduce %x {kind = #pith.reduce_kind<max>, axes = array<i64: 1>, keep_dims} : (tensor<?x4xf32>) -> tensor<?x1xf32>
  %1 = pith.sub %x, %0 : (tensor<?x4xf32>, tensor<?x1xf32>) -> tensor<?x4xf32>
  %2 = pith.exp %1 : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %3 = pith.reduce %2 {kind = #pith.reduce_kind<sum>, axes = array<i64: 1>, keep_dims} : (tensor<?x4xf32>) -> tensor<?x1xf32>
  %4 = pith.div %2, %3 : (tensor<?x4xf32>, tensor<?x1xf32>) -> tensor<?x4xf32>
  %5 = pith.log %4 : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return %5 : tensor<?x4xf32>
}
