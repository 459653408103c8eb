// RUN: pith-opt %s --pith-quantize-weights='min-elements=1 bits=2' --pith-correct-quantization='min-elements=1 rank=1' --remarks-filter='pith-correct.*' 2>&1 | FileCheck %s
// RUN: pith-opt %s --pith-quantize-weights='min-elements=1 bits=2' --pith-correct-quantization='min-elements=1 rank=2' | FileCheck %s --check-prefix=RANK
// RUN: pith-opt %s --pith-quantize-weights='min-elements=1 bits=2' --pith-correct-quantization='min-elements=1 rank=5' --remarks-filter-missed='pith-correct.*' 2>&1 | FileCheck %s --check-prefix=TOO-MUCH
// RUN: pith-opt %s --pith-correct-quantization='min-elements=1' --remarks-filter-missed='pith-correct.*' 2>&1 | FileCheck %s --check-prefix=FLOAT
// RUN: pith-opt %s --pith-quantize-weights='min-elements=1 bits=2' --pith-release-constants --pith-correct-quantization='min-elements=1' --remarks-filter-missed='pith-correct.*' 2>&1 | FileCheck %s --check-prefix=FORGOTTEN
// RUN: pith-opt %s --pith-quantize-weights='min-elements=1 bits=2' --pith-correct-quantization='min-elements=1 rank=1' --pith-quantize-weights='min-elements=1 bits=8' | FileCheck %s --check-prefix=FACTORS

// The sum of the quantized product and one by the factors of the error; the
// error that the codec carries is that of the sum.

// CHECK: loc("/MatMul"): [Passed] Corrected {{.*}}"rank 1", node=/MatMul, sqnr_db=[[DB:[0-9]+\.[0-9]]]
// CHECK: func @main(%[[X:.*]]: tensor<1x16xf32>)
// CHECK: %[[W:.*]] = pith.dequantize {{.*}}pith.error = [[DB]]
// CHECK-DAG: %[[Y:.*]] = pith.matmul %[[X]], %[[W]] {transpose_rhs}
// CHECK-DAG: %[[T:.*]] = pith.matmul %[[X]], %{{.*}} {transpose_rhs} : (tensor<1x16xf32>, tensor<1x16xf32>) -> tensor<1x1xf32>
// CHECK-DAG: %[[C:.*]] = pith.matmul %[[T]], %{{.*}} {transpose_rhs} : (tensor<1x1xf32>, tensor<4x1xf32>) -> tensor<1x4xf32>
// CHECK: %[[SUM:.*]] = pith.add %[[Y]], %[[C]]
// CHECK: return %[[SUM]]
// RANK: tensor<2x16xf32>
// TOO-MUCH: NotCorrected {{.*}}rank 5 is more than a matrix of 4 x 16 has
// FLOAT: NotCorrected {{.*}}the weight is not compressed
// FORGOTTEN: NotCorrected {{.*}}the original weight is not known any more

// A later quantization takes the factors.

// FACTORS-DAG: tensor<4x16xi2>
// FACTORS-DAG: tensor<1x16xi8>
func.func @main(%x: tensor<1x16xf32>) -> tensor<1x4xf32> {
  %w = pith.constant dense<[
    [0.11, -0.83, 0.45, 0.29, -0.97, 0.61, -0.07, 0.38, 0.71, -0.22, 0.56, -0.34, 0.93, 0.18, -0.65, 0.04],
    [-0.49, 0.77, -0.13, 0.31, 0.88, -0.59, 0.26, -0.42, 0.67, -0.91, 0.02, 0.53, -0.36, 0.74, -0.16, 0.47],
    [-0.37, 0.64, 0.15, -0.86, 0.42, 0.95, -0.28, 0.51, -0.73, 0.08, 0.33, -0.62, 0.79, -0.19, 0.57, -0.44],
    [0.24, -0.99, 0.68, 0.12, -0.55, 0.39, -0.06, 0.84, -0.31, 0.48, -0.76, 0.17, 0.92, -0.23, 0.66, -0.41]]>
    : tensor<4x16xf32> {name = "w"} : tensor<4x16xf32>
  %y = pith.matmul %x, %w {transpose_rhs} : (tensor<1x16xf32>, tensor<4x16xf32>) -> tensor<1x4xf32> loc("/MatMul")
  return %y : tensor<1x4xf32>
}
