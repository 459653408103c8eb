// RUN: pith-opt %s --split-input-file --verify-diagnostics

// Cases are named after the constraint of pith.block_sparse_decode that they violate.

func.func @block_sparse_decode_c1(%v: tensor<4x2xf32>, %m: tensor<2x2xi1>) -> tensor<4x4xf32> {
  // expected-error @+1 {{'pith.block_sparse_decode' op expected values [blocks, outputs, positions], found 'tensor<4x2xf32>'}}
  %w = pith.block_sparse_decode %v, %m {shape = array<i64: 4, 4>} : (tensor<4x2xf32>, tensor<2x2xi1>) -> tensor<4x4xf32>
  return %w : tensor<4x4xf32>
}

// -----

func.func @block_sparse_decode_c2(%v: tensor<1x2x2xf32>, %m: tensor<2x2xi1>) -> tensor<4xf32> {
  // expected-error @+1 {{'pith.block_sparse_decode' op expected a shape of 2 or more positive sizes, found [4]}}
  %w = pith.block_sparse_decode %v, %m {shape = array<i64: 4>} : (tensor<1x2x2xf32>, tensor<2x2xi1>) -> tensor<4xf32>
  return %w : tensor<4xf32>
}

// -----

// 5 columns in blocks of 2 are 3 columns of blocks.

func.func @block_sparse_decode_c3(%v: tensor<1x2x2xf32>, %m: tensor<2x2xi1>) -> tensor<4x5xf32> {
  // expected-error @+1 {{'pith.block_sparse_decode' op expected a mask of type i1 and sizes [2, 3], found 'tensor<2x2xi1>'}}
  %w = pith.block_sparse_decode %v, %m {shape = array<i64: 4, 5>} : (tensor<1x2x2xf32>, tensor<2x2xi1>) -> tensor<4x5xf32>
  return %w : tensor<4x5xf32>
}

// -----

func.func @block_sparse_decode_c4(%v: tensor<1x2x2xf32>) -> tensor<4x4xf32> {
  %m = pith.constant dense<[[true, false], [false, true]]> : tensor<2x2xi1> : tensor<2x2xi1>
  // expected-error @+1 {{'pith.block_sparse_decode' op expected as many blocks as the mask has set bits, 2, found 1}}
  %w = pith.block_sparse_decode %v, %m {shape = array<i64: 4, 4>} : (tensor<1x2x2xf32>, tensor<2x2xi1>) -> tensor<4x4xf32>
  return %w : tensor<4x4xf32>
}

// -----

func.func @block_sparse_decode_c5_type(%v: tensor<1x2x2xf32>, %m: tensor<2x2xi1>) -> tensor<4x4xf16> {
  // expected-error @+1 {{'pith.block_sparse_decode' op expected a result of type 'f32' like the values, found 'f16'}}
  %w = pith.block_sparse_decode %v, %m {shape = array<i64: 4, 4>} : (tensor<1x2x2xf32>, tensor<2x2xi1>) -> tensor<4x4xf16>
  return %w : tensor<4x4xf16>
}

// -----

func.func @block_sparse_decode_c5_shape(%v: tensor<1x2x2xf32>, %m: tensor<2x2xi1>) -> tensor<4x3xf32> {
  // expected-error @+1 {{'pith.block_sparse_decode' op}}
  %w = pith.block_sparse_decode %v, %m {shape = array<i64: 4, 4>} : (tensor<1x2x2xf32>, tensor<2x2xi1>) -> tensor<4x3xf32>
  return %w : tensor<4x3xf32>
}
