//===- GroupQuantizer.cpp - Rounding one group of weights -----------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The loops run over blocks of 16 floats with one partial sum per lane, so that
// the compiler makes vectors of them; `target_clones` compiles them for wider
// vectors too. Contraction is off: an fma would make results differ by machine.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Quantization/GroupQuantizer.h"

#include "pith/Support/WideLoop.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#pragma STDC FP_CONTRACT OFF

using namespace pith;

namespace {
constexpr size_t kLanes = 16;
/// Partial sums in single precision are added up after this many elements.
constexpr size_t kChunk = 1024;
/// Adding and subtracting 1.5 · 2^23 rounds |x| < 2^22 to an integer, ties to
/// even.
constexpr float kRounder = 12582912.0f;

struct Range {
  float low, high, largest;
};

/// The affine map from codes to weights, with the codes' range before the zero
/// point is added.
struct Grid {
  float scale, zeroPoint, low, high;
};
} // namespace

static double addLanes(const float (&lanes)[kLanes]) {
  double sum = 0;
  for (float lane : lanes)
    sum += lane;
  return sum;
}

/// Least and greatest element, and the signed one of largest magnitude (the
/// positive one if both are).
PITH_WIDE_LOOP static Range findRange(const float *w, size_t n) {
  float low[kLanes], high[kLanes];
  for (size_t l = 0; l < kLanes; ++l)
    low[l] = high[l] = w[0];
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    for (size_t l = 0; l < kLanes; ++l) {
      float x = w[i + l];
      low[l] = x < low[l] ? x : low[l];
      high[l] = x > high[l] ? x : high[l];
    }
  for (; i < n; ++i) {
    low[0] = std::min(low[0], w[i]);
    high[0] = std::max(high[0], w[i]);
  }
  for (size_t l = 1; l < kLanes; ++l) {
    low[0] = std::min(low[0], low[l]);
    high[0] = std::max(high[0], high[l]);
  }
  return {low[0], high[0], high[0] >= -low[0] ? high[0] : low[0]};
}

/// Σ w² and Σ |w| of at most kChunk elements.
PITH_WIDE_LOOP static void sumChunk(const float *w, size_t n, double &squares,
                                    double &magnitudes) {
  float sq[kLanes] = {}, mag[kLanes] = {};
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    for (size_t l = 0; l < kLanes; ++l) {
      sq[l] += w[i + l] * w[i + l];
      mag[l] += std::fabs(w[i + l]);
    }
  for (; i < n; ++i) {
    sq[0] += w[i] * w[i];
    mag[0] += std::fabs(w[i]);
  }
  squares += addLanes(sq);
  magnitudes += addLanes(mag);
}

/// What rounding to a grid costs, and what a least-squares scale needs.
struct Fit {
  double noise = 0;    ///< Σ (w − w')²
  double products = 0; ///< Σ w · q
  double codes = 0;    ///< Σ q²   (q without zero point)
};

static inline float roundCode(float x, const Grid &grid, float inverse) {
  float t = x * inverse;
  t = t < grid.low ? grid.low : t;
  t = t > grid.high ? grid.high : t;
  return (t + kRounder) - kRounder;
}

/// Adds the fit of at most kChunk elements.
PITH_WIDE_LOOP static void fitChunk(const float *w, size_t n, Grid grid,
                                    Fit &fit) {
  float noise[kLanes] = {}, products[kLanes] = {}, codes[kLanes] = {};
  float inverse = 1.0f / grid.scale;
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    for (size_t l = 0; l < kLanes; ++l) {
      float x = w[i + l];
      float q = roundCode(x, grid, inverse);
      float e = x - q * grid.scale;
      noise[l] += e * e;
      products[l] += x * q;
      codes[l] += q * q;
    }
  for (; i < n; ++i) {
    float q = roundCode(w[i], grid, inverse);
    float e = w[i] - q * grid.scale;
    noise[0] += e * e;
    products[0] += w[i] * q;
    codes[0] += q * q;
  }
  fit.noise += addLanes(noise);
  fit.products += addLanes(products);
  fit.codes += addLanes(codes);
}

/// The same with an importance `h` of every element.
PITH_WIDE_LOOP static void fitWeightedChunk(const float *w, const float *h, size_t n,
                                            Grid grid, Fit &fit) {
  float noise[kLanes] = {}, products[kLanes] = {}, codes[kLanes] = {};
  float inverse = 1.0f / grid.scale;
  auto add = [&](size_t i, size_t l) {
    float q = roundCode(w[i], grid, inverse), hq = h[i] * q;
    float e = w[i] - q * grid.scale;
    noise[l] += h[i] * (e * e);
    products[l] += w[i] * hq;
    codes[l] += q * hq;
  };
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    for (size_t l = 0; l < kLanes; ++l)
      add(i + l, l);
  for (; i < n; ++i)
    add(i, 0);
  fit.noise += addLanes(noise);
  fit.products += addLanes(products);
  fit.codes += addLanes(codes);
}

