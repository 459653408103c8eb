// RUN: pith-opt %s --pith-quantize-weights=min-elements=1 --pith-quantize-activations=select=first | FileCheck %s
// RUN: pith-opt %s --pith-quantize-weights=min-elements=1 --pith-quantize-activations=exclude=second | FileCheck %s
// RUN: not pith-opt %s --pith-quantize-weights=min-elements=1 --pith-quantize-activations=select=third 2>&1 | FileCheck %s --check-prefix=NOTHING

// Only the selected layer has an integer activation; the other one the float.

// CHECK: func @main(%[[X:.*]]: tensor
// CHECK: %[[C:.*]], %[[S:.*]] = pith.dynamic_quantize %[[X]]
// CHECK: %[[R:.*]] = pith.dequantize %[[C]], %[[S]]
// CHECK: pith.matmul %[[R]]
// CHECK: pith.matmul %[[X]]
// NOTHING: error: option 'select': 'third' matches no node and no tensor of the 2 weights
func.func @main(%x: tensor<4x40xf32>) -> (tensor<4x2xf32>, tensor<4x2xf32>) {
  %v = pith.constant dense<1.5> : tensor<2x40xf32> {name = "v"} : tensor<2x40xf32>
  %w = pith.constant dense<0.5> : tensor<2x40xf32> {name = "w"} : tensor<2x40xf32>
  %y = pith.matmul %x, %v {transpose_rhs} : (tensor<4x40xf32>, tensor<2x40xf32>) -> tensor<4x2xf32> loc("/first")
  %z = pith.matmul %x, %w {transpose_rhs} : (tensor<4x40xf32>, tensor<2x40xf32>) -> tensor<4x2xf32> loc("/second")
  return %y, %z : tensor<4x2xf32>, tensor<4x2xf32>
}
