// RUN: pith-opt %s --split-input-file --verify-diagnostics

// Cases are named after the constraint of pith.nm_decode that they violate.

func.func @nm_decode_c1(%v: tensor<2x4xf32>, %p: tensor<2x4xui2>) -> tensor<2x4xf32> {
  // expected-error @+1 {{'pith.nm_decode' op expected 1 <= n < m <= 32, found n = 4, m = 4}}
  %w = pith.nm_decode %v, %p {n = 4 : i64, m = 4 : i64, shape = array<i64: 2, 4>}
    : (tensor<2x4xf32>, tensor<2x4xui2>) -> tensor<2x4xf32>
  return %w : tensor<2x4xf32>
}

// -----

func.func @nm_decode_c1_greatest(%v: tensor<2x1xf32>, %p: tensor<2x1xui6>) -> tensor<2x33xf32> {
  // expected-error @+1 {{'pith.nm_decode' op expected 1 <= n < m <= 32, found n = 1, m = 33}}
  %w = pith.nm_decode %v, %p {n = 1 : i64, m = 33 : i64, shape = array<i64: 2, 33>}
    : (tensor<2x1xf32>, tensor<2x1xui6>) -> tensor<2x33xf32>
  return %w : tensor<2x33xf32>
}

// -----

func.func @nm_decode_c2(%v: tensor<2x2xf32>, %p: tensor<2x2xui2>) -> tensor<8xf32> {
  // expected-error @+1 {{'pith.nm_decode' op expected a shape of 2 or more positive sizes, found [8]}}
  %w = pith.nm_decode %v, %p {n = 2 : i64, m = 4 : i64, shape = array<i64: 8>}
    : (tensor<2x2xf32>, tensor<2x2xui2>) -> tensor<8xf32>
  return %w : tensor<8xf32>
}

// -----

// A reduction of 5 has two blocks of 4.

func.func @nm_decode_c3(%v: tensor<2x2xf32>, %p: tensor<2x2xui2>) -> tensor<2x5xf32> {
  // expected-error @+1 {{'pith.nm_decode' op expected values and positions of sizes [2, 4], found 'tensor<2x2xf32>'}}
  %w = pith.nm_decode %v, %p {n = 2 : i64, m = 4 : i64, shape = array<i64: 2, 5>}
    : (tensor<2x2xf32>, tensor<2x2xui2>) -> tensor<2x5xf32>
  return %w : tensor<2x5xf32>
}

// -----

func.func @nm_decode_c4_type(%v: tensor<2x2xf32>, %p: tensor<2x2xui3>) -> tensor<2x4xf32> {
  // expected-error @+1 {{'pith.nm_decode' op expected positions of type ui2, found 'ui3'}}
  %w = pith.nm_decode %v, %p {n = 2 : i64, m = 4 : i64, shape = array<i64: 2, 4>}
    : (tensor<2x2xf32>, tensor<2x2xui3>) -> tensor<2x4xf32>
  return %w : tensor<2x4xf32>
}

// -----

func.func @nm_decode_c4_value(%v: tensor<1x1xf32>) -> tensor<1x3xf32> {
  // The two lowest bits are the position 3.
  %p = pith.constant dense_resource<p> : tensor<1x1xui2> : tensor<1x1xui2>
  // expected-error @+1 {{'pith.nm_decode' op expected positions below 3, found 3}}
  %w = pith.nm_decode %v, %p {n = 1 : i64, m = 3 : i64, shape = array<i64: 1, 3>}
    : (tensor<1x1xf32>, tensor<1x1xui2>) -> tensor<1x3xf32>
  return %w : tensor<1x3xf32>
}
{-#
  dialect_resources: { builtin: { p: "0x0100000003" } }
#-}

// -----

func.func @nm_decode_c5_type(%v: tensor<2x2xf32>, %p: tensor<2x2xui2>) -> tensor<2x4xf16> {
  // expected-error @+1 {{'pith.nm_decode' op expected a result of type 'f32' like the values, found 'f16'}}
  %w = pith.nm_decode %v, %p {n = 2 : i64, m = 4 : i64, shape = array<i64: 2, 4>}
    : (tensor<2x2xf32>, tensor<2x2xui2>) -> tensor<2x4xf16>
  return %w : tensor<2x4xf16>
}

// -----

func.func @nm_decode_c5_shape(%v: tensor<2x2xf32>, %p: tensor<2x2xui2>) -> tensor<2x3xf32> {
  // expected-error @+1 {{'pith.nm_decode' op}}
  %w = pith.nm_decode %v, %p {n = 2 : i64, m = 4 : i64, shape = array<i64: 2, 4>}
    : (tensor<2x2xf32>, tensor<2x2xui2>) -> tensor<2x3xf32>
  return %w : tensor<2x3xf32>
}
