//===- MagnitudeTest.cpp - Choosing elements to drop ----------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Against a sort.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Sparsity/Magnitude.h"

#include "CompressionTest.h"

#include <gtest/gtest.h>

using namespace pith;
using namespace pith::test;

/// The elements that a stable sort by magnitude puts first.
static std::vector<bool> getSmallest(llvm::ArrayRef<float> w, int64_t count) {
  std::vector<int64_t> order(w.size());
  for (size_t i = 0; i < order.size(); ++i)
    order[i] = i;
  llvm::sort(order, [&](int64_t a, int64_t b) {
    return std::pair(std::fabs(w[a]), a) < std::pair(std::fabs(w[b]), b);
  });
  std::vector<bool> smallest(w.size());
  for (int64_t i = 0; i < count; ++i)
    smallest[order[i]] = true;
  return smallest;
}

TEST(MagnitudeCut, DropsTheSmallest) {
  std::vector<float> w = makeNumbers(1000, 1);
  for (int i = 0; i < 1000; i += 3)
    w[i] = (i % 2 ? 1 : -1) * float(int(w[i] * 4)) / 4; // many equal ones, zeros
  for (int64_t count : {0, 1, 2, 333, 500, 999}) {
    std::vector<bool> expected = getSmallest(w, count);
    llvm::ArrayRef<float> all(w);
    MagnitudeCut cut(all, count);
    for (size_t i = 0; i < w.size(); ++i)
      ASSERT_EQ(cut.drops(w[i]), expected[i]) << count << " of all, element " << i;
  }
}

TEST(MagnitudeCut, CountsOverAllTensors) {
  std::vector<float> a = {1, 2, 3}, b = {0.5f, 10, -1};
  llvm::ArrayRef<float> tensors[] = {a, b};
  MagnitudeCut cut(tensors, 2);
  std::vector<bool> dropped;
  for (float x : {1.0f, 2.0f, 3.0f, 0.5f, 10.0f, -1.0f})
    dropped.push_back(cut.drops(x));
  EXPECT_EQ(dropped, (std::vector<bool>{true, false, false, true, false, false}));
}

TEST(SelectLargest, EveryBlock) {
  for (int m = 2; m <= 32; ++m)
    for (int n = 1; n < m; ++n) {
      std::vector<float> w = makeNumbers(m, m * 100 + n);
      w[m / 2] = w[0]; // two equal ones
      std::vector<bool> dropped = getSmallest(w, m - n);
      std::vector<int16_t> positions(n), expected;
      selectLargest(w, positions);
      // The sort keeps the last of equal ones, the pass the first.
      for (int i = 0; i < m; ++i)
        if (!dropped[i])
          expected.push_back(i);
      double kept = 0, best = 0;
      for (int16_t i : positions)
        kept += std::fabs(w[i]);
      for (int16_t i : expected)
        best += std::fabs(w[i]);
      EXPECT_DOUBLE_EQ(kept, best);
      EXPECT_TRUE(std::is_sorted(positions.begin(), positions.end()));
    }
}

TEST(SelectLargest, TiesAndShortBlocks) {
  std::vector<int16_t> positions(2);
  selectLargest({1, -1, 1, 1}, positions);
  EXPECT_EQ(positions, (std::vector<int16_t>{0, 1}));
  // A block of one element: the other position lies behind its end.
  selectLargest({5}, positions);
  EXPECT_EQ(positions, (std::vector<int16_t>{0, 1}));
}
