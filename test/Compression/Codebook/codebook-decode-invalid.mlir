// RUN: pith-opt %s --split-input-file --verify-diagnostics

// Cases are named after the constraint of pith.codebook_decode that they violate.

func.func @codebook_decode_c1_signless(%q: tensor<2x4xi4>, %c: tensor<16xf32>, %s: tensor<2x1xf32>) -> tensor<2x4xf32> {
  // expected-error @+1 {{'pith.codebook_decode' op expected unsigned codes of 1 to 8 bits, found 'i4'}}
  %w = pith.codebook_decode %q, %c, %s : (tensor<2x4xi4>, tensor<16xf32>, tensor<2x1xf32>) -> tensor<2x4xf32>
  return %w : tensor<2x4xf32>
}

// -----

func.func @codebook_decode_c1_wide(%q: tensor<2x4xui9>, %c: tensor<512xf32>, %s: tensor<2x1xf32>) -> tensor<2x4xf32> {
  // expected-error @+1 {{'pith.codebook_decode' op expected unsigned codes of 1 to 8 bits, found 'ui9'}}
  %w = pith.codebook_decode %q, %c, %s : (tensor<2x4xui9>, tensor<512xf32>, tensor<2x1xf32>) -> tensor<2x4xf32>
  return %w : tensor<2x4xf32>
}

// -----

func.func @codebook_decode_c2_size(%q: tensor<2x4xui4>, %c: tensor<15xf32>, %s: tensor<2x1xf32>) -> tensor<2x4xf32> {
  // expected-error @+1 {{'pith.codebook_decode' op expected a codebook of 16 elements of type f16, bf16 or f32, found 'tensor<15xf32>'}}
  %w = pith.codebook_decode %q, %c, %s : (tensor<2x4xui4>, tensor<15xf32>, tensor<2x1xf32>) -> tensor<2x4xf32>
  return %w : tensor<2x4xf32>
}

// -----

func.func @codebook_decode_c2_type(%q: tensor<2x4xui2>, %c: tensor<4xf64>, %s: tensor<2x1xf32>) -> tensor<2x4xf32> {
  // expected-error @+1 {{'pith.codebook_decode' op expected a codebook of 4 elements of type f16, bf16 or f32, found 'tensor<4xf64>'}}
  %w = pith.codebook_decode %q, %c, %s : (tensor<2x4xui2>, tensor<4xf64>, tensor<2x1xf32>) -> tensor<2x4xf32>
  return %w : tensor<2x4xf32>
}

// -----

func.func @codebook_decode_c3(%q: tensor<2x4xui2>, %c: tensor<4xf32>, %s: tensor<2x1xf32>) -> tensor<2x4xf32> {
  // expected-error @+1 {{'pith.codebook_decode' op expected an axis from 0 to 1, found 2}}
  %w = pith.codebook_decode %q, %c, %s {axis = 2 : i64} : (tensor<2x4xui2>, tensor<4xf32>, tensor<2x1xf32>) -> tensor<2x4xf32>
  return %w : tensor<2x4xf32>
}

// -----

func.func @codebook_decode_c4(%q: tensor<2x4xui2>, %c: tensor<4xf32>, %s: tensor<2x1xf32>) -> tensor<2x4xf32> {
  // expected-error @+1 {{'pith.codebook_decode' op expected a group size that is not negative, found -1}}
  %w = pith.codebook_decode %q, %c, %s {group_size = -1 : i64} : (tensor<2x4xui2>, tensor<4xf32>, tensor<2x1xf32>) -> tensor<2x4xf32>
  return %w : tensor<2x4xf32>
}

// -----

func.func @codebook_decode_c5_type(%q: tensor<2x4xui2>, %c: tensor<4xf32>, %s: tensor<2x1xi8>) -> tensor<2x4xf32> {
  // expected-error @+1 {{'pith.codebook_decode' op expected scales of type f16, bf16, f32 or ui8, found 'i8'}}
  %w = pith.codebook_decode %q, %c, %s : (tensor<2x4xui2>, tensor<4xf32>, tensor<2x1xi8>) -> tensor<2x4xf32>
  return %w : tensor<2x4xf32>
}

// -----

// Five elements in groups of 2 have 3 scales.

