//===- OutputTest.h - Errors of outputs for tests ---------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Statistics of rows of activations, and what a changed weight makes of these rows:
// computed from them, not from the statistics.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_UNITTESTS_COMPRESSION_OUTPUTTEST_H
#define PITH_UNITTESTS_COMPRESSION_OUTPUTTEST_H

#include "CompressionTest.h"
#include "pith/Profile/ActivationStatistics.h"

#include <algorithm>
#include <cmath>

namespace pith::test {

/// Statistics of G groups that all see the same rows.
inline ActivationStatistics getStatistics(mlir::MLIRContext *context,
                                          llvm::ArrayRef<float> rows, int64_t K,
                                          int64_t G = 1) {
  ActivationStatistics result;
  result.rows = int64_t(rows.size()) / K;
  std::vector<float> mean(G * K), magnitude(G * K), largest(G * K), gram(G * K * K);
  for (int64_t r = 0; r < result.rows; ++r)
    for (int64_t i = 0; i < K; ++i) {
      float x = rows[r * K + i];
      mean[i] += x / float(result.rows);
      magnitude[i] += std::fabs(x) / float(result.rows);
      largest[i] = std::max(largest[i], std::fabs(x));
      for (int64_t j = 0; j < K; ++j)
        gram[i * K + j] += x * rows[r * K + j];
    }
  for (int64_t g = 1; g < G; ++g) {
    for (std::vector<float> *columns : {&mean, &magnitude, &largest})
      std::copy_n(columns->begin(), K, columns->begin() + g * K);
    std::copy_n(gram.begin(), K * K, gram.begin() + g * K * K);
  }
  result.mean = makeTensor(context, {G, K}, mean);
  result.magnitude = makeTensor(context, {G, K}, magnitude);
  result.largest = makeTensor(context, {G, K}, largest);
  result.gram = makeTensor(context, {G, K, K}, gram);
  return result;
}

/// Σ‖x · (w − w')‖² over all rows x and outputs w.
inline double getOutputNoise(llvm::ArrayRef<float> x, llvm::ArrayRef<float> w,
                             llvm::ArrayRef<double> rounded, int64_t K) {
  double sum = 0;
  for (size_t row = 0; row < x.size(); row += K)
    for (size_t o = 0; o < w.size(); o += K) {
      double off = 0;
      for (int64_t k = 0; k < K; ++k)
        off += double(x[row + k]) * (double(w[o + k]) - rounded[o + k]);
      sum += off * off;
    }
  return sum;
}

} // namespace pith::test

#endif // PITH_UNITTESTS_COMPRESSION_OUTPUTTEST_H
