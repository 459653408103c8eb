//===- AllocationTest.cpp - Tests for dividing budgets --------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Search/Allocation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

using namespace pith;

namespace {
using Layers = std::vector<std::vector<AllocationChoice>>;

double getError(const Layers &layers, const std::vector<size_t> &chosen,
                int64_t *cost = nullptr) {
  double error = 0;
  for (size_t i = 0; i < layers.size(); ++i) {
    error += layers[i][chosen[i]].error;
    if (cost)
      *cost += layers[i][chosen[i]].cost;
  }
  return error;
}

/// The least error of all combinations within the budget; negative if there is none.
double search(const Layers &layers, int64_t budget, size_t layer = 0) {
  if (layer == layers.size())
    return 0;
  double best = -1;
  for (const AllocationChoice &choice : layers[layer]) {
    if (choice.cost > budget)
      continue;
    double rest = search(layers, budget - choice.cost, layer + 1);
    if (rest >= 0 && (best < 0 || rest + choice.error < best))
      best = rest + choice.error;
  }
  return best;
}
} // namespace

TEST(AllocationTest, TakesTheBestThatFits) {
  // One bit costs 10; the error falls fourfold by each.
  Layers layers = {{{10, 16}, {20, 4}, {30, 1}}, {{10, 1.6}, {20, 0.4}, {30, 0.1}}};
  EXPECT_EQ(*allocate(layers, 60), (std::vector<size_t>{2, 2}));
  EXPECT_EQ(*allocate(layers, 40), (std::vector<size_t>{2, 0}));
  EXPECT_EQ(*allocate(layers, 39), (std::vector<size_t>{1, 0}));
  EXPECT_EQ(*allocate(layers, 20), (std::vector<size_t>{0, 0}));
  EXPECT_FALSE(allocate(layers, 19));
}

TEST(AllocationTest, LeavesOutChoicesThatCostMoreAndLoseMore) {
  Layers layers = {{{10, 5}, {12, 7}, {15, 5}, {20, 1}}};
  EXPECT_EQ(*allocate(layers, 16), (std::vector<size_t>{0}));
  EXPECT_EQ(*allocate(layers, 20), (std::vector<size_t>{3}));
}

TEST(AllocationTest, AcceptsNoLayersButNoLayerWithoutChoices) {
  EXPECT_TRUE(allocate({}, 0)->empty());
  Layers layers = {{}};
  EXPECT_FALSE(allocate(layers, 100));
}

TEST(AllocationTest, KeepsInfiniteErrorsOut) {
  Layers layers = {{{1, INFINITY}, {5, 1}}, {{1, 2}, {5, 1}}};
  EXPECT_EQ(*allocate(layers, 6), (std::vector<size_t>{1, 0}));
}

TEST(AllocationTest, ComesCloseToExhaustiveSearch) {
  std::mt19937 random(7);
  std::uniform_real_distribution<double> sizes(1, 20), scales(-3, 3);
  for (int trial = 0; trial < 50; ++trial) {
    Layers layers;
    int64_t least = 0, most = 0;
    for (int layer = 0; layer < 5; ++layer) {
      int64_t size = int64_t(sizes(random));
      double scale = std::exp(scales(random)) * double(size);
      layers.emplace_back();
      for (int64_t bits = 2; bits <= 6; ++bits)
        layers.back().push_back({bits * size, scale * std::pow(4, -double(bits))});
      least += 2 * size;
      most += 6 * size;
    }
    int64_t budget = (least + most) / 2, cost = 0;
    std::optional<std::vector<size_t>> chosen = allocate(layers, budget);
    ASSERT_TRUE(chosen);
    double error = getError(layers, *chosen, &cost), best = search(layers, budget);
    EXPECT_LE(cost, budget);
    // One step of one layer is all that the relaxation may miss.
    EXPECT_LE(error, 2 * best + 1e-12);
  }
}
