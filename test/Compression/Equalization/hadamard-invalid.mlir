// RUN: pith-opt %s --split-input-file --verify-diagnostics

func.func @hadamard_c1(%x: tensor<2x6xf32>) -> tensor<2x6xf32> {
  // expected-error @+1 {{expected a power of two from 2 on as block, found 3}}
  %y = pith.hadamard %x {block = 3 : i64, offsets = array<i64: 0>} : (tensor<2x6xf32>) -> tensor<2x6xf32>
  return %y : tensor<2x6xf32>
}

// -----

func.func @hadamard_c2(%x: tensor<2x6xf32>) -> tensor<2x6xf32> {
  // expected-error @+1 {{expected windows of 4 within 6 elements, found one at 3}}
  %y = pith.hadamard %x {block = 4 : i64, offsets = array<i64: 0, 3>} : (tensor<2x6xf32>) -> tensor<2x6xf32>
  return %y : tensor<2x6xf32>
}

// -----

func.func @hadamard_c2_dynamic(%x: tensor<2x?xf32>) -> tensor<2x?xf32> {
  // expected-error @+1 {{expected a last axis of static size}}
  %y = pith.hadamard %x {block = 4 : i64, offsets = array<i64: 0>} : (tensor<2x?xf32>) -> tensor<2x?xf32>
  return %y : tensor<2x?xf32>
}
