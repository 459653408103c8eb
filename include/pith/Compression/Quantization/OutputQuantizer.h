//===- OutputQuantizer.h - Rounding by output error -------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Quantizes an output-major tensor into the operands of a pith.dequantize so that the
// layer's output errs least on the activations of a profile: tr(D · H · Dᵀ) for the
// difference D and the damped Gram matrix H of the activation.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_QUANTIZATION_OUTPUTQUANTIZER_H
#define PITH_COMPRESSION_QUANTIZATION_OUTPUTQUANTIZER_H

#include "pith/Compression/GramInverse.h"
#include "pith/Compression/Quantization/WeightQuantizer.h"
#include "pith/Profile/ActivationStatistics.h"

#include <optional>

namespace pith {

struct OutputQuantizer {
  WeightQuantizer how;
  GramDamping damping;
  ActivationOrder order = ActivationOrder::Full;
  /// Rounds of descent after GPTQ; each makes the error less or leaves it.
  unsigned sweeps = 2;
  /// Elements that are 0 stay 0 (of symmetric weights).
  bool keepZeros = false;

  struct Result {
    WeightQuantizer::Result weight;
    WeightError nearest; ///< of the output, if every element went to the nearest code
    WeightError output;  ///< of the output
    double damping = 0;  ///< the greatest fraction that was used
  };

  /// Quantizes a finite f32 tensor of rank ≥ 2 whose largest magnitude is `largest`.
  /// `statistics` are of its reduction size and have a Gram matrix. Nothing if that
  /// is not finite, or not positive definite in spite of damping. Parallel where the
  /// context allows, with the same result. Takes 8 · K² bytes and two copies of the
  /// weight beside its operands.
  std::optional<Result> quantize(const HostTensor &weight, float largest,
                                 const ActivationStatistics &statistics) const;
};

} // namespace pith

#endif // PITH_COMPRESSION_QUANTIZATION_OUTPUTQUANTIZER_H
