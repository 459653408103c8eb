//===- Reconstruction.h - What is lost with inputs of a layer ---*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Removing inputs of a layer, y = W·x, by the second moments of x:
//   - which cost least, with what is left fitted again each time (the block form of
//     Optimal Brain Surgeon; Kurtić et al., "ZipLM", 2023), and
//   - the least-squares fit of what is left (He et al., "Channel Pruning", 2017).
// All weights are [outputs, inputs], row major.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_STRUCTURED_RECONSTRUCTION_H
#define PITH_COMPRESSION_STRUCTURED_RECONSTRUCTION_H

#include "pith/Compression/Weights.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/BitVector.h"

#include <vector>

namespace pith {

/// A layer that reads inputs some of which may go.
struct ReductionProblem {
  int64_t outputs = 0, inputs = 0;
  std::vector<float> weight;
  /// Σ x·xᵀ, [inputs, inputs], and Σ x / rows.
  std::vector<float> gram;
  std::vector<float> mean;
  int64_t rows = 1;
  /// Whether the layer adds a constant per output, which can take up the mean of what is
  /// removed. Then only deviations from the mean count.
  bool hasBias = false;
  /// What an error of its outputs counts, per Σ(y − y')².
  double importance = 1;
  std::vector<std::vector<int64_t>> columns; ///< [unit]: the inputs that go with it
};

struct ReductionStep {
  int64_t unit = 0;
  double error = 0; ///< what removing it adds, after those before it
  bool operator<(const ReductionStep &other) const {
    return std::pair(error, unit) < std::pair(other.error, other.unit);
  }
};

/// The part of the mean of the diagonal that is added to it.
constexpr double kReductionDamping = 0.01;

/// Removes one unit of all problems after the other, each time the one that adds least
/// error, up to `count`. Large layers: several at a time.
std::vector<ReductionStep> orderByReconstruction(llvm::ArrayRef<ReductionProblem> problems,
                                                 int64_t units, int64_t count);
/// The same without fitting: by Σ w²·x² of its inputs alone (as Wanda does; Sun et al.,
/// 2024).
std::vector<ReductionStep> orderByActivation(llvm::ArrayRef<ReductionProblem> problems,
                                             int64_t units, int64_t count);

struct ReductionResult {
  std::vector<float> weight; ///< as before, zeros where inputs are removed
  std::vector<float> bias;   ///< [outputs], to be added; empty without `hasBias`
  WeightError before, after; ///< of the outputs, without and with the fit
};
/// Fits what is left. Without `fit` only the mean of what is removed is made up for.
ReductionResult reconstruct(const ReductionProblem &problem, const llvm::BitVector &removed,
                            bool fit);

} // namespace pith

#endif // PITH_COMPRESSION_STRUCTURED_RECONSTRUCTION_H
