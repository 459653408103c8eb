//===- SlidingReader.h - Decoding elements of sliding windows ---*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_CODEGEN_CPU_CONTRACTION_SLIDINGREADER_H
#define PITH_LIB_CODEGEN_CPU_CONTRACTION_SLIDINGREADER_H

#include "SlidingLayout.h"

#include "pith/Codegen/CPU/Contraction/RegisterTile.h"
#include "pith/Dialect/Pith/IR/PithInterfaces.h"

namespace pith {

/// An unstructured sparse weight, with the codecs that decode its stored elements one
/// by one.
struct SlidingWeight {
  struct Level {
    WeightCodecOpInterface op;
    unsigned kept = 0; ///< the operand whose zeros are zeros of the value
  };
  llvm::SmallVector<Level> levels; ///< outermost first
  mlir::Type element;              ///< of what is stored
  int64_t stored = 0;              ///< elements
  unsigned values = 0, where = 0;  ///< arguments
  SlidingLayout layout;

  /// Nothing if `value` is no such weight or the target cannot permute windows.
  static std::optional<SlidingWeight> get(KernelEmitter &kernel, mlir::Value value,
                                          int64_t outputs, int64_t reduction);
  void setPackings(KernelEmitter &kernel) const;
  /// Bytes stored for one panel, roughly.
  int64_t panelBytes() const;
  /// Stored elements, as a part of all.
  double getDensity() const;

private:
  bool visit(mlir::Value value);
};

/// Emits the decoding of turns of one panel.
class SlidingReader {
public:
  /// `tables` are loaded at `builder`.
  SlidingReader(KernelEmitter &kernel, const SlidingWeight &weight,
                mlir::OpBuilder &builder, mlir::Value panel);

  /// Emits, at `builder`, what the codecs need for group `group` (`index`).
  void enterGroup(mlir::OpBuilder &builder, mlir::Value group);
  /// Factors of the group's values, where sums may be multiplied by them instead.
  llvm::SmallVector<mlir::Value> getFactors(mlir::OpBuilder &builder);
  /// Values of turn `turn`, one vector of f32 for each step.
  llvm::SmallVector<mlir::Value> getValues(mlir::OpBuilder &builder, mlir::Value turn,
                                           bool isScaled);
  /// Position at which window `window` of a turn starts, and each step's places in its
  /// window (bits above are undefined).
  mlir::Value getStart(mlir::OpBuilder &builder, mlir::Value turn, int64_t window);
  llvm::SmallVector<mlir::Value> getPlaces(mlir::OpBuilder &builder, mlir::Value turn);
  /// Prefetches what is read some turns after `turn`.
  void prefetch(mlir::OpBuilder &builder, mlir::Value turn);
  /// The first turn of group `number`, counted over all panels (`index`).
  mlir::Value getFirstTurn(mlir::OpBuilder &builder, mlir::Value number);

private:
  class View;
  friend class View;
  llvm::SmallVector<mlir::Value> blend(llvm::ArrayRef<mlir::Value> current,
                                       llvm::ArrayRef<mlir::Value> next);
  TileValues tile(size_t level);
  TileValues floats(size_t level);
  TileValues stored();
  TileValues lookUp(llvm::ArrayRef<mlir::Value> table);
  void loadTable(mlir::Value table);
  mlir::Value loadWords(unsigned argument, mlir::Value at, unsigned bits);
  llvm::SmallVector<mlir::Value> lanesOf(WeightCodecOpInterface op, unsigned index);
  mlir::Value scalarOf(WeightCodecOpInterface op, unsigned index, int64_t element);

  KernelEmitter &kernel;
  const SlidingWeight &weight;
  mlir::OpBuilder *current;
  mlir::Value panel, group, turn;
  /// Of each level, for the current group, and the next one.
  llvm::SmallVector<llvm::SmallVector<mlir::Value>> groupValues, nextValues;
  llvm::DenseMap<mlir::Value, llvm::SmallVector<mlir::Value>> tables;
};

} // namespace pith

#endif // PITH_LIB_CODEGEN_CPU_CONTRACTION_SLIDINGREADER_H
