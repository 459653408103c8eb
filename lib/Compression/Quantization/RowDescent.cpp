//===- RowDescent.cpp - Better codes and grids, block by block ------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What RowRounder does after GPTQ: for each block it tries other grids, rounds anew for
// each, lets single codes descend, and keeps what has less error, lane by lane.
//
//===----------------------------------------------------------------------===//

#include "RowRounder.h"

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace mlir;
using namespace pith;

static constexpr int64_t kLongestBlock = RoundingProblem::kLongestBlock;

/// One solution of a block.
struct RowRounder::Trial {
  LaneGroup group;
  std::vector<float> codes, gradient;
  const float *whole, *weights, *outside;
  LaneSums error = {};

  Trial(const Trial &other) { *this = other; }
  Trial &operator=(const Trial &other) {
    group = other.group;
    codes = other.codes;
    gradient = other.gradient;
    whole = other.whole;
    weights = other.weights;
    outside = other.outside;
    error = other.error;
    bind();
    return *this;
  }
  Trial(LaneGroup group, ArrayRef<float> codes, ArrayRef<float> gradient,
        const float *whole, const float *weights, const float *outside)
      : group(group), codes(codes.vec()), gradient(gradient.vec()), whole(whole),
        weights(weights), outside(outside) {
    bind();
  }
  void bind() {
    group.codes = codes.data();
    group.gradient = gradient.data();
  }
  void measure() { error = getGroupError(group, weights, outside); }
};

/// Other grids of one group that are worth a trial.
std::vector<LaneGrid> RowRounder::getCandidates(const LaneGrid &grid) const {
  std::vector<LaneGrid> candidates;
  if (gridsAreFixed || problem.groupSize > kLongestBlock)
    return candidates;
  auto add = [&](double factor) {
    LaneGrid other = grid;
    for (int64_t lane = 0; lane < int64_t(how.size()); ++lane)
      other.scale[lane] = roundScale(lane, factor * grid.scale[lane]);
    candidates.push_back(other);
  };
  const unsigned bits = how[0].bits;
  for (double step : {0.08, 0.03}) {
    double width = bits <= 3 ? 2 * step : bits <= 4 ? step : step / 4;
    add(1 - width);
    add(1 + width);
  }
  // With few codes it matters which side has one more.
  if (how[0].symmetric && bits >= 2 && bits <= 3)
    add(-1);
  return candidates;
}

/// A better scale for the codes there are, and a better zero point.
void RowRounder::refit(Trial &trial, const RoundingProblem::Block &block) {
  LaneGroup &group = trial.group;
  if (gridsAreFixed || problem.groupSize > kLongestBlock)
    return;
  LaneFit fit = fitScale(group, trial.whole);
  float ratio[kRowLanes];
  for (int64_t lane = 0; lane < kRowLanes; ++lane) {
    float old = group.grid.scale[lane];
    ratio[lane] = 1;
    if (lane >= int64_t(how.size()) || !(fit.curvature[lane] > 0))
      continue;
    float scale = roundScale(lane, old + fit.gradient[lane] / fit.curvature[lane]);
    if (scale == 0 || !std::isfinite(scale))
      continue;
    ratio[lane] = scale / old;
    group.grid.scale[lane] = scale;
  }
  for (int64_t i = 0; i < group.count * kRowLanes; ++i) {
    float whole = trial.whole[i];
    trial.gradient[i] = whole - ratio[i % kRowLanes] * (whole - trial.gradient[i]);
  }
  if (how[0].symmetric)
    return;
  double total = std::accumulate(block.sums.begin(), block.sums.end(), 0.0);
  for (int64_t lane = 0; lane < int64_t(how.size()); ++lane) {
    double sum = 0;
    for (int64_t j = 0; j < group.count; ++j)
      sum += trial.gradient[j * kRowLanes + lane];
    float old = group.grid.zero[lane];
    double zero = old - sum / total / group.grid.scale[lane];
    zero = how[0].bits == 1 ? (how[0].halfScales ? roundToHalf(float(zero)) : float(zero))
                            : std::min<double>(std::max(std::nearbyint(zero), 0.0), high);
    float step = (float(zero) - old) * group.grid.scale[lane];
    group.grid.zero[lane] = float(zero);
    for (int64_t j = 0; j < group.count; ++j)
      trial.gradient[j * kRowLanes + lane] += step * block.sums[j];
  }
}

void RowRounder::finish(Trial &trial, const RoundingProblem::Block &block) {
  for (int round = 0; round < 2; ++round) {
    for (int pass = 0; pass < 2 && descend(trial.group); ++pass) {
    }
    refit(trial, block);
  }
  descend(trial.group);
  trial.measure();
}

