//===- ScaleFlow.h - Factors of channels and who absorbs them ---*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Where can a factor per channel of an activation come from, and where does it go?
// A flow is the least set of values around one activation that have to be scaled
// together, and of constants (weights, biases, scales of norms) that change, such that
// the model computes the same whatever the factors are:
//
//        relu(W1 x + b1) ──> W2          W1[o,:] · f[o],  b1[o] · f[o],  W2[:,o] / f[o]
//
// Channels that must have the same factor share a *label*; a value of the flow says
// which of its axes are scaled and which label each of their indices has.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_EQUALIZATION_SCALEFLOW_H
#define PITH_COMPRESSION_EQUALIZATION_SCALEFLOW_H

#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/Twine.h"

#include <string>
#include <vector>

namespace pith {

/// The labels of a value's elements: one for each combination of indices of `axes`
/// (sorted, of static sizes), row-major.
struct ChannelLabels {
  llvm::SmallVector<int64_t, 2> axes;
  std::vector<unsigned> labels;
  /// Elements are divided by the factors of their labels instead of multiplied.
  bool inverse = false;

  bool isAlong(int64_t axis) const { return llvm::is_contained(axes, axis); }
};

class ScaleFlow {
public:
  /// A constant that takes factors, at the operand where it does. The labels are those
  /// of `shape`, to which the constant broadcasts.
  struct Absorption {
    mlir::OpOperand *operand;
    llvm::SmallVector<int64_t, 4> shape;
    ChannelLabels labels;
  };
  using Label = unsigned;

  /// Finds the flow around a value whose last axis is scaled, a label per channel.
  /// Fails if some op lets no factor through; `getObstacle` says which and why. With
  /// `only`, the factors stay between the value and these users, for which the
  /// value is multiplied by them explicitly.
  mlir::LogicalResult solve(mlir::Value seed, llvm::ArrayRef<mlir::Operation *> only = {});

  // For rules:
  /// The labels of a value; null if it is not scaled.
  const ChannelLabels *get(mlir::Value value) const;
  const ChannelLabels *get(mlir::OpOperand &operand) const { return get(operand.get()); }
  /// States that the result, or the operand, has these labels. Labels of both agree
  /// from now on if it had some. The operand may be a constant that broadcasts to
  /// `shape`, by default its own.
  void scale(mlir::OpResult result, const ChannelLabels &labels);
  void scale(mlir::OpOperand &operand, const ChannelLabels &labels,
             llvm::ArrayRef<int64_t> shape = {});
  void block(const llvm::Twine &reason);
  Label createLabel();
  void unify(Label a, Label b);
  /// Which of `count` ways the op takes; others are tried if it leads nowhere.
  unsigned choose(mlir::Operation *op, unsigned count);

  // Of a solved flow:
  llvm::StringRef getObstacle() const { return obstacle; }
  llvm::ArrayRef<Absorption> getAbsorptions() const { return absorptions; }
  const llvm::MapVector<mlir::Value, ChannelLabels> &getValues() const { return values; }
  bool isExplicit() const { return !only.empty(); }
  mlir::Value getSeed() const { return seed; }
  llvm::ArrayRef<mlir::Operation *> getOnlyUsers() const { return only; }
  /// Factors are numbered 0 … getNumFactors() − 1; which one a label has.
  unsigned getNumFactors() const { return numFactors; }
  unsigned getFactor(Label label) const { return factorOf[find(label)]; }

private:
  mlir::LogicalResult trySolve();
  void scaleValue(mlir::Value value, const ChannelLabels &labels);
  bool agree(ChannelLabels &known, const ChannelLabels &labels,
             llvm::ArrayRef<int64_t> shape, mlir::Operation *op);
  void absorb(mlir::OpOperand &operand, const ChannelLabels &labels,
              llvm::ArrayRef<int64_t> shape);
  mlir::LogicalResult checkConstants();
  Label find(Label label) const;

  mlir::Value seed;
  llvm::SmallVector<mlir::Operation *> only;
  llvm::MapVector<mlir::Value, ChannelLabels> values;
  std::vector<Absorption> absorptions;
  llvm::SetVector<mlir::Operation *> pending;
  mutable std::vector<Label> parents;
  std::vector<unsigned> factorOf;
  unsigned numFactors = 0;
  llvm::MapVector<mlir::Operation *, std::pair<unsigned, unsigned>> choices;
  std::string obstacle;
};

/// The labels of a value with other axes besides: a label for each combination.
ChannelLabels expandLabels(const ChannelLabels &labels, llvm::ArrayRef<int64_t> axes,
                           llvm::ArrayRef<int64_t> shape);
/// The number of indices that the labels of `axes` of `shape` are for; 0 if a size is
/// not static.
int64_t countChannels(llvm::ArrayRef<int64_t> axes, llvm::ArrayRef<int64_t> shape);
/// For each element of a tensor of static `shape`, its label.
std::vector<ScaleFlow::Label> getElementLabels(const ChannelLabels &labels,
                                               llvm::ArrayRef<int64_t> shape);

/// Puts factors (one per `getNumFactors`, positive) where the flow has them: into new
/// constants, in an explicit product, and into the statistics of what they multiply.
/// Fails with a diagnostic if a constant has no data.
mlir::LogicalResult applyFactors(const ScaleFlow &flow, llvm::ArrayRef<double> factors);

/// Attaches ScaleFlowOpInterface to ops of the dialect as it is loaded.
void registerScaleFlow(mlir::MLIRContext *context);

} // namespace pith

#include "pith/Compression/Equalization/ScaleFlowInterface.h.inc"

#endif // PITH_COMPRESSION_EQUALIZATION_SCALEFLOW_H
