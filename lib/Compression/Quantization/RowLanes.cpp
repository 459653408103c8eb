//===- RowLanes.cpp - Rounding several rows side by side ------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiled for wide vectors. Every lane does the same operations in the same order on
// every machine.
//
//===----------------------------------------------------------------------===//

#include "RowLanes.h"

#include "pith/Support/WideLoop.h"

#include <algorithm>

#pragma STDC FP_CONTRACT OFF

using namespace pith;

namespace {
typedef float Lanes __attribute__((vector_size(64), aligned(4)));
constexpr int64_t kTileRows = 6;
/// Positions after which the sums of a tile go back to memory.
constexpr int64_t kDepth = 256;
/// Adding and subtracting 1.5 · 2^23 rounds |x| < 2^22 to an integer, ties to even.
constexpr float kRounder = 12582912.0f;
} // namespace

#define PITH_ALWAYS_INLINE static inline __attribute__((always_inline))

PITH_ALWAYS_INLINE Lanes &at(float *x, int64_t k) {
  return *reinterpret_cast<Lanes *>(x + k * kRowLanes);
}
PITH_ALWAYS_INLINE const Lanes &at(const float *x, int64_t k) {
  return *reinterpret_cast<const Lanes *>(x + k * kRowLanes);
}

/// The nearest code, for a place given in codes.
PITH_ALWAYS_INLINE void roundLanes(Lanes &place, float low, float high) {
  Lanes least = place - place + low, greatest = place - place + high;
  place = place < least ? least : place;
  place = place > greatest ? greatest : place;
  place = (place + kRounder) - kRounder;
}

PITH_WIDE_LOOP static void addTile(const float *matrix, int64_t stride, int64_t rows,
                                   int64_t depth, const float *x, float *sums) {
  const float *from[kTileRows];
  Lanes held[kTileRows];
  for (int64_t i = 0; i < kTileRows; ++i) {
    // A tile of fewer rows repeats its last one.
    int64_t row = std::min(i, rows - 1);
    from[i] = matrix + row * stride;
    held[i] = at(sums, row);
  }
  for (int64_t k = 0; k < depth; ++k) {
    Lanes value = at(x, k);
    for (int64_t i = 0; i < kTileRows; ++i)
      held[i] += value * from[i][k];
  }
  for (int64_t i = 0; i < rows; ++i)
    at(sums, i) = held[i];
}

void pith::addLaneProduct(const float *matrix, int64_t stride, int64_t rows,
                          int64_t depth, const float *x, float *sums) {
  for (int64_t k = 0; k < depth; k += kDepth)
    for (int64_t row = 0; row < rows; row += kTileRows)
      addTile(matrix + row * stride + k, stride, std::min(kTileRows, rows - row),
              std::min(kDepth, depth - k), x + k * kRowLanes, sums + row * kRowLanes);
}

/// Adds Σ x · y of at most 64 elements, formed in single precision.
PITH_WIDE_LOOP static void addDots(const float *x, const float *y, int64_t count,
                                   LaneSums &sums) {
  Lanes sum = {};
  for (int64_t k = 0; k < count; ++k)
    sum += at(x, k) * at(y, k);
  for (int64_t lane = 0; lane < kRowLanes; ++lane)
    sums[lane] += sum[lane];
}

LaneSums pith::getLaneEnergy(const float *gram, int64_t size, const float *x) {
  constexpr int64_t kRows = 60;
  LaneSums energy = {};
  for (int64_t row = 0; row < size; row += kRows) {
    int64_t rows = std::min(kRows, size - row);
    float products[kRows * kRowLanes] = {};
    addLaneProduct(gram + row * size, size, rows, size, x, products);
    addDots(x + row * kRowLanes, products, rows, energy);
  }
  return energy;
}

PITH_WIDE_LOOP void pith::roundInSequence(const LaneSequence &s) {
  for (int64_t j = 0; j < s.count; ++j) {
    const float *couplings = s.couplings + j * s.stride;
    Lanes even = at(s.base, j) + at(s.carried, j), odd = even - even;
    int64_t i = 0;
    for (; i + 2 <= j; i += 2) {
      even += at(s.differences, i) * couplings[i];
      odd += at(s.differences, i + 1) * couplings[i + 1];
    }
    if (i < j)
      even += at(s.differences, i) * couplings[i];
    const LaneGrid &grid = s.grids[s.gridOf[j]];
    Lanes scale = at(grid.scale, 0), zero = at(grid.zero, 0);
    Lanes code = (even + odd) / scale + zero;
    roundLanes(code, s.low, s.high);
    Lanes value = (code - zero) * scale;
    if (s.stored) {
      code *= at(s.stored, j);
      value *= at(s.stored, j);
    }
    at(s.codes, j) = code;
    at(s.differences, j) = at(s.base, j) - value;
  }
}

PITH_WIDE_LOOP bool pith::descend(LaneGroup &group) {
  Lanes scale = at(group.grid.scale, 0);
  bool changed = false;
  for (int64_t j = 0; j < group.count; ++j) {
    const float *row = group.gram + j * group.stride;
    Lanes old = at(group.codes, j);
    Lanes code = old + at(group.gradient, j) / (scale * row[j]);
    roundLanes(code, group.low, group.high);
    if (group.stored)
      code *= at(group.stored, j);
    Lanes step = code - old;
    float moved = 0;
    for (int64_t lane = 0; lane < kRowLanes; ++lane)
      moved += step[lane] * step[lane];
    if (moved == 0)
      continue;
    changed = true;
    at(group.codes, j) = code;
    step *= scale;
    for (int64_t k = 0; k < group.count; ++k)
      at(group.gradient, k) -= step * row[k];
  }
  return changed;
}

PITH_WIDE_LOOP LaneFit pith::fitScale(const LaneGroup &group, const float *whole) {
  Lanes scale = at(group.grid.scale, 0), zero = at(group.grid.zero, 0);
  LaneFit fit = {};
  constexpr int64_t kChunk = 64;
  for (int64_t first = 0; first < group.count; first += kChunk) {
    Lanes gradient = scale - scale, curvature = gradient;
    for (int64_t j = first; j < std::min(first + kChunk, group.count); ++j) {
      Lanes p = at(group.codes, j) - zero, own = at(group.gradient, j);
      gradient += p * own;
      curvature += p * (at(whole, j) - own);
    }
    curvature /= scale;
    for (int64_t lane = 0; lane < kRowLanes; ++lane) {
      fit.gradient[lane] += gradient[lane];
      fit.curvature[lane] += curvature[lane];
    }
  }
  return fit;
}

PITH_WIDE_LOOP LaneSums pith::getGroupError(const LaneGroup &group, const float *weights,
                                            const float *outside) {
  Lanes scale = at(group.grid.scale, 0), zero = at(group.grid.zero, 0);
  LaneSums error = {};
  for (int64_t j = 0; j < group.count; ++j) {
    Lanes difference = at(weights, j) - (at(group.codes, j) - zero) * scale;
    Lanes part = difference * (at(group.gradient, j) + at(outside, j));
    for (int64_t lane = 0; lane < kRowLanes; ++lane)
      error[lane] += part[lane];
  }
  return error;
}
