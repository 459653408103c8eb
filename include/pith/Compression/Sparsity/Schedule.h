//===- Schedule.h - How much of each layer is dropped -----------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Divides a model's sparsity among its layers. Knows no IR.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_SPARSITY_SCHEDULE_H
#define PITH_COMPRESSION_SPARSITY_SCHEDULE_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <vector>

namespace pith {

enum class PruningSchedule {
  Uniform, ///< the same part of each layer
  Global,  ///< the smallest of all layers together
  Erk,     ///< by the layers' sizes: Evci et al., "Rigging the Lottery" (2020)
  Lamp     ///< by what a layer would lose: Lee et al., "Layer-Adaptive Sparsity" (2021)
};

/// A layer, as a schedule sees it.
struct ScheduledLayer {
  llvm::ArrayRef<float> scores;  ///< magnitudes of what is dropped one by one
  llvm::ArrayRef<int64_t> shape; ///< of its weight
};

/// How many of each layer's scores to drop, so that `sparsity` of all are dropped (less
/// than one per layer is lost to rounding).
///
/// ERK keeps the part min(1, ε · Σ sizes / Π sizes) of a layer, with the ε that
/// makes the sum right. LAMP drops the least of all layers' wᵤ² / Σ wᵥ² over v with
/// |wᵥ| ≥ |wᵤ| of the same layer.
std::vector<int64_t> scheduleDrops(PruningSchedule schedule, double sparsity,
                                   llvm::ArrayRef<ScheduledLayer> layers);

} // namespace pith

#endif // PITH_COMPRESSION_SPARSITY_SCHEDULE_H
