//===- LowRank.h - Truncated singular value decomposition -------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Approximates a matrix by a product of two thin ones. Knows no op.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_LOWRANK_LOWRANK_H
#define PITH_COMPRESSION_LOWRANK_LOWRANK_H

#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace pith {

/// How far to cut: at `rank` if it is positive, else at the least rank that keeps
/// `energy` of the squared Frobenius norm, if that rank is at most `maxRank`.
struct LowRankTarget {
  int64_t rank = 0;
  double energy = 0;
  int64_t maxRank = 0;
};

/// `A · B`, row major: A is rows × rank, B rank × columns.
struct LowRankFactors {
  int64_t rank = 0;
  std::vector<float> a, b;
  double signal = 0; ///< squared Frobenius norm of the matrix
  double noise = 0;  ///< that of the matrix less the product
};

/// Approximates a finite row-major matrix. Small matrices are decomposed exactly,
/// others by a randomized range finder with a fixed seed,
/// in parallel where the context allows. Nothing if no rank up to `maxRank` keeps
/// the energy, or the decomposition did not converge.
std::optional<LowRankFactors>
approximateLowRank(mlir::MLIRContext *context, llvm::ArrayRef<float> matrix,
                   int64_t rows, int64_t columns, const LowRankTarget &target);

} // namespace pith

#endif // PITH_COMPRESSION_LOWRANK_LOWRANK_H
