// RUN: pith-opt %s --pith-quantize-weights='min-elements=1 search=none' --print-weights --split-input-file | FileCheck %s --check-prefix=SYM
// RUN: pith-opt %s --pith-quantize-weights='min-elements=1 search=none scheme=asymmetric' --print-weights --split-input-file | FileCheck %s --check-prefix=ASYM

// The largest magnitude gets the code 7: scales are 1 and 2. Ties round to even:
// 0.5 to 0, 1.5 and 2.5 to 2. Codes are packed from the lowest bits: 7 and -7 are
// 0x97.

// SYM-LABEL: func @rounding
// SYM: %[[Q:.*]] = pith.constant dense_resource<w> : tensor<2x16xi4>
// SYM: %[[S:.*]] = pith.constant dense<{{\[\[}}1.000000e+00], [2.000000e+00]]> : tensor<2x1xf16>
// SYM: %[[W:.*]] = pith.dequantize %[[Q]], %[[S]]
// SYM-NOT: group_size
// SYM-SAME: pith.error = 19.42
// SYM-SAME: pith.original_bytes = 128
// SYM: pith.matmul %{{.*}}, %[[W]] {transpose_rhs}
// SYM: w: "0x400000009720E2E0433010A6972002EE1000606A"

func.func @rounding(%x: tensor<1x16xf32>) -> tensor<1x2xf32> {
  %w = pith.constant dense<[
    [7.0, -7.0, 0.5, 1.5, 2.5, -2.0, 0.4, -1.5, 3.4, 3.6, 0.0, 2.6, 0.2, 0.6, 6.4, -6.4],
    [14.0, -14.0, 1.0, 3.0, 5.0, -1.0, -3.0, -5.0, 0.0, 2.0, 0.0, 1.0, -1.0, 13.0, -13.0, 11.0]]>
    : tensor<2x16xf32> {name = "w"} : tensor<2x16xf32>
  %y = pith.matmul %x, %w {transpose_rhs} : (tensor<1x16xf32>, tensor<2x16xf32>) -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}

// -----

// Groups of 32 of a reduction of 36: the second group has 4 elements and its own
// scale.

// SYM-LABEL: func @short_last_group
// SYM: pith.constant dense<{{\[\[}}1.000000e+00, 1.562500e-02]]> : tensor<1x2xf16>
// SYM: pith.dequantize
// SYM-SAME: group_size = 32
func.func @short_last_group(%x: tensor<1x36xf32>) -> tensor<1x1xf32> {
  %w = pith.constant dense<[[
    7.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0,
    1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0,
    0.109375, 0.015625, -0.015625, 0.0]]> : tensor<1x36xf32> {name = "w"} : tensor<1x36xf32>
  %y = pith.matmul %x, %w {transpose_rhs} : (tensor<1x36xf32>, tensor<1x36xf32>) -> tensor<1x1xf32>
  return %y : tensor<1x1xf32>
}

// -----

// The range from -6 to 9 has the 16 codes of 4 bits at distance 1, 0 being code 6.
// Ties to even come before 6 is added: 0.5 becomes 0 + 6 and 1.5 becomes 2 + 6.

// ASYM-LABEL: func @asymmetric
// ASYM: %[[Q:.*]] = pith.constant dense_resource<w> : tensor<1x16xui4>
// ASYM: %[[S:.*]] = pith.constant dense<1.000000e+00> : tensor<1x1xf16>
// ASYM: %[[Z:.*]] = pith.constant dense<6> : tensor<1x1xui8>
// ASYM: pith.dequantize %[[Q]], %[[S]], %[[Z]]
// ASYM: w: "0x40000000F0868476A542CB9E"
func.func @asymmetric(%x: tensor<1x16xf32>) -> tensor<1x1xf32> {
  %w = pith.constant dense<[[
    -6.0, 9.0, 0.5, 1.5, -2.0, 2.0, 0.0, 1.0, -1.0, 4.0, -4.0, -2.0, 5.0, 6.0, 8.0, 3.0]]>
    : tensor<1x16xf32> {name = "w"} : tensor<1x16xf32>
  %y = pith.matmul %x, %w {transpose_rhs} : (tensor<1x16xf32>, tensor<1x16xf32>) -> tensor<1x1xf32>
  return %y : tensor<1x1xf32>
}

// -----

// A weight of zeros has scale 1.

// SYM-LABEL: func @zeros
// SYM: pith.constant dense<1.000000e+00> : tensor<1x1xf16>
// SYM: pith.error = 9.990000e+02
// SYM: w: "0x400000000000000000000000"
func.func @zeros(%x: tensor<1x16xf32>) -> tensor<1x1xf32> {
  %w = pith.constant dense<0.0> : tensor<1x16xf32> {name = "w"} : tensor<1x16xf32>
  %y = pith.matmul %x, %w {transpose_rhs} : (tensor<1x16xf32>, tensor<1x16xf32>) -> tensor<1x1xf32>
  return %y : tensor<1x1xf32>
}

// -----

// Scales that f16 cannot hold stay f32.

// SYM-LABEL: func @outside_f16
// SYM: pith.constant dense<1.000000e+06> : tensor<1x1xf32>
func.func @outside_f16(%x: tensor<1x16xf32>) -> tensor<1x1xf32> {
  %w = pith.constant dense<[[
    7.0e6, 1.0e6, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]]>
    : tensor<1x16xf32> {name = "w"} : tensor<1x16xf32>
  %y = pith.matmul %x, %w {transpose_rhs} : (tensor<1x16xf32>, tensor<1x16xf32>) -> tensor<1x1xf32>
  return %y : tensor<1x1xf32>
}
