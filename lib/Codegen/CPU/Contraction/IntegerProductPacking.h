//===- IntegerProductPacking.h - Codes and scales as one stream -*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An integer kernel reads all of a weight as one stream. For every panel, and
// every group of reduction positions in it:
//
//     scales       one f16, bf16 or f32 per output
//     zero points  one i16 or i32 per output: what is to be subtracted from the
//                  stored, unsigned code (only where codes have zero points)
//     sums         one i32 per output: the group's sum of (code − zero point)
//                  (only where activations have zero points)
//     units        the codes (DotLayout)
//
// A group is what shares one scale on both sides: where the weight's scales
// change less often than the activation's, they are repeated.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_CODEGEN_CPU_CONTRACTION_INTEGERPRODUCTPACKING_H
#define PITH_LIB_CODEGEN_CPU_CONTRACTION_INTEGERPRODUCTPACKING_H

#include "pith/Codegen/CPU/Contraction/PanelPacking.h"

#include <string>

namespace pith {

struct IntegerStream {
  PanelShape shape;
  DotLayout dots;
  /// Positions of one group, a multiple of the unit, and groups per panel; the
  /// last group is padded with zeros.
  int64_t group = 0, groups = 0;
  int64_t reduction = 0;
  /// Positions that share one scale in the weight; 0: all of them.
  int64_t scaleGroup = 0;
  int64_t scaleBytes = 2;
  bool bfloat = false; ///< scales of 2 bytes are bf16, not f16
  int64_t zeroBytes = 0;
  int64_t sharedZero = 0; ///< of all codes, where none are stored
  bool hasSums = false;

  int64_t width() const { return shape.width(); }
  int64_t zeroOffset() const { return scaleBytes * width(); }
  int64_t sumOffset() const { return zeroOffset() + zeroBytes * width(); }
  int64_t unitOffset() const { return sumOffset() + (hasSums ? 4 * width() : 0); }
  int64_t unitBytes() const { return dots.lines() * width() * 4; }
  int64_t groupUnits() const { return group / dots.unit; }
  int64_t groupBytes() const { return unitOffset() + groupUnits() * unitBytes(); }
  int64_t panelBytes() const { return groups * groupBytes(); }

  /// Equal for equal layouts.
  std::string key() const;
  /// `codes` are `[outputs, reduction]`; `scales` and `zeros` (which may be
  /// empty) `[outputs, ⌈reduction / scaleGroup⌉]` or one element.
  std::vector<char> pack(const HostTensor &codes, const HostTensor &scales,
                         const HostTensor &zeros) const;
};

} // namespace pith

#endif // PITH_LIB_CODEGEN_CPU_CONTRACTION_INTEGERPRODUCTPACKING_H
