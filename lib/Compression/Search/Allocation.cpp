//===- Allocation.cpp - One choice for each layer -------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Steps along the lower convex hulls, best first.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Search/Allocation.h"

#include "llvm/ADT/STLExtras.h"

#include <queue>
#include <tuple>

using namespace pith;

/// Slope from one choice to a dearer one: error saved per bit.
static double getGain(const AllocationChoice &from, const AllocationChoice &to) {
  return (from.error - to.error) / double(to.cost - from.cost);
}

/// Indices on the lower convex hull, cost rising, error falling.
static std::vector<size_t> getHull(llvm::ArrayRef<AllocationChoice> choices) {
  std::vector<size_t> order(choices.size());
  for (size_t i = 0; i < order.size(); ++i)
    order[i] = i;
  llvm::sort(order, [&](size_t a, size_t b) {
    return std::tie(choices[a].cost, choices[a].error, a) <
           std::tie(choices[b].cost, choices[b].error, b);
  });
  std::vector<size_t> hull;
  for (size_t next : order) {
    if (!hull.empty() && !(choices[next].error < choices[hull.back()].error))
      continue;
    while (hull.size() > 1 &&
           getGain(choices[hull[hull.size() - 2]], choices[hull.back()]) <=
               getGain(choices[hull.back()], choices[next]))
      hull.pop_back();
    hull.push_back(next);
  }
  return hull;
}

namespace {
/// A step of one layer to the next choice on its hull.
struct Step {
  double gain;
  size_t layer, to;
  bool operator<(const Step &other) const {
    return std::tie(gain, other.layer) < std::tie(other.gain, layer);
  }
};
} // namespace

std::optional<std::vector<size_t>>
pith::allocate(llvm::ArrayRef<std::vector<AllocationChoice>> layers, int64_t budget) {
  std::vector<std::vector<size_t>> hulls;
  std::priority_queue<Step> steps;
  std::vector<size_t> at(layers.size(), 0);
  auto offer = [&](size_t layer) {
    const std::vector<size_t> &hull = hulls[layer];
    size_t to = at[layer] + 1;
    if (to < hull.size())
      steps.push({getGain(layers[layer][hull[at[layer]]], layers[layer][hull[to]]),
                  layer, to});
  };
  for (const std::vector<AllocationChoice> &choices : layers) {
    if (choices.empty())
      return std::nullopt;
    hulls.push_back(getHull(choices));
    budget -= choices[hulls.back().front()].cost;
    offer(hulls.size() - 1);
  }
  if (budget < 0)
    return std::nullopt;
  while (!steps.empty()) {
    Step step = steps.top();
    steps.pop();
    const std::vector<size_t> &hull = hulls[step.layer];
    int64_t cost = layers[step.layer][hull[step.to]].cost -
                   layers[step.layer][hull[at[step.layer]]].cost;
    // A layer whose step does not fit stays; others may have cheaper ones.
    if (cost > budget)
      continue;
    budget -= cost;
    at[step.layer] = step.to;
    offer(step.layer);
  }
  std::vector<size_t> chosen;
  for (size_t layer = 0; layer < layers.size(); ++layer)
    chosen.push_back(hulls[layer][at[layer]]);
  return chosen;
}
