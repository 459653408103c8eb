//===- RoundingProblem.h - What rows of a weight have in common -*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What all rows that see one Gram matrix share when they are rounded by output error.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_COMPRESSION_QUANTIZATION_ROUNDINGPROBLEM_H
#define PITH_LIB_COMPRESSION_QUANTIZATION_ROUNDINGPROBLEM_H

#include "pith/Compression/GramInverse.h"
#include "pith/Compression/Quantization/Passes.h"
#include "llvm/ADT/ArrayRef.h"

#include <optional>
#include <vector>

namespace pith {

struct RoundingProblem {
  /// Groups up to this long are one block of descent; of longer ones, parts.
  static constexpr int64_t kLongestBlock = 256, kPart = 64;

  /// The Gram matrix is `size` x `size`. Nothing if it cannot be factored. Scales change
  /// every `groupSize` elements.
  static std::optional<RoundingProblem>
  create(mlir::MLIRContext *context, llvm::ArrayRef<float> gram, int64_t size,
         int64_t groupSize, const GramDamping &damping, ActivationOrder order,
         bool descends);

  int64_t getNumGroups() const { return (size + groupSize - 1) / groupSize; }

  /// A run of elements that descent works on at once: a group, or, where groups are
  /// long, part of one.
  struct Block {
    int64_t first, count;
    std::vector<float> couplings, inverse; ///< of its part of the Hessian
    std::vector<float> sums;               ///< of that part's rows
  };

  int64_t size = 0, groupSize = 0;
  double damping = 0;
  llvm::ArrayRef<float> gram;    ///< as seen
  std::vector<float> hessian;    ///< damped
  std::vector<float> importance; ///< its diagonal
  std::vector<int64_t> order;    ///< in which GPTQ rounds
  /// Whether a group's scale is chosen when the order reaches it.
  bool scalesOnTheWay = false;
  std::vector<float> couplings; ///< in that order
  std::vector<Block> blocks;
};

} // namespace pith

#endif // PITH_LIB_COMPRESSION_QUANTIZATION_ROUNDINGPROBLEM_H
