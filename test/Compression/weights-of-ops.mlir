// RUN: pith-opt %s --pith-quantize-weights='min-elements=1 bits=8' | FileCheck %s --check-prefix=QUANTIZE
// RUN: pith-opt %s --pith-prune-weights='min-elements=1 pattern=1:4 select=.' | FileCheck %s --check-prefix=PRUNE
// RUN: pith-opt %s --pith-prune-weights='min-elements=1 pattern=1:4' | FileCheck %s --check-prefix=TABLE
// RUN: pith-opt %s --pith-quantize-weights='min-elements=1 bits=8 group-size=16' | FileCheck %s --check-prefix=GROUPS

// Dense layers, convolutions, depthwise ones and embedding tables alike; a table
// that a product shares is stored once, and pruned only if it is selected. Groups run through all axes behind the
// first.

// QUANTIZE: pith.dequantize {{.*}} : (tensor<4x3x3x2xi8>, tensor<4x1xf16>) -> tensor<4x3x3x2xf32>
// QUANTIZE: pith.dequantize {{.*}} : (tensor<8x3x3x1xi8>, tensor<8x1xf16>) -> tensor<8x3x3x1xf32>
// QUANTIZE: %[[T:.*]] = pith.dequantize {{.*}} -> tensor<20x16xf32>
// QUANTIZE-NOT: pith.dequantize
// QUANTIZE: pith.gather %[[T]]
// QUANTIZE: pith.matmul %{{.*}}, %[[T]]
// PRUNE: pith.nm_decode {{.*}} : (tensor<4x5xf32>, tensor<4x5xui2>) -> tensor<4x3x3x2xf32>
// PRUNE: pith.nm_decode {{.*}} : (tensor<8x3xf32>, tensor<8x3xui2>) -> tensor<8x3x3x1xf32>
// PRUNE: pith.nm_decode {{.*}} -> tensor<20x16xf32>
// TABLE-NOT: pith.nm_decode {{.*}} -> tensor<20x16xf32>
// GROUPS: (tensor<4x3x3x2xi8>, tensor<4x2xf16>)
func.func @main(%x: tensor<1x4x4x2xf32>, %z: tensor<1x4x4x8xf32>, %i: tensor<3xi64>)
    -> (tensor<1x2x2x4xf32>, tensor<1x2x2x8xf32>, tensor<3x20xf32>) {
  %u = pith.constant dense<0.5> : tensor<4x3x3x2xf32> {name = "conv"} : tensor<4x3x3x2xf32>
  %v = pith.constant dense<0.5> : tensor<8x3x3x1xf32> {name = "depthwise"} : tensor<8x3x3x1xf32>
  %t = pith.constant dense<0.5> : tensor<20x16xf32> {name = "table"} : tensor<20x16xf32>
  %0 = pith.conv %x, %u {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
    pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>, layout = #pith.layout<channels_last>}
    : (tensor<1x4x4x2xf32>, tensor<4x3x3x2xf32>) -> tensor<1x2x2x4xf32>
  %1 = pith.conv %z, %v {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, group = 8 : i64,
    pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>, layout = #pith.layout<channels_last>}
    : (tensor<1x4x4x8xf32>, tensor<8x3x3x1xf32>) -> tensor<1x2x2x8xf32>
  %2 = pith.gather %t, %i {axis = 0 : i64} : (tensor<20x16xf32>, tensor<3xi64>) -> tensor<3x16xf32>
  %3 = pith.matmul %2, %t {transpose_rhs} : (tensor<3x16xf32>, tensor<20x16xf32>) -> tensor<3x20xf32>
  return %0, %1, %3 : tensor<1x2x2x4xf32>, tensor<1x2x2x8xf32>, tensor<3x20xf32>
}
