//===- RowRounder.cpp - Rounding rows by output error ---------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Grids, rounding to nearest, and GPTQ; RowDescent.cpp has what comes after. With one
// sign bit a code c of 0 or 1 stands for (c − ½) · 2s, so that all grids are alike.
//
//===----------------------------------------------------------------------===//

#include "RowRounder.h"

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace mlir;
using namespace pith;

static constexpr int64_t kPart = RoundingProblem::kPart;

//===----------------------------------------------------------------------===//
// Rows and grids
//===----------------------------------------------------------------------===//

RowRounder::RowRounder(const RoundingProblem &problem, ArrayRef<GroupQuantizer> how,
                       bool keepZeros)
    : problem(problem), how(how.begin(), how.end()), low(how[0].minCode()),
      high(how[0].maxCode()), weights(problem.size * kRowLanes),
      codes(weights.size()), differences(weights.size()),
      stored(keepZeros ? weights.size() : 0), grids(problem.getNumGroups()) {
  if (isSign())
    low = 0;
  for (LaneGrid &grid : grids)
    for (int64_t lane = 0; lane < kRowLanes; ++lane) {
      grid.scale[lane] = 1;
      grid.zero[lane] = 0;
    }
}

void RowRounder::setRows(const float *rows) {
  for (int64_t lane = 0; lane < int64_t(how.size()); ++lane)
    for (int64_t k = 0; k < problem.size; ++k)
      weights[k * kRowLanes + lane] = rows[lane * problem.size + k];
  for (size_t i = 0; i < stored.size(); ++i)
    stored[i] = weights[i] != 0;
}

void RowRounder::fixGrid(float scale, float zeroPoint) {
  gridsAreFixed = true;
  for (LaneGrid &grid : grids)
    for (int64_t lane = 0; lane < kRowLanes; ++lane) {
      grid.scale[lane] = isSign() ? 2 * scale : scale;
      grid.zero[lane] = isSign() ? 0.5f : zeroPoint;
    }
}

float RowRounder::roundScale(int64_t lane, double scale) const {
  return isSign() ? 2 * how[lane].roundScale(scale / 2) : how[lane].roundScale(scale);
}

/// Searches the grid of a group for values `values[i]` of elements `elements[i]`.
void RowRounder::chooseGrid(int64_t group, ArrayRef<int64_t> elements,
                            const float *values, bool weighted) {
  if (gridsAreFixed)
    return;
  std::vector<float> own(elements.size()), importance(elements.size());
  std::vector<int16_t> unused(elements.size());
  for (size_t i = 0; i < elements.size(); ++i)
    importance[i] = problem.importance[elements[i]];
  LaneGrid &grid = grids[group];
  for (int64_t lane = 0; lane < int64_t(how.size()); ++lane) {
    for (size_t i = 0; i < elements.size(); ++i) {
      own[i] = values[i * kRowLanes + lane];
      if (!stored.empty())
        own[i] *= stored[elements[i] * kRowLanes + lane];
    }
    GroupQuantizer::Group found = how[lane].quantize(
        own, unused, weighted ? ArrayRef<float>(importance) : ArrayRef<float>());
    // One bit of nothing but zeros.
    float scale = found.scale == 0 ? roundScale(lane, 1e-30) : found.scale;
    grid.scale[lane] = isSign() ? 2 * scale : scale;
    grid.zero[lane] = isSign() ? 0.5f : found.zeroPoint;
  }
}

void RowRounder::updateDifferences(int64_t first, int64_t count) {
  for (int64_t k = first; k < first + count; ++k) {
    const LaneGrid &grid = grids[k / problem.groupSize];
    for (int64_t lane = 0; lane < kRowLanes; ++lane) {
      int64_t i = k * kRowLanes + lane;
      float value = (codes[i] - grid.zero[lane]) * grid.scale[lane];
      differences[i] = weights[i] - value;
    }
  }
}

