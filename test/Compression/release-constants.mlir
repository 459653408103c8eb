// RUN: pith-opt %s --pith-quantize-weights=min-elements=1 --print-weights | FileCheck %s --check-prefix=BEFORE
// RUN: pith-opt %s --pith-quantize-weights=min-elements=1 --pith-release-constants --print-weights | FileCheck %s

// Original weights are kept for passes that compare with them, and go at the end:
// the attributes, constants without uses, and the data.

// BEFORE: pith.original = dense_resource<weight>
// BEFORE: weight: "0x{{[0-9A-F]*}}"
// CHECK: func @main
// CHECK-NOT: pith.original =
// CHECK-NOT: pith.constant dense<7.0
// CHECK: pith.dequantize {{.*}}pith.original_bytes = 32 : i64
// CHECK: dialect_resources
// CHECK-NOT: weight: "0x
// CHECK: w: "0x
// CHECK-NOT: weight: "0x
func.func @main(%x: tensor<1x8xf32>) -> tensor<1x1xf32> {
  %unused = pith.constant dense<7.0> : tensor<2xf32> : tensor<2xf32>
  %w = pith.constant dense_resource<weight> : tensor<1x8xf32> {name = "w"} : tensor<1x8xf32>
  %y = pith.matmul %x, %w {transpose_rhs} : (tensor<1x8xf32>, tensor<1x8xf32>) -> tensor<1x1xf32>
  return %y : tensor<1x1xf32>
}
{-#
  dialect_resources: { builtin: {
    weight: "0x040000000000E0400000803F000080BF0000004000000000000080400000C040000000C0"
  } }
#-}
