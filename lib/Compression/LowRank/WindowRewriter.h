//===- WindowRewriter.h - Weights as stages ---------------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Creates the constants and ops of a weight that was factorized along its window.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_COMPRESSION_LOWRANK_WINDOWREWRITER_H
#define PITH_LIB_COMPRESSION_LOWRANK_WINDOWREWRITER_H

#include "pith/Compression/LowRank/WindowFactors.h"
#include "pith/Compression/Weights.h"

namespace pith {

/// The weight's shape as factorizations see it; nothing if an op that uses it slides no
/// window over it, or has groups.
std::optional<WindowShape> getWindowShape(const Weight &weight);

/// What the stages give in place of the weight's uses.
struct RewrittenWindow {
  llvm::SmallVector<mlir::Value> results;       ///< one per use
  llvm::SmallVector<mlir::Operation *> constants; ///< the stages' weights
};

/// Creates the stages for every use, which carry what a profile says of the old op.
RewrittenWindow rewriteInStages(const Weight &weight, const WindowStages &stages);

} // namespace pith

#endif // PITH_LIB_COMPRESSION_LOWRANK_WINDOWREWRITER_H
