//===- BlockPacking.h - Whole blocks as panels in memory --------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Re-lays weights that store whole blocks (TilePacking::Kind::Blocks). A panel has an
// *entry* for each column of blocks that is stored for one of its outputs:
//
//     list   i32 [panel][first entry, first short entry, end]  then  [entry] position
//     values [entry][plane][position][lane], as ElementLayout has one panel's
//
// The short entry, if a panel has one, is its last: the last column of blocks, where
// blocks do not divide the reduction.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_CODEGEN_CPU_CONTRACTION_BLOCKPACKING_H
#define PITH_LIB_CODEGEN_CPU_CONTRACTION_BLOCKPACKING_H

#include "pith/Codegen/CPU/Contraction/PanelPacking.h"

namespace pith {

struct BlockLayout {
  PanelShape shape;
  int64_t reduction = 0;
  int64_t blockOutputs = 1, blockPositions = 1;
  int64_t fill = 0; ///< what is not stored
  /// Of one entry, whose positions are padded to whole bytes of all planes.
  ElementLayout entry;

  BlockLayout() = default;
  BlockLayout(const PanelShape &shape, int64_t reduction, int64_t blockOutputs,
              int64_t blockPositions, int64_t fill, mlir::Type element);

  int64_t columns() const {
    return (reduction + blockPositions - 1) / blockPositions;
  }
  /// Positions of the last column of blocks, if it is shorter.
  int64_t rest() const { return reduction % blockPositions; }
  int64_t entryBytes() const;
  /// Where a plane of an entry starts, in bytes.
  int64_t planeBytes(unsigned plane) const;
  int64_t tableWords() const { return shape.panels() * 3; }
};

/// Entries of the panels, from the mask `[rows of blocks, columns]`.
std::vector<char> packBlockList(const HostTensor &mask, const BlockLayout &layout);
/// Values `[blocks, blockOutputs, blockPositions]`, followed by 64 bytes of zeros.
std::vector<char> packBlocks(const HostTensor &values, const HostTensor &mask,
                             const BlockLayout &layout);

} // namespace pith

#endif // PITH_LIB_CODEGEN_CPU_CONTRACTION_BLOCKPACKING_H
