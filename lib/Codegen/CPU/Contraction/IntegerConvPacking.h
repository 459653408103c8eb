//===- IntegerConvPacking.h - Filters of codes as one stream ----*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An integer convolution reads its filters as one stream. A filter is cut into
// *segments*, runs of the input's elements that lie side by side (ConvTiling.h).
// Segments begin with a new unit of codes (DotLayout). For every panel, and every
// group of positions that share one scale (all of them, or a part of a segment):
//
//     scales       one f16, bf16 or f32 per output
//     zero points  one word of four equal bytes per output: what is to be
//                  subtracted from the stored code (only where they differ)
//     sums         one i32 per output: the group's sum of (code - zero point)
//     units        the codes
//
// Products are those of unsigned activations and signed weights (signed ones of
// both on processors that take these): so the zero point of activations only meets
// the sums, which are known at compile time.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_CODEGEN_CPU_CONTRACTION_INTEGERCONVPACKING_H
#define PITH_LIB_CODEGEN_CPU_CONTRACTION_INTEGERCONVPACKING_H

#include "pith/Codegen/CPU/Contraction/PanelPacking.h"

#include <string>

namespace pith {

struct ConvStream {
  PanelShape shape;
  DotLayout dots;
  /// Positions of a filter: `segments` times `pixels` times `channels`; every pixel
  /// is padded to `pixelBytes` codes.
  int64_t segments = 1, pixels = 1, channels = 1, pixelBytes = 4;
  /// Positions that share a scale, a part of a segment; 0: all positions.
  int64_t group = 0;
  /// Positions that share one scale in the weight; 0: all of them.
  int64_t scaleGroup = 0;
  int64_t scaleBytes = 2;
  bool bfloat = false; ///< scales of 2 bytes are bf16, not f16
  bool hasZeros = false;
  int64_t sharedZero = 0; ///< of all codes, where none are stored

  int64_t width() const { return shape.width(); }
  int64_t run() const { return pixels * pixelBytes; }
  /// Words of a segment, and of those the last unit's.
  int64_t words() const { return run() / 4; }
  int64_t segmentUnits() const { return (run() + dots.unit - 1) / dots.unit; }
  int64_t groupsPerSegment() const { return group ? run() / group : 1; }
  int64_t groups() const { return group ? segments * groupsPerSegment() : 1; }
  int64_t unitBytes() const { return dots.lines() * width() * 4; }
  int64_t zeroOffset() const { return scaleBytes * width(); }
  int64_t sumOffset() const { return zeroOffset() + (hasZeros ? 4 * width() : 0); }
  int64_t unitOffset() const { return sumOffset() + 4 * width(); }
  int64_t groupUnits() const {
    return group ? group / dots.unit : segments * segmentUnits();
  }
  int64_t groupBytes() const { return unitOffset() + groupUnits() * unitBytes(); }
  int64_t panelBytes() const { return groups() * groupBytes(); }
  /// What is subtracted from stored codes, where that is the same for all of them.
  int64_t storedZero() const { return dots.bias + sharedZero; }

  /// Equal for equal layouts.
  std::string key() const;
  /// `codes` are `[outputs, positions...]`; `scales` and `zeros` (which may be empty)
  /// `[outputs, groups]` or one element.
  std::vector<char> pack(const HostTensor &codes, const HostTensor &scales,
                         const HostTensor &zeros) const;
};

} // namespace pith

#endif // PITH_LIB_CODEGEN_CPU_CONTRACTION_INTEGERCONVPACKING_H
