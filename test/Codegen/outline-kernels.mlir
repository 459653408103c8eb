// RUN: pith-opt %s --pith-outline-kernels | FileCheck %s
// RUN: pith-opt %s --pith-outline-kernels=max-inline-elements=1 | FileCheck %s --check-prefix=FEW

// Equal groups share one function; constants of equal elements move into it,
// others are arguments.
// CHECK-LABEL: func.func @main
// CHECK: %[[Y:.*]] = call @[[KERNEL:.*]](%{{.*}}, %{{.*}})
// CHECK: call @[[KERNEL]](%[[Y]], %{{.*}})
// CHECK: return
// CHECK: func.func private @[[KERNEL]]({{.*}}%arg1: tensor<4x4xf32> {{.*}}pith.weight
// CHECK: pith.matmul
// CHECK: pith.constant dense<2.0
// CHECK: pith.mul

// Few integers are part of the code, unless the option says otherwise.
// CHECK: func.func private @gather_0(
// CHECK-NOT: %arg1
// CHECK: pith.constant dense<[3, 1]>
// FEW: func.func private @gather_0({{.*}}%arg1: tensor<2xi64>
func.func @main(%x: tensor<4x4xf32>) -> tensor<2x4xf32> {
  %v = pith.constant dense<[[1.0, 2.0, 3.0, 4.0], [2.0, 3.0, 4.0, 5.0], [0.0, 1.0, 0.0, 1.0], [1.0, 0.0, 2.0, 0.0]]> : tensor<4x4xf32> : tensor<4x4xf32>
  %two = pith.constant dense<2.0> : tensor<f32> : tensor<f32>
  %rows = pith.constant dense<[3, 1]> : tensor<2xi64> : tensor<2xi64>
  %0 = pith.matmul %x, %v {transpose_rhs} : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  %1 = pith.mul %0, %two : (tensor<4x4xf32>, tensor<f32>) -> tensor<4x4xf32>
  %2 = pith.matmul %1, %v {transpose_rhs} : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  %3 = pith.mul %2, %two : (tensor<4x4xf32>, tensor<f32>) -> tensor<4x4xf32>
  %4 = pith.gather %3, %rows {axis = 0 : i64} : (tensor<4x4xf32>, tensor<2xi64>) -> tensor<2x4xf32>
  return %4 : tensor<2x4xf32>
}
