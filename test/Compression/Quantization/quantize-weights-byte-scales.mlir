// Scales in two levels are codes themselves: bytes times one step per output, or one for
// the weight where outputs have fewer than 8 groups.

// RUN: pith-opt %s --pith-quantize-weights='min-elements=1 group-size=16 scale-type=u8' | FileCheck %s --check-prefix=U8
// RUN: pith-opt %s --pith-quantize-weights='min-elements=1 group-size=16 scale-type=i8' | FileCheck %s --check-prefix=I8
// RUN: not pith-opt %s --pith-quantize-weights='granularity=per-channel scale-type=u8' 2>&1 | FileCheck %s --check-prefix=GROUPS
// RUN: not pith-opt %s --pith-quantize-weights='bits=1 scheme=asymmetric scale-type=i8' 2>&1 | FileCheck %s --check-prefix=BIT

// GROUPS: scale-type=u8 and i8 need granularity=group
// BIT: scale-type=u8 and i8 need integer zero points, which codes of 1 bit do not have

// U8: %[[S:.*]] = pith.dequantize %{{.*}} : (tensor<2x3xui8>, tensor<1xf32>) -> tensor<2x3xf32>
// U8: pith.dequantize %{{.*}}, %[[S]] {{.*}}: (tensor<2x40xi4>, tensor<2x3xf32>) -> tensor<2x40xf32>
// U8: %[[T:.*]] = pith.dequantize %{{.*}} : (tensor<2x9xui8>, tensor<2x1xf16>) -> tensor<2x9xf32>
// U8: pith.dequantize %{{.*}}, %[[T]] {{.*}}: (tensor<2x136xi4>, tensor<2x9xf32>) -> tensor<2x136xf32>
// I8: pith.dequantize %{{.*}} : (tensor<2x3xi8>, tensor<1xf32>) -> tensor<2x3xf32>
func.func @main(%x: tensor<1x40xf32>, %z: tensor<1x136xf32>) -> (tensor<1x2xf32>, tensor<1x2xf32>) {
  %w = pith.constant dense<0.75> : tensor<2x40xf32> {name = "short"} : tensor<2x40xf32>
  %v = pith.constant dense<-0.5> : tensor<2x136xf32> {name = "long"} : tensor<2x136xf32>
  %y = pith.matmul %x, %w {transpose_rhs} : (tensor<1x40xf32>, tensor<2x40xf32>) -> tensor<1x2xf32>
  %u = pith.matmul %z, %v {transpose_rhs} : (tensor<1x136xf32>, tensor<2x136xf32>) -> tensor<1x2xf32>
  return %y, %u : tensor<1x2xf32>, tensor<1x2xf32>
}
