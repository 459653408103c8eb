//===- DotTile.h - A tile of rows times one panel of codes ------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The inner loops of integer products. Codes are unpacked in registers and shared
// by the tile's rows; integers are summed exactly within a group, and every group
// adds one rounded product to the tile's sums:
//
//     for group: acc[m][v] = offset[m]
//       for word: w[v] = unpack; for m: acc[m][v] += dot(w[v], broadcast a[m])
//       sum[m][v] = fma(float(acc[m][v]), scale[v] · scale[m], sum[m][v])
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_CODEGEN_CPU_CONTRACTION_DOTTILE_H
#define PITH_LIB_CODEGEN_CPU_CONTRACTION_DOTTILE_H

#include "IntegerProductPacking.h"
#include "IntegerProductRows.h"

namespace pith {

/// What a tile prefetches of the weight while it works through a panel.
struct DotPrefetch {
  /// How far ahead of what is being read, in bytes.
  mlir::Value distance;
  /// Tiles that share the work: each fetches its part of every block.
  int64_t share = 1;
  mlir::Value part; ///< which one this is, from 0 (`share` above 1)
  unsigned locality = 3;
};

class DotTile {
public:
  DotTile(KernelEmitter &kernel, const IntegerStream &stream, const DotRows &left,
          const DotCode &dots, int64_t rows, int64_t tileWidth);

  /// Rows that fit the target's registers.
  static int64_t maxRows(const TargetDescription &target,
                         const IntegerStream &stream);

  /// The product of rows at word `leftBase` of `left` and the panel at byte
  /// `panelBase` of `panel`, as f32: `[row][vector]`.
  llvm::SmallVector<mlir::Value> emit(mlir::OpBuilder &builder, mlir::Value panel,
                                      mlir::Value panelBase, mlir::Value leftWords,
                                      mlir::Value leftBase,
                                      const DotPrefetch &prefetch);

private:
  using Values = llvm::SmallVector<mlir::Value>;
  void emitGroup(mlir::OpBuilder &builder, mlir::Value weightAt, mlir::Value leftAt,
                 Values &sums);
  Values emitStart(TileCode &code, mlir::Value weightAt, mlir::Value leftAt);
  void emitUnits(mlir::OpBuilder &builder, mlir::Value weightAt, mlir::Value leftAt,
                 Values &totals);
  void emitBlock(mlir::OpBuilder &builder, mlir::Value weightAt, mlir::Value leftAt,
                 int64_t units, int64_t bytes, Values &totals);
  void emitUnit(TileCode &code, mlir::Value weightAt, mlir::Value leftAt,
                Values &totals, int64_t ordinal);
  void emitPrefetch(TileCode &code, mlir::Value at, int64_t bytes, int64_t turn,
                    int64_t turns);
  mlir::Value loadLeft(TileCode &code, mlir::Value at, int64_t offset);
  Values loadIntegers(TileCode &code, mlir::Value at, int64_t bytes);
  Values loadScales(TileCode &code, mlir::Value at);
  int64_t totalOf(int64_t set, int64_t row, int64_t vector) const {
    return (set * rows + row) * stream.shape.vectors + vector;
  }

  KernelEmitter &kernel;
  const IntegerStream &stream;
  const DotRows &left;
  const DotCode &dots;
  int64_t rows, tileWidth;
  /// Copies of the accumulators, and units per turn of the loop over units.
  int64_t sets = 1, unroll = 1;

  mlir::Value panel, leftWords;
  DotPrefetch prefetch;
};

} // namespace pith

#endif // PITH_LIB_CODEGEN_CPU_CONTRACTION_DOTTILE_H
