//===- BiasAbsorption.h - High biases move to the next layer ----*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Nagel et al., "Data-Free Quantization" (2019), §4.1.3; see pith-equalize-layers.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_COMPRESSION_EQUALIZATION_BIASABSORPTION_H
#define PITH_LIB_COMPRESSION_EQUALIZATION_BIASABSORPTION_H

#include "pith/Compression/Weights.h"

namespace pith {

/// Lowers what relus in front of these weights give by mean − `deviations` · standard
/// deviation, where that is above 0. Remarks say for each relu what moved or why nothing
/// did. Fails with a diagnostic where a profile is missing or a weight has no data.
mlir::LogicalResult absorbBiases(llvm::ArrayRef<Weight> weights, double deviations,
                                 llvm::StringRef pass);

} // namespace pith

#endif // PITH_LIB_COMPRESSION_EQUALIZATION_BIASABSORPTION_H
