//===- ActivationPruning.h - Pruning by what activations say ----*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What passes do alike that choose elements by a profile: which weights they take, and
// with what.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_COMPRESSION_SPARSITY_ACTIVATIONPRUNING_H
#define PITH_LIB_COMPRESSION_SPARSITY_ACTIVATIONPRUNING_H

#include "pith/Compression/Sparsity/SparsePattern.h"
#include "pith/Compression/WeightStatistics.h"

namespace pith {

/// A weight about to be pruned.
struct PruningInput {
  ActivationStatistics seen; ///< with Gram matrices
  HostTensor floats;         ///< f32
  HostTensor mask;           ///< `i1`, all zeros
};

/// Gets all that of a weight. Nothing, with a remark, if it is not to be pruned
/// (`getPruningObstacle`) or its rows are only looked up. Fails with a diagnostic if
/// there is no profile, or elements are not finite.
mlir::FailureOr<std::optional<PruningInput>>
preparePruning(const Weight &weight, bool isNamed, llvm::StringRef pass);

} // namespace pith

#endif // PITH_LIB_COMPRESSION_SPARSITY_ACTIVATIONPRUNING_H
