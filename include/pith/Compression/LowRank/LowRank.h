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

#include "pith/Compression/LowRank/RowMetric.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace pith {

/// How far to cut: at `rank` if it is positive, else at the least rank that keeps
/// `energy` of the squared norm in the metric, if that rank is at most `maxRank`.
struct LowRankTarget {
  int64_t rank = 0;
  double energy = 0;
  int64_t maxRank = 0;
};

/// `A · B`, row major: A is rows × rank, B rank × columns. Columns of A and rows of B
/// with the same index have the same norm.
struct LowRankFactors {
  int64_t rank = 0;
  std::vector<float> a, b;
  double signal = 0; ///< squared norm of the matrix, in the metric
  double noise = 0;  ///< that of the matrix less the product
};

/// The best approximation of a finite row-major matrix in the metric (plain: the
/// truncated singular value decomposition). Matrices whose smaller side is not large are
/// decomposed exactly, by eigenvectors of their product with themselves; others by a
/// randomized range finder with a fixed seed. In parallel where the context allows, with
/// the same result. Nothing if no rank up to `maxRank` keeps the energy, or the
/// decomposition did not converge.
std::optional<LowRankFactors>
approximateLowRank(mlir::MLIRContext *context, llvm::ArrayRef<float> matrix,
                   int64_t rows, int64_t columns, const LowRankTarget &target,
                   const RowMetric &metric = {});

/// The squared singular values of `matrix · S`, falling: what the best approximation of
/// rank r leaves out is the sum of those from index r on. Empty if the decomposition
/// did not converge.
std::vector<double> getSpectrum(mlir::MLIRContext *context, llvm::ArrayRef<float> matrix,
                                int64_t rows, int64_t columns,
                                const RowMetric &metric = {});

/// `A · B`.
std::vector<float> multiplyFactors(mlir::MLIRContext *context,
                                   const LowRankFactors &factors);

} // namespace pith

#endif // PITH_COMPRESSION_LOWRANK_LOWRANK_H
