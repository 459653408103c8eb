//===- ActivationChoice.h - How an activation is rounded --------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Chooses the grid of an activation's codes from what calibration saw of it and the
// weights that it meets, by the error of the products. For a layer y = x * W with
// rows x of K elements, rounding noise is taken to be independent between elements,
//
//     noise   rows * sum_k |w_k|^2 * rounding,   |w_k|^2 = sum_o W[o, k]^2
//
// and what is clipped to come together: neighbouring pixels of one channel are clipped
// at once. With P kernel positions per channel,
//
//     noise   rows * sum_c sum_o (sum_p |W[o, p, c]|)^2 * clipping[c]
//
// where only channels c whose largest magnitude is beyond the range are clipped.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_QUANTIZATION_ACTIVATIONCHOICE_H
#define PITH_COMPRESSION_QUANTIZATION_ACTIVATIONCHOICE_H

#include "pith/Compression/Quantization/ActivationRange.h"
#include "pith/Compression/Quantization/Passes.h"
#include "pith/Compression/Weights.h"

namespace pith {

/// One product of the activation with a weight.
class RoundedLayer {
public:
  /// `weights` are `[outputs, K]`; channels are the last `channels` of the K elements,
  /// for every kernel position.
  RoundedLayer(const ActivationStatistics &statistics, llvm::ArrayRef<float> weights,
               int64_t channels);

  /// Signal and noise of the outputs if the activation is rounded to `grid`.
  WeightError getError(const ValueCounts &values, const CodeGrid &grid) const;
  /// Sum of the squared outputs.
  double getSignal() const { return signal; }

private:
  double signal = 0;
  double energy = 0; ///< rows * sum of squared weights
  /// Per channel of a group: energy of weights that are clipped together, and the
  /// largest activation.
  std::vector<double> together, largest;
};

struct GridOptions {
  unsigned bits = 8;
  RangeMethod range = RangeMethod::Auto;
  double percentile = 99.99;
  ActivationScheme scheme = ActivationScheme::Auto;
};

struct ChosenGrid {
  CodeGrid grid;
  llvm::StringRef range; ///< how the range was found
  double decibels = 0;   ///< of the worst layer's output
};

/// The grid with the least sum of relative errors of the layers.
ChosenGrid chooseGrid(const ValueCounts &values, llvm::ArrayRef<RoundedLayer> layers,
                      const GridOptions &options);

} // namespace pith

#endif // PITH_COMPRESSION_QUANTIZATION_ACTIVATIONCHOICE_H
