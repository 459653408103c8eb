//===- LearnedRounding.cpp - Rounding up or down --------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LearnedRounding.h"

#include "pith/Support/WideLoop.h"

#include <algorithm>
#include <cmath>

#pragma STDC FP_CONTRACT OFF

using namespace pith;

/// Elements whose gradient is brought up to date together.
static constexpr int64_t kPart = 64;

/// w − w' of elements [first, last).
PITH_WIDE_LOOP static void getDifferences(const RoundingChoice &choice, const float *up,
                                          int64_t first, int64_t last, float *difference) {
  for (int64_t i = first * kRowLanes; i < last * kRowLanes; ++i) {
    float value = choice.below[i] + up[i] * (choice.above[i] - choice.below[i]);
    difference[i] = choice.weights[i] - value;
  }
}

/// Turns each choice of `count` elements in turn if the error becomes less. `gradient` is
/// H · (w − w') of them.
PITH_WIDE_LOOP static bool turn(const float *hessian, int64_t stride, int64_t count,
                                const float *below, const float *above, float *up,
                                float *gradient) {
  bool changed = false;
  for (int64_t j = 0; j < count; ++j) {
    float step[kRowLanes], moved = 0;
    for (int64_t lane = 0; lane < kRowLanes; ++lane) {
      int64_t i = j * kRowLanes + lane;
      // The value moves by s, the error by −2 · s · gradient + s² · H[j,j].
      float s = (1 - 2 * up[i]) * (above[i] - below[i]);
      float change = s * (s * hessian[j * stride + j] - 2 * gradient[i]);
      float taken = change < 0 ? 1.0f : 0.0f;
      up[i] += taken * (1 - 2 * up[i]);
      step[lane] = taken * s;
      moved += taken;
    }
    if (moved == 0)
      continue;
    changed = true;
    for (int64_t k = 0; k < count; ++k)
      for (int64_t lane = 0; lane < kRowLanes; ++lane)
        gradient[k * kRowLanes + lane] -= step[lane] * hessian[j * stride + k];
  }
  return changed;
}

LaneSums LearnedRounding::descend(RoundingChoice &choice) const {
  std::vector<float> difference(choice.up.size());
  getDifferences(choice, choice.up.data(), 0, size, difference.data());
  constexpr int kRounds = 20;
  bool changed = true;
  for (int round = 0; round < kRounds && changed; ++round) {
    changed = false;
    for (int64_t first = 0; first < size; first += kPart) {
      int64_t count = std::min(kPart, size - first), place = first * kRowLanes;
      float gradient[kPart * kRowLanes] = {};
      addLaneProduct(&hessian[first * size], size, count, size, difference.data(),
                     gradient);
      while (turn(&hessian[first * size + first], size, count, &choice.below[place],
                  &choice.above[place], &choice.up[place], gradient))
        changed = true;
      getDifferences(choice, choice.up.data(), first, first + count, difference.data());
    }
  }
  return getLaneEnergy(hessian.data(), size, difference.data());
}

void LearnedRounding::relax(RoundingChoice &choice) const {
  // h = clip(1.2 · sigmoid(v) − 0.1, 0, 1), from where w lies between the two values.
  const size_t n = choice.up.size();
  std::vector<float> v(n), h(n), slope(n), difference(n), gradient(n), first(n), second(n);
  for (size_t i = 0; i < n; ++i) {
    float width = choice.above[i] - choice.below[i];
    float part = width != 0 ? (choice.weights[i] - choice.below[i]) / width : 0.0f;
    part = std::min(std::max(part, 0.01f), 0.99f);
    v[i] = -std::log(1.2f / (part + 0.1f) - 1);
  }
  // λ counts in the error that an element makes on the average when it is half right.
  LaneSums scale = {};
  for (int64_t k = 0; k < size; ++k)
    for (int64_t lane = 0; lane < kRowLanes; ++lane) {
      double width = choice.above[k * kRowLanes + lane] - choice.below[k * kRowLanes + lane];
      scale[lane] += hessian[k * size + k] * width * width / 4 / size;
    }
  float power1 = 1, power2 = 1;
  for (unsigned iteration = 0; iteration < iterations; ++iteration) {
    for (size_t i = 0; i < n; ++i) {
      float sigmoid = 1 / (1 + std::exp(-v[i])), stretched = 1.2f * sigmoid - 0.1f;
      h[i] = std::min(std::max(stretched, 0.0f), 1.0f);
      slope[i] = stretched == h[i] ? 1.2f * sigmoid * (1 - sigmoid) : 0.0f;
    }
    getDifferences(choice, h.data(), 0, size, difference.data());
    std::fill(gradient.begin(), gradient.end(), 0.0f);
    addLaneProduct(hessian.data(), size, size, size, difference.data(), gradient.data());
    // β falls from 20 to 2; the pull begins after a fifth of the steps.
    float progress = float(iteration) / iterations;
    float beta = 2 + 9 * (1 + std::cos(float(M_PI) * progress));
    bool pulls = progress >= 0.2f;
    power1 *= 0.9f;
    power2 *= 0.999f;
    for (size_t i = 0; i < n; ++i) {
      float unit = static_cast<float>(scale[i % kRowLanes]);
      if (!(unit > 0))
        continue;
      float width = choice.above[i] - choice.below[i];
      float g = -2 * gradient[i] * width / unit;
      if (pulls) {
        float side = 2 * h[i] - 1, magnitude = std::fabs(side);
        g -= std::copysign(static_cast<float>(pull) * 2 * beta *
                               std::pow(magnitude, beta - 1),
                           side);
      }
      g *= slope[i];
      first[i] = 0.9f * first[i] + 0.1f * g;
      second[i] = 0.999f * second[i] + 0.001f * g * g;
      v[i] -= static_cast<float>(rate) * (first[i] / (1 - power1)) /
              (std::sqrt(second[i] / (1 - power2)) + 1e-8f);
    }
  }
  for (size_t i = 0; i < n; ++i)
    choice.up[i] = v[i] > 0;
}

LaneSums LearnedRounding::learn(RoundingChoice &choice) const {
  RoundingChoice relaxed = choice;
  LaneSums best = descend(choice);
  if (iterations == 0)
    return best;
  relax(relaxed);
  LaneSums other = descend(relaxed);
  for (int64_t lane = 0; lane < kRowLanes; ++lane) {
    if (!(other[lane] < best[lane]))
      continue;
    best[lane] = other[lane];
    for (size_t i = lane; i < choice.up.size(); i += kRowLanes)
      choice.up[i] = relaxed.up[i];
  }
  return best;
}
