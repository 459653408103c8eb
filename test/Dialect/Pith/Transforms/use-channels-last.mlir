// RUN: pith-opt %s -split-input-file -pass-pipeline="builtin.module(func.func(pith-use-channels-last,canonicalize))" | FileCheck %s

// One transpose on the way in, one on the way out; what lies between goes along:
// a constant per channel, a concatenation, padding, a mean over the plane.
// CHECK-LABEL: @network
// CHECK-DAG: %[[W:.*]] = pith.constant {{.*}} : tensor<2x1x1x3xf32>
// CHECK-DAG: %[[B:.*]] = pith.constant {{.*}} : tensor<1x1x1x2xf32>
// CHECK-DAG: %[[LOW:.*]] = pith.constant dense<[0, 1, 2, 0]>
// CHECK: %[[X:.*]] = pith.transpose %arg0 {permutation = array<i64: 0, 2, 3, 1>}
// CHECK-NEXT: %[[Y:.*]] = pith.conv %[[X]], %[[W]] {{.*}}layout = #pith.layout<channels_last>
// CHECK-NEXT: %[[A:.*]] = pith.add %[[Y]], %[[B]]
// CHECK-NEXT: %[[C:.*]] = pith.concat %[[Y]], %[[A]] {axis = 3 : i64}
// CHECK-NEXT: %[[P:.*]] = pith.pad %[[C]], %[[LOW]]
// CHECK-NEXT: %[[M:.*]] = pith.max_pool %[[P]] {{.*}}layout = #pith.layout<channels_last>
// CHECK-NEXT: %[[R:.*]] = pith.reduce %[[M]] {axes = array<i64: 1, 2>, kind
// CHECK-NEXT: return %[[R]] : tensor<?x4xf32>
func.func @network(%x: tensor<?x3x8x8xf32>) -> tensor<?x4xf32> {
  %w = pith.constant dense<1.0> : tensor<2x3x1x1xf32> : tensor<2x3x1x1xf32>
  %b = pith.constant dense<[[[1.0]], [[2.0]]]> : tensor<2x1x1xf32> : tensor<2x1x1xf32>
  %low = pith.constant dense<[0, 0, 1, 2]> : tensor<4xi64> : tensor<4xi64>
  %high = pith.constant dense<[0, 0, 1, 0]> : tensor<4xi64> : tensor<4xi64>
  %0 = pith.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>} : (tensor<?x3x8x8xf32>, tensor<2x3x1x1xf32>) -> tensor<?x2x8x8xf32>
  %1 = pith.add %0, %b : (tensor<?x2x8x8xf32>, tensor<2x1x1xf32>) -> tensor<?x2x8x8xf32>
  %2 = pith.concat %0, %1 {axis = 1 : i64} : (tensor<?x2x8x8xf32>, tensor<?x2x8x8xf32>) -> tensor<?x4x8x8xf32>
  %3 = pith.pad %2, %low, %high {mode = #pith.pad_mode<constant>} : (tensor<?x4x8x8xf32>, tensor<4xi64>, tensor<4xi64>) -> tensor<?x4x10x10xf32>
  %4 = pith.max_pool %3 {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>} : (tensor<?x4x10x10xf32>) -> tensor<?x4x5x5xf32>
  %5 = pith.reduce %4 {kind = #pith.reduce_kind<mean>, axes = array<i64: 2, 3>} : (tensor<?x4x5x5xf32>) -> tensor<?x4xf32>
  return %5 : tensor<?x4xf32>
}

// -----

// Transposes of the model that do what is needed cost nothing: none is left.
// CHECK-LABEL: @tensorflow
// CHECK-NOT: pith.transpose
// CHECK: pith.conv %arg0
// CHECK-NOT: pith.transpose
// CHECK: return
func.func @tensorflow(%x: tensor<1x8x8x3xf32>) -> tensor<1x8x8x2xf32> {
  %w = pith.constant dense<1.0> : tensor<2x3x1x1xf32> : tensor<2x3x1x1xf32>
  %0 = pith.transpose %x {permutation = array<i64: 0, 3, 1, 2>} : (tensor<1x8x8x3xf32>) -> tensor<1x3x8x8xf32>
  %1 = pith.conv %0, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>} : (tensor<1x3x8x8xf32>, tensor<2x3x1x1xf32>) -> tensor<1x2x8x8xf32>
  %2 = pith.relu %1 : (tensor<1x2x8x8xf32>) -> tensor<1x2x8x8xf32>
  %3 = pith.transpose %2 {permutation = array<i64: 0, 2, 3, 1>} : (tensor<1x2x8x8xf32>) -> tensor<1x8x8x2xf32>
  return %3 : tensor<1x8x8x2xf32>
}

// -----

// One spatial axis; the sequence is flattened in the layout that is there, and a
// transpose of rank 3 is its own inverse.
// CHECK-LABEL: @sequence
// CHECK-NOT: pith.transpose
// CHECK: pith.conv %arg0, %{{.*}} : (tensor<1x8x3xf32>, tensor<4x2x3xf32>) -> tensor<1x7x4xf32>
// CHECK-NEXT: return
func.func @sequence(%x: tensor<1x8x3xf32>) -> tensor<1x7x4xf32> {
  %w = pith.constant dense<1.0> : tensor<4x3x2xf32> : tensor<4x3x2xf32>
  %0 = pith.transpose %x {permutation = array<i64: 0, 2, 1>} : (tensor<1x8x3xf32>) -> tensor<1x3x8xf32>
  %1 = pith.conv %0, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads_low = array<i64: 0>, pads_high = array<i64: 0>} : (tensor<1x3x8xf32>, tensor<4x3x2xf32>) -> tensor<1x4x7xf32>
  %2 = pith.transpose %1 {permutation = array<i64: 0, 2, 1>} : (tensor<1x4x7xf32>) -> tensor<1x7x4xf32>
  return %2 : tensor<1x7x4xf32>
}

// -----

// The cheaper side is transposed: one channel of masks, not 64 of features.
// CHECK-LABEL: @cheapest
// CHECK: pith.conv
// CHECK-NOT: tensor<1x64x8x8xf32>
// CHECK: pith.reduce %{{.*}} {axes = array<i64: 3>, keep_dims
// CHECK: pith.reshape %{{.*}} -> tensor<1x1x8x8xf32>
// CHECK-NEXT: return
func.func @cheapest(%x: tensor<1x3x8x8xf32>) -> tensor<1x1x8x8xf32> {
  %w = pith.constant dense<1.0> : tensor<64x3x1x1xf32> : tensor<64x3x1x1xf32>
  %0 = pith.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>} : (tensor<1x3x8x8xf32>, tensor<64x3x1x1xf32>) -> tensor<1x64x8x8xf32>
  %1 = pith.reduce %0 {kind = #pith.reduce_kind<max>, axes = array<i64: 1>, keep_dims} : (tensor<1x64x8x8xf32>) -> tensor<1x1x8x8xf32>
  return %1 : tensor<1x1x8x8xf32>
}

// -----

// Nothing needs channels last: nothing changes.
// CHECK-LABEL: @untouched
// CHECK-NEXT: pith.relu %arg0 : (tensor<1x3x8x8xf32>)
func.func @untouched(%x: tensor<1x3x8x8xf32>) -> tensor<1x3x8x8xf32> {
  %0 = pith.relu %x : (tensor<1x3x8x8xf32>) -> tensor<1x3x8x8xf32>
  return %0 : tensor<1x3x8x8xf32>
}