void RowRounder::roundToNearest(bool weighted) {
  std::vector<int64_t> elements(problem.size);
  std::iota(elements.begin(), elements.end(), int64_t(0));
  std::vector<float> none(problem.size * kRowLanes), noCouplings(problem.size);
  for (int64_t group = 0; group < int64_t(grids.size()); ++group) {
    int64_t first = group * problem.groupSize;
    int64_t count = std::min(problem.groupSize, problem.size - first);
    const float *own = &weights[first * kRowLanes];
    chooseGrid(group, ArrayRef<int64_t>(elements).slice(first, count), own,
               weighted);
    std::vector<int32_t> gridOf(count, int32_t(group));
    roundInSequence({noCouplings.data(), 0, count, own, none.data(),
                     stored.empty() ? nullptr : &stored[first * kRowLanes],
                     grids.data(), gridOf.data(), low, high, &codes[first * kRowLanes],
                     &differences[first * kRowLanes]});
  }
}

//===----------------------------------------------------------------------===//
// GPTQ
//===----------------------------------------------------------------------===//

void RowRounder::roundInOrder() {
  const int64_t size = problem.size;
  // Rows in the order of rounding, and what becomes of them.
  std::vector<float> base(size * kRowLanes), mask(stored.size()), done(size * kRowLanes),
      difference(size * kRowLanes);
  std::vector<int32_t> gridOf(size);
  auto copy = [](const std::vector<float> &from, int64_t i, std::vector<float> &to,
                 int64_t j) {
    if (!from.empty())
      std::copy_n(&from[i * kRowLanes], kRowLanes, &to[j * kRowLanes]);
  };
  for (int64_t j = 0; j < size; ++j) {
    gridOf[j] = problem.order[j] / problem.groupSize;
    copy(weights, problem.order[j], base, j);
    copy(stored, problem.order[j], mask, j);
  }
  if (!problem.scalesOnTheWay)
    roundToNearest(/*weighted=*/true); // for its grids
  for (int64_t first = 0, count; first < size; first += count) {
    count = std::min(kPart, size - first);
    if (problem.scalesOnTheWay) {
      count = 1;
      while (first + count < size && gridOf[first + count] == gridOf[first])
        ++count;
    }
    std::vector<float> carried(count * kRowLanes);
    addLaneProduct(&problem.couplings[first * size], size, count, first,
                   difference.data(), carried.data());
    if (problem.scalesOnTheWay) {
      std::vector<float> values(carried);
      for (int64_t i = 0; i < count * kRowLanes; ++i)
        values[i] += base[first * kRowLanes + i];
      chooseGrid(gridOf[first], ArrayRef<int64_t>(problem.order).slice(first, count),
                 values.data());
    }
    roundInSequence({&problem.couplings[first * size + first], size, count,
                     &base[first * kRowLanes], carried.data(),
                     mask.empty() ? nullptr : &mask[first * kRowLanes], grids.data(),
                     &gridOf[first], low, high, &done[first * kRowLanes],
                     &difference[first * kRowLanes]});
  }
  for (int64_t j = 0; j < size; ++j) {
    copy(done, j, codes, problem.order[j]);
    copy(difference, j, differences, problem.order[j]);
  }
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

LaneSums RowRounder::getSignal() const {
  return getLaneEnergy(problem.gram.data(), problem.size, weights.data());
}

LaneSums RowRounder::getNoise() const {
  return getLaneEnergy(problem.gram.data(), problem.size, differences.data());
}

void RowRounder::getCodes(int64_t lane, MutableArrayRef<int16_t> result) const {
  for (int64_t k = 0; k < problem.size; ++k)
    result[k] = static_cast<int16_t>(codes[k * kRowLanes + lane]);
}

float RowRounder::getScale(int64_t lane, int64_t group) const {
  float scale = grids[group].scale[lane];
  return isSign() ? scale / 2 : scale;
}

float RowRounder::getZeroPoint(int64_t lane, int64_t group) const {
  return grids[group].zero[lane];
}
