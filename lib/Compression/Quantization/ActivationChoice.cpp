//===- ActivationChoice.cpp - How an activation is rounded ----------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Quantization/ActivationChoice.h"

#include <cmath>

using namespace mlir;
using namespace pith;

//===----------------------------------------------------------------------===//
// One layer
//===----------------------------------------------------------------------===//

/// Products of one layer's estimate, about: a part of the outputs tells enough.
static constexpr int64_t kMaxProducts = int64_t(1) << 26;

/// Sum of squared outputs over all rows: by the Gram matrix, or, without one, as if
/// elements did not depend on each other.
static double sumSquaredOutputs(const ActivationStatistics &statistics, ArrayRef<float> weights) {
  int64_t K = statistics.getReductionSize(), G = statistics.getGroups();
  int64_t outputs = int64_t(weights.size()) / K;
  int64_t step = statistics.gram ? std::max<int64_t>(1, outputs * K * K / kMaxProducts) : 1;
  step = std::min(step, std::max<int64_t>(outputs / 8, 1));
  double signal = 0;
  int64_t seen = 0;
  for (int64_t o = 0; o < outputs; o += step, ++seen) {
    int64_t g = o * G / outputs;
    ArrayRef<float> row = weights.slice(o * K, K);
    for (int64_t k = 0; k < K; ++k) {
      if (row[k] == 0)
        continue;
      if (!statistics.gram) {
        double mean = statistics.magnitude.as<float>()[g * K + k];
        signal += mean * mean * row[k] * row[k] * double(statistics.rows);
        continue;
      }
      ArrayRef<float> products = statistics.gram.as<float>().slice((g * K + k) * K, K);
      double sum = 0;
      for (int64_t j = 0; j < K; ++j)
        sum += double(products[j]) * row[j];
      signal += sum * row[k];
    }
  }
  return seen ? signal * double(outputs) / double(seen) : 0;
}

RoundedLayer::RoundedLayer(const ActivationStatistics &statistics,
                           ArrayRef<float> weights, int64_t channels)
    : signal(std::max(sumSquaredOutputs(statistics, weights), 0.0)) {
  int64_t K = statistics.getReductionSize(), G = statistics.getGroups();
  int64_t outputs = int64_t(weights.size()) / std::max<int64_t>(K, 1);
  together.resize(G * channels, 0);
  largest.resize(G * channels, 0);
  ArrayRef<float> peaks = statistics.largest.as<float>();
  for (int64_t i = 0; i < G * K; ++i) {
    double &own = largest[i / K * channels + i % K % channels];
    own = std::max(own, double(peaks[i]));
  }
  std::vector<double> sums(channels);
  for (int64_t o = 0; o < outputs; ++o) {
    std::fill(sums.begin(), sums.end(), 0);
    for (int64_t k = 0; k < K; ++k) {
      double w = weights[o * K + k];
      energy += w * w * double(statistics.rows);
      sums[k % channels] += std::fabs(w);
    }
    int64_t g = o * G / outputs;
    for (int64_t c = 0; c < channels; ++c)
      together[g * channels + c] += sums[c] * sums[c] * double(statistics.rows);
  }
}

WeightError RoundedLayer::getError(const ValueCounts &values, const CodeGrid &grid) const {
  RoundingNoise noise = values.getNoise(grid);
  WeightError error{signal, energy * noise.rounding};
  if (noise.clipping <= 0)
    return error;
  // All clipped values belong to few channels: those hold that much more of it.
  ActivationRange extremes = values.getExtremes();
  double reach = std::numeric_limits<double>::infinity();
  if (extremes.high > 0)
    reach = grid.getHigh();
  if (extremes.low < 0)
    reach = std::min(reach, -grid.getLow());
  double clipped = 0;
  int64_t count = 0;
  for (size_t c = 0; c < largest.size(); ++c)
    if (largest[c] > reach) {
      clipped += together[c];
      ++count;
    }
  if (count > 0)
    error.noise += clipped * noise.clipping * double(largest.size()) / double(count);
  return error;
}

//===----------------------------------------------------------------------===//
// The choice
//===----------------------------------------------------------------------===//

namespace {
/// Tries ranges and keeps the best.
class GridSearch {
public:
  GridSearch(const ValueCounts &values, ArrayRef<RoundedLayer> layers,
             const GridOptions &options)
      : values(values), layers(layers), options(options) {}

  void tryMethod(RangeMethod method) {
    switch (method) {
    case RangeMethod::Auto:
      tryMethod(RangeMethod::MinMax);
      if (!values.isCounted())
        break;
      tryMethod(RangeMethod::LeastError);
      tryMethod(RangeMethod::Entropy);
      for (double percent : {99.9, 99.99, 99.999})
        tryRange(getPercentileRange(values, percent), "percentile");
      break;
    case RangeMethod::MinMax:
      tryRange(getMinMaxRange(values), "min-max");
      break;
    case RangeMethod::Percentile:
      tryRange(getPercentileRange(values, options.percentile), "percentile");
      break;
    case RangeMethod::Entropy:
      tryRange(getEntropyRange(values, options.bits), "entropy");
      break;
    case RangeMethod::LeastError:
      for (bool isSymmetric : {false, true})
        if (allows(isSymmetric))
          tryGrid(makeGrid(getLeastErrorRange(values, options.bits, isSymmetric),
                           isSymmetric),
                  "mse");
      break;
    }
  }
  ChosenGrid get() const { return best; }

private:
  bool allows(bool isSymmetric) const {
    return options.scheme == ActivationScheme::Auto ||
           (options.scheme == ActivationScheme::Symmetric) == isSymmetric;
  }
  CodeGrid makeGrid(ActivationRange range, bool isSymmetric) const {
    return isSymmetric ? CodeGrid::getSymmetric(range, options.bits)
                       : CodeGrid::getAsymmetric(range, options.bits);
  }
  void tryRange(ActivationRange range, StringRef name) {
    for (bool isSymmetric : {false, true})
      if (allows(isSymmetric))
        tryGrid(makeGrid(range, isSymmetric), name);
  }
  void tryGrid(const CodeGrid &grid, StringRef name) {
    double cost = 0, worst = std::numeric_limits<double>::infinity();
    for (const RoundedLayer &layer : layers) {
      WeightError error = layer.getError(values, grid);
      cost += error.signal > 0 ? error.noise / error.signal : error.noise;
      worst = std::min(worst, toDecibels(error));
    }
    if (!best.range.empty() && !(cost < least))
      return;
    least = cost;
    best = {grid, name, worst};
  }

  const ValueCounts &values;
  ArrayRef<RoundedLayer> layers;
  const GridOptions &options;
  double least = 0;
  ChosenGrid best;
};
} // namespace

ChosenGrid pith::chooseGrid(const ValueCounts &values, ArrayRef<RoundedLayer> layers,
                            const GridOptions &options) {
  GridSearch search(values, layers, options);
  search.tryMethod(options.range);
  return search.get();
}
