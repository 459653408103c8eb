// RUN: pith-opt %s --split-input-file --verify-diagnostics

// Cases are named after the constraint of pith.dequantize that they violate.

func.func @dequantize_c1(%q: tensor<2x4xi64>, %s: tensor<2x1xf32>) -> tensor<2x4xf32> {
  // expected-error @+1 {{'pith.dequantize' op expected codes of at most 32 bits, found 64}}
  %w = pith.dequantize %q, %s : (tensor<2x4xi64>, tensor<2x1xf32>) -> tensor<2x4xf32>
  return %w : tensor<2x4xf32>
}

// -----

func.func @dequantize_c2(%q: tensor<2x4xi8>, %s: tensor<2x1xf32>) -> tensor<2x4xf32> {
  // expected-error @+1 {{'pith.dequantize' op expected an axis from 0 to 1, found 2}}
  %w = pith.dequantize %q, %s {axis = 2 : i64} : (tensor<2x4xi8>, tensor<2x1xf32>) -> tensor<2x4xf32>
  return %w : tensor<2x4xf32>
}

// -----

func.func @dequantize_c2_negative(%q: tensor<2x4xi8>, %s: tensor<2x1xf32>) -> tensor<2x4xf32> {
  // expected-error @+1 {{'pith.dequantize' op expected an axis from 0 to 1, found -1}}
  %w = pith.dequantize %q, %s {axis = -1 : i64} : (tensor<2x4xi8>, tensor<2x1xf32>) -> tensor<2x4xf32>
  return %w : tensor<2x4xf32>
}

// -----

func.func @dequantize_c3(%q: tensor<2x4xi8>, %s: tensor<2x1xf32>) -> tensor<2x4xf32> {
  // expected-error @+1 {{'pith.dequantize' op expected a group size that is not negative, found -4}}
  %w = pith.dequantize %q, %s {group_size = -4 : i64} : (tensor<2x4xi8>, tensor<2x1xf32>) -> tensor<2x4xf32>
  return %w : tensor<2x4xf32>
}

// -----

func.func @dequantize_c4_type(%q: tensor<2x4xi8>, %s: tensor<2x1xf64>) -> tensor<2x4xf32> {
  // expected-error @+1 {{'pith.dequantize' op expected scales of type f16, bf16 or f32, found 'f64'}}
  %w = pith.dequantize %q, %s : (tensor<2x4xi8>, tensor<2x1xf64>) -> tensor<2x4xf32>
  return %w : tensor<2x4xf32>
}

// -----

// Five elements in groups of 2 have 3 scales.

func.func @dequantize_c4_groups(%q: tensor<2x5xi8>, %s: tensor<2x2xf32>) -> tensor<2x5xf32> {
  // expected-error @+1 {{expected 3 scales along axis 1, found 2}}
  %w = pith.dequantize %q, %s {group_size = 2 : i64} : (tensor<2x5xi8>, tensor<2x2xf32>) -> tensor<2x5xf32>
  return %w : tensor<2x5xf32>
}

// -----

func.func @dequantize_c4_rank(%q: tensor<2x5xi8>, %s: tensor<2xf32>) -> tensor<2x5xf32> {
  // expected-error @+1 {{expected scales of rank 2 or a single one, found rank 1}}
  %w = pith.dequantize %q, %s : (tensor<2x5xi8>, tensor<2xf32>) -> tensor<2x5xf32>
  return %w : tensor<2x5xf32>
}

// -----

func.func @dequantize_c5_shape(%q: tensor<2x4xi8>, %s: tensor<2x1xf32>, %z: tensor<1xi8>) -> tensor<2x4xf32> {
  // expected-error @+1 {{'pith.dequantize' op expected a zero point of the scale's shape 'tensor<2x1xf32>', found 'tensor<1xi8>'}}
  %w = pith.dequantize %q, %s, %z : (tensor<2x4xi8>, tensor<2x1xf32>, tensor<1xi8>) -> tensor<2x4xf32>
  return %w : tensor<2x4xf32>
}

// -----

func.func @dequantize_c5_type(%q: tensor<2x4xi8>, %s: tensor<2x1xf32>, %z: tensor<2x1xf16>) -> tensor<2x4xf32> {
  // expected-error @+1 {{'pith.dequantize' op expected zero points of the scale's type or integers of at most 32 bits, found 'f16'}}
  %w = pith.dequantize %q, %s, %z : (tensor<2x4xi8>, tensor<2x1xf32>, tensor<2x1xf16>) -> tensor<2x4xf32>
  return %w : tensor<2x4xf32>
}

// -----

func.func @dequantize_c6(%q: tensor<2x4xi8>, %s: tensor<1xf32>) -> tensor<4x2xf32> {
  // expected-error @+1 {{'pith.dequantize' op}}
  %w = pith.dequantize %q, %s : (tensor<2x4xi8>, tensor<1xf32>) -> tensor<4x2xf32>
  return %w : tensor<4x2xf32>
}

// -----

// What lies just inside: 32 bits, the last axis, one scale for all, a group longer
// than the reduction.

func.func @dequantize_valid(%q: tensor<2x4xi32>, %b: tensor<2x4xi1>, %s: tensor<1xf16>, %t: tensor<2x1xbf16>)
    -> (tensor<2x4xf32>, tensor<2x4xf16>) {
  %v = pith.dequantize %q, %s {axis = 1 : i64} : (tensor<2x4xi32>, tensor<1xf16>) -> tensor<2x4xf32>
  %w = pith.dequantize %b, %t {group_size = 32 : i64} : (tensor<2x4xi1>, tensor<2x1xbf16>) -> tensor<2x4xf16>
  return %v, %w : tensor<2x4xf32>, tensor<2x4xf16>
}
