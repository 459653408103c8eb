// RUN: not pith-opt %s --pith-quantize-gptq=min-elements=1 --split-input-file 2>&1 | FileCheck %s
// RUN: not pith-opt %s --pith-quantize-gptvq=min-elements=1 --split-input-file 2>&1 | FileCheck %s
// RUN: not pith-opt %s --pith-prune-wanda=min-elements=1 --split-input-file 2>&1 | FileCheck %s
// RUN: not pith-opt %s --pith-prune-sparsegpt=min-elements=1 --split-input-file 2>&1 | FileCheck %s
// RUN: not pith-opt %s --pith-scale-salient-channels=min-elements=1 --split-input-file 2>&1 | FileCheck %s
// RUN: not pith-opt %s --pith-factorize-weights='min-elements=1 weighting=gram' --split-input-file 2>&1 | FileCheck %s
// RUN: not pith-opt %s --pith-quantize-to-vectors=min-elements=1 --split-input-file 2>&1 | FileCheck %s --check-prefix=BAD
// RUN: not pith-opt %s --pith-choose-bits='min-elements=1 budget=4' --split-input-file 2>&1 | FileCheck %s --check-prefix=BAD
// RUN: not pith-opt %s --pith-choose-ranks='min-elements=1 ratio=0.5' --split-input-file 2>&1 | FileCheck %s --check-prefix=BAD

// What is wrong with a Gram matrix is said alike by all passes that use it, also those
// that could do without.

// CHECK: error: weight 'w': the profile's Gram matrix is not finite, or not positive definite however much it is damped
// BAD: error: weight 'w': the profile's Gram matrix is not finite, or not positive definite however much it is damped
func.func @main(%x: tensor<3x32xf32>) -> tensor<3x32xf32> {
  %w = pith.constant dense<1.0> : tensor<32x32xf32> {name = "w"} : tensor<32x32xf32>
  %y = pith.matmul %x, %w {transpose_rhs, pith.statistics = {rows = 2 : i64, minimum = -1.0 : f32, maximum = 1.0 : f32,
      mean = dense<0.0> : tensor<1x32xf32>, magnitude = dense<1.0> : tensor<1x32xf32>, largest = dense<1.0> : tensor<1x32xf32>,
      gram = dense<0x7FC00000> : tensor<1x32x32xf32>}} : (tensor<3x32xf32>, tensor<32x32xf32>) -> tensor<3x32xf32>
  return %y : tensor<3x32xf32>
}

// -----

// CHECK: error: weight 'w': the profile's Gram matrix is not finite, or not positive
// BAD: error: weight 'w': the profile's Gram matrix is not finite, or not positive
func.func @main(%x: tensor<3x32xf32>) -> tensor<3x32xf32> {
  %w = pith.constant dense<1.0> : tensor<32x32xf32> {name = "w"} : tensor<32x32xf32>
  %y = pith.matmul %x, %w {transpose_rhs, pith.statistics = {rows = 2 : i64, minimum = -1.0 : f32, maximum = 1.0 : f32,
      mean = dense<0.0> : tensor<1x32xf32>, magnitude = dense<1.0> : tensor<1x32xf32>, largest = dense<1.0> : tensor<1x32xf32>,
      gram = dense<-1.0> : tensor<1x32x32xf32>}} : (tensor<3x32xf32>, tensor<32x32xf32>) -> tensor<3x32xf32>
  return %y : tensor<3x32xf32>
}

// -----

// Rows that are too long for the matrix that calibration makes by default.

// CHECK: error: weight 'long': pith-{{.*}} needs a profile with Gram matrices, found one that has none for rows of 16385 elements, more than 16384; exclude the weight, or put calibrate{max-gram-size=16385} in front, which takes 1.1 GB
func.func @main(%x: tensor<3x16385xf32>) -> tensor<3x1xf32> {
  %w = pith.constant dense<1.0> : tensor<1x16385xf32> {name = "long"} : tensor<1x16385xf32>
  %y = pith.matmul %x, %w {transpose_rhs, pith.statistics = {rows = 2 : i64, minimum = -1.0 : f32, maximum = 1.0 : f32,
      mean = dense<0.0> : tensor<1x16385xf32>, magnitude = dense<1.0> : tensor<1x16385xf32>, largest = dense<1.0> : tensor<1x16385xf32>}} : (tensor<3x16385xf32>, tensor<1x16385xf32>) -> tensor<3x1xf32>
  return %y : tensor<3x1xf32>
}
