//===- IntegerConvTile.h - A tile of pixels times a panel of codes *- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The inner loops of integer convolutions. Activations are broadcast from where they
// lie, four channels at a time; codes of filters are unpacked in registers and shared
// by the tile's pixels. Integers are summed exactly within a group of positions, and
// every group adds one rounded product to the tile's sums:
//
//     acc[m][v] = -(zero point) * sum[v]
//     for word: w[v] = unpack; for m: acc[m][v] += dot(broadcast a[m], w[v])
//     result[m][v] = fma(float(acc[m][v]), scale[v] * scale, result[m][v])
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_CODEGEN_CPU_CONTRACTION_INTEGERCONVTILE_H
#define PITH_LIB_CODEGEN_CPU_CONTRACTION_INTEGERCONVTILE_H

#include "DotCode.h"
#include "FloatContraction.h"
#include "IntegerConvPacking.h"

namespace pith {

/// What all tiles share.
struct ConvTileInput {
  mlir::Value panels;    ///< memref of bytes
  mlir::Value panelBase; ///< byte of the panel
  mlir::Value zero;      ///< of the activations' bytes, an i32
  mlir::Value scale;     ///< of the activations, an f32; null: 1
  bool unitScale = false; ///< scales of the weight are 1
  /// Strides of segments, in bytes.
  const ReductionSpace *space = nullptr;
};

class IntegerConvTile {
public:
  IntegerConvTile(KernelEmitter &kernel, const ConvStream &stream, const DotCode &dots,
                  const TileRows &rows, const ConvTileInput &input);

  /// Pixels that fit the target's registers.
  static int64_t maxRows(const TargetDescription &target, const ConvStream &stream);

  /// The products, as f32: `[row][vector]`.
  llvm::SmallVector<mlir::Value> emit(mlir::OpBuilder &builder);

private:
  using Values = llvm::SmallVector<mlir::Value>;
  /// Where in the filter and the input a loop is.
  struct Place {
    mlir::Value segment; ///< number
    mlir::Value offset;  ///< of the input, in bytes
  };
  Values forEachSegment(mlir::OpBuilder &builder, size_t axis, Place place, Values state,
                        llvm::function_ref<Values(mlir::OpBuilder &, Place, Values)> body);
  Values emitUnits(mlir::OpBuilder &builder, mlir::Value weightAt, mlir::Value offset,
                   int64_t words, const Values &zeros, Values totals);
  void emitUnit(TileCode &code, mlir::Value weightAt, mlir::Value offset, int64_t words,
                const Values &zeros, Values &totals);
  Values emitStart(TileCode &code, mlir::Value groupAt);
  Values loadZeros(TileCode &code, mlir::Value groupAt);
  void addScaled(TileCode &code, mlir::Value groupAt, mlir::ValueRange totals,
                 Values &sums);
  mlir::Value loadLeft(TileCode &code, int64_t row, mlir::Value offset);

  KernelEmitter &kernel;
  const ConvStream &stream;
  const DotCode &dots;
  const TileRows &left;
  const ConvTileInput &input;
  int64_t rows;
};

} // namespace pith

#endif // PITH_LIB_CODEGEN_CPU_CONTRACTION_INTEGERCONVTILE_H
