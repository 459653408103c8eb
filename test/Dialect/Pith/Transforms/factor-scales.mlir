// RUN: pith-opt %s --pith-factor-scales --split-input-file | FileCheck %s

// One scale of the activation and one per output of the weight move behind the sum;
// the bias is added last. Bytes less a zero point are read as they are.
// CHECK-LABEL: func.func @product
// CHECK-SAME: (%[[CODES:.*]]: tensor<3x4xi8>)
// CHECK-DAG: %[[OWN:.*]] = pith.constant dense<1.000000e+00> : tensor<1xf32>
// CHECK-DAG: %[[ZERO:.*]] = pith.constant dense<-7> : tensor<1xi32>
// CHECK: %[[Q:.*]] = pith.dequantize %[[CODES]], %[[OWN]], %[[ZERO]]
// CHECK: %[[ONE:.*]] = pith.constant dense<1.000000e+00> : tensor<2x1xf32>
// CHECK: %[[W:.*]] = pith.dequantize %{{.*}}, %[[ONE]]
// CHECK: %[[SUM:.*]] = pith.matmul %[[Q]], %[[W]]
// CHECK: %[[SCALE:.*]] = pith.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>
// CHECK: %[[SCALED:.*]] = pith.mul %[[SUM]], %[[SCALE]]
// CHECK: return %[[SCALED]]
func.func @product(%codes: tensor<3x4xi8>) -> tensor<3x2xf32> {
  %s = pith.constant dense<5.000000e-01> : tensor<f32> : tensor<f32>
  %c = pith.constant dense<[[1, 2, 3, 4], [-1, -2, -3, -4]]> : tensor<2x4xi8> : tensor<2x4xi8>
  %t = pith.constant dense<[[2.0], [4.0]]> : tensor<2x1xf32> : tensor<2x1xf32>
  %z = pith.constant dense<7.0> : tensor<f32> : tensor<f32>
  %f = pith.cast %codes : (tensor<3x4xi8>) -> tensor<3x4xf32>
  %q = pith.add %f, %z : (tensor<3x4xf32>, tensor<f32>) -> tensor<3x4xf32>
  %x = pith.mul %q, %s : (tensor<3x4xf32>, tensor<f32>) -> tensor<3x4xf32>
  %w = pith.dequantize %c, %t : (tensor<2x4xi8>, tensor<2x1xf32>) -> tensor<2x4xf32>
  %y = pith.matmul %x, %w {transpose_rhs}
    : (tensor<3x4xf32>, tensor<2x4xf32>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// -----

// Codes less a zero point are integers, too; a mean is linear.
// CHECK-LABEL: func.func @mean
// CHECK: %[[Q:.*]] = pith.sub
// CHECK: %[[MEAN:.*]] = pith.reduce %[[Q]]
// CHECK: pith.mul %[[MEAN]]
func.func @mean(%codes: tensor<3x4xui8>) -> tensor<3xf32> {
  %s = pith.constant dense<2.500000e-01> : tensor<f32> : tensor<f32>
  %z = pith.constant dense<1.280000e+02> : tensor<f32> : tensor<f32>
  %c = pith.cast %codes : (tensor<3x4xui8>) -> tensor<3x4xf32>
  %q = pith.sub %c, %z : (tensor<3x4xf32>, tensor<f32>) -> tensor<3x4xf32>
  %x = pith.mul %q, %s : (tensor<3x4xf32>, tensor<f32>) -> tensor<3x4xf32>
  %y = pith.reduce %x {kind = #pith.reduce_kind<mean>, axes = array<i64: 1>}
    : (tensor<3x4xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}

// -----

// A largest element is not factored, nor are sums of what is no integer.
// CHECK-LABEL: func.func @others
// CHECK: pith.mul
// CHECK: pith.reduce
// CHECK-NOT: pith.mul
// CHECK: return
func.func @others(%codes: tensor<3x4xi8>) -> tensor<3xf32> {
  %s = pith.constant dense<2.500000e-01> : tensor<f32> : tensor<f32>
  %q = pith.cast %codes : (tensor<3x4xi8>) -> tensor<3x4xf32>
  %x = pith.mul %q, %s : (tensor<3x4xf32>, tensor<f32>) -> tensor<3x4xf32>
  %y = pith.reduce %x {kind = #pith.reduce_kind<max>, axes = array<i64: 1>}
    : (tensor<3x4xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}

// -----

// Codes of scaled sums: the divisor goes into factors, biases and limits.
// CHECK-LABEL: func.func @divisor
// CHECK: %[[SUM:.*]] = pith.matmul
// CHECK: %[[F:.*]] = pith.constant dense<[4.000000e+00, 8.000000e+00]> : tensor<2xf32>
// CHECK: %[[M:.*]] = pith.mul %[[SUM]], %[[F]]
// CHECK: %[[B:.*]] = pith.constant dense<[2.000000e+00, 4.000000e+00]> : tensor<2xf32>
// CHECK: %[[A:.*]] = pith.add %[[M]], %[[B]]
// CHECK: %[[R:.*]] = pith.relu %[[A]]
// CHECK: %[[HIGH:.*]] = pith.constant dense<2.400000e+01> : tensor<f32>
// CHECK: %[[C:.*]] = pith.clip %[[R]], %{{.*}}, %[[HIGH]]
// CHECK: %[[ONE:.*]] = pith.constant dense<1.000000e+00> : tensor<1xf32>
// CHECK: pith.quantize %[[C]], %[[ONE]]
func.func @divisor(%codes: tensor<3x4xi8>) -> tensor<3x2xui8> {
  %s = pith.constant dense<5.000000e-01> : tensor<1xf32> : tensor<1xf32>
  %c = pith.constant dense<[[1, 2, 3, 4], [-1, -2, -3, -4]]> : tensor<2x4xi8> : tensor<2x4xi8>
  %t = pith.constant dense<[[2.0], [4.0]]> : tensor<2x1xf32> : tensor<2x1xf32>
  %x = pith.dequantize %codes, %s {axis = 1 : i64} : (tensor<3x4xi8>, tensor<1xf32>) -> tensor<3x4xf32>
  %w = pith.dequantize %c, %t : (tensor<2x4xi8>, tensor<2x1xf32>) -> tensor<2x4xf32>
  %y = pith.matmul %x, %w {transpose_rhs}
    : (tensor<3x4xf32>, tensor<2x4xf32>) -> tensor<3x2xf32>
  %b = pith.constant dense<[0.5, 1.0]> : tensor<2xf32> : tensor<2xf32>
  %a = pith.add %y, %b : (tensor<3x2xf32>, tensor<2xf32>) -> tensor<3x2xf32>
  %r = pith.relu %a : (tensor<3x2xf32>) -> tensor<3x2xf32>
  %low = pith.constant dense<0.0> : tensor<f32> : tensor<f32>
  %high = pith.constant dense<6.0> : tensor<f32> : tensor<f32>
  %l = pith.clip %r, %low, %high : (tensor<3x2xf32>, tensor<f32>, tensor<f32>) -> tensor<3x2xf32>
  %d = pith.constant dense<0.25> : tensor<1xf32> : tensor<1xf32>
  %q = pith.quantize %l, %d : (tensor<3x2xf32>, tensor<1xf32>) -> tensor<3x2xui8>
  return %q : tensor<3x2xui8>
}

// -----

// What else needs the sums keeps them, and their codes a division.
// CHECK-LABEL: func.func @shared
// CHECK: pith.constant dense<2.500000e-01> : tensor<1xf32>
// CHECK: pith.quantize
func.func @shared(%codes: tensor<3x4xi8>) -> (tensor<3x2xf32>, tensor<3x2xi8>) {
  %s = pith.constant dense<5.000000e-01> : tensor<1xf32> : tensor<1xf32>
  %c = pith.constant dense<[[1, 2, 3, 4], [-1, -2, -3, -4]]> : tensor<2x4xi8> : tensor<2x4xi8>
  %t = pith.constant dense<[[2.0], [4.0]]> : tensor<2x1xf32> : tensor<2x1xf32>
  %x = pith.dequantize %codes, %s {axis = 1 : i64} : (tensor<3x4xi8>, tensor<1xf32>) -> tensor<3x4xf32>
  %w = pith.dequantize %c, %t : (tensor<2x4xi8>, tensor<2x1xf32>) -> tensor<2x4xf32>
  %y = pith.matmul %x, %w {transpose_rhs}
    : (tensor<3x4xf32>, tensor<2x4xf32>) -> tensor<3x2xf32>
  %d = pith.constant dense<0.25> : tensor<1xf32> : tensor<1xf32>
  %q = pith.quantize %y, %d : (tensor<3x2xf32>, tensor<1xf32>) -> tensor<3x2xi8>
  return %y, %q : tensor<3x2xf32>, tensor<3x2xi8>
}
