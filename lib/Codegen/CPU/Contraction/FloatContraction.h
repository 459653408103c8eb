//===- FloatContraction.h - Tiles times one panel ---------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What matrix products and convolutions share: all row tiles of a job against
// one panel of a weight. A weight that needs decoding is decoded in registers
// where one tile takes all rows, else once into a buffer on the stack that all
// tiles of the job read; a long reduction is cut into blocks, so that the part
// of the panel in use stays in the second-level cache.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_CODEGEN_CPU_CONTRACTION_FLOATCONTRACTION_H
#define PITH_LIB_CODEGEN_CPU_CONTRACTION_FLOATCONTRACTION_H

#include "PanelWeight.h"

namespace pith {

/// How the left side walks through memory along the reduction: outer axes with
/// steps of their own around a contiguous run.
struct ReductionSpace {
  int64_t run = 0;
  llvm::SmallVector<int64_t> counts;
  llvm::SmallVector<mlir::Value> strides; ///< in elements

  int64_t segments() const {
    int64_t total = 1;
    for (int64_t count : counts)
      total *= count;
    return total;
  }
  int64_t total() const { return run * segments(); }
};

/// One tile of rows.
struct RowTile {
  TileRows rows;
  /// Position of a row in the root's result, without the last axis.
  std::function<llvm::SmallVector<LaneIndex>(mlir::OpBuilder &, mlir::Value row)>
      position;
  /// Number of the tile's first row within the job.
  mlir::Value number;
};

/// Calls its argument inside loops over all tiles of a job. May run more than
/// once, in different places.
using TileLoop = std::function<void(
    mlir::OpBuilder &,
    llvm::function_ref<void(mlir::OpBuilder &, const RowTile &)>)>;

class FloatContraction {
public:
  enum class Mode {
    Direct,  ///< every tile reads (and decodes) the panel
    Decoded, ///< the panel is decoded once
    Blocked  ///< block by block, sums wait in memory; one segment only
  };

  FloatContraction(KernelEmitter &kernel, PanelWeight &weight)
      : kernel(kernel), weight(weight) {}

  /// Positions of one block of `Blocked`.
  int64_t blockSize() const;
  /// Where blocks start: what compact elements need to know.
  llvm::SmallVector<int64_t> blockStarts(Mode mode) const;
  /// The mode for jobs of many tiles.
  Mode chooseMode(int64_t segments) const;
  /// Bytes of stack that a job takes in `mode`, without sums.
  int64_t stackBytes(Mode mode) const;

  /// Emits one job: all tiles against panel `panel`. `store` has everything but
  /// the rows' positions. `maxRows` bounds the job's rows (`Blocked` only).
  void emitPanel(mlir::OpBuilder &builder, Mode mode, mlir::Value panel,
                 const ReductionSpace &space, TileStore store,
                 const TileLoop &tiles, int64_t maxRows);

private:
  void decode(mlir::OpBuilder &builder, PanelReader &reader, TileRange range,
              mlir::Value buffer);
  llvm::SmallVector<mlir::Value>
  accumulate(mlir::OpBuilder &builder, RegisterTile &tile, ColumnSource &source,
             const ReductionSpace &space, const TileRows &rows,
             mlir::ValueRange sums);
  void emitBlocks(mlir::OpBuilder &builder, mlir::Value panel,
                  const ReductionSpace &space, const TileStore &store,
                  const TileLoop &tiles, int64_t maxRows);

  KernelEmitter &kernel;
  PanelWeight &weight;
};

/// A panel shape for `outputs` outputs: `vectors` of those that waste least of
/// the tiles' speed. `wide` allows 4 vectors.
PanelShape choosePanel(const TargetDescription &target, int64_t outputs,
                       bool wide);

} // namespace pith

#endif // PITH_LIB_CODEGEN_CPU_CONTRACTION_FLOATCONTRACTION_H
