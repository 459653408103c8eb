//===- WindowLayout.h - Positions of N:M sparse weights ---------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A weight with `n` stored entries for every `m` positions is multiplied window by
// window: a window is some whole blocks of `m` positions, whose activations are loaded
// at once. An entry has, per output, an index into what was loaded; indices are fields
// of `bits` bits in words, entry by entry:
//
//     [panel][unit][word of the unit][vector][lane]
//
// A unit is the fewest positions that the reader of the entries takes in one turn and
// whose indices fill words.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_CODEGEN_CPU_CONTRACTION_WINDOWLAYOUT_H
#define PITH_LIB_CODEGEN_CPU_CONTRACTION_WINDOWLAYOUT_H

#include "pith/Codegen/CPU/Contraction/PanelPacking.h"
#include "pith/Dialect/Pith/IR/WeightTile.h"
#include "pith/Target/TargetDescription.h"

#include <optional>

namespace pith {

struct WindowLayout {
  int64_t n = 1, m = 1;
  int64_t reduction = 0;
  int64_t positions = 1; ///< of a window
  int64_t entries = 1;   ///< of a window
  int64_t loaded = 4;    ///< activations at its start
  unsigned bits = 2;     ///< of an index
  int64_t unit = 1;      ///< positions
  unsigned wordBits = 32;

  /// Nothing if the target has no permutation that reaches all of a block.
  static std::optional<WindowLayout> get(const SparseForm &form,
                                         const TargetDescription &target, int64_t lanes,
                                         int64_t reduction);
  /// Chooses the unit: steps of `step` positions within groups of `group` (0: none).
  void setUnit(int64_t step, int64_t group);

  int64_t units() const { return (reduction + unit - 1) / unit; }
  int64_t unitWords() const;
  /// The least start of a window whose activations would lie beyond the last one; they
  /// are loaded from here on. Negative: no activations do.
  int64_t lastStart() const;
  /// Whether there are fewer activations than one window loads.
  bool isShort() const { return reduction < loaded; }
  /// First activation that is loaded for a window.
  int64_t startOf(int64_t window) const;
};

/// The indices of entries whose positions within blocks are given.
std::vector<char> packIndices(const HostTensor &positions, const PanelShape &shape,
                              const WindowLayout &layout);

/// The entries with zeros for those that stand for nothing: a later one has the same
/// position, or it is beyond the last.
HostTensor dropHiddenEntries(const HostTensor &entries, const HostTensor &positions,
                             const WindowLayout &layout);

} // namespace pith

#endif // PITH_LIB_CODEGEN_CPU_CONTRACTION_WINDOWLAYOUT_H
