// Each option changes what the pass does; nothing is saved by tables that are too large.

// RUN: pith-opt %s --pith-quantize-to-vectors='min-elements=1' | FileCheck %s --check-prefix=DEFAULT
// RUN: pith-opt %s --pith-quantize-to-vectors='min-elements=1 vector=2 bits=3' | FileCheck %s --check-prefix=PAIRS
// RUN: pith-opt %s --pith-quantize-to-vectors='min-elements=1 bits=8' | FileCheck %s --check-prefix=LARGE
// RUN: not pith-opt %s --pith-quantize-to-vectors='vector=9' 2>&1 | FileCheck %s --check-prefix=LENGTH
// RUN: not pith-opt %s --pith-quantize-to-vectors='bits=9' 2>&1 | FileCheck %s --check-prefix=BITS

// LENGTH: expected a vector of 2 to 8 elements, found 9
// BITS: expected bits from 2 to 8, or 0, found 9

// DEFAULT: pith.vector_decode {{.*}} : (tensor<32x16xui4>, tensor<16x4xi8>, tensor<32x1xf16>) -> tensor<32x64xf32>
// PAIRS: pith.vector_decode {{.*}} : (tensor<32x32xui3>, tensor<8x2xi8>, tensor<32x1xf16>) -> tensor<32x64xf32>
// LARGE: pith.vector_decode {{.*}} tensor<256x4xi8>
func.func @main(%x: tensor<?x64xf32>) -> tensor<?x32xf32> {
  %w = pith.constant dense<0.5> : tensor<32x64xf32> {name = "w"} : tensor<32x64xf32>
  %y = pith.matmul %x, %w {transpose_rhs} : (tensor<?x64xf32>, tensor<32x64xf32>) -> tensor<?x32xf32>
  return %y : tensor<?x32xf32>
}
