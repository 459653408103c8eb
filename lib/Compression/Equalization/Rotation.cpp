//===- Rotation.cpp - Randomized Hadamard rotations -----------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Fast transforms in double precision.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Equalization/Rotation.h"

#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <cmath>

using namespace llvm;
using namespace pith;

void pith::transformHadamard(MutableArrayRef<double> values) {
  for (size_t half = 1; half < values.size(); half *= 2)
    for (size_t i = 0; i < values.size(); i += 2 * half)
      for (size_t j = i; j < i + half; ++j) {
        double a = values[j], b = values[j + half];
        values[j] = a + b;
        values[j + half] = a - b;
      }
  for (double &value : values)
    value /= std::sqrt(double(values.size()));
}

/// SplitMix64 (Steele et al., 2014): the next of a sequence of random numbers.
static uint64_t nextRandom(uint64_t &state) {
  uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

Rotation Rotation::create(int64_t size, int64_t limit, uint64_t seed) {
  Rotation rotation;
  rotation.block = int64_t(llvm::bit_floor(uint64_t(size)));
  if (limit)
    rotation.block = std::min(rotation.block, limit);
  int64_t offset = 0;
  for (; offset + rotation.block <= size; offset += rotation.block)
    rotation.offsets.push_back(offset);
  if (offset < size)
    rotation.offsets.push_back(size - rotation.block);
  uint64_t state = seed ^ (uint64_t(size) << 32);
  for (int64_t i = 0; i < size; ++i)
    rotation.signs.push_back(nextRandom(state) >> 63 ? -1 : 1);
  return rotation;
}

SmallVector<int64_t> Rotation::getInverseOffsets() const {
  return SmallVector<int64_t>(llvm::reverse(offsets));
}

void Rotation::apply(MutableArrayRef<double> row) const {
  for (auto [value, sign] : llvm::zip_equal(row, signs))
    value *= sign;
  for (int64_t offset : offsets)
    transformHadamard(row.slice(offset, block));
}
