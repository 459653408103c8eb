//===- ActivationRange.cpp - Ranges of rounded activations ----------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Quantization/ActivationRange.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace llvm;
using namespace pith;

/// Bins of magnitudes for the entropy of distributions.
static constexpr int64_t kEntropyBins = 2048;
/// Ranges that the search for the least error tries per side.
static constexpr int64_t kRangeSteps = 96;

//===----------------------------------------------------------------------===//
// Grids
//===----------------------------------------------------------------------===//

CodeGrid CodeGrid::getAsymmetric(ActivationRange range, unsigned bits) {
  CodeGrid grid;
  grid.most = (int64_t(1) << bits) - 1;
  double low = std::min(range.low, 0.0), high = std::max(range.high, 0.0);
  float scale = float((high - low) / double(grid.most));
  if (!(scale > 0) || !std::isfinite(scale))
    return grid;
  grid.scale = scale;
  grid.zero = std::clamp<int64_t>(std::llround(-low / scale), 0, grid.most);
  return grid;
}

CodeGrid CodeGrid::getSymmetric(ActivationRange range, unsigned bits) {
  CodeGrid grid;
  grid.most = (int64_t(1) << (bits - 1)) - 1;
  grid.least = -grid.most - 1;
  float scale = float(std::max(-range.low, range.high) / double(grid.most));
  if (scale > 0 && std::isfinite(scale))
    grid.scale = scale;
  return grid;
}

//===----------------------------------------------------------------------===//
// Counts
//===----------------------------------------------------------------------===//

/// Bounds of a bin of a LogHistogram, from the least to the greatest.
static std::pair<double, double> getBounds(int64_t bin) {
  constexpr int64_t zero = LogHistogram::kBinsPerSign;
  if (bin == zero)
    return {0, 0};
  int64_t step = bin > zero ? bin - zero - 1 : zero - 1 - bin;
  auto bound = [](int64_t step) {
    constexpr int64_t per = LogHistogram::kBinsPerOctave;
    return std::ldexp(1 + double(step % per) / per,
                      int(step / per + LogHistogram::kLeastExponent));
  };
  double near = bound(step), far = bound(step + 1);
  return bin > zero ? std::make_pair(near, far) : std::make_pair(-far, -near);
}

ValueCounts::ValueCounts(ArrayRef<int64_t> histogram, ActivationRange range)
    : extremes{std::min(range.low, 0.0), std::max(range.high, 0.0)} {
  for (int64_t i = 0, e = histogram.size(); i < e; ++i) {
    if (histogram[i] <= 0)
      continue;
    auto [low, high] = getBounds(i);
    low = std::clamp(low, extremes.low, extremes.high);
    high = std::clamp(high, extremes.low, extremes.high);
    bins.push_back({low, high, double(histogram[i])});
    total += double(histogram[i]);
  }
  if (bins.empty()) {
    bins.push_back({extremes.low, extremes.high, 1});
    total = 1;
    counted = false;
  }
}

/// The integral of (x - nearest multiple of `step`)^2 from 0 to `x`.
static double integrateRounding(double x, double step) {
  double whole = std::nearbyint(x / step), rest = x - whole * step;
  return whole * step * step * step / 12 + rest * rest * rest / 3;
}

RoundingNoise ValueCounts::getNoise(const CodeGrid &grid) const {
  double low = grid.getLow(), high = grid.getHigh(), step = grid.scale;
  RoundingNoise noise;
  for (const Bin &bin : bins) {
    double width = bin.high - bin.low;
    if (width <= 0) {
      double x = std::clamp(bin.low, low, high);
      double rest = x - std::nearbyint(x / step) * step;
      noise.rounding += bin.count * rest * rest;
      noise.clipping += bin.count * (bin.low - x) * (bin.low - x);
      continue;
    }
    double from = std::clamp(bin.low, low, high), to = std::clamp(bin.high, low, high);
    double inside = integrateRounding(to, step) - integrateRounding(from, step);
    noise.rounding += bin.count / width * std::max(inside, 0.0);
    auto cube = [](double x) { return x * x * x / 3; };
    double below = cube(std::max(low - bin.low, 0.0)) - cube(std::max(low - bin.high, 0.0));
    double above =
        cube(std::max(bin.high - high, 0.0)) - cube(std::max(bin.low - high, 0.0));
    noise.clipping += bin.count / width * (below + above);
  }
  noise.rounding /= total;
  noise.clipping /= total;
  return noise;
}

std::vector<double> ValueCounts::getMagnitudes(int64_t count, double limit) const {
  std::vector<double> parts(count, 0);
  double width = limit / double(count);
  for (const Bin &bin : bins) {
    double low = std::min(std::fabs(bin.low), std::fabs(bin.high));
    double high = std::max(std::fabs(bin.low), std::fabs(bin.high));
    auto partOf = [&](double x) {
      return std::clamp<int64_t>(int64_t(x / width), 0, count - 1);
    };
    int64_t first = partOf(low), last = partOf(high);
    if (first == last || high <= low) {
      parts[first] += bin.count;
      continue;
    }
    for (int64_t i = first; i <= last; ++i) {
      double from = i == first ? low : double(i) * width;
      double to = i == last ? high : double(i + 1) * width;
      parts[i] += bin.count * std::max(to - from, 0.0) / (high - low);
    }
  }
  return parts;
}