func.func @codebook_decode_c5_groups(%q: tensor<2x5xui2>, %c: tensor<4xf32>, %s: tensor<2x2xf32>) -> tensor<2x5xf32> {
  // expected-error @+1 {{expected 3 scales along axis 1, found 2}}
  %w = pith.codebook_decode %q, %c, %s {group_size = 2 : i64} : (tensor<2x5xui2>, tensor<4xf32>, tensor<2x2xf32>) -> tensor<2x5xf32>
  return %w : tensor<2x5xf32>
}

// -----

func.func @codebook_decode_c5_rank(%q: tensor<2x5xui2>, %c: tensor<4xf32>, %s: tensor<2xf32>) -> tensor<2x5xf32> {
  // expected-error @+1 {{expected scales of rank 2 or a single one, found rank 1}}
  %w = pith.codebook_decode %q, %c, %s : (tensor<2x5xui2>, tensor<4xf32>, tensor<2xf32>) -> tensor<2x5xf32>
  return %w : tensor<2x5xf32>
}

// -----

func.func @codebook_decode_c6_float(%q: tensor<2x4xui2>, %c: tensor<4xf32>, %s: tensor<2x1xf32>, %t: tensor<2xf32>) -> tensor<2x4xf32> {
  // expected-error @+1 {{'pith.codebook_decode' op expected scales of type ui8 with a scale of scales, found 'f32'}}
  %w = pith.codebook_decode %q, %c, %s, %t : (tensor<2x4xui2>, tensor<4xf32>, tensor<2x1xf32>, tensor<2xf32>) -> tensor<2x4xf32>
  return %w : tensor<2x4xf32>
}

// -----

func.func @codebook_decode_c6_type(%q: tensor<2x4xui2>, %c: tensor<4xf32>, %s: tensor<2x1xui8>, %t: tensor<2xf64>) -> tensor<2x4xf32> {
  // expected-error @+1 {{'pith.codebook_decode' op expected scales of scales of type f16, bf16 or f32, found 'f64'}}
  %w = pith.codebook_decode %q, %c, %s, %t : (tensor<2x4xui2>, tensor<4xf32>, tensor<2x1xui8>, tensor<2xf64>) -> tensor<2x4xf32>
  return %w : tensor<2x4xf32>
}

// -----

func.func @codebook_decode_c6_size(%q: tensor<2x4xui2>, %c: tensor<4xf32>, %s: tensor<2x1xui8>, %t: tensor<3xf32>) -> tensor<2x4xf32> {
  // expected-error @+1 {{expected 2 scales of scales along axis 0, found 3}}
  %w = pith.codebook_decode %q, %c, %s, %t : (tensor<2x4xui2>, tensor<4xf32>, tensor<2x1xui8>, tensor<3xf32>) -> tensor<2x4xf32>
  return %w : tensor<2x4xf32>
}

// -----

func.func @codebook_decode_c7(%q: tensor<2x4xui2>, %c: tensor<4xf32>, %s: tensor<1xf32>) -> tensor<4x2xf32> {
  // expected-error @+1 {{'pith.codebook_decode' op}}
  %w = pith.codebook_decode %q, %c, %s : (tensor<2x4xui2>, tensor<4xf32>, tensor<1xf32>) -> tensor<4x2xf32>
  return %w : tensor<4x2xf32>
}

// -----

func.func @codebook_decode_c8_count(%q: tensor<2x4xui1>, %s: tensor<1xf32>) -> tensor<2x4xf32> {
  %c = pith.constant dense<[-1.0, 1.0]> : tensor<2xf32> : tensor<2xf32>
  // expected-error @+1 {{'pith.codebook_decode' op expected 2 integers from -127 to 127 and an exponent from -64 to 64}}
  %w = pith.codebook_decode %q, %c, %s {integers = array<i64: -1, 0, 1>, exponent = 0 : i64} : (tensor<2x4xui1>, tensor<2xf32>, tensor<1xf32>) -> tensor<2x4xf32>
  return %w : tensor<2x4xf32>
}

// -----

