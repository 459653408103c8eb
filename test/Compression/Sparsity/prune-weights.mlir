// RUN: pith-opt %s --pith-prune-weights=min-elements=1 --print-weights --split-input-file | FileCheck %s --check-prefix=BITMAP
// RUN: pith-opt %s --pith-prune-weights='min-elements=1 pattern=2:4' --print-weights --split-input-file | FileCheck %s --check-prefix=NM
// RUN: pith-opt %s --pith-prune-weights='min-elements=1 sparsity=0.75' --split-input-file | FileCheck %s --check-prefix=MORE
// RUN: pith-opt %s --pith-prune-weights='min-elements=1 sparsity=0.02' --split-input-file | FileCheck %s --check-prefix=LESS

// The 8 smallest of 16 are dropped; of the four of magnitude 2 at the limit the
// first two. The squares kept are 207 of 220: 12.28 dB.

// BITMAP-LABEL: func @main
// BITMAP: %[[V:.*]] = pith.constant dense<[5.000000e+00, -6.000000e+00, 8.000000e+00, -2.000000e+00, 2.000000e+00, 7.000000e+00, -4.000000e+00, 3.000000e+00]> : tensor<8xf32>
// BITMAP: %[[M:.*]] = pith.constant dense<{{\[\[}}false, true, false, true, true, false, false, false], [false, true, true, true, false, true, false, true]]> : tensor<2x8xi1>
// BITMAP: pith.sparse_decode %[[V]], %[[M]]
// BITMAP-SAME: pith.error = 12.28

// Of every four neighbours the two largest, of equal ones the first, in their
// order; positions are 2 bits each, the first
// lowest: 1, 3 and 0, 1 are 0x4D.

// NM-LABEL: func @main
// NM: %[[V:.*]] = pith.constant dense<{{\[\[}}5.000000e+00, -6.000000e+00, 8.000000e+00, -2.000000e+00], [-2.000000e+00, 7.000000e+00, -4.000000e+00, 3.000000e+00]]> : tensor<2x4xf32>
// NM: %[[P:.*]] = pith.constant dense_resource<w.positions> : tensor<2x4xui2>
// NM: pith.nm_decode %[[V]], %[[P]] {m = 4 : i64, n = 2 : i64
// NM-SAME: shape = array<i64: 2, 8>
// NM: w.positions: "0x400000004DDD"

// Of 16 elements 4 are left, or all: which would take more bytes, so the weight
// stays.

// MORE-LABEL: func @main
// MORE: pith.constant dense<[5.000000e+00, -6.000000e+00, 8.000000e+00, 7.000000e+00]> : tensor<4xf32>
// LESS-LABEL: func @main
// LESS: pith.kept = "a bitmap of 16 kept elements would take no fewer bytes"
func.func @main(%x: tensor<1x8xf32>) -> tensor<1x2xf32> {
  %w = pith.constant dense<[
    [1.0, 5.0, 2.0, -6.0, 8.0, -2.0, 0.0, 1.0],
    [1.0, -2.0, 2.0, 7.0, -1.0, -4.0, 1.0, 3.0]]> : tensor<2x8xf32> {name = "w"} : tensor<2x8xf32>
  %y = pith.matmul %x, %w {transpose_rhs} : (tensor<1x8xf32>, tensor<2x8xf32>) -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}

// -----

// A reduction that blocks do not divide: the last block has one element, and a
// second entry that stands for nothing.

// NM-LABEL: func @tail
// NM: pith.constant dense<{{\[\[}}3.000000e+00, 4.000000e+00, 5.000000e+00, 0.000000e+00]]> : tensor<1x4xf32>
// NM: pith.nm_decode {{.*}}shape = array<i64: 1, 5>
func.func @tail(%x: tensor<1x5xf32>) -> tensor<1x1xf32> {
  %w = pith.constant dense<[[1.0, 3.0, 4.0, 2.0, 5.0]]> : tensor<1x5xf32> {name = "w"} : tensor<1x5xf32>
  %y = pith.matmul %x, %w {transpose_rhs} : (tensor<1x5xf32>, tensor<1x5xf32>) -> tensor<1x1xf32>
  return %y : tensor<1x1xf32>
}
