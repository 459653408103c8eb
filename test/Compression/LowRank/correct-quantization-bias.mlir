// RUN: pith-opt %s --pith-quantize-weights='min-elements=1 bits=2' --pith-correct-quantization='min-elements=1 rank=1' | FileCheck %s
// RUN: pith-opt %s --pith-quantize-weights='min-elements=1 bits=2' --pith-correct-quantization='min-elements=1 rank=1 exclude=conv' | FileCheck %s --check-prefix=EXCLUDED

// The bias is added once: the correction has one of zeros.

// CHECK-DAG: %[[BIAS:.*]] = pith.constant dense<1.000000e+00> : tensor<2xf32>
// CHECK-DAG: %[[NONE:.*]] = pith.constant dense<0.000000e+00> : tensor<2xf32>
// CHECK: pith.conv {{.*}}%[[NONE]] {
// CHECK: pith.conv {{.*}}%[[BIAS]] {
// CHECK: pith.add
// EXCLUDED-NOT: pith.add
func.func @main(%x: tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32> {
  %w = pith.constant dense<[[[[0.1, -0.8], [0.5, 0.2]], [[0.3, 0.9], [-0.4, 0.7]]],
    [[[-0.6, 0.25], [0.35, -0.95]], [[0.45, 0.15], [0.85, -0.05]]]]> : tensor<2x2x2x2xf32> {name = "w"} : tensor<2x2x2x2xf32>
  %b = pith.constant dense<1.0> : tensor<2xf32> : tensor<2xf32>
  %y = pith.conv %x, %w, %b {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
    pads_low = array<i64: 0, 0>, pads_high = array<i64: 1, 1>, layout = #pith.layout<channels_last>}
    : (tensor<1x4x4x2xf32>, tensor<2x2x2x2xf32>, tensor<2xf32>) -> tensor<1x4x4x2xf32> loc("/conv")
  return %y : tensor<1x4x4x2xf32>
}
