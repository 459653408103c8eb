//===- PruningMask.h - Masks from scores ------------------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What pruning passes share once every element has a score: those of greatest
// magnitude stay. Scores are `[outputs, reduction]`.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_COMPRESSION_SPARSITY_PRUNINGMASK_H
#define PITH_LIB_COMPRESSION_SPARSITY_PRUNINGMASK_H

#include "pith/Compression/Sparsity/Magnitude.h"
#include "pith/Compression/Sparsity/SparsePattern.h"

namespace pith {

/// Scores of a weight, row by row.
struct ScoreMatrix {
  llvm::ArrayRef<float> scores;
  int64_t outputs = 0, reduction = 0;
};

/// √Σ score² of each block, row of blocks by row of blocks.
std::vector<float> getBlockScores(ScoreMatrix matrix, const SparsePattern &pattern);

/// The mask that keeps the n of greatest score of every m; parallel.
void keepNm(mlir::MLIRContext *context, ScoreMatrix matrix, const SparsePattern &pattern,
            llvm::MutableArrayRef<char> mask);

/// The mask of elements that keeps what the cut does not drop, asked in order:
/// elements, or blocks, whose scores are `scores`.
void keepUncut(ScoreMatrix matrix, llvm::ArrayRef<float> scores,
               const SparsePattern &pattern, MagnitudeCut &cut,
               llvm::MutableArrayRef<char> mask);

} // namespace pith

#endif // PITH_LIB_COMPRESSION_SPARSITY_PRUNINGMASK_H