//===----------------------------------------------------------------------===//
// Ranges
//===----------------------------------------------------------------------===//

ActivationRange pith::getMinMaxRange(const ValueCounts &values) {
  return values.getExtremes();
}

/// How far from 0 to go until at most `outside` values lie beyond; `sign` is +1 or -1.
static double cutTail(const ValueCounts &values, double outside, int sign) {
  ArrayRef<ValueCounts::Bin> bins = values.getBins();
  for (size_t i = 0; i < bins.size(); ++i) {
    const ValueCounts::Bin &bin = sign > 0 ? bins[bins.size() - 1 - i] : bins[i];
    if (sign * (bin.low + bin.high) <= 0)
      return 0;
    if (bin.count <= outside) {
      outside -= bin.count;
      continue;
    }
    double part = outside / bin.count;
    return sign > 0 ? bin.high - part * (bin.high - bin.low)
                    : bin.low + part * (bin.high - bin.low);
  }
  return 0;
}

ActivationRange pith::getPercentileRange(const ValueCounts &values, double percent) {
  ActivationRange extremes = values.getExtremes();
  double outside = values.getTotal() * (100 - percent) / 100;
  if (extremes.low < 0 && extremes.high > 0)
    outside /= 2;
  ActivationRange range;
  if (extremes.low < 0)
    range.low = std::min(cutTail(values, outside, -1), 0.0);
  if (extremes.high > 0)
    range.high = std::max(cutTail(values, outside, 1), 0.0);
  return range;
}

/// The divergence of the distribution of `size` bins, with all that lies beyond in the
/// last one, from the same rounded to `levels` levels.
static double getDivergence(ArrayRef<double> counts, int64_t size, int64_t levels,
                            double beyond) {
  double total = beyond, kept = 0;
  for (double count : counts.take_front(size)) {
    total += count;
    kept += count;
  }
  if (kept <= 0)
    return std::numeric_limits<double>::infinity();
  double divergence = 0;
  for (int64_t level = 0; level < levels; ++level) {
    int64_t from = level * size / levels, to = (level + 1) * size / levels;
    double sum = 0, filled = 0;
    for (int64_t i = from; i < to; ++i) {
      sum += counts[i];
      filled += counts[i] > 0;
    }
    for (int64_t i = from; i < to; ++i) {
      double original = counts[i] + (i + 1 == size ? beyond : 0);
      if (original <= 0)
        continue;
      double rounded = counts[i] > 0 ? sum / filled : 0;
      if (rounded <= 0)
        return std::numeric_limits<double>::infinity();
      divergence += original / total * std::log(original / total * kept / rounded);
    }
  }
  return divergence;
}

int64_t pith::getEntropyThreshold(ArrayRef<double> counts, int64_t levels) {
  int64_t best = counts.size();
  double least = std::numeric_limits<double>::infinity(), beyond = 0;
  for (int64_t size = counts.size(); size >= levels; --size) {
    double divergence = getDivergence(counts, size, levels, beyond);
    if (divergence < least) {
      least = divergence;
      best = size;
    }
    beyond += counts[size - 1];
  }
  return best;
}

ActivationRange pith::getEntropyRange(const ValueCounts &values, unsigned bits) {
  ActivationRange extremes = values.getExtremes();
  double limit = std::max(-extremes.low, extremes.high);
  if (!(limit > 0))
    return extremes;
  bool isTwoSided = extremes.low < 0 && extremes.high > 0;
  std::vector<double> counts = values.getMagnitudes(kEntropyBins, limit);
  // Of the first part only what is not 0, about.
  counts[0] = std::min(counts[0], counts[1]);
  int64_t best = getEntropyThreshold(counts, int64_t(1) << (isTwoSided ? bits - 1 : bits));
  double threshold = limit * double(best) / kEntropyBins;
  return {std::max(extremes.low, -threshold), std::min(extremes.high, threshold)};
}

ActivationRange pith::getLeastErrorRange(const ValueCounts &values, unsigned bits,
                                         bool isSymmetric) {
  ActivationRange extremes = values.getExtremes(), best = extremes;
  auto error = [&](ActivationRange range) {
    RoundingNoise noise =
        values.getNoise(isSymmetric ? CodeGrid::getSymmetric(range, bits)
                                    : CodeGrid::getAsymmetric(range, bits));
    return noise.rounding + noise.clipping;
  };
  double least = error(best);
  auto consider = [&](ActivationRange range) {
    double own = error(range);
    if (own < least) {
      least = own;
      best = range;
    }
  };
  // Narrower by 5 % a step: down to 1 % of the extremes.
  auto factor = [](int64_t step) { return std::pow(0.953, double(step)); };
  if (isSymmetric) {
    for (int64_t i = 1; i < kRangeSteps; ++i)
      consider({extremes.low * factor(i), extremes.high * factor(i)});
    return best;
  }
  // One side after the other, from the best of the other side.
  for (int64_t turn = 0; turn < 2; ++turn) {
    ActivationRange start = best;
    for (int64_t i = 0; i < kRangeSteps && extremes.high > 0; ++i)
      consider({start.low, extremes.high * factor(i)});
    start = best;
    for (int64_t i = 0; i < kRangeSteps && extremes.low < 0; ++i)
      consider({extremes.low * factor(i), start.high});
  }
  return best;
}
