// RUN: not pith-opt %s --pith-quantize-weights 2>&1 | FileCheck %s
// RUN: not pith-opt %s --pith-prune-weights 2>&1 | FileCheck %s
// RUN: not pith-opt %s --pith-factorize-weights=rank=1 2>&1 | FileCheck %s

// Printed IR leaves the data of resources out: that cannot be compressed.

// CHECK: error: {{.*}}expects a value with data
func.func @main(%x: tensor<1x32xf32>) -> tensor<1x32xf32> {
  %w = pith.constant dense_resource<w> : tensor<32x32xf32> {name = "w"} : tensor<32x32xf32>
  %y = pith.matmul %x, %w {transpose_rhs} : (tensor<1x32xf32>, tensor<32x32xf32>) -> tensor<1x32xf32>
  return %y : tensor<1x32xf32>
}
