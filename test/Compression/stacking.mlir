// RUN: pith-opt %s --pith-prune-weights='min-elements=1 pattern=2:4' --pith-quantize-weights=min-elements=1 --remarks-filter='pith-quant.*' 2>&1 | FileCheck %s --check-prefix=NM
// RUN: pith-opt %s --pith-prune-weights='min-elements=1' --pith-quantize-weights=min-elements=1 --remarks-filter='pith-quant.*' 2>&1 | FileCheck %s --check-prefix=BITMAP
// RUN: pith-opt %s --pith-prune-weights='min-elements=1' --pith-quantize-weights='min-elements=1 bits=2' --remarks-filter-analyse='pith-quant.*' 2>&1 | FileCheck %s --check-prefix=DENSE
// RUN: pith-opt %s --pith-quantize-weights=min-elements=1 --pith-prune-weights=min-elements=1 --remarks-filter-missed='pith-.*' 2>&1 | FileCheck %s --check-prefix=REVERSE
// RUN: pith-opt %s --pith-quantize-weights=min-elements=1 --pith-quantize-weights='min-elements=1 bits=2' --remarks-filter-missed='pith-.*' 2>&1 | FileCheck %s --check-prefix=TWICE
// RUN: pith-opt %s --pith-quantize-weights=min-elements=1 --pith-factorize-weights='min-elements=1 rank=1' --remarks-filter-missed='pith-.*' 2>&1 | FileCheck %s --check-prefix=FACTORIZE
// RUN: pith-opt %s --pith-factorize-weights='min-elements=1 rank=1' --pith-quantize-weights=min-elements=1 | FileCheck %s --check-prefix=FACTORS
// RUN: pith-opt %s --pith-prune-weights='min-elements=1' --pith-quantize-weights='min-elements=1 scheme=asymmetric' | FileCheck %s --check-prefix=SYMMETRIC
// RUN: pith-opt %s --pith-prune-weights='min-elements=1' --pith-quantize-weights='min-elements=1 bits=1' --remarks-filter-missed='pith-quant.*' 2>&1 | FileCheck %s --check-prefix=SIGNS

// Sparse of codes: the values of the sparse form are codes, and the dequantize
// wraps it, with the original's bytes.

// NM: "2:4 int4 channel f16", bits_per_weight=4.000
// NM: %[[C:.*]] = pith.nm_decode {{.*}} -> tensor<4x16xi4>
// NM: pith.dequantize %[[C]], {{.*}}pith.original_bytes = 256

// BITMAP: "bitmap int4 channel f16", bits_per_weight=4.000
// BITMAP: %[[C:.*]] = pith.sparse_decode {{.*}} : (tensor<32xi4>, tensor<4x16xi1>) -> tensor<4x16xi4>
// BITMAP: pith.dequantize %[[C]]

// With 2 bits a bitmap does not pay: half of 2 and 1 are no fewer than 2.

// DENSE: StoredDense {{.*}}"bitmap int2 takes no fewer bytes than dense codes"
// DENSE-NOT: pith.sparse_decode
// DENSE: pith.dequantize

// What is codes already stays.

// REVERSE: [Missed] Kept | Category:pith-prune-weights {{.*}}"it is int4 channel f16 already; prune first"
// TWICE: [Missed] Kept | Category:pith-quantize-weights {{.*}}"it is int4 channel f16 already"
// FACTORIZE: [Missed] Kept | Category:pith-factorize-weights {{.*}}"it is int4 channel f16 already; factorize first"

// FACTORS-DAG: tensor<4x1xi4>
// FACTORS-DAG: tensor<1x16xi4>

// Elements that are not stored are exactly 0: no zero point, and no sign bits.

// SYMMETRIC-NOT: zero_point
// SIGNS: "codes of 1 bit have no zero for the elements that are not stored"
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
