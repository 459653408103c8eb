//===- IntegerProductRows.h - Activations as tiles of words -----*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Codes of activations, re-laid for dot products: tiles of `width` rows, and for
// every tile and group of reduction positions
//
//     scales    width × f32
//     offsets   width × i32: −(sum of the group's codes), times the weight's
//               zero point where that is one constant
//     zeros     width × i32: −(zero point) (only where there are any)
//     words     [group / 4][width] × 4 signed codes
//
// so that the words that a step multiplies lie side by side, and offsets can start
// the accumulators: weights are stored unsigned, and Σ a · (w − z) is
// Σ a · w − z · Σ a.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_CODEGEN_CPU_CONTRACTION_INTEGERPRODUCTROWS_H
#define PITH_LIB_CODEGEN_CPU_CONTRACTION_INTEGERPRODUCTROWS_H

#include "DequantizedRows.h"
#include "DotCode.h"

namespace pith {

class DotRows {
public:
  DotRows(KernelEmitter &kernel, const QuantizedRows &rows, const DotCode &dots,
          int64_t group, int64_t groups, bool hasZeros, int64_t weightBias)
      : kernel(kernel), rows(rows), dots(dots), group(group), groups(groups),
        hasZeros(hasZeros), weightBias(weightBias) {}

  // Where things lie, in words of a tile of `width` rows.
  int64_t offsetsAt(int64_t width) const { return width; }
  int64_t zerosAt(int64_t width) const { return 2 * width; }
  int64_t wordsAt(int64_t width) const { return (hasZeros ? 3 : 2) * width; }
  int64_t groupWords(int64_t width) const {
    return wordsAt(width) + group / 4 * width;
  }
  int64_t tileWords(int64_t width) const { return groups * groupWords(width); }

  /// Emits tile `tile` of `width` rows (a power of two) to `out` (i32). Rows
  /// beyond the last, `count`, repeat it.
  void emitTile(mlir::OpBuilder &builder, mlir::Value out, mlir::Value tile,
                int64_t width, mlir::Value count) const;

private:
  struct Tile;
  void emitGroup(mlir::OpBuilder &builder, const Tile &tile, mlir::Value number,
                 int64_t positions) const;
  mlir::Value emitRun(mlir::OpBuilder &builder, const Tile &tile, mlir::Value from,
                      mlir::Value to, int64_t words, int64_t bytes,
                      mlir::Value sums) const;
  mlir::Value loadWords(mlir::OpBuilder &builder, mlir::Value at, int64_t words,
                        int64_t bytes) const;
  mlir::Value addBytes(TileCode &code, mlir::Value sums, mlir::Value words) const;

  KernelEmitter &kernel;
  const QuantizedRows &rows;
  const DotCode &dots;
  int64_t group, groups;
  bool hasZeros;
  int64_t weightBias;
};

} // namespace pith

#endif // PITH_LIB_CODEGEN_CPU_CONTRACTION_INTEGERPRODUCTROWS_H
