//===- Magnitude.cpp - Which weights are the smallest ---------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Magnitudes of floats order like their bits without sign, so the threshold is
// found digit by digit with histograms: no copy and no sort of the weights.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Sparsity/Magnitude.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

using namespace pith;

static uint32_t magnitudeBits(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits & 0x7fffffff;
}

MagnitudeCut::MagnitudeCut(llvm::ArrayRef<llvm::ArrayRef<float>> tensors,
                           int64_t count)
    : equal(count) {
  // 31 bits in digits of 11, 10 and 10.
  uint32_t known = 0;
  for (unsigned shift : {20, 10, 0}) {
    unsigned digits = shift == 20 ? 1 << 11 : 1 << 10;
    std::vector<int64_t> histogram(digits);
    for (llvm::ArrayRef<float> tensor : tensors)
      for (float value : tensor) {
        uint32_t bits = magnitudeBits(value);
        if (((bits ^ threshold) & known) == 0)
          ++histogram[(bits >> shift) & (digits - 1)];
      }
    uint32_t digit = 0;
    while (digit + 1 < digits && equal >= histogram[digit])
      equal -= histogram[digit++];
    threshold |= digit << shift;
    known |= (digits - 1) << shift;
  }
}

bool MagnitudeCut::drops(float value) {
  uint32_t bits = magnitudeBits(value);
  if (bits != threshold)
    return bits < threshold;
  return equal > 0 && equal-- > 0;
}

void pith::selectLargest(llvm::ArrayRef<float> block,
                         llvm::MutableArrayRef<int16_t> positions) {
  // Blocks have at most 32 elements: insertion into a sorted list.
  size_t filled = 0;
  for (size_t i = 0; i < block.size(); ++i) {
    size_t at = filled;
    while (at > 0 && std::fabs(block[i]) > std::fabs(block[positions[at - 1]]))
      --at;
    if (at == positions.size())
      continue;
    filled = std::min(filled + 1, positions.size());
    for (size_t j = filled - 1; j > at; --j)
      positions[j] = positions[j - 1];
    positions[at] = i;
  }
  for (size_t next = block.size(); filled < positions.size(); ++filled)
    positions[filled] = next++;
  std::sort(positions.begin(), positions.end());
}
