//===- LearnedRounding.h - Rounding up or down ------------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Chooses one of two values for every element of a row, so that the row's output errs
// least: the objective and the relaxation of AdaRound (Nagel et al., 2020), and descent
// to a minimum that no single choice improves.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_COMPRESSION_QUANTIZATION_LEARNEDROUNDING_H
#define PITH_LIB_COMPRESSION_QUANTIZATION_LEARNEDROUNDING_H

#include "RowLanes.h"
#include "llvm/ADT/ArrayRef.h"

#include <vector>

namespace pith {

/// Rows in lanes; all members are [size][kRowLanes].
struct RoundingChoice {
  std::vector<float> weights;
  std::vector<float> below, above; ///< the two values; equal where there is no choice
  std::vector<float> up;           ///< 1 where `above` is taken, else 0

  explicit RoundingChoice(int64_t size)
      : weights(size * kRowLanes), below(weights.size()), above(weights.size()),
        up(weights.size()) {}
};

struct LearnedRounding {
  llvm::ArrayRef<float> hessian; ///< [size, size]
  int64_t size;
  unsigned iterations; ///< of the relaxation
  double rate;         ///< of its steps (Adam)
  double pull;         ///< λ, towards 0 and 1, as a part of the error per element

  /// From the choice there is, each row to one with no greater error; error in
  /// every lane of what came out.
  LaneSums learn(RoundingChoice &choice) const;

private:
  void relax(RoundingChoice &choice) const;
  LaneSums descend(RoundingChoice &choice) const;
};

} // namespace pith

#endif // PITH_LIB_COMPRESSION_QUANTIZATION_LEARNEDROUNDING_H