/// Final codes of at most kChunk elements: by division, as the formula says.
PITH_WIDE_LOOP static double encodeChunk(const float *w, size_t n, Grid grid,
                                         int16_t *codes) {
  float noise[kLanes] = {};
  auto encode = [&](float x, float &sum) {
    float t = x / grid.scale;
    t = t < grid.low ? grid.low : t;
    t = t > grid.high ? grid.high : t;
    float q = (t + kRounder) - kRounder;
    float e = x - q * grid.scale;
    sum += e * e;
    return static_cast<int16_t>(static_cast<int32_t>(q + grid.zeroPoint));
  };
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    for (size_t l = 0; l < kLanes; ++l)
      codes[i + l] = encode(w[i + l], noise[l]);
  for (; i < n; ++i)
    codes[i] = encode(w[i], noise[0]);
  return addLanes(noise);
}

static Fit fitGrid(llvm::ArrayRef<float> w, llvm::ArrayRef<float> importance,
                   const Grid &grid) {
  Fit fit;
  for (size_t i = 0; i < w.size(); i += kChunk) {
    size_t n = std::min(kChunk, w.size() - i);
    if (importance.empty())
      fitChunk(w.data() + i, n, grid, fit);
    else
      fitWeightedChunk(w.data() + i, importance.data() + i, n, grid, fit);
  }
  return fit;
}

float pith::roundToHalf(float value) {
  float magnitude = std::min(std::fabs(value), 65504.0f);
  if (magnitude < 0x1p-14f) // multiples of 2^-24; the sum has that resolution
    return std::copysign((magnitude + 0.5f) - 0.5f, value);
  uint32_t bits;
  std::memcpy(&bits, &magnitude, sizeof(bits));
  bits += 0xfff + ((bits >> 13) & 1);
  bits &= ~uint32_t(0x1fff);
  std::memcpy(&magnitude, &bits, sizeof(bits));
  return std::copysign(std::min(magnitude, 65504.0f), value);
}

int GroupQuantizer::minCode() const {
  if (!symmetric)
    return 0;
  return bits == 1 ? -1 : -(1 << (bits - 1));
}

int GroupQuantizer::maxCode() const {
  if (!symmetric)
    return (1 << bits) - 1;
  return bits == 1 ? 1 : (1 << (bits - 1)) - 1;
}

int GroupQuantizer::getScaleCode(double scale) const {
  if (scale == 0)
    return 0;
  double least = signedScales && scale < 0 ? -127 : 1;
  double greatest = signedScales ? (scale < 0 ? -1 : 127) : 255;
  double code = std::nearbyint(scale / scaleStep);
  return static_cast<int>(std::min(std::max(code, least), greatest));
}

float GroupQuantizer::roundScale(double scale) const {
  if (scaleStep != 0)
    return static_cast<float>(getScaleCode(scale)) * scaleStep;
  float s = static_cast<float>(scale);
  if (halfScales)
    s = roundToHalf(s);
  // A scale that rounds to zero would lose the sign of the codes.
  float least = halfScales ? 0x1p-24f : 0x1p-126f;
  return std::fabs(s) < least ? std::copysign(least, s) : s;
}

namespace {
/// One group in work.
struct Work {
  const GroupQuantizer &how;
  llvm::ArrayRef<float> w, importance;
  GroupQuantizer::Group group;

  double getImportance(size_t i) const { return importance.empty() ? 1 : importance[i]; }

  float roundScale(double scale) const { return how.roundScale(scale); }

  Grid symmetricGrid(double scale) const {
    return {roundScale(scale), 0, float(how.minCode()), float(how.maxCode())};
  }

  /// The grid from `low` ≤ 0 to `high` ≥ 0.
  Grid asymmetricGrid(double low, double high) const {
    float scale = roundScale((high - low) / how.maxCode());
    double z = std::nearbyint(-low / scale);
    z = std::min<double>(std::max<double>(z, 0), how.maxCode());
    return {scale, float(z), float(-z), float(how.maxCode() - z)};
  }

  /// Ranges that a search tries, as parts of the group's: the fewer levels, the
  /// further it shrinks them. With 2 bits one that is too wide may fit best.
  std::pair<double, double> searchedRanges() const {
    switch (how.bits) {
    case 2:
      return {1.3, 0.3};
    case 3:
      return {1.1, 0.5};
    case 4:
      return {1, 0.65};
    default:
      return {1, 0.8};
    }
  }

