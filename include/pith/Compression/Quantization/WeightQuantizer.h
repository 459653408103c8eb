//===- WeightQuantizer.h - Rounding a whole weight --------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Quantizes an output-major tensor into the operands of a pith.dequantize.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_QUANTIZATION_WEIGHTQUANTIZER_H
#define PITH_COMPRESSION_QUANTIZATION_WEIGHTQUANTIZER_H

#include "pith/Compression/Quantization/GroupQuantizer.h"
#include "pith/Compression/Quantization/Passes.h"
#include "pith/Compression/Weights.h"
#include "pith/Support/HostTensor.h"

#include <optional>

namespace pith {

struct WeightQuantizer {
  GroupQuantizer group;
  QuantizationGranularity granularity = QuantizationGranularity::Group;
  int64_t groupSize = 32; ///< with granularity `Group`

  struct Result {
    /// `i<bits>` if symmetric, else `ui<bits>`; sizes of the weight.
    HostTensor codes;
    /// f16 or f32: `[outputs, groups]`, or `[1]` per tensor.
    HostTensor scale;
    /// `ui8`, or the scale's type for one asymmetric bit; the scale's sizes.
    std::optional<HostTensor> zeroPoint;
    /// As pith.dequantize has it: 0 if one scale serves the whole reduction.
    int64_t groupSize = 0;
    WeightError error;
  };

  /// Quantizes a finite f32 tensor of rank ≥ 2 whose largest magnitude is
  /// `largest`, in parallel where the context allows. Scales are f32 in spite of
  /// `halfScales` if the weight lies outside the range of f16.
  Result quantize(const HostTensor &weight, float largest) const;
};

} // namespace pith

#endif // PITH_COMPRESSION_QUANTIZATION_WEIGHTQUANTIZER_H
