//===- WeightMetric.h - The metric a profile gives a weight -----*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the `weighting` option of this family's passes means for one weight.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_COMPRESSION_LOWRANK_WEIGHTMETRIC_H
#define PITH_LIB_COMPRESSION_LOWRANK_WEIGHTMETRIC_H

#include "pith/Compression/LowRank/Passes.h"
#include "pith/Compression/LowRank/RowMetric.h"
#include "pith/Compression/WeightStatistics.h"
#include "mlir/IR/Remarks.h"

namespace pith {

struct WeightMetric {
  RowMetric metric;
  llvm::StringRef name; ///< `none`, `magnitude` or `gram`, for remarks
  /// The statistics, if there are any: errors of outputs are told even if not used.
  std::optional<ActivationStatistics> seen;

  /// Where `weighting` is `auto`, the best that the profile allows. Emits an error and
  /// fails if what is asked for is not known, or the Gram matrix cannot be factored.
  static mlir::FailureOr<WeightMetric> get(const Weight &weight, Weighting weighting,
                                           double damping, llvm::StringRef pass);

  /// Error of a rewritten weight in the outputs; nothing without Gram matrix.
  std::optional<WeightError> getOutputError(llvm::ArrayRef<float> original,
                                            llvm::ArrayRef<float> rewritten) const;
};

/// Error of a rewritten weight itself.
WeightError getWeightError(llvm::ArrayRef<float> original,
                           llvm::ArrayRef<float> rewritten);

/// In decibels, as remarks have it.
std::string formatDecibels(WeightError error);

} // namespace pith

#endif // PITH_LIB_COMPRESSION_LOWRANK_WEIGHTMETRIC_H
