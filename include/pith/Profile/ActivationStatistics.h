//===- ActivationStatistics.h - What calibration saw ------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Statistics of the activation that an op contracts with its weight. They travel
// in the IR, as the attribute `pith.statistics` of the op, so that passes read them
// locally, rewrites that change an activation can change them too, and IR with a
// profile can be written and read like any other. Big members are resources.
//
// A *row* is one vector that is multiplied with one output's weights, in the order
// of the weight's reduction axes: a token of a matrix product, a patch of a
// convolution (elements of the padding are zeros). G is the number of groups of a
// convolution (else 1), K the reduction size of one output.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_PROFILE_ACTIVATIONSTATISTICS_H
#define PITH_PROFILE_ACTIVATIONSTATISTICS_H

#include "pith/Support/HostTensor.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/ArrayRef.h"

#include <array>
#include <cstring>
#include <optional>

namespace pith {

constexpr llvm::StringLiteral kStatisticsAttr = "pith.statistics";

/// Counts of values by sign and magnitude, in bins that do not depend on what is
/// counted: 32 per octave from 2^-32 to 2^32, linear within an octave. Histograms of
/// different runs add up exactly, in any order.
struct LogHistogram {
  static constexpr int64_t kBinsPerOctave = 32;
  static constexpr int64_t kLeastExponent = -32, kOctaves = 64;
  static constexpr int64_t kBinsPerSign = kBinsPerOctave * kOctaves;
  /// Negative values from the greatest magnitude to the least, zero, positive ones.
  static constexpr int64_t kBins = 2 * kBinsPerSign + 1;

  /// The bin of a finite value. Magnitudes below 2^-32 count as zero, those from
  /// 2^32 on as the last bin.
  static int64_t getBin(float value);
  /// The middle of a bin; 0 for that of zero.
  static double getCenter(int64_t bin);
};

struct ActivationStatistics {
  int64_t rows = 0;              ///< vectors seen, per group
  float minimum = 0, maximum = 0; ///< of all elements of the activation tensor
  /// i64 [LogHistogram::kBins]: all elements of the activation tensor; may be absent.
  HostTensor histogram;
  HostTensor mean;      ///< f32 [G, K]: Σx / rows
  HostTensor magnitude; ///< f32 [G, K]: Σ|x| / rows
  HostTensor largest;   ///< f32 [G, K]: max|x|
  HostTensor gram;      ///< f32 [G, K, K]: Σ xᵀx, symmetric, both halves; may be absent

  int64_t getGroups() const { return mean.getShape()[0]; }
  int64_t getReductionSize() const { return mean.getShape()[1]; }
  /// Σ x_k² of group `g`; needs the Gram matrix.
  double getSquareSum(int64_t g, int64_t k) const {
    int64_t K = getReductionSize();
    return gram.as<float>()[(g * K + k) * K + k];
  }

  /// Whether the Gram matrix may be one: its elements are finite, no square is negative.
  bool hasPlausibleGram() const;

  /// The statistics that an op carries; nothing if it carries none, or some that
  /// are malformed (wrong sizes or types).
  static std::optional<ActivationStatistics> get(mlir::Operation *op);
  /// Attaches them. `name` is a hint for the keys of resources.
  void set(mlir::Operation *op, llvm::StringRef name) const;

  /// Adds what was seen elsewhere of an activation of the same sizes.
  void add(const ActivationStatistics &other);
  /// What would have been seen of x[k] · factors[k], for K factors (every group's) or
  /// G · K (each group's own).
  /// Drops the histogram, unless all factors are equal to 1.
  void scale(llvm::ArrayRef<float> factors);
};

} // namespace pith

#endif // PITH_PROFILE_ACTIVATIONSTATISTICS_H
