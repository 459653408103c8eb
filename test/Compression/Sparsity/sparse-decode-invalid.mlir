// RUN: pith-opt %s --split-input-file --verify-diagnostics

// Cases are named after the constraint of pith.sparse_decode that they violate.

func.func @sparse_decode_c1(%v: tensor<2x2xf32>, %m: tensor<2x4xi1>) -> tensor<2x4xf32> {
  // expected-error @+1 {{'pith.sparse_decode' op expected values of rank 1, found rank 2}}
  %w = pith.sparse_decode %v, %m : (tensor<2x2xf32>, tensor<2x4xi1>) -> tensor<2x4xf32>
  return %w : tensor<2x4xf32>
}

// -----

func.func @sparse_decode_c2_type(%v: tensor<4xf32>, %m: tensor<2x4xi8>) -> tensor<2x4xf32> {
  // expected-error @+1 {{'pith.sparse_decode' op expected a mask of type i1 and rank 2 or more, found 'tensor<2x4xi8>'}}
  %w = pith.sparse_decode %v, %m : (tensor<4xf32>, tensor<2x4xi8>) -> tensor<2x4xf32>
  return %w : tensor<2x4xf32>
}

// -----

func.func @sparse_decode_c2_rank(%v: tensor<4xf32>, %m: tensor<8xi1>) -> tensor<8xf32> {
  // expected-error @+1 {{'pith.sparse_decode' op expected a mask of type i1 and rank 2 or more, found 'tensor<8xi1>'}}
  %w = pith.sparse_decode %v, %m : (tensor<4xf32>, tensor<8xi1>) -> tensor<8xf32>
  return %w : tensor<8xf32>
}

// -----

func.func @sparse_decode_c3() -> tensor<2x2xf32> {
  %v = pith.constant dense<[1.0, 2.0]> : tensor<2xf32> : tensor<2xf32>
  %m = pith.constant dense<[[true, false], [true, true]]> : tensor<2x2xi1> : tensor<2x2xi1>
  // expected-error @+1 {{'pith.sparse_decode' op expected as many values as the mask has set bits, 3, found 2}}
  %w = pith.sparse_decode %v, %m : (tensor<2xf32>, tensor<2x2xi1>) -> tensor<2x2xf32>
  return %w : tensor<2x2xf32>
}

// -----

func.func @sparse_decode_c4_type(%v: tensor<4xf32>, %m: tensor<2x4xi1>) -> tensor<2x4xf16> {
  // expected-error @+1 {{'pith.sparse_decode' op expected a result of type 'f32' like the values, found 'f16'}}
  %w = pith.sparse_decode %v, %m : (tensor<4xf32>, tensor<2x4xi1>) -> tensor<2x4xf16>
  return %w : tensor<2x4xf16>
}

// -----

func.func @sparse_decode_c4_shape(%v: tensor<4xf32>, %m: tensor<2x4xi1>) -> tensor<4x2xf32> {
  // expected-error @+1 {{'pith.sparse_decode' op}}
  %w = pith.sparse_decode %v, %m : (tensor<4xf32>, tensor<2x4xi1>) -> tensor<4x2xf32>
  return %w : tensor<4x2xf32>
}

// -----

func.func @sparse_decode_c5_float(%v: tensor<4xf32>, %m: tensor<2x4xi1>) -> tensor<2x4xf32> {
  // expected-error @+1 {{'pith.sparse_decode' op expected a fill of 0 for float values, found 1}}
  %w = pith.sparse_decode %v, %m {fill = 1 : i64} : (tensor<4xf32>, tensor<2x4xi1>) -> tensor<2x4xf32>
  return %w : tensor<2x4xf32>
}

// -----

func.func @sparse_decode_c5_integer(%v: tensor<4xui4>, %m: tensor<2x4xi1>) -> tensor<2x4xui4> {
  // expected-error @+1 {{'pith.sparse_decode' op expected a fill that fits 'ui4', found 16}}
  %w = pith.sparse_decode %v, %m {fill = 16 : i64} : (tensor<4xui4>, tensor<2x4xi1>) -> tensor<2x4xui4>
  return %w : tensor<2x4xui4>
}

// -----

func.func @sparse_decode_valid(%v: tensor<4xui4>, %m: tensor<2x4xi1>) -> tensor<2x4xui4> {
  %w = pith.sparse_decode %v, %m {fill = 15 : i64} : (tensor<4xui4>, tensor<2x4xi1>) -> tensor<2x4xui4>
  return %w : tensor<2x4xui4>
}
