//===- RotatedRegion.h - Values that are rotated together -------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_COMPRESSION_EQUALIZATION_ROTATEDREGION_H
#define PITH_LIB_COMPRESSION_EQUALIZATION_ROTATEDREGION_H

#include "pith/Compression/Equalization/Rotation.h"
#include "pith/Compression/Weights.h"
#include "llvm/ADT/SetVector.h"

namespace pith {

/// Values whose last axis is rotated, and where the rotation begins and ends.
struct RotatedRegion {
  llvm::SetVector<mlir::Value> values;
  /// Weights that take the rotation of their activation back, that of what they write
  /// into the region (outputs of products, columns of tables), and addends.
  llvm::SmallVector<mlir::OpOperand *> readers, writers, tables, addends;
  /// Values that become rotated by an explicit op, and uses of rotated values that need
  /// them as they were.
  llvm::SetVector<mlir::Value> entries;
  llvm::SmallVector<mlir::OpOperand *> exits;

  /// All that commutes with a rotation around an activation of readers.
  static RotatedRegion grow(mlir::Value activation);
  /// The activation by itself.
  static RotatedRegion isolate(mlir::Value activation);

  int64_t countExplicitOps() const;
  /// How many values readers read.
  int64_t countActivations() const;
  mlir::LogicalResult apply(const Rotation &rotation) const;

private:
  void visitProducer(mlir::Value value, llvm::SetVector<mlir::Value> &pending);
  void visitUser(mlir::OpOperand &use, llvm::SetVector<mlir::Value> &pending);
};

/// Whether the use is an activation whose last axis is contracted with a dense weight
/// that nothing else uses; the weight's operand, or null.
mlir::OpOperand *getRotatableWeight(mlir::OpOperand &activation);

} // namespace pith

#endif // PITH_LIB_COMPRESSION_EQUALIZATION_ROTATEDREGION_H
