//===- LayerProblem.h - Layers that read what is removed --------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_COMPRESSION_STRUCTURED_LAYERPROBLEM_H
#define PITH_LIB_COMPRESSION_STRUCTURED_LAYERPROBLEM_H

#include "pith/Compression/Structured/Dependencies.h"
#include "pith/Compression/Structured/Reconstruction.h"

namespace pith {

/// The weights of a module as reduction problems, by their statistics.
class LayerProblems {
public:
  void init(mlir::ModuleOp module);

  /// Whether any layer has a profile with a Gram matrix.
  bool hasGrams() const { return grams; }
  /// Whether the weight may be fitted: all of its uses contract activations. A table that
  /// is also the weight of a head cannot follow the head alone.
  bool canFit(mlir::Value weight) const { return fittable.contains(weight); }

  /// The problem of a reader, without columns. Emits a diagnostic and fails without
  /// statistics with Gram matrix.
  mlir::FailureOr<ReductionProblem> get(mlir::Value weight, llvm::StringRef pass) const;
  /// The same, or nothing without statistics; the Gram matrix may be missing.
  std::optional<ReductionProblem> find(mlir::Value weight) const;

  /// Stores the fitted weight and adds to the bias.
  mlir::LogicalResult set(mlir::Value weight, const ReductionResult &result);

private:
  llvm::DenseMap<mlir::Value, Weight> readers;
  llvm::DenseSet<mlir::Value> fittable;
  bool grams = false;
  bool haveSensitivities = false;
};

/// Units of a group by Σw² of the weights that compute them, relative to the mean of the
/// group; the least first, up to `count`.
std::vector<ReductionStep> orderByMagnitude(const ChannelGroup &group, int64_t count);

} // namespace pith

#endif // PITH_LIB_COMPRESSION_STRUCTURED_LAYERPROBLEM_H
