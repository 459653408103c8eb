//===- Pruner.h - Choosing and removing units -------------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What pith-prune-channels and pith-prune-heads have in common: they differ in where
// removals begin and in what the ratio is a part of.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_STRUCTURED_PRUNER_H
#define PITH_COMPRESSION_STRUCTURED_PRUNER_H

#include "pith/Compression/Structured/Dependencies.h"
#include "pith/Compression/Structured/Passes.h"

namespace pith {

struct PruningRequest {
  llvm::StringRef pass; ///< the pass's argument, a literal
  llvm::StringRef what; ///< "channels", "heads"
  ChannelSeed::Kind kind = ChannelSeed::Kind::Outputs;
  llvm::ArrayRef<std::string> select, exclude;
  int64_t minElements = 0;

  double ratio = 0;    ///< what to remove, a part of
  bool ofParameters = false; ///< all float parameters of the model, or of all units
  StructuredScope scope = StructuredScope::Global;
  UnitImportance importance = UnitImportance::Auto;
  double maxRatio = 1; ///< the most that one group may lose
  int64_t multipleOf = 1;
  bool fit = true;
  /// Into how many equal removals the ratio is divided; in between the model is run on
  /// the samples again.
  int64_t steps = 1;
};

/// Chooses units by the request, fits what reads them, and removes them. Remarks say
/// what was removed of each group and what could not be. Emits a diagnostic and fails
/// if the request does not fit the model.
mlir::LogicalResult pruneUnits(mlir::ModuleOp module, const PruningRequest &request);

} // namespace pith

#endif // PITH_COMPRESSION_STRUCTURED_PRUNER_H
