//===- HalfQuadratic.cpp - Zero points by half-quadratic steps ------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The error norm is split from the codes by an auxiliary error e: a step in e shrinks
// what is left to it, a step in scale and zero point is a regression.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Quantization/HalfQuadratic.h"

#include <algorithm>
#include <cmath>
#include <vector>

#pragma STDC FP_CONTRACT OFF

using namespace pith;

namespace {
/// Values are (code − zero) · scale.
struct Affine {
  float scale, zero;
};

/// One group in work.
class HalfQuadratic {
public:
  HalfQuadratic(const HalfQuadraticQuantizer &how, llvm::ArrayRef<float> w)
      : how(how), w(w), codes(w.size()) {}

  GroupQuantizer::Group run(llvm::MutableArrayRef<int16_t> result);

private:
  Affine roundAffine(double scale, double zero) const;
  /// Sets codes; returns Σ|w − w'|^p in units of the range.
  double encode(const Affine &map);
  Affine step(const Affine &map, double beta) const;

  const HalfQuadraticQuantizer &how;
  llvm::ArrayRef<float> w;
  std::vector<int16_t> codes;
  float unit = 1; ///< the scale of the start: errors count in it
};
} // namespace

Affine HalfQuadratic::roundAffine(double scale, double zero) const {
  float z = static_cast<float>(zero);
  return {how.group.roundScale(scale), how.group.halfScales ? roundToHalf(z) : z};
}

double HalfQuadratic::encode(const Affine &map) {
  double sum = 0;
  const float last = how.group.maxCode();
  for (size_t i = 0; i < w.size(); ++i) {
    float code = std::nearbyint(w[i] / map.scale + map.zero);
    code = std::min(std::max(code, 0.0f), last);
    codes[i] = static_cast<int16_t>(code);
    float error = (w[i] - (code - map.zero) * map.scale) / unit;
    sum += std::pow(std::fabs(error), static_cast<float>(how.norm));
  }
  return sum;
}

Affine HalfQuadratic::step(const Affine &map, double beta) const {
  // e = shrink(w − w'): the proximal operator of |x|^p, as the authors approximate it.
  double sumCode = 0, sumValue = 0, sumSquare = 0, sumProduct = 0;
  for (size_t i = 0; i < w.size(); ++i) {
    double left = (w[i] - (codes[i] - double(map.zero)) * map.scale) / unit;
    double magnitude = std::fabs(left), shrunk = 0;
    if (magnitude > 0)
      shrunk = std::max(
          0.0, magnitude - std::pow(static_cast<float>(magnitude),
                                    static_cast<float>(how.norm - 1)) / beta);
    double value = w[i] - std::copysign(shrunk, left) * unit;
    sumCode += codes[i];
    sumValue += value;
    sumSquare += double(codes[i]) * codes[i];
    sumProduct += codes[i] * value;
  }
  // value ≈ scale · (code − zero): the regression of values on codes.
  double n = w.size(), scale = map.scale;
  double variance = sumSquare - sumCode * sumCode / n;
  if (how.fitScale && variance > 0) {
    double fitted = (sumProduct - sumCode * sumValue / n) / variance;
    if (fitted > 0)
      scale = fitted;
  }
  float rounded = how.group.roundScale(scale);
  return roundAffine(rounded, sumCode / n - sumValue / n / rounded);
}

GroupQuantizer::Group HalfQuadratic::run(llvm::MutableArrayRef<int16_t> result) {
  constexpr double kBeta = 10, kGrowth = 1.01;
  GroupQuantizer::Group group;
  if (w.empty())
    return group;
  auto [low, high] = std::minmax_element(w.begin(), w.end());
  double range = double(*high) - *low;
  // Equal elements are one code, exact up to the zero point.
  Affine map = range > 0 ? roundAffine(range / how.group.maxCode(), 0)
                         : roundAffine(*low == 0 ? 1 : *low, 0);
  map = roundAffine(map.scale, range > 0 ? -*low / map.scale : (*low == 0 ? 0 : -1));
  unit = std::fabs(map.scale);
  double least = encode(map), beta = kBeta;
  Affine best = map;
  std::vector<int16_t> bestCodes = codes;
  for (unsigned iteration = 0; iteration < how.iterations && range > 0; ++iteration) {
    map = step(map, beta);
    beta *= kGrowth;
    double error = encode(map);
    if (error < least) {
      least = error;
      best = map;
      bestCodes = codes;
    }
  }
  group.scale = best.scale;
  group.zeroPoint = best.zero;
  std::copy(bestCodes.begin(), bestCodes.end(), result.begin());
  for (size_t i = 0; i < w.size(); ++i) {
    double error = double(w[i]) - (bestCodes[i] - best.zero) * best.scale;
    group.signal += double(w[i]) * w[i];
    group.noise += error * error;
  }
  return group;
}

GroupQuantizer::Group
HalfQuadraticQuantizer::quantize(llvm::ArrayRef<float> weights,
                                 llvm::MutableArrayRef<int16_t> codes) const {
  return HalfQuadratic(*this, weights).run(codes);
}
