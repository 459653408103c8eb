//===- Magnitude.h - Which weights are the smallest -------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Exact selection of the elements of least and greatest magnitude. Knows no IR.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_SPARSITY_MAGNITUDE_H
#define PITH_COMPRESSION_SPARSITY_MAGNITUDE_H

#include "llvm/ADT/ArrayRef.h"
#include <cstdint>

namespace pith {

/// Drops a given number of elements: all whose magnitude is below a threshold,
/// and of those at the threshold the first.
class MagnitudeCut {
public:
  /// The cut that drops the `count` finite elements of least magnitude of all
  /// `tensors` together; `count` is less than their number.
  MagnitudeCut(llvm::ArrayRef<llvm::ArrayRef<float>> tensors, int64_t count);

  /// Whether `value` is dropped. Ask once for each element, in order.
  bool drops(float value);

private:
  uint32_t threshold = 0; ///< bits of the magnitude
  int64_t equal = 0;      ///< elements at the threshold still to drop
};

/// Positions, in increasing order, of the `positions.size()` elements of
/// greatest magnitude of a block; of equal ones the first. Where the block has
/// fewer elements, positions behind its end follow.
void selectLargest(llvm::ArrayRef<float> block,
                   llvm::MutableArrayRef<int16_t> positions);

} // namespace pith

#endif // PITH_COMPRESSION_SPARSITY_MAGNITUDE_H
