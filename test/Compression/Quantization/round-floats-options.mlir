// Every option changes what the pass does.

// RUN: pith-opt %s --pith-round-floats='to=bf16' | FileCheck %s --check-prefix=BF16
// RUN: pith-opt %s --pith-round-floats='min-elements=9' | FileCheck %s --check-prefix=FEW
// RUN: pith-opt %s --pith-round-floats='select=w' | FileCheck %s --check-prefix=WEIGHT
// RUN: pith-opt %s --pith-round-floats='exclude=w' | FileCheck %s --check-prefix=BIAS
// RUN: pith-opt %s --pith-round-floats='min-sqnr=200' | FileCheck %s --check-prefix=NONE
// RUN: pith-opt %s --pith-prune-weights='sparsity=0.5 min-elements=1' --pith-round-floats | FileCheck %s --check-prefix=SPARSE
// RUN: pith-opt %s --pith-quantize-weights='min-elements=1' --pith-round-floats | FileCheck %s --check-prefix=CODES
// RUN: not pith-opt %s --pith-round-floats='min-sqnr=-1' 2>&1 | FileCheck %s --check-prefix=SQNR
// RUN: not pith-opt %s --pith-round-floats='min-elements=-1' 2>&1 | FileCheck %s --check-prefix=ELEMENTS
// RUN: not pith-opt %s --pith-round-floats='select=nothing' 2>&1 | FileCheck %s --check-prefix=SELECT

// BF16: tensor<2x16xbf16>
// BF16: tensor<8xbf16>
// FEW: tensor<2x16xf16>
// FEW: pith.kept = "8 elements, fewer than min-elements 9"
// WEIGHT: tensor<2x16xf16>
// WEIGHT: pith.kept = "not selected"
// BIAS: pith.kept = "excluded"
// BIAS: tensor<8xf16>
// NONE-NOT: f16
// SPARSE: pith.sparse_decode {{.*}} -> tensor<2x16xf16>
// SPARSE: pith.widen
// CODES: pith.dequantize
// CODES: tensor<8xf16>
// CODES: pith.widen
// CODES-NOT: pith.widen
// SQNR: expected a min-sqnr from 0 to 200 dB, found -1
// ELEMENTS: expected min-elements that is not negative, found -1
// SELECT: option 'select': 'nothing' matches no node and no tensor of the 2 weights
func.func @main(%x: tensor<1x16xf32>, %y: tensor<1x8xf32>) -> (tensor<1x2xf32>, tensor<1x8xf32>) {
  %w = pith.constant dense<[
    [0.1, 0.2, 0.3, 0.4, -1.0, 2.0, 0.7, 0.6, 0.11, 0.22, 0.33, 0.44, -1.1, 2.2, 0.77, 0.66],
    [0.9, 0.8, 0.7, 0.6, -1.5, 1.0, 1.7, 2.6, 0.91, 0.82, 0.73, 0.64, -1.5, 1.2, 0.97, 2.66]]>
    : tensor<2x16xf32> {name = "w"} : tensor<2x16xf32>
  %0 = pith.matmul %x, %w {transpose_rhs} : (tensor<1x16xf32>, tensor<2x16xf32>) -> tensor<1x2xf32>
  %b = pith.constant dense<[0.1, 0.2, 0.3, 1.7, 3.3, 4.1, 5.9, 6.6]> : tensor<8xf32> {name = "b"} : tensor<8xf32>
  %1 = pith.add %y, %b : (tensor<1x8xf32>, tensor<8xf32>) -> tensor<1x8xf32>
  return %0, %1 : tensor<1x2xf32>, tensor<1x8xf32>
}
