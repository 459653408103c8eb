//===- SlidingLayout.h - Stored elements in sliding windows -----*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Elements that an unstructured sparse weight stores, for kernels with one output per
// lane. A step takes at most one element of each output: its next one, if that is
// within the step's window of `lanes` positions. Windows slide over the reduction, so
// that an output with few elements runs ahead of the others instead of waiting. A turn
// is four steps, and some of them share a window. A turn belongs to the group (of those
// that share scales) of its first element. It either takes elements of that group only,
// or also those of the next one; then masks tell which.
//
//     places  i32 [panel][group] + 1: the first turn of each group
//             [turn] i16 [window]: where it starts
//                    i16 [step]: a bit for each lane whose element is of the next group
//                    i16 [lane]: 4 bits per step, the element's place in the window
//     values  [turn] elements of 16 bits and more: [step][lane]
//                    codes of 5 to 8 bits: [lane][step] in bytes
//                    codes of 2 to 4 bits: [lane][step] in nibbles
//
// A lane without an element in a step has zero bits, at place 0.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_CODEGEN_CPU_CONTRACTION_SLIDINGLAYOUT_H
#define PITH_LIB_CODEGEN_CPU_CONTRACTION_SLIDINGLAYOUT_H

#include "pith/Codegen/CPU/Contraction/PanelPacking.h"

namespace pith {

struct SlidingLayout {
  /// Steps of a turn.
  static constexpr int64_t kTurn = 4;
  /// Codes of at most so many bits share bytes.
  static constexpr unsigned kNibble = 4;
  /// A window starts at a 16-bit position.
  static constexpr int64_t kMaxStart = 65535;

  PanelShape shape;           ///< panels of one vector
  int64_t reduction = 0;      ///< `lanes` to kMaxStart + `lanes`
  int64_t group = 0;          ///< positions that share scales, at most `reduction`
  int64_t windows = 2;        ///< of a turn
  bool isOverlapping = false; ///< turns take elements of two groups
  unsigned bits = 32;         ///< of a stored element: 4, 8, 16 or 32

  int64_t groups() const { return (reduction + group - 1) / group; }
  int64_t share() const { return kTurn / windows; }
  int64_t tableBytes() const;
  /// Bytes of one turn.
  int64_t placeBytes() const { return maskBytes(kTurn) + 2 * shape.lanes; }
  /// Where in those the mask of a step is; of step kTurn: where places are.
  int64_t maskBytes(int64_t step) const {
    return 2 * (windows + (isOverlapping ? step : 0));
  }
  int64_t valueBytes() const { return kTurn * bits / 8 * shape.lanes; }

  /// What is the same for equal packings.
  std::string key() const;
};

/// What kernels read of a weight.
struct SlidingBytes {
  std::vector<char> places, values;
};

/// `values` are those at the set bits of `mask`, output by output.
SlidingBytes packSliding(const HostTensor &values, const HostTensor &mask,
                         const SlidingLayout &layout);

/// The same for two constants that are packed one after the other: what was not asked for
/// is kept until it is.
class SlidingPacker {
public:
  explicit SlidingPacker(SlidingLayout layout) : layout(std::move(layout)) {}
  using Part = std::vector<char> SlidingBytes::*;
  std::vector<char> take(Part part, const HostTensor &values, const HostTensor &mask);

private:
  SlidingLayout layout;
  HostTensor lastValues, lastMask; ///< of what is kept
  SlidingBytes kept;
};

} // namespace pith

#endif // PITH_LIB_CODEGEN_CPU_CONTRACTION_SLIDINGLAYOUT_H
