//===- PruningMask.cpp - Masks from scores --------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PruningMask.h"

#include "pith/Compression/Codec.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace mlir;
using namespace pith;

std::vector<float> pith::getBlockScores(ScoreMatrix matrix,
                                        const SparsePattern &pattern) {
  int64_t r = pattern.blockOutputs, c = pattern.blockPositions, K = matrix.reduction;
  int64_t columns = llvm::divideCeil(K, c);
  std::vector<double> squares(llvm::divideCeil(matrix.outputs, r) * columns);
  for (int64_t o = 0; o < matrix.outputs; ++o)
    for (int64_t k = 0; k < K; ++k) {
      double score = matrix.scores[o * K + k];
      squares[o / r * columns + k / c] += score * score;
    }
  std::vector<float> scores(squares.size());
  llvm::transform(squares, scores.begin(), [](double x) { return float(std::sqrt(x)); });
  return scores;
}

void pith::keepNm(MLIRContext *context, ScoreMatrix matrix, const SparsePattern &pattern,
                  MutableArrayRef<char> mask) {
  int64_t n = pattern.n, m = pattern.m, K = matrix.reduction;
  forRowRuns(context, matrix.outputs, K, [&](int64_t begin, int64_t end) {
    SmallVector<int16_t> chosen(n);
    for (int64_t o = begin; o < end; ++o)
      for (int64_t at = 0; at < K; at += m) {
        int64_t size = std::min(m, K - at);
        selectLargest(matrix.scores.slice(o * K + at, size), chosen);
        for (int16_t position : chosen)
          if (position < size)
            mask[o * K + at + position] = 1;
      }
  });
}

void pith::keepUncut(ScoreMatrix matrix, ArrayRef<float> scores,
                     const SparsePattern &pattern, MagnitudeCut &cut,
                     MutableArrayRef<char> mask) {
  int64_t r = pattern.blockOutputs, c = pattern.blockPositions, K = matrix.reduction;
  int64_t columns = llvm::divideCeil(K, c);
  for (int64_t at = 0, e = scores.size(); at < e; ++at) {
    if (cut.drops(scores[at]))
      continue;
    int64_t row = at / columns * r, column = at % columns * c;
    for (int64_t o = row; o < std::min(row + r, matrix.outputs); ++o)
      for (int64_t k = column; k < std::min(column + c, K); ++k)
        mask[o * K + k] = 1;
  }
}
