// RUN: not pith-opt %s --pith-quantize-activations=mode=static 2>&1 | FileCheck %s
// RUN: pith-opt %s --pith-quantize-activations='bits=4 granularity=row' | FileCheck %s --check-prefix=DYNAMIC
// RUN: pithc %s -o - --emit=compressed --compress=quantize-activations | FileCheck %s --check-prefix=DYNAMIC-DEFAULT

// Static scales need a profile; dynamic ones do not.

// CHECK: error: {{.*}}pith-quantize-activations needs a profile of the model's activations, found none
// CHECK-SAME: --calibrate=DIR
// DYNAMIC: pith.dynamic_quantize {{.*}}bits = 4 : i64
// DYNAMIC-DEFAULT: pith.dynamic_quantize
// DYNAMIC-DEFAULT-NOT: bits =
func.func @main(%x: tensor<4x40xf32>) -> tensor<4x2xf32> {
  %c = pith.constant dense<3> : tensor<2x40xi8> : tensor<2x40xi8>
  %s = pith.constant dense<0.5> : tensor<2x1xf32> : tensor<2x1xf32>
  %w = pith.dequantize %c, %s {axis = 1 : i64} : (tensor<2x40xi8>, tensor<2x1xf32>) -> tensor<2x40xf32>
  %y = pith.matmul %x, %w {transpose_rhs} : (tensor<4x40xf32>, tensor<2x40xf32>) -> tensor<4x2xf32> loc("/first")
  return %y : tensor<4x2xf32>
}
