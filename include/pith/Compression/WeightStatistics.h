//===- WeightStatistics.h - What a profile says of a weight -----*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Passes that use activations ask here, per weight: statistics of all its uses
// together, errors of outputs instead of weights, and what earlier passes chose.
//
//   on the op that uses a weight
//     pith.statistics   see pith/Profile/ActivationStatistics.h
//     pith.sensitivity  f64  how much error of this op's output counts: the model's
//                            output error per squared error of the op's output
//     pith.bits         i64  bits per code chosen for its weight, for passes with bits=0
//     pith.rank         i64  rank chosen for its weight, for passes with rank=0
//     pith.mean_error        f32 [outputs]: what was added to the op's bias because of
//                            its weight's error
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_WEIGHTSTATISTICS_H
#define PITH_COMPRESSION_WEIGHTSTATISTICS_H

#include "pith/Compression/Weights.h"
#include "pith/Profile/ActivationStatistics.h"

#include <optional>

namespace pith {

constexpr llvm::StringLiteral kSensitivityAttr = "pith.sensitivity";
constexpr llvm::StringLiteral kBitsAttr = "pith.bits";
constexpr llvm::StringLiteral kRankAttr = "pith.rank";
constexpr llvm::StringLiteral kMeanErrorAttr = "pith.mean_error";

/// Whether some use multiplies an activation with the weight (a look-up does not).
bool isContracted(const Weight &weight);

/// What was seen of all activations that the weight is contracted with, added up.
/// Nothing if a use that contracts carries no statistics, or none contracts.
std::optional<ActivationStatistics> getStatistics(const Weight &weight);

/// The same for passes that cannot do without. Emits an error that says how to make a
/// profile, and fails, if statistics are missing, or the Gram matrix where it is
/// needed, or the matrix is none (`checkGram`), or their sizes are not the weight's.
mlir::FailureOr<ActivationStatistics> requireStatistics(const Weight &weight,
                                                        llvm::StringRef pass,
                                                        bool needsGram = true);

/// Emits the error below, and fails, if the statistics have a Gram matrix with elements
/// that are not finite, or squares below 0.
mlir::LogicalResult checkGram(const Weight &weight, const ActivationStatistics &seen);
/// The error for a Gram matrix that is none: no damping makes it positive definite.
mlir::InFlightDiagnostic emitGramError(const Weight &weight);

/// Error of the outputs: signal Σ‖x·wᵀ‖² and noise Σ‖x·(w − w')ᵀ‖² over all rows x and
/// outputs w (rows of K elements), by the Gram matrix: tr(D G Dᵀ). Output r is of
/// group r / (outputs / G).
WeightError getOutputError(mlir::MLIRContext *context,
                           const ActivationStatistics &statistics,
                           llvm::ArrayRef<float> original,
                           llvm::ArrayRef<float> rewritten);

/// What a pass chose for the weight, on the first of its uses that has it.
std::optional<int64_t> getChoice(const Weight &weight, llvm::StringRef attribute);
std::optional<double> getSensitivity(const Weight &weight);

} // namespace pith

#endif // PITH_COMPRESSION_WEIGHTSTATISTICS_H
