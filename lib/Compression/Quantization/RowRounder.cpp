//===- RowRounder.cpp - Rounding rows by output error ---------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// GPTQ, and descent on the same error after it. With one sign bit a code c of 0 or 1
// stands for (c − ½) · 2s, so that all grids are alike.
//
//===----------------------------------------------------------------------===//

#include "RowRounder.h"

#include "mlir/IR/Threading.h"

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace mlir;
using namespace pith;

/// Groups up to this long are one block of descent; of longer ones, parts.
static constexpr int64_t kLongestBlock = 256, kPart = 64;

//===----------------------------------------------------------------------===//
// What rows have in common
//===----------------------------------------------------------------------===//

/// Groups by falling sum of the diagonal, and elements within them likewise.
static std::vector<int64_t> getGroupOrder(ArrayRef<float> importance, int64_t groupSize) {
  int64_t size = importance.size(), groups = (size + groupSize - 1) / groupSize;
  std::vector<double> sums(groups);
  for (int64_t k = 0; k < size; ++k)
    sums[k / groupSize] += importance[k];
  std::vector<int64_t> order(size);
  std::iota(order.begin(), order.end(), int64_t(0));
  llvm::sort(order, [&](int64_t a, int64_t b) {
    int64_t left = a / groupSize, right = b / groupSize;
    if (left != right)
      return sums[left] > sums[right] || (sums[left] == sums[right] && left < right);
    return importance[a] > importance[b] || (importance[a] == importance[b] && a < b);
  });
  return order;
}

/// The blocks of descent with the factors of their parts of the Hessian.
static std::vector<RoundingProblem::Block>
makeBlocks(MLIRContext *context, const RoundingProblem &problem) {
  const int64_t size = problem.size, groupSize = problem.groupSize;
  std::vector<RoundingProblem::Block> blocks;
  for (int64_t group = 0; group < size; group += groupSize) {
    int64_t end = std::min(group + groupSize, size);
    int64_t step = groupSize <= kLongestBlock ? groupSize : kPart;
    for (int64_t first = group; first < end; first += step)
      blocks.push_back({first, std::min(step, end - first), {}, {}, {}});
  }
  for (RoundingProblem::Block &block : blocks) {
    std::vector<int64_t> elements(block.count);
    std::iota(elements.begin(), elements.end(), block.first);
    auto factor = GramFactor::compute(context, problem.hessian, size, {0, 6}, elements);
    if (!factor)
      return {};
    block.couplings = factor->getCouplings();
    block.inverse = factor->getInverse();
    for (int64_t j : elements)
      block.sums.push_back(std::accumulate(
          &problem.hessian[j * size + block.first],
          &problem.hessian[j * size + block.first] + block.count, 0.0f));
  }
  return blocks;
}

std::optional<RoundingProblem>
RoundingProblem::create(MLIRContext *context, ArrayRef<float> gram, int64_t size,
                        int64_t groupSize, const GramDamping &damping,
                        ActivationOrder order, bool descends) {
  RoundingProblem problem;
  problem.size = size;
  problem.groupSize = groupSize;
  problem.gram = gram;
  problem.importance.resize(size);
  for (int64_t k = 0; k < size; ++k)
    problem.importance[k] = gram[k * size + k];
  if (order == ActivationOrder::Full) {
    problem.order = getActivationOrder(gram, size);
  } else if (order == ActivationOrder::Group) {
    problem.order = getGroupOrder(problem.importance, groupSize);
  } else {
    problem.order.resize(size);
    std::iota(problem.order.begin(), problem.order.end(), int64_t(0));
  }
  problem.scalesOnTheWay =
      order != ActivationOrder::Full && groupSize < size && groupSize <= kLongestBlock;
  auto factor = GramFactor::compute(context, gram, size, damping, problem.order);
  if (!factor)
    return std::nullopt;
  problem.damping = factor->getDamping();
  problem.couplings = factor->getCouplings();
  problem.hessian = gram.vec();
  factor->addDamping(problem.hessian);
  for (int64_t k = 0; k < size; ++k)
    problem.importance[k] = problem.hessian[k * size + k];
  if (descends) {
    problem.blocks = makeBlocks(context, problem);
    if (problem.blocks.empty())
      return std::nullopt;
  }
  return problem;
}

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
// Descent
//===----------------------------------------------------------------------===//

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
