//===- Rotation.h - Randomized Hadamard rotations ---------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Orthogonal matrices that spread what is in one element over many, and that take
// O(n log n) to apply. Knows no IR.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_EQUALIZATION_ROTATION_H
#define PITH_COMPRESSION_EQUALIZATION_ROTATION_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <vector>

namespace pith {

/// Walsh-Hadamard transform of a power of two of elements, divided by the root of
/// their number.
void transformHadamard(llvm::MutableArrayRef<double> values);

/// x ↦ x · R: random signs, then transforms of windows (see pith.hadamard).
struct Rotation {
  int64_t block = 0; ///< a power of two
  llvm::SmallVector<int64_t> offsets;
  std::vector<double> signs; ///< ±1, one per element

  /// For rows of `size` ≥ 2 elements: in windows of the largest power of two, at most
  /// `limit` if that is not 0. Where windows do not divide the row the last one
  /// overlaps the one before. Equal arguments give equal rotations, on all machines.
  static Rotation create(int64_t size, int64_t limit, uint64_t seed);

  int64_t getSize() const { return signs.size(); }
  llvm::SmallVector<int64_t> getInverseOffsets() const;
  void apply(llvm::MutableArrayRef<double> row) const;
};

} // namespace pith

#endif // PITH_COMPRESSION_EQUALIZATION_ROTATION_H
