// RUN: pith-opt %s -split-input-file -verify-diagnostics -pass-pipeline="builtin.module(func.func(pith-verify-simplified))"

func.func @layout(%x: tensor<1x2x4x4xf32>) -> tensor<1x2x2x2xf32> {
  // expected-error@+1 {{expects layout channels_last in simplified IR, found channels_first}}
  %0 = pith.max_pool %x {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>} : (tensor<1x2x4x4xf32>) -> tensor<1x2x2x2xf32>
  return %0 : tensor<1x2x2x2xf32>
}

// -----

func.func @axis(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  // expected-error@+1 {{expects axis 1, the last one, in simplified IR, found 0}}
  %0 = pith.softmax %x {axis = 0 : i64} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// -----

func.func @weight(%x: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %w = pith.constant dense<1.0> : tensor<2x2xf32> : tensor<2x2xf32>
  // expected-error@+1 {{expects an output-major weight (transpose_rhs) in simplified IR}}
  %0 = pith.matmul %x, %w : (tensor<1x2xf32>, tensor<2x2xf32>) -> tensor<1x2xf32>
  return %0 : tensor<1x2xf32>
}

// -----

func.func @batch_norm(%x: tensor<1x1x4xf32>, %p: tensor<1xf32>) -> tensor<1x1x4xf32> {
  // expected-error@+1 {{expects batch norm to be folded in simplified IR}}
  %0 = pith.batch_norm %x, %p, %p, %p, %p {epsilon = 0.0 : f64} : (tensor<1x1x4xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x4xf32>
  return %0 : tensor<1x1x4xf32>
}

// -----

func.func @good(%x: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %w = pith.constant dense<1.0> : tensor<2x2xf32> : tensor<2x2xf32>
  %0 = pith.matmul %x, %w {transpose_rhs} : (tensor<1x2xf32>, tensor<2x2xf32>) -> tensor<1x2xf32>
  return %0 : tensor<1x2xf32>
}
