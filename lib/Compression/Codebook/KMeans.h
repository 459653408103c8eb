//===- KMeans.h - Codebooks learnt from numbers -----------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Weighted k-means of one dimension, over a histogram: time does not depend on
// the number of samples, and results are the same on every machine.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_COMPRESSION_CODEBOOK_KMEANS_H
#define PITH_LIB_COMPRESSION_CODEBOOK_KMEANS_H

#include <vector>

namespace pith {

class KMeans {
public:
  KMeans();

  /// Adds a sample. Those beyond ±2 count at their values, in the last bins.
  void add(float value, double weight) {
    double place = (double(value) + kRange) / (2 * kRange) * kBins;
    place = place < 0 ? 0 : place > kBins - 1 ? kBins - 1 : place;
    Bin &bin = bins[static_cast<int>(place)];
    bin.weight += weight;
    bin.sum += weight * value;
  }

  /// `count` centers that locally minimize the weighted squared distance, in
  /// increasing order. With `zero` the first is 0 and stays there.
  std::vector<float> cluster(unsigned count, bool zero) const;

private:
  static constexpr int kBins = 1 << 14;
  static constexpr double kRange = 2;
  struct Bin {
    double weight = 0, sum = 0;
    double mean() const { return sum / weight; }
  };
  std::vector<double> choose(const std::vector<Bin> &used, unsigned count, bool zero,
                             unsigned seed) const;
  std::vector<Bin> bins;
};

} // namespace pith

#endif // PITH_LIB_COMPRESSION_CODEBOOK_KMEANS_H
