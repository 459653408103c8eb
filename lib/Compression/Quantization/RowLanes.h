//===- RowLanes.h - Rounding several rows side by side ----------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The inner loops of rounding by output error. Rows are independent: 16 of them lie in
// vector lanes, so that a matrix they share is read once for all of them.
//
//     element k of lane l is  x[k · kRowLanes + l]
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_COMPRESSION_QUANTIZATION_ROWLANES_H
#define PITH_LIB_COMPRESSION_QUANTIZATION_ROWLANES_H

#include <array>
#include <cstdint>

namespace pith {

constexpr int64_t kRowLanes = 16;
using LaneSums = std::array<double, kRowLanes>;

/// What codes of one group stand for in each lane: (code − zero) · scale.
struct LaneGrid {
  float scale[kRowLanes], zero[kRowLanes];
};

/// Adds to `sums` [rows] the products of `rows` rows of a matrix with x [depth].
void addLaneProduct(const float *matrix, int64_t stride, int64_t rows, int64_t depth,
                    const float *x, float *sums);

/// x · gram · xᵀ in each lane, for a symmetric matrix of `size` rows.
LaneSums getLaneEnergy(const float *gram, int64_t size, const float *x);

/// Codes of `count` elements in sequence, each where the differences before it are
/// made up for (GPTQ; Babai's nearest plane).
struct LaneSequence {
  const float *couplings; ///< rows as of GramFactor::getCouplings
  int64_t stride, count;
  const float *base;      ///< what codes approximate
  const float *carried;   ///< added to it: sums of differences before the sequence
  const float *stored;    ///< 0 where an element stays 0; null: nowhere
  const LaneGrid *grids;
  const int32_t *gridOf;  ///< of each element
  float low, high;        ///< codes
  float *codes;           ///< written
  float *differences;     ///< written: base − value
};
void roundInSequence(const LaneSequence &sequence);

/// One group in work: its codes and the gradient H · (w − w') of half the error.
struct LaneGroup {
  const float *gram; ///< the group's block, `count` rows
  int64_t stride, count;
  const float *stored;
  float low, high;
  LaneGrid grid;
  float *codes, *gradient;
};

/// Sets each code in turn to what is best while the others stay (coordinate descent).
/// Whether some code changed.
bool descend(LaneGroup &group);

/// Sums over p = code − zero (0 where nothing is stored), for refitting a scale.
struct LaneFit {
  LaneSums gradient; ///< Σ p · gradient
  LaneSums curvature; ///< p · H · pᵀ, of `whole` = H · w + what other groups add
};
LaneFit fitScale(const LaneGroup &group, const float *whole);

/// Σ (w − w') · (gradient + outside): the error that depends on the group.
LaneSums getGroupError(const LaneGroup &group, const float *weights,
                       const float *outside);

} // namespace pith

#endif // PITH_LIB_COMPRESSION_QUANTIZATION_ROWLANES_H