  Grid search(Grid best, const Range &range) const {
    const int steps = how.bits <= 3 ? 20 : 10;
    const auto [widest, narrowest] = searchedRanges();
    Fit bestFit = fitGrid(w, importance, best);
    auto consider = [&](const Grid &grid) {
      Fit fit = fitGrid(w, importance, grid);
      if (fit.noise < bestFit.noise) {
        bestFit = fit;
        best = grid;
      }
    };
    for (int step = 0; step <= steps; ++step) {
      double part = widest - (widest - narrowest) * step / steps;
      if (!how.symmetric) {
        consider(asymmetricGrid(part * range.low, part * range.high));
        continue;
      }
      double scale = part * range.largest / how.minCode();
      consider(symmetricGrid(scale));
      // With few codes it matters which side has one more, wherever the largest is.
      if (how.bits <= 3)
        consider(symmetricGrid(-scale));
    }
    for (int refit = 0; refit < 2 && bestFit.codes > 0; ++refit) {
      Grid grid = best;
      grid.scale = roundScale(bestFit.products / bestFit.codes);
      consider(grid);
    }
    return best;
  }

  /// Of all elements by their importance; 0 if none has any.
  double getMeanMagnitude() const {
    double sum = 0, total = 0;
    for (size_t i = 0; i < w.size(); ++i) {
      sum += getImportance(i) * std::fabs(w[i]);
      total += getImportance(i);
    }
    return total > 0 ? sum / total : 0;
  }

  void encode(const Grid &grid, llvm::MutableArrayRef<int16_t> codes) {
    group.scale = grid.scale;
    group.zeroPoint = grid.zeroPoint;
    for (size_t i = 0; i < w.size(); i += kChunk)
      group.noise += encodeChunk(w.data() + i, std::min(kChunk, w.size() - i),
                                 grid, codes.data() + i);
  }

  /// ±mean|w|. The mean minimizes the squared error.
  void encodeSigns(double meanMagnitude, llvm::MutableArrayRef<int16_t> codes) {
    float scale = static_cast<float>(meanMagnitude);
    group.scale = how.scaleStep != 0 ? roundScale(scale)
                  : how.halfScales   ? roundToHalf(scale)
                                     : scale;
    for (size_t i = 0; i < w.size(); ++i) {
      codes[i] = w[i] < 0 ? -1 : 1;
      double e = double(w[i]) - codes[i] * group.scale;
      group.noise += e * e;
    }
  }

  /// The means of two clusters (Lloyd's iteration from the middle).
  void encodeTwoMeans(const Range &range, llvm::MutableArrayRef<int16_t> codes) {
    double low = range.low, high = range.high;
    for (int iteration = 0; iteration < 12; ++iteration) {
      double middle = (low + high) / 2, sums[2] = {}, counts[2] = {};
      for (size_t i = 0; i < w.size(); ++i) {
        sums[w[i] > middle] += getImportance(i) * w[i];
        counts[w[i] > middle] += getImportance(i);
      }
      if (counts[0] == 0 || counts[1] == 0)
        break;
      low = sums[0] / counts[0];
      high = sums[1] / counts[1];
    }
    // Equal elements are one cluster: code 0, exact up to the zero point.
    bool single = !(high > low);
    group.scale = roundScale(single ? (low == 0 ? 1 : low) : high - low);
    float zeroPoint = static_cast<float>(-low / group.scale);
    group.zeroPoint = how.halfScales ? roundToHalf(zeroPoint) : zeroPoint;
    double middle = (low + high) / 2;
    for (size_t i = 0; i < w.size(); ++i) {
      codes[i] = !single && w[i] > middle;
      float value = (codes[i] - group.zeroPoint) * group.scale;
      double e = double(w[i]) - value;
      group.noise += e * e;
    }
  }
};
} // namespace

GroupQuantizer::Group
GroupQuantizer::quantize(llvm::ArrayRef<float> weights,
                         llvm::MutableArrayRef<int16_t> codes,
                         llvm::ArrayRef<float> importance) const {
  Work work{*this, weights, importance, {}};
  if (weights.empty())
    return work.group;
  Range range = findRange(weights.data(), weights.size());
  double magnitudes = 0;
  for (size_t i = 0; i < weights.size(); i += kChunk)
    sumChunk(weights.data() + i, std::min(kChunk, weights.size() - i),
             work.group.signal, magnitudes);

  if (bits == 1) {
    if (symmetric)
      work.encodeSigns(importance.empty() ? magnitudes / weights.size()
                                          : work.getMeanMagnitude(),
                       codes);
    else
      work.encodeTwoMeans(range, codes);
    return work.group;
  }
  if (range.largest == 0) {
    std::fill(codes.begin(), codes.end(), int16_t(0));
    return work.group;
  }
  Grid grid = symmetric
                  ? work.symmetricGrid(std::fabs(double(range.largest)) / maxCode())
                  : work.asymmetricGrid(std::min(range.low, 0.0f),
                                        std::max(range.high, 0.0f));
  if (search) {
    range.low = std::min(range.low, 0.0f);
    range.high = std::max(range.high, 0.0f);
    grid = work.search(grid, range);
  }
  work.encode(grid, codes);
  return work.group;
}
