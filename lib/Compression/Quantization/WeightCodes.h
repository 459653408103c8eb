//===- WeightCodes.h - What passes to integer codes share -------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The options that say how a weight is cut into groups and codes, their checks, and
// what comes before and after the rounding itself.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_COMPRESSION_QUANTIZATION_WEIGHTCODES_H
#define PITH_LIB_COMPRESSION_QUANTIZATION_WEIGHTCODES_H

#include "pith/Compression/Quantization/WeightQuantizer.h"

#include <optional>
#include <vector>

namespace pith {

struct WeightCodes {
  llvm::StringRef pass; ///< the pass's argument
  unsigned bits;        ///< 0: what pith-choose-bits chose
  QuantizationScheme scheme;
  QuantizationGranularity granularity;
  int64_t groupSize;
  ScaleType scaleType;

  /// Calls `error` and returns what it returns if the options do not make sense.
  mlir::LogicalResult
  check(llvm::function_ref<mlir::LogicalResult(const llvm::Twine &)> error) const;

  /// A weight's value and how to round it (searching scales up to 4 bits).
  struct Input {
    HostTensor value;
    float largest;
    WeightQuantizer quantizer;
    bool isSparse;
  };
  /// Nothing if the weight stays as it is, about which a remark was emitted. Emits an
  /// error and fails if the value cannot be had.
  mlir::FailureOr<std::optional<Input>> prepare(const Weight &weight) const;

  /// Replaces the weight unless that takes no fewer bytes.
  void replace(const Weight &weight, const Input &input,
               const WeightQuantizer::Result &result,
               std::optional<WeightError> outputError = {}) const;
};

/// What was chosen for every group of a weight, and every code (bits of ±1 as 0 and 1).
struct ChosenCodes {
  std::vector<int16_t> codes;
  std::vector<float> scales, zeroPoints; ///< [rows, groups]
  std::vector<float> steps;              ///< WeightQuantizer::chooseScaleSteps
  bool wholeZeroPoints = true;           ///< else of the scales' type
};

/// Codes and scales as tensors. `group` is how they were rounded.
WeightQuantizer::Result assemble(const WeightQuantizer &how, const GroupQuantizer &group,
                                 const HostTensor &weight, const ChosenCodes &chosen);

} // namespace pith

#endif // PITH_LIB_COMPRESSION_QUANTIZATION_WEIGHTCODES_H
