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
#include <vector>

namespace pith {

struct WeightQuantizer {
  GroupQuantizer group;
  QuantizationGranularity granularity = QuantizationGranularity::Group;
  int64_t groupSize = 32; ///< with granularity `Group`
  /// Scales are bytes (signed ones with `group.signedScales`), times one f16 scale per
  /// output where an output has 8 groups or more, else times one f32 scale.
  bool byteScales = false;

  struct Result {
    /// `i<bits>` if symmetric, else `ui<bits>`; sizes of the weight.
    HostTensor codes;
    /// f16, f32, ui8 or i8: `[outputs, groups]`, or `[1]` per tensor.
    HostTensor scale;
    /// What scales that are bytes count: `[outputs, 1]` or `[1]`.
    std::optional<HostTensor> scaleStep;
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

  /// `group` for a weight of this largest magnitude: with f32 scales where f16 does not
  /// represent them well.
  GroupQuantizer getGroupQuantizer(float largest) const;
  /// The sizes of groups: what `quantize` makes of `groupSize`.
  struct Groups {
    int64_t rows, reduction, size, count;
  };
  Groups getGroups(const HostTensor &weight) const;
  /// The `scaleStep` of every row's groups, where scales are bytes; else empty. They
  /// are those that the weight's own scales need.
  std::vector<float> chooseScaleSteps(const HostTensor &weight, float largest) const;
  /// Sets `scale` and `scaleStep` of a result: `scales` are `[rows, groups]`, as
  /// rounded by `GroupQuantizer::roundScale` with these `steps`.
  void setScales(Result &result, const Groups &groups, llvm::ArrayRef<float> scales,
                 llvm::ArrayRef<float> steps, mlir::Type floatType) const;
};

/// The `pith.dequantize` of a result, made behind the weight's own op. The codes are
/// sparse where the weight is (`createCodes`).
mlir::Value createDequantize(const Weight &weight, const WeightQuantizer::Result &result,
                             llvm::StringRef pass);

} // namespace pith

#endif // PITH_COMPRESSION_QUANTIZATION_WEIGHTQUANTIZER_H
