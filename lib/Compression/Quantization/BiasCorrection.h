//===- BiasCorrection.h - Constants added to an op's outputs ----*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The expected error of a layer's output and its removal (Nagel et al., "Data-Free
// Quantization", 2019, §4.2).
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_COMPRESSION_QUANTIZATION_BIASCORRECTION_H
#define PITH_LIB_COMPRESSION_QUANTIZATION_BIASCORRECTION_H

#include "pith/Compression/Bias.h"
#include "pith/Profile/ActivationStatistics.h"

#include <vector>

namespace pith {

/// Adds `error` [outputs] to the op's result (`addToBias`), less what was added before
/// (`pith.mean_error`).
void correctBias(mlir::OpOperand &use, llvm::ArrayRef<float> error,
                 llvm::StringRef name);

/// The outputs' mean error Σ_k (w − w')[o,k] · mean[k], in the order of the rows.
std::vector<float> getMeanError(const ActivationStatistics &statistics,
                                llvm::ArrayRef<float> original,
                                llvm::ArrayRef<float> rewritten);

/// The Gram matrices of activations without their mean: what is left of the error once
/// the bias is corrected.
void removeMean(ActivationStatistics &statistics);

} // namespace pith

#endif // PITH_LIB_COMPRESSION_QUANTIZATION_BIASCORRECTION_H
