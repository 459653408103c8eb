//===- SparseGpt.cpp - Dropping weights that others make up for -----------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Columns are decided in blocks: first what all earlier columns leave for the block's
// is summed up, then its elements compete, then rows go through it on their own.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Sparsity/SparseGpt.h"

#include "PruningMask.h"

#include "pith/Compression/Codec.h"
#include "pith/Support/WideLoop.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>
#include <numeric>

#pragma STDC FP_CONTRACT OFF

using namespace mlir;
using namespace pith;

/// sums[c] += Σ_{i < count} differences[i] · upper[i · stride + c].
PITH_WIDE_LOOP static void addColumns(const float *differences, int64_t count,
                                      const float *upper, int64_t stride, int64_t width,
                                      double *sums) {
  for (int64_t i = 0; i < count; ++i) {
    double difference = differences[i];
    const float *row = upper + i * stride;
    for (int64_t c = 0; c < width; ++c)
      sums[c] += difference * row[c];
  }
}

namespace {
class SparseGpt {
public:
  SparseGpt(MLIRContext *context, const GramFactor &factor,
            const SparseGptOptions &options, MutableArrayRef<float> weights,
            MutableArrayRef<char> mask)
      : context(context), options(options), weights(weights), mask(mask),
        K(factor.size()), rows(int64_t(weights.size()) / K), upper(factor.getUpper()),
        differences(weights.size()) {}

  void run();

private:
  /// The best value of an element when all before it are decided.
  double target(int64_t element, int64_t column, double sum) const {
    return weights[element] + sum / upper[column * K + column];
  }
  void addEarlier(int64_t begin, int64_t end);
  void addCosts(int64_t row, int64_t begin, int64_t end, double *sums,
                float *costs) const;
  void choose(int64_t begin, int64_t end);
  void decide(int64_t row, int64_t begin, int64_t end);
  void chooseNm(int64_t row, int64_t column, int64_t end, const double *sums);

  MLIRContext *context;
  const SparseGptOptions &options;
  MutableArrayRef<float> weights;
  MutableArrayRef<char> mask;
  int64_t K, rows;
  std::vector<float> upper;
  std::vector<float> differences; ///< original minus pruned, of decided columns
  std::vector<double> sums;       ///< [rows, width]: Σ d · R so far
  int64_t asked = 0, dropped = 0; ///< elements or blocks
};
} // namespace

void SparseGpt::addEarlier(int64_t begin, int64_t end) {
  int64_t width = end - begin;
  sums.assign(rows * width, 0);
  forRowRuns(context, rows, (begin + 1) * width, [&](int64_t first, int64_t last) {
    for (int64_t row = first; row < last; ++row)
      addColumns(&differences[row * K], begin, &upper[begin], K, width,
                 &sums[row * width]);
  });
}

/// What dropping each of the columns would cost, if all columns between took their best
/// values. `sums` is what decided columns leave for them; it is spoilt.
void SparseGpt::addCosts(int64_t row, int64_t begin, int64_t end, double *sums,
                         float *costs) const {
  for (int64_t k = begin; k < end; ++k, ++sums) {
    int64_t element = row * K + k;
    double best = target(element, k, *sums);
    float difference = float(weights[element] - best);
    *costs++ = float(best * upper[k * K + k]);
    addColumns(&difference, 1, &upper[k * K + k + 1], K, end - k - 1, sums + 1);
  }
}

void SparseGpt::choose(int64_t begin, int64_t end) {
  int64_t width = end - begin;
  std::vector<float> costs(rows * width);
  forRowRuns(context, rows, width * width, [&](int64_t first, int64_t last) {
    for (int64_t row = first; row < last; ++row) {
      std::vector<double> own(&sums[row * width], &sums[row * width] + width);
      addCosts(row, begin, end, own.data(), &costs[row * width]);
    }
  });
  ScoreMatrix matrix{costs, rows, width};
  std::vector<float> scores = getBlockScores(matrix, options.pattern);
  // Rounding of one block's share is made up for by the next.
  asked += scores.size();
  int64_t count = int64_t(std::floor(options.sparsity * double(asked))) - dropped;
  count = std::clamp<int64_t>(count, 0, int64_t(scores.size()));
  dropped += count;
  std::vector<char> kept(costs.size());
  if (count < int64_t(scores.size())) {
    MagnitudeCut cut(ArrayRef<float>(scores), count);
    keepUncut(matrix, scores, options.pattern, cut, kept);
  }
  for (int64_t row = 0; row < rows; ++row)
    std::copy_n(&kept[row * width], width, &mask[row * K + begin]);
}

void SparseGpt::chooseNm(int64_t row, int64_t column, int64_t end, const double *sums) {
  end = std::min(column + options.pattern.m, end);
  SmallVector<double> own(sums, sums + (end - column));
  SmallVector<float> costs(end - column);
  SmallVector<int16_t> chosen(options.pattern.n);
  addCosts(row, column, end, own.data(), costs.data());
  selectLargest(costs, chosen);
  for (int16_t position : chosen)
    if (position < int64_t(costs.size()))
      mask[row * K + column + position] = 1;
}

void SparseGpt::decide(int64_t row, int64_t begin, int64_t end) {
  double *own = &sums[row * (end - begin)];
  for (int64_t k = begin; k < end; ++k, ++own) {
    if (options.pattern.isNm() && k % options.pattern.m == 0)
      chooseNm(row, k, end, own);
    int64_t element = row * K + k;
    float value = mask[element] ? float(target(element, k, *own)) : 0;
    differences[element] = weights[element] - value;
    weights[element] = value;
    addColumns(&differences[element], 1, &upper[k * K + k + 1], K, end - k - 1, own + 1);
  }
}

void SparseGpt::run() {
  std::fill(mask.begin(), mask.end(), 0);
  const SparsePattern &pattern = options.pattern;
  int64_t unit = std::lcm(std::max<int64_t>(pattern.m, 1), pattern.blockPositions);
  int64_t size = llvm::alignTo(std::max<int64_t>(options.blockSize, 1), unit);
  for (int64_t begin = 0; begin < K; begin += size) {
    int64_t end = std::min(begin + size, K);
    addEarlier(begin, end);
    if (!pattern.isNm())
      choose(begin, end);
    forRowRuns(context, rows, (end - begin) * (end - begin),
               [&](int64_t first, int64_t last) {
                 for (int64_t row = first; row < last; ++row)
                   decide(row, begin, end);
               });
  }
}

void pith::pruneSparseGpt(MLIRContext *context, const GramFactor &factor,
                          const SparseGptOptions &options,
                          MutableArrayRef<float> weights, MutableArrayRef<char> mask) {
  SparseGpt(context, factor, options, weights, mask).run();
}
