//===- ActivationRange.h - Ranges of rounded activations --------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which range of an activation its codes cover, found from what calibration counted.
// No IR here. A range contains 0, which is always a code: padding and activation
// functions depend on it.
//
// Within a bin of the histogram values are taken to be spread evenly.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_QUANTIZATION_ACTIVATIONRANGE_H
#define PITH_COMPRESSION_QUANTIZATION_ACTIVATIONRANGE_H

#include "pith/Profile/ActivationStatistics.h"
#include "llvm/ADT/ArrayRef.h"

#include <vector>

namespace pith {

/// `low <= 0 <= high`.
struct ActivationRange {
  double low = 0, high = 0;
};

/// Codes `least` to `most` stand for `(code - zero) * scale`.
struct CodeGrid {
  float scale = 1;
  int64_t zero = 0, least = 0, most = 0;

  /// 2^bits codes from 0 on that cover the range, one of them 0's.
  static CodeGrid getAsymmetric(ActivationRange range, unsigned bits);
  /// Codes on both sides of 0, which is code 0; the larger magnitude counts.
  static CodeGrid getSymmetric(ActivationRange range, unsigned bits);

  bool isSigned() const { return least < 0; }
  double getLow() const { return double(least - zero) * scale; }
  double getHigh() const { return double(most - zero) * scale; }
};

/// What rounding to a grid does to values: mean squared errors per value.
struct RoundingNoise {
  double rounding = 0; ///< of values inside the range: about scale^2 / 12
  double clipping = 0; ///< of values outside
};

/// Values by bins of growing bounds. Made of a `LogHistogram` with the extremes known
/// exactly; bins that hold nothing are left out.
class ValueCounts {
public:
  struct Bin {
    double low, high, count;
  };

  /// `histogram` has `LogHistogram::kBins` counts; with none of them, or none above
  /// 0, values are spread evenly over the range.
  ValueCounts(llvm::ArrayRef<int64_t> histogram, ActivationRange extremes);

  llvm::ArrayRef<Bin> getBins() const { return bins; }
  double getTotal() const { return total; }
  /// Whether more is known than the extremes.
  bool isCounted() const { return counted; }
  ActivationRange getExtremes() const { return extremes; }
  /// Mean squared errors of rounding to a grid.
  RoundingNoise getNoise(const CodeGrid &grid) const;
  /// How many values have a magnitude in each of `count` equal parts of [0, limit];
  /// those beyond are in the last.
  std::vector<double> getMagnitudes(int64_t count, double limit) const;

private:
  std::vector<Bin> bins;
  double total = 0;
  bool counted = true;
  ActivationRange extremes;
};

/// From the least to the greatest value seen.
ActivationRange getMinMaxRange(const ValueCounts &values);

/// `percent` of all values are inside; what is outside is on both sides alike, where
/// there are values on both sides of 0.
ActivationRange getPercentileRange(const ValueCounts &values, double percent);

/// The range whose rounded distribution has the least Kullback-Leibler divergence
/// from the original one (Migacz, "8-bit Inference with TensorRT", GTC 2017): one
/// threshold for magnitudes. Values of 0 are exact, so they do not count.
ActivationRange getEntropyRange(const ValueCounts &values, unsigned bits);

/// The same on counts of magnitudes in bins of equal width: how many bins, from
/// `levels` to all of them, the best range has. Ties go to the greater range.
int64_t getEntropyThreshold(llvm::ArrayRef<double> counts, int64_t levels);

/// The range with the least mean squared error, for a grid on one side or both.
ActivationRange getLeastErrorRange(const ValueCounts &values, unsigned bits,
                                   bool isSymmetric);

} // namespace pith

#endif // PITH_COMPRESSION_QUANTIZATION_ACTIVATIONRANGE_H
