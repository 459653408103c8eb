//===- ChannelFlow.h - Removing channels and what depends on them *- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A removal is a set of indices of axes of values. It is complete if no op is left
// that would see sizes that do not fit: the set closed under the rules of
// ChannelFlowOpInterface. This is the dependency graph of Fang et al., "DepGraph:
// Towards Any Structural Pruning", 2023, with indices instead of whole axes, so that
// concatenations, slices and flattened planes are exact.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_STRUCTURED_CHANNELFLOW_H
#define PITH_COMPRESSION_STRUCTURED_CHANNELFLOW_H

#include "pith/Dialect/Pith/IR/ShapeAnalysis.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/OpDefinition.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

#include <string>

namespace pith {

/// An axis of a value.
using ChannelAxis = std::pair<mlir::Value, unsigned>;

/// Where a removal may begin.
struct ChannelSeed {
  enum class Kind {
    Outputs, ///< an output axis of a weight: channels, neurons, columns of a table
    Heads    ///< an axis over which activations are multiplied in parallel
  };
  Kind kind;
  mlir::Value value;
  unsigned axis;
};

/// What is removed of one axis: a bit per index.
using RemovedChannels = llvm::MapVector<ChannelAxis, llvm::BitVector>;

class ChannelFlow {
public:
  /// `sizes` has run over the function that the values are of.
  explicit ChannelFlow(const ShapeAnalysis &sizes) : sizes(&sizes) {}

  /// Closes the set under the rules of all ops. Fails if something has to go that
  /// cannot; `getObstacle` says what.
  mlir::LogicalResult complete();

  /// What is removed of an axis; null if nothing is.
  const llvm::BitVector *getRemoved(mlir::Value value, int64_t axis) const;
  bool isRemoved(mlir::Value value, int64_t axis) const {
    return getRemoved(value, axis) != nullptr;
  }
  /// How many are left of the `getSize` indices of an axis.
  int64_t getRemaining(mlir::Value value, int64_t axis) const;
  const RemovedChannels &getAll() const { return removed; }

  void remove(mlir::Value value, int64_t axis, const llvm::BitVector &indices);
  void remove(mlir::Value value, int64_t axis, int64_t index);
  /// Index i of one axis and i + offset of the other go together. Indices without a
  /// partner are not affected.
  void couple(mlir::Value a, int64_t axisA, mlir::Value b, int64_t axisB,
              int64_t offset = 0);
  /// Couples all axes of the two values but `except`, in their order; the values agree
  /// in all other sizes.
  void coupleAllBut(mlir::Value a, mlir::Value b, llvm::ArrayRef<int64_t> except);
  /// Couples the axes of an operand with those of the result to which it broadcasts.
  void coupleBroadcast(mlir::Value operand, mlir::Value result);
  /// States that nothing of the axis can go, unless the pass knows better (`permit`).
  void keep(mlir::Value value, int64_t axis, const llvm::Twine &reason);
  void keepAll(mlir::Value value, const llvm::Twine &reason);
  /// Lets an axis be removed that rules want to keep, or that is one of the model's
  /// inputs or outputs.
  void permit(mlir::Value value, int64_t axis) {
    permitted.insert({value, unsigned(axis)});
  }
  void permitOutputs() { outputsPermitted = true; }
  /// States that the removal is impossible.
  void block(const llvm::Twine &reason);

  /// Symbolic sizes, as of before the removal.
  llvm::ArrayRef<mlir::AffineExpr> getDims(mlir::Value value) const {
    return sizes->getDims(value);
  }
  llvm::StringRef getObstacle() const { return obstacle; }

private:
  void enqueue(mlir::Value value);
  void checkBoundary(mlir::Value value);

  const ShapeAnalysis *sizes;
  RemovedChannels removed;
  llvm::DenseSet<ChannelAxis> permitted;
  llvm::SetVector<mlir::Operation *> pending;
  std::string obstacle;
  bool outputsPermitted = false;
};

/// The size of an axis; 0 if it is dynamic.
int64_t getChannels(mlir::Value value, int64_t axis);

/// Whether an argument and a result of `main` are the same state before and after: the
/// result is the argument and more of it along one axis (a key/value cache).
bool isGrownState(const ShapeAnalysis &sizes, mlir::Value before, mlir::Value after);

/// Attaches ChannelFlowOpInterface to the ops of the dialect as it is loaded.
void registerChannelFlow(mlir::DialectRegistry &registry);
void registerContractionFlow(mlir::MLIRContext *context);
void registerMovementFlow(mlir::MLIRContext *context);
void registerAxisFlow(mlir::MLIRContext *context);

} // namespace pith

#include "pith/Compression/Structured/ChannelFlowInterface.h.inc"

#endif // PITH_COMPRESSION_STRUCTURED_CHANNELFLOW_H
