// One scale for all of an activation, found at run time: convolutions have integer
// activations without a profile, layers share codes, and a second run changes nothing.

// RUN: pith-opt %s --pith-quantize-activations='mode=dynamic granularity=tensor' | FileCheck %s
// RUN: pith-opt %s --pith-quantize-activations='granularity=tensor bits=6' | FileCheck %s --check-prefix=BITS
// RUN: pith-opt %s --pith-quantize-activations='granularity=tensor' --pith-quantize-activations='granularity=tensor' --remarks-filter='pith-quantize-activations' --remarks-filter-missed='pith-quantize-activations' 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK
// RUN: pith-opt %s --pith-quantize-activations='granularity=tensor' -o %t.mlir
// RUN: pith-run %t.mlir --compare --shape x:2x5x5x2 --shape z:3x4x2 | FileCheck %s --check-prefix=VALUES

// CHECK: %[[ALL:.*]] = pith.constant dense<-1> : tensor<1xi64>
// CHECK: %[[FLAT:.*]] = pith.reshape %arg0, %[[ALL]] {{.*}} -> tensor<?xf32>
// CHECK: %[[Q:.*]], %[[S:.*]] = pith.dynamic_quantize %[[FLAT]]
// CHECK-SAME: -> (tensor<?xi8>, tensor<1xf32>)
// CHECK: %[[SIZES:.*]] = pith.constant dense<[-1, 5, 5, 2]> : tensor<4xi64>
// CHECK: %[[C:.*]] = pith.reshape %[[Q]], %[[SIZES]]
// CHECK: %[[D:.*]] = pith.dequantize %[[C]], %[[S]] {axis = 3 : i64}
// CHECK: pith.conv %[[D]]
// CHECK: pith.conv %[[D]]
// CHECK-NOT: pith.dynamic_quantize
// BITS: pith.dynamic_quantize {{.*}}bits = 6
// REMARK-DAG: loc("/first"): [Passed] IntegerActivation {{.*}}"int8 activation, one scale"
// REMARK-DAG: loc("/second"): [Passed] IntegerActivation
// REMARK-DAG: loc("/third"): [Missed] FloatActivation {{.*}}"of the activation's sizes more than one is not known"
// REMARK-DAG: loc("/first"): [Missed] FloatActivation {{.*}}"the activation is rounded already"
// VALUES: y0: equal
// VALUES: y1: equal
// VALUES: y2: equal
func.func @main(%x: tensor<?x5x5x2xf32> {pith.name = "x", pith.shape = affine_map<()[s0, s1, s2] -> (s0, 5, 5, 2)>},
                %z: tensor<?x?x2xf32> {pith.name = "z", pith.shape = affine_map<()[s0, s1, s2] -> (s1, s2, 2)>})
    -> (tensor<?x5x5x2xf32> {pith.name = "y0"}, tensor<?x5x5x2xf32> {pith.name = "y1"}, tensor<?x?x2xf32> {pith.name = "y2"})
    attributes {pith.symbols = ["n", "a", "b"]} {
  %c = pith.constant dense<3> : tensor<2x3x3x2xi8> : tensor<2x3x3x2xi8>
  %s = pith.constant dense<[[0.5], [0.25]]> : tensor<2x1xf32> : tensor<2x1xf32>
  %w = pith.dequantize %c, %s {axis = 1 : i64} : (tensor<2x3x3x2xi8>, tensor<2x1xf32>) -> tensor<2x3x3x2xf32>
  %b = pith.constant dense<[1.0, 2.0]> : tensor<2xf32> : tensor<2xf32>
  %y = pith.conv %x, %w, %b {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
    pads_low = array<i64: 1, 1>, pads_high = array<i64: 1, 1>, layout = #pith.layout<channels_last>,
    group = 1 : i64} : (tensor<?x5x5x2xf32>, tensor<2x3x3x2xf32>, tensor<2xf32>) -> tensor<?x5x5x2xf32> loc("/first")
  %d = pith.constant dense<2> : tensor<2x1x1x2xi8> : tensor<2x1x1x2xi8>
  %v = pith.dequantize %d, %s {axis = 1 : i64} : (tensor<2x1x1x2xi8>, tensor<2x1xf32>) -> tensor<2x1x1x2xf32>
  %u = pith.conv %x, %v, %b {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
    pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>, layout = #pith.layout<channels_last>,
    group = 1 : i64} : (tensor<?x5x5x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>) -> tensor<?x5x5x2xf32> loc("/second")
  %e = pith.constant dense<[[1, 2], [3, 4]]> : tensor<2x2xi8> : tensor<2x2xi8>
  %f = pith.dequantize %e, %s {axis = 1 : i64} : (tensor<2x2xi8>, tensor<2x1xf32>) -> tensor<2x2xf32>
  %t = pith.matmul %z, %f {transpose_rhs} : (tensor<?x?x2xf32>, tensor<2x2xf32>) -> tensor<?x?x2xf32> loc("/third")
  return %y, %u, %t : tensor<?x5x5x2xf32>, tensor<?x5x5x2xf32>, tensor<?x?x2xf32>
}
