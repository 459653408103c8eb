// Every option changes what the pass does.

// RUN: pith-opt %s --pith-quantize-to-codebook='min-elements=1 group-size=32' | FileCheck %s --check-prefix=DEFAULT
// RUN: pith-opt %s --pith-quantize-to-codebook='min-elements=1 bits=3' | FileCheck %s --check-prefix=BITS
// RUN: pith-opt %s --pith-quantize-to-codebook='min-elements=1 codebook=fp4' | FileCheck %s --check-prefix=FP4
// RUN: pith-opt %s --pith-quantize-to-codebook='min-elements=1 codebook=e3m0' | FileCheck %s --check-prefix=E3M0
// RUN: pith-opt %s --pith-quantize-to-codebook='min-elements=1 codebook=mxfp4' | FileCheck %s --check-prefix=MX
// RUN: pith-opt %s --pith-quantize-to-codebook='min-elements=1 codebook=ternary' | FileCheck %s --check-prefix=TERNARY
// RUN: pith-opt %s --pith-quantize-to-codebook='min-elements=1 codebook=kmeans bits=2' | FileCheck %s --check-prefix=KMEANS
// RUN: pith-opt %s --pith-quantize-to-codebook='min-elements=1 codebook=kmeans bits=2 symmetry=mirrored' | FileCheck %s --check-prefix=MIRRORED
// RUN: pith-opt %s --pith-quantize-to-codebook='min-elements=1 granularity=per-channel' | FileCheck %s --check-prefix=CHANNEL
// RUN: pith-opt %s --pith-quantize-to-codebook='min-elements=1 granularity=per-tensor' | FileCheck %s --check-prefix=TENSOR
// RUN: pith-opt %s --pith-quantize-to-codebook='min-elements=1 group-size=16' | FileCheck %s --check-prefix=SIZE
// RUN: pith-opt %s --pith-quantize-to-codebook='min-elements=1 group-size=32 scale-type=f32' | FileCheck %s --check-prefix=SCALE
// RUN: pith-opt %s --pith-quantize-to-codebook='min-elements=1 group-size=32 scale-type=e8m0' | FileCheck %s --check-prefix=E8M0
// RUN: pith-opt %s --pith-quantize-to-codebook='min-elements=1 bits=2 group-size=16 scale-type=u8' | FileCheck %s --check-prefix=LEVELS
// RUN: pith-opt %s --pith-quantize-to-codebook='min-elements=1 group-size=32 search=none' | FileCheck %s --check-prefix=NONE
// RUN: pith-opt %s --pith-quantize-to-codebook='min-elements=1 group-size=32 search=mse' | FileCheck %s --check-prefix=DEFAULT
// RUN: pith-opt %s --pith-quantize-to-codebook='min-elements=81' | FileCheck %s --check-prefix=KEPT
// RUN: pith-opt %s --pith-quantize-to-codebook='min-elements=1 group-size=32 select=MatMul' | FileCheck %s --check-prefix=DEFAULT
// RUN: pith-opt %s --pith-quantize-to-codebook='min-elements=1 exclude=weight$' | FileCheck %s --check-prefix=EXCLUDED
// RUN: pith-opt %s --pith-quantize-to-codebook='min-elements=1 codebook=kmeans bits=8' | FileCheck %s --check-prefix=LARGER
// RUN: pith-opt %s --pith-prune-weights='min-elements=1 sparsity=0.7' --pith-quantize-to-codebook='min-elements=1 bits=4' | FileCheck %s --check-prefix=SPARSE
// RUN: pith-opt %s --pith-prune-weights='min-elements=1' --pith-quantize-to-codebook='min-elements=1 codebook=kmeans bits=1' | FileCheck %s --check-prefix=ONEBIT
// RUN: pith-opt %s --pith-quantize-to-codebook='min-elements=1' --pith-quantize-to-codebook='min-elements=1' --remarks-filter-missed='pith-.*' 2>&1 | FileCheck %s --check-prefix=TWICE

