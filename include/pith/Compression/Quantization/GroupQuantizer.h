//===- GroupQuantizer.h - Rounding one group of weights ---------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Round-to-nearest quantization of a run of floats that share one scale, by the
// formulas of pith-quantize-weights. Knows no IR. Results are the same on every
// machine: sums are formed in 16 fixed partial sums, without fused operations.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_QUANTIZATION_GROUPQUANTIZER_H
#define PITH_COMPRESSION_QUANTIZATION_GROUPQUANTIZER_H

#include "llvm/ADT/ArrayRef.h"
#include <cstdint>

namespace pith {

/// How groups are rounded.
struct GroupQuantizer {
  unsigned bits = 4;       ///< per code, 1 to 8
  bool symmetric = true;   ///< no zero point
  bool halfScales = true;  ///< scales are rounded to f16
  bool search = false;     ///< minimize the squared error over further scales
  /// Where it is not 0, scales are multiples of it instead: times 1 to 255, or, with
  /// `signedScales`, times −127 to 127.
  float scaleStep = 0;
  bool signedScales = false;

  /// What one group became.
  struct Group {
    float scale = 1;
    /// An integer, or with one asymmetric bit any number.
    float zeroPoint = 0;
    double signal = 0; ///< Σ w²
    double noise = 0;  ///< Σ (w − w')²
  };

  /// Least and greatest code as `Group` and `codes` count them. One symmetric
  /// bit has the codes −1 and +1.
  int minCode() const;
  int maxCode() const;

  /// By what multiple of `scaleStep` a scale is represented; 0 stands for 0 alone.
  int getScaleCode(double scale) const;
  /// The nearest scale that can be stored. One that is not 0 does not become 0.
  float roundScale(double scale) const;

  /// Quantizes `weights`, which are finite, into as many `codes`. A search minimizes
  /// Σ importance · (w − w')² where there is an importance (≥ 0) of every weight.
  Group quantize(llvm::ArrayRef<float> weights, llvm::MutableArrayRef<int16_t> codes,
                 llvm::ArrayRef<float> importance = {}) const;
};

/// `value` rounded to half precision (ties to even), at most ±65504.
float roundToHalf(float value);

} // namespace pith

#endif // PITH_COMPRESSION_QUANTIZATION_GROUPQUANTIZER_H
