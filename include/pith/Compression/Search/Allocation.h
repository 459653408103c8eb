//===- Allocation.h - One choice for each layer -----------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Chooses among several forms of each layer under a budget of the whole model.
// Knows no IR.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_SEARCH_ALLOCATION_H
#define PITH_COMPRESSION_SEARCH_ALLOCATION_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace pith {

/// What one form of a layer costs (bits) and loses (any additive error).
struct AllocationChoice {
  int64_t cost = 0;
  double error = 0;
};

/// The index of the choice for each layer, such that Σ cost ≤ budget and Σ error is
/// small: the optimum of the Lagrangian relaxation (Everett, 1963; Shoham and Gersho,
/// 1988), on the lower convex hull of each layer's choices, in the order of error
/// saved per bit; what is left of the budget goes to single steps that still fit.
/// Nothing if the cheapest choices exceed the budget, or a layer has no choice.
std::optional<std::vector<size_t>>
allocate(llvm::ArrayRef<std::vector<AllocationChoice>> layers, int64_t budget);

} // namespace pith

#endif // PITH_COMPRESSION_SEARCH_ALLOCATION_H
