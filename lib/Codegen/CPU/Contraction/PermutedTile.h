//===- PermutedTile.h - Rows times N:M sparse weights -----------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Instead of spreading stored entries over their positions, activations are brought to
// the entries: lanes are outputs, and a permutation takes, for each of them, the
// activation of a window that its entry is multiplied with.
//
//     for window: for m: x = activations of row m, in every 128 bits of a register
//       for entry: acc[m] = fma(entry, permute(x, index[entry]), acc[m])
//
// Entries and indices are read and decoded once for all rows of a tile.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_CODEGEN_CPU_CONTRACTION_PERMUTEDTILE_H
#define PITH_LIB_CODEGEN_CPU_CONTRACTION_PERMUTEDTILE_H

#include "PanelWeight.h"

namespace pith {

/// Adds the products of the tile's rows with panel `panel`, all that `reader` reads of
/// it, to `sums` (any number of the tile's sets).
llvm::SmallVector<mlir::Value>
accumulatePermuted(KernelEmitter &kernel, mlir::OpBuilder &builder,
                   const PanelWeight &weight, PanelReader &reader, mlir::Value panel,
                   const RegisterTile &tile, const TileRows &rows,
                   mlir::ValueRange sums);

} // namespace pith

#endif // PITH_LIB_CODEGEN_CPU_CONTRACTION_PERMUTEDTILE_H