void RowRounder::keepBetter(const Trial &trial, Trial &best) {
  for (int64_t lane = 0; lane < int64_t(how.size()); ++lane) {
    double gain = best.error[lane] - trial.error[lane];
    if (!(gain > 1e-6 * std::fabs(best.error[lane])))
      continue;
    best.error[lane] = trial.error[lane];
    best.group.grid.scale[lane] = trial.group.grid.scale[lane];
    best.group.grid.zero[lane] = trial.group.grid.zero[lane];
    for (int64_t j = lane; j < trial.group.count * kRowLanes; j += kRowLanes) {
      best.codes[j] = trial.codes[j];
      best.gradient[j] = trial.gradient[j];
    }
  }
}

void RowRounder::sweepBlock(const RoundingProblem::Block &block) {
  const int64_t size = problem.size, first = block.first, count = block.count;
  const int64_t floats = count * kRowLanes, place = first * kRowLanes;
  LaneGrid &grid = grids[first / problem.groupSize];
  const float *hessian = &problem.hessian[first * size];
  // The gradient; what of it comes from outside; H · w and what comes from outside.
  std::vector<float> gradient(floats), outside(floats), whole(floats), target(floats);
  addLaneProduct(hessian, size, count, size, differences.data(), gradient.data());
  addLaneProduct(hessian + first, size, count, count, &differences[place],
                 whole.data());
  for (int64_t i = 0; i < floats; ++i)
    outside[i] = gradient[i] - whole[i];
  std::copy(outside.begin(), outside.end(), whole.begin());
  addLaneProduct(hessian + first, size, count, count, &weights[place], whole.data());
  // The real numbers that would be best while other blocks stay.
  std::copy_n(&weights[place], floats, target.data());
  addLaneProduct(block.inverse.data(), count, count, count, outside.data(),
                 target.data());

  LaneGroup group{hessian + first, size, count, stored.empty() ? nullptr : &stored[place],
                  low, high, grid, nullptr, nullptr};
  Trial best(group, ArrayRef<float>(codes).slice(place, floats), gradient, whole.data(),
             &weights[place], outside.data());
  best.measure();
  Trial trial(best);
  finish(trial, block);
  keepBetter(trial, best);
  std::vector<LaneGrid> candidates = getCandidates(best.group.grid);
  candidates.push_back(best.group.grid);
  std::vector<int32_t> gridOf(count);
  std::vector<float> none(floats), misses(floats);
  for (const LaneGrid &candidate : candidates) {
    trial.group.grid = candidate;
    roundInSequence({block.couplings.data(), count, count, target.data(), none.data(),
                     group.stored, &candidate, gridOf.data(), low, high,
                     trial.codes.data(), misses.data()});
    for (int64_t i = 0; i < floats; ++i) {
      int64_t lane = i % kRowLanes;
      float value = (trial.codes[i] - candidate.zero[lane]) * candidate.scale[lane];
      misses[i] = weights[place + i] - value;
    }
    std::copy(outside.begin(), outside.end(), trial.gradient.begin());
    addLaneProduct(hessian + first, size, count, count, misses.data(),
                   trial.gradient.data());
    finish(trial, block);
    keepBetter(trial, best);
  }
  std::copy(best.codes.begin(), best.codes.end(), &codes[place]);
  grid = best.group.grid;
  updateDifferences(first, count);
}

/// Scales of groups that are longer than blocks.
void RowRounder::refitWholeRows() {
  const int64_t size = problem.size;
  if (weightProducts.empty()) {
    weightProducts.resize(weights.size());
    addLaneProduct(problem.hessian.data(), size, size, size, weights.data(),
                   weightProducts.data());
  }
  std::vector<float> gradient(weights.size());
  addLaneProduct(problem.hessian.data(), size, size, size, differences.data(),
                 gradient.data());
  LaneGrid &grid = grids[0];
  LaneGroup group{problem.hessian.data(), size, size, nullptr, low, high, grid,
                  codes.data(), gradient.data()};
  LaneFit fit = fitScale(group, weightProducts.data());
  for (int64_t lane = 0; lane < int64_t(how.size()); ++lane) {
    float old = grid.scale[lane];
    float scale = roundScale(lane, old + fit.gradient[lane] / fit.curvature[lane]);
    double step = double(scale) - old;
    double change = -2 * step * fit.gradient[lane] + step * step * fit.curvature[lane];
    if (scale != 0 && change < 0)
      grid.scale[lane] = scale;
  }
  updateDifferences(0, size);
}

void RowRounder::sweep() {
  for (const RoundingProblem::Block &block : problem.blocks)
    sweepBlock(block);
  if (problem.groupSize > kLongestBlock && !gridsAreFixed && grids.size() == 1)
    refitWholeRows();
}
