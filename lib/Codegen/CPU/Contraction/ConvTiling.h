//===- ConvTiling.h - A convolution's pixels as tiles -----------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A tile's rows are output pixels, `th` lines by `tw` columns. With the padded
// input channels-last, the elements that one pixel needs are runs: for every
// kernel line, kernel columns and channels lie side by side (without dilation
// and groups); so the sum is the matrix product's with other row offsets:
//
//     offset(r, c) = (r · strideH · Wp + c · strideW) · pixel
//
// where a pixel of the input has `pixel` elements in memory. Float and integer
// convolutions share this.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_CODEGEN_CPU_CONTRACTION_CONVTILING_H
#define PITH_LIB_CODEGEN_CPU_CONTRACTION_CONVTILING_H

#include "ConvGeometry.h"

namespace pith {

class ConvTiling {
public:
  /// `groupPixel` elements of a pixel are those of one group.
  ConvTiling(KernelEmitter &kernel, const ConvGeometry &geometry, int64_t groupPixel);

  /// Tiles of at most `most` pixels, and jobs of about `jobProducts` products of a
  /// panel of `width` outputs.
  void chooseTile(int64_t most, int64_t reduction, int64_t width, int64_t jobProducts);

  /// Jobs but for panels: batch, outer axes, blocks of lines.
  llvm::SmallVector<mlir::AffineExpr> jobSpace() const;
  int64_t getLinesPerJob() const { return linesPerJob; }
  mlir::AffineExpr getColumns() const { return columns; }
  /// Whether kernel columns and channels are one run.
  bool isMerged() const { return g.group == 1 && g.dilations.back() == 1; }
  /// Elements of one run, and the number of runs.
  int64_t getRun() const { return groupPixel * (isMerged() ? g.kernel.back() : 1); }
  int64_t getSegments() const;

  /// What an element of the sum needs of the input, as runs.
  ReductionSpace makeSpace(mlir::OpBuilder &builder) const;
  /// Calls `body` with all tiles of block `block` of lines: `at` is a position in
  /// `jobSpace`. Rows begin `groupOffset` elements into a pixel of `input`.
  void emitTiles(mlir::OpBuilder &builder, mlir::Value input,
                 llvm::ArrayRef<mlir::Value> at, mlir::Value groupOffset,
                 llvm::function_ref<void(mlir::OpBuilder &, const RowTile &)> body) const;

private:
  RowTile makeTile(mlir::OpBuilder &b, mlir::Value input,
                   llvm::ArrayRef<mlir::Value> front, mlir::Value y, mlir::Value x,
                   int64_t th, int64_t tw, mlir::Value groupOffset) const;

  KernelEmitter &kernel;
  const ConvGeometry &g;
  int64_t groupPixel, pixel;
  /// Lines and columns of a tile; sizes of all variants.
  llvm::SmallVector<int64_t> lineSizes, columnSizes;
  int64_t linesPerJob = 1;
  llvm::SmallVector<mlir::AffineExpr> paddedSizes;
  /// Output sizes: axes in front of the last two spatial ones, and those.
  llvm::SmallVector<mlir::AffineExpr> outerDims;
  mlir::AffineExpr lines, columns;
};

/// Panels that do not straddle groups.
PanelShape chooseConvPanel(const TargetDescription &target, const ConvGeometry &geometry);

} // namespace pith

#endif // PITH_LIB_CODEGEN_CPU_CONTRACTION_CONVTILING_H
