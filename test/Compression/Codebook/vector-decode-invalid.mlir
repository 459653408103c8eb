// RUN: pith-opt %s --split-input-file --verify-diagnostics

// Cases are named after the constraint of pith.vector_decode that they violate.

func.func @vector_decode_c1(%q: tensor<2x2xui4>, %c: tensor<16x4xi8>, %s: tensor<2x1xf16>) -> tensor<8xf32> {
  // expected-error @+1 {{'pith.vector_decode' op expected a shape of 2 or more positive sizes, found [8]}}
  %w = pith.vector_decode %q, %c, %s {shape = array<i64: 8>} : (tensor<2x2xui4>, tensor<16x4xi8>, tensor<2x1xf16>) -> tensor<8xf32>
  return %w : tensor<8xf32>
}

// -----

func.func @vector_decode_c2_type(%q: tensor<2x2xi4>, %c: tensor<16x4xi8>, %s: tensor<2x1xf16>) -> tensor<2x8xf32> {
  // expected-error @+1 {{'pith.vector_decode' op expected unsigned codes of 2 to 8 bits, found 'i4'}}
  %w = pith.vector_decode %q, %c, %s {shape = array<i64: 2, 8>} : (tensor<2x2xi4>, tensor<16x4xi8>, tensor<2x1xf16>) -> tensor<2x8xf32>
  return %w : tensor<2x8xf32>
}

// -----

// Nine elements are three runs of four.

func.func @vector_decode_c2_sizes(%q: tensor<2x2xui4>, %c: tensor<16x4xi8>, %s: tensor<2x1xf16>) -> tensor<2x9xf32> {
  // expected-error @+1 {{'pith.vector_decode' op expected codes of sizes [2, 3], found 'tensor<2x2xui4>'}}
  %w = pith.vector_decode %q, %c, %s {shape = array<i64: 2, 9>} : (tensor<2x2xui4>, tensor<16x4xi8>, tensor<2x1xf16>) -> tensor<2x9xf32>
  return %w : tensor<2x9xf32>
}

// -----

func.func @vector_decode_c3(%q: tensor<2x2xui4>, %c: tensor<16x9xi8>, %s: tensor<2x1xf16>) -> tensor<2x18xf32> {
  // expected-error @+1 {{'pith.vector_decode' op expected a codebook of 16 vectors of 2 to 8 elements of type i8, f16, bf16 or f32, found 'tensor<16x9xi8>'}}
  %w = pith.vector_decode %q, %c, %s {shape = array<i64: 2, 18>} : (tensor<2x2xui4>, tensor<16x9xi8>, tensor<2x1xf16>) -> tensor<2x18xf32>
  return %w : tensor<2x18xf32>
}

// -----

func.func @vector_decode_c4(%q: tensor<2x2xui4>, %c: tensor<16x4xi8>, %s: tensor<2x2xf16>) -> tensor<2x8xf32> {
  // expected-error @+1 {{'pith.vector_decode' op expected a group size that is a multiple of 4, found 6}}
  %w = pith.vector_decode %q, %c, %s {shape = array<i64: 2, 8>, group_size = 6 : i64} : (tensor<2x2xui4>, tensor<16x4xi8>, tensor<2x2xf16>) -> tensor<2x8xf32>
  return %w : tensor<2x8xf32>
}

// -----

func.func @vector_decode_c5(%q: tensor<2x2xui4>, %c: tensor<16x4xi8>, %s: tensor<2x1xf16>) -> tensor<2x8xf32> {
  // expected-error @+1 {{'pith.vector_decode' op expected scales of type f16, bf16 or f32 and sizes [2, 2] or a single one, found 'tensor<2x1xf16>'}}
  %w = pith.vector_decode %q, %c, %s {shape = array<i64: 2, 8>, group_size = 4 : i64} : (tensor<2x2xui4>, tensor<16x4xi8>, tensor<2x1xf16>) -> tensor<2x8xf32>
  return %w : tensor<2x8xf32>
}
