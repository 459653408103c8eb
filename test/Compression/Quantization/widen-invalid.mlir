// RUN: pith-opt %s --split-input-file --verify-diagnostics

// Cases are named after the constraint of pith.widen that they violate.

func.func @widen_c1(%w: tensor<2x4xf32>) -> tensor<2x4xf32> {
  // expected-error @+1 {{'pith.widen' op expected an input of type f16 or bf16, found 'f32'}}
  %0 = pith.widen %w : (tensor<2x4xf32>) -> tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}

// -----

func.func @widen_c2(%w: tensor<2x4xf16>) -> tensor<2x4xf64> {
  // expected-error @+1 {{'pith.widen' op expected a result of type f32, found 'f64'}}
  %0 = pith.widen %w : (tensor<2x4xf16>) -> tensor<2x4xf64>
  return %0 : tensor<2x4xf64>
}

// -----

func.func @widen_c3(%w: tensor<2x4xf16>) -> tensor<2x5xf32> {
  // expected-error @+1 {{'pith.widen' op}}
  %0 = pith.widen %w : (tensor<2x4xf16>) -> tensor<2x5xf32>
  return %0 : tensor<2x5xf32>
}
