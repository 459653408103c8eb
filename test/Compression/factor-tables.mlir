// RUN: pith-opt %s --pith-quantize-weights | FileCheck %s
// RUN: pith-opt %s --pith-quantize-weights='select=cos' | FileCheck %s --check-prefix=SELECTED

// A table of cosines only scales activations: it stays float unless it is selected.
// One whose rows are added, or scaled by a constant, is an embedding.

// CHECK: name = "cos", pith.kept = "its rows are factors of activations; select it to compress it"
// CHECK: pith.dequantize
// CHECK: pith.dequantize
// SELECTED: name = "cos"} : tensor<16x16xi4>
func.func @main(%x: tensor<3x4x16xf32>, %i: tensor<3xi64>) -> (tensor<3x4x16xf32>, tensor<3x16xf32>, tensor<3x16xf32>) {
  %t = pith.constant dense<0.5> : tensor<16x16xf32> {name = "cos"} : tensor<16x16xf32>
  %u = pith.constant dense<0.25> : tensor<16x16xf32> {name = "added"} : tensor<16x16xf32>
  %v = pith.constant dense<0.125> : tensor<16x16xf32> {name = "scaled"} : tensor<16x16xf32>
  %c = pith.constant dense<4.0> : tensor<f32> : tensor<f32>
  %0 = pith.gather %t, %i {axis = 0 : i64} : (tensor<16x16xf32>, tensor<3xi64>) -> tensor<3x16xf32>
  %1 = pith.unsqueeze %0 {axes = array<i64: 1>} : (tensor<3x16xf32>) -> tensor<3x1x16xf32>
  %2 = pith.mul %x, %1 : (tensor<3x4x16xf32>, tensor<3x1x16xf32>) -> tensor<3x4x16xf32>
  %3 = pith.gather %u, %i {axis = 0 : i64} : (tensor<16x16xf32>, tensor<3xi64>) -> tensor<3x16xf32>
  %5 = pith.gather %v, %i {axis = 0 : i64} : (tensor<16x16xf32>, tensor<3xi64>) -> tensor<3x16xf32>
  %6 = pith.mul %5, %c : (tensor<3x16xf32>, tensor<f32>) -> tensor<3x16xf32>
  return %2, %3, %6 : tensor<3x4x16xf32>, tensor<3x16xf32>, tensor<3x16xf32>
}