func.func @codebook_decode_c8_least(%q: tensor<2x4xui1>, %s: tensor<1xf32>) -> tensor<2x4xf32> {
  %c = pith.constant dense<[-128.0, 1.0]> : tensor<2xf32> : tensor<2xf32>
  // expected-error @+1 {{'pith.codebook_decode' op expected 2 integers from -127 to 127 and an exponent from -64 to 64}}
  %w = pith.codebook_decode %q, %c, %s {integers = array<i64: -128, 1>, exponent = 0 : i64} : (tensor<2x4xui1>, tensor<2xf32>, tensor<1xf32>) -> tensor<2x4xf32>
  return %w : tensor<2x4xf32>
}

// -----

func.func @codebook_decode_c8_greatest(%q: tensor<2x4xui1>, %s: tensor<1xf32>) -> tensor<2x4xf32> {
  %c = pith.constant dense<[-1.0, 128.0]> : tensor<2xf32> : tensor<2xf32>
  // expected-error @+1 {{'pith.codebook_decode' op expected 2 integers from -127 to 127 and an exponent from -64 to 64}}
  %w = pith.codebook_decode %q, %c, %s {integers = array<i64: -1, 128>, exponent = 0 : i64} : (tensor<2x4xui1>, tensor<2xf32>, tensor<1xf32>) -> tensor<2x4xf32>
  return %w : tensor<2x4xf32>
}

// -----

func.func @codebook_decode_c8_exponent(%q: tensor<2x4xui1>, %s: tensor<1xf32>) -> tensor<2x4xf32> {
  %c = pith.constant dense<[-1.0, 1.0]> : tensor<2xf32> : tensor<2xf32>
  // expected-error @+1 {{'pith.codebook_decode' op expected 2 integers from -127 to 127 and an exponent from -64 to 64}}
  %w = pith.codebook_decode %q, %c, %s {integers = array<i64: -1, 1>, exponent = 65 : i64} : (tensor<2x4xui1>, tensor<2xf32>, tensor<1xf32>) -> tensor<2x4xf32>
  return %w : tensor<2x4xf32>
}

// -----

func.func @codebook_decode_c8_value(%q: tensor<2x4xui1>, %s: tensor<1xf32>) -> tensor<2x4xf32> {
  %c = pith.constant dense<[-0.5, 1.0]> : tensor<2xf32> : tensor<2xf32>
  // expected-error @+1 {{'pith.codebook_decode' op expected entry 1 to be 1.500000e+00, found 1.000000e+00}}
  %w = pith.codebook_decode %q, %c, %s {integers = array<i64: -1, 3>, exponent = -1 : i64} : (tensor<2x4xui1>, tensor<2xf32>, tensor<1xf32>) -> tensor<2x4xf32>
  return %w : tensor<2x4xf32>
}

// -----

// What lies just inside: 1 and 8 bits, one scale for all, two levels.

func.func @codebook_decode_valid(%q: tensor<2x4xui1>, %c: tensor<2xbf16>, %s: tensor<1xui8>,
    %r: tensor<2x4xui8>, %d: tensor<256xf16>, %t: tensor<2x2xui8>, %u: tensor<2xf32>)
    -> (tensor<2x4xf32>, tensor<2x4xf16>) {
  %v = pith.codebook_decode %q, %c, %s : (tensor<2x4xui1>, tensor<2xbf16>, tensor<1xui8>) -> tensor<2x4xf32>
  %w = pith.codebook_decode %r, %d, %t, %u {group_size = 2 : i64} : (tensor<2x4xui8>, tensor<256xf16>, tensor<2x2xui8>, tensor<2xf32>) -> tensor<2x4xf16>
  return %v, %w : tensor<2x4xf32>, tensor<2x4xf16>
}

// -----

func.func @sign_magnitude(%codes: tensor<4x8xui2>) -> tensor<4x8xf32> {
  %codebook = pith.constant dense<[0.0, 1.0, 0.0, -0.5]> : tensor<4xf32> : tensor<4xf32>
  %scale = pith.constant dense<1.0> : tensor<4x1xf32> : tensor<4x1xf32>
  // expected-error @+1 {{'pith.codebook_decode' op expected entry 3 to be -1.000000e+00, found -5.000000e-01}}
  %w = pith.codebook_decode %codes, %codebook, %scale
    {axis = 1 : i64, format = "kmeans2", sign_magnitude}
    : (tensor<4x8xui2>, tensor<4xf32>, tensor<4x1xf32>) -> tensor<4x8xf32>
  return %w : tensor<4x8xf32>
}