// DEFAULT: tensor<2x40xui4>
// DEFAULT: tensor<16xf32>
// DEFAULT: tensor<2x2xf16>
// DEFAULT: pith.codebook_decode {{.*}}format = "nf4", group_size = 32 : i64, pith.error = 22.27
// By the largest magnitude only: a greater error than after a search.
// NONE: pith.codebook_decode {{.*}}pith.error = 21.44
// BITS: tensor<2x40xui3>
// BITS: tensor<2x1xf16>
// BITS: format = "nf3"
// FP4: dense<[0.000000e+00, 5.000000e-01, 1.000000e+00, 1.500000e+00, 2.000000e+00, 3.000000e+00, 4.000000e+00, 6.000000e+00, -0.000000e+00,
// FP4: format = "fp4"
// E3M0: dense<[0.000000e+00, 2.500000e-01, 5.000000e-01, 1.000000e+00, 2.000000e+00, 4.000000e+00, 8.000000e+00, 1.600000e+01,
// E3M0: format = "e3m0"
// MX: dense<{{.*}}> : tensor<2x2xui8>
// MX: format = "mxfp4", group_size = 32
// TERNARY: tensor<2x40xui2>
// TERNARY: dense<[0.000000e+00, 1.000000e+00, 0.000000e+00, -1.000000e+00]>
// KMEANS: tensor<4xf16>
// KMEANS: format = "kmeans2"
// KMEANS-NOT: sign_magnitude
// MIRRORED: dense<{{\[}}[[A:[0-9.e+-]+]], [[B:[0-9.e+-]+]], -[[A]], -[[B]]{{\]}}> : tensor<4xf16>
// MIRRORED: pith.codebook_decode {{.*}}sign_magnitude
// CHANNEL: tensor<2x1xf16>
// TENSOR: tensor<1xf16>
// SIZE: tensor<2x3xf16>
// SIZE: group_size = 16
// SCALE: tensor<2x2xf32>
// E8M0: tensor<2x2xui8>
// LEVELS: tensor<2x3xui8>
// LEVELS: tensor<2xf32>
// LEVELS: pith.codebook_decode %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {
// KEPT: pith.kept = "80 elements, fewer than min-elements 81"
// EXCLUDED: pith.kept = "excluded"
// LARGER: pith.kept = "codes, codebook and scales would take no fewer bytes"
// SPARSE: %[[C:.*]] = pith.sparse_decode {{.*}} -> tensor<2x40xui4>
// SPARSE: pith.codebook_decode %[[C]]
// ONEBIT-NOT: pith.codebook_decode
// TWICE: "it is nf4 channel f16 already"
func.func @main(%x: tensor<1x40xf32>) -> tensor<1x2xf32> {
  %w = pith.constant dense<[
    [0.11, -0.83, 0.45, 0.29, -0.97, 0.61, -0.07, 0.38, 0.71, -0.22, 0.56, -0.34, 0.93, 0.18, -0.65, 0.04,
     -0.49, 0.77, -0.13, 0.31, 0.88, -0.59, 0.26, -0.42, 0.67, -0.91, 0.02, 0.53, -0.36, 0.74, -0.16, 0.47,
     0.81, -0.25, 0.63, -0.78, 0.09, 0.35, -0.54, 0.21],
    [-0.37, 0.64, 0.15, -0.86, 0.42, 0.95, -0.28, 0.51, -0.73, 0.08, 0.33, -0.62, 0.79, -0.19, 0.57, -0.44,
     0.24, -0.99, 0.68, 0.12, -0.55, 0.39, -0.06, 0.84, -0.31, 0.48, -0.76, 0.17, 0.92, -0.23, 0.66, -0.41,
     0.05, 0.72, -0.58, 0.27, 0.89, -0.14, 0.43, -0.69]]>
    : tensor<2x40xf32> {name = "layer.weight"} : tensor<2x40xf32>
  %y = pith.matmul %x, %w {transpose_rhs} : (tensor<1x40xf32>, tensor<2x40xf32>) -> tensor<1x2xf32> loc("/layer/MatMul")
  return %y : tensor<1x2xf32>
}
