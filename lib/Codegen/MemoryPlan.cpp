//===- MemoryPlan.cpp - Offsets in the arena ------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Greedy by size, as in Pisarchyk and Lee, "Efficient Memory Management for Deep
// Neural Net Inference" (2020), section 5.2.
//
//===----------------------------------------------------------------------===//

#include "MemoryPlan.h"

#include <algorithm>
#include <numeric>

using namespace pith;

int64_t pith::planMemory(std::vector<PlannedBuffer> &buffers) {
  constexpr int64_t kAlign = 64;
  std::vector<size_t> order(buffers.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return buffers[a].bytes > buffers[b].bytes;
  });
  std::vector<size_t> placed; // by offset
  int64_t total = 0;
  for (size_t number : order) {
    PlannedBuffer &buffer = buffers[number];
    int64_t size = (buffer.bytes + kAlign - 1) / kAlign * kAlign;
    int64_t offset = 0;
    for (size_t other : placed) {
      const PlannedBuffer &p = buffers[other];
      if (p.last < buffer.first || buffer.last < p.first)
        continue;
      if (p.offset >= offset + size)
        break;
      int64_t end = p.offset + (p.bytes + kAlign - 1) / kAlign * kAlign;
      offset = std::max(offset, end);
    }
    buffer.offset = offset;
    total = std::max(total, offset + size);
    placed.insert(std::upper_bound(placed.begin(), placed.end(), number,
                                   [&](size_t a, size_t b) {
                                     return buffers[a].offset < buffers[b].offset;
                                   }),
                  number);
  }
  return total;
}
