// RUN: pith-opt %s -canonicalize -split-input-file | FileCheck %s

// CHECK-LABEL: @neutral
// CHECK-NEXT: return %arg0
func.func @neutral(%x: tensor<?x3xf32>) -> tensor<?x3xf32> {
  %zero = pith.constant dense<0.0> : tensor<f32> : tensor<f32>
  %one = pith.constant dense<1.0> : tensor<3xf32> : tensor<3xf32>
  %0 = pith.add %zero, %x : (tensor<f32>, tensor<?x3xf32>) -> tensor<?x3xf32>
  %1 = pith.mul %0, %one : (tensor<?x3xf32>, tensor<3xf32>) -> tensor<?x3xf32>
  %2 = pith.sub %1, %zero : (tensor<?x3xf32>, tensor<f32>) -> tensor<?x3xf32>
  %3 = pith.div %2, %one : (tensor<?x3xf32>, tensor<3xf32>) -> tensor<?x3xf32>
  return %3 : tensor<?x3xf32>
}

// -----

// A neutral constant that broadcasts still gives the result its sizes.
// CHECK-LABEL: @broadcasts
// CHECK: pith.add
func.func @broadcasts(%x: tensor<3xf32>) -> tensor<2x3xf32> {
  %zero = pith.constant dense<0.0> : tensor<2x3xf32> : tensor<2x3xf32>
  %0 = pith.add %x, %zero : (tensor<3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// -----

// CHECK-LABEL: @powers
// CHECK-DAG: %[[A:.*]] = pith.mul %arg0, %arg0
// CHECK-DAG: %[[B:.*]] = pith.sqrt %arg0
// CHECK-DAG: %[[C:.*]] = pith.reciprocal %arg0
// CHECK: return %[[A]], %[[B]], %[[C]]
func.func @powers(%x: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) {
  %two = pith.constant dense<2.0> : tensor<f32> : tensor<f32>
  %half = pith.constant dense<0.5> : tensor<f32> : tensor<f32>
  %less = pith.constant dense<-1.0> : tensor<f32> : tensor<f32>
  %0 = pith.pow %x, %two : (tensor<3xf32>, tensor<f32>) -> tensor<3xf32>
  %1 = pith.pow %x, %half : (tensor<3xf32>, tensor<f32>) -> tensor<3xf32>
  %2 = pith.pow %x, %less : (tensor<3xf32>, tensor<f32>) -> tensor<3xf32>
  return %0, %1, %2 : tensor<3xf32>, tensor<3xf32>, tensor<3xf32>
}

// -----

// Only where the reciprocal is exact.
// CHECK-LABEL: @division
// CHECK-DAG: %[[QUARTER:.*]] = pith.constant dense<2.500000e-01>
// CHECK-DAG: %[[THREE:.*]] = pith.constant dense<3.000000e+00>
// CHECK: pith.mul %arg0, %[[QUARTER]]
// CHECK: pith.div %arg0, %[[THREE]]
func.func @division(%x: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>) {
  %four = pith.constant dense<4.0> : tensor<f32> : tensor<f32>
  %three = pith.constant dense<3.0> : tensor<f32> : tensor<f32>
  %0 = pith.div %x, %four : (tensor<3xf32>, tensor<f32>) -> tensor<3xf32>
  %1 = pith.div %x, %three : (tensor<3xf32>, tensor<f32>) -> tensor<3xf32>
  return %0, %1 : tensor<3xf32>, tensor<3xf32>
}

// -----

// CHECK-LABEL: @subtraction
// CHECK: %[[C:.*]] = pith.constant dense<-3.000000e+00>
// CHECK: pith.add %arg0, %[[C]]
func.func @subtraction(%x: tensor<3xf32>) -> tensor<3xf32> {
  %three = pith.constant dense<3.0> : tensor<f32> : tensor<f32>
  %0 = pith.sub %x, %three : (tensor<3xf32>, tensor<f32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}

// -----

// i8 to f32 is exact, f32 to f16 is not.
// CHECK-LABEL: @casts
// CHECK: %[[A:.*]] = pith.cast %arg0 : (tensor<3xi8>) -> tensor<3xi32>
// CHECK: %[[H:.*]] = pith.cast %arg1 : (tensor<3xf32>) -> tensor<3xf16>
// CHECK: %[[B:.*]] = pith.cast %[[H]] : (tensor<3xf16>) -> tensor<3xf32>
// CHECK: return %[[A]], %[[B]]
func.func @casts(%x: tensor<3xi8>, %y: tensor<3xf32>) -> (tensor<3xi32>, tensor<3xf32>) {
  %0 = pith.cast %x : (tensor<3xi8>) -> tensor<3xf32>
  %1 = pith.cast %0 : (tensor<3xf32>) -> tensor<3xi32>
  %2 = pith.cast %y : (tensor<3xf32>) -> tensor<3xf16>
  %3 = pith.cast %2 : (tensor<3xf16>) -> tensor<3xf32>
  return %1, %3 : tensor<3xi32>, tensor<3xf32>
}

// -----

// min(max(x, 0), 6), and a clip that has only a lower bound.
// CHECK-LABEL: @clips
// CHECK: %[[A:.*]] = pith.clip %arg0
// CHECK: %[[B:.*]] = pith.relu %arg0
// CHECK: return %[[A]], %[[B]]
func.func @clips(%x: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>) {
  %zero = pith.constant dense<0.0> : tensor<f32> : tensor<f32>
  %six = pith.constant dense<6.0> : tensor<f32> : tensor<f32>
  %most = pith.constant dense<3.40282347E+38> : tensor<f32> : tensor<f32>
  %0 = pith.max %x, %zero : (tensor<3xf32>, tensor<f32>) -> tensor<3xf32>
  %1 = pith.min %0, %six : (tensor<3xf32>, tensor<f32>) -> tensor<3xf32>
  %2 = pith.clip %x, %zero, %most : (tensor<3xf32>, tensor<f32>, tensor<f32>) -> tensor<3xf32>
  return %1, %2 : tensor<3xf32>, tensor<3xf32>
}

// -----

// CHECK-LABEL: @twice
// CHECK-NEXT: %[[R:.*]] = pith.relu %arg0
// CHECK-NEXT: return %arg0, %[[R]]
func.func @twice(%x: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>) {
  %0 = pith.neg %x : (tensor<3xf32>) -> tensor<3xf32>
  %1 = pith.neg %0 : (tensor<3xf32>) -> tensor<3xf32>
  %2 = pith.relu %x : (tensor<3xf32>) -> tensor<3xf32>
  %3 = pith.relu %2 : (tensor<3xf32>) -> tensor<3xf32>
  return %1, %3 : tensor<3xf32>, tensor<3xf32>
}

// -----

// CHECK-LABEL: @choice
// CHECK-NEXT: return %arg1
func.func @choice(%x: tensor<3xf32>, %y: tensor<3xf32>) -> tensor<3xf32> {
  %no = pith.constant dense<false> : tensor<i1> : tensor<i1>
  %0 = pith.where %no, %x, %y : (tensor<i1>, tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}
