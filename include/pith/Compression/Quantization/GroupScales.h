//===- GroupScales.h - Static scales of an activation's groups --*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Where one scale for all of an activation costs too much, each group of inputs has its
// own. A weight whose groups are the same takes the factors between them into its scales,
//
//     sum_g s_g t_og sum_k q_k w_ok  =  S sum_g (t_og s_g / S) sum_k q_k w_ok,
//
// so that kernels see one scale S for all (as SmoothQuant, Xiao et al. 2023, does with
// channels before weights are rounded; here codes of weights stay as they are).
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_QUANTIZATION_GROUPSCALES_H
#define PITH_COMPRESSION_QUANTIZATION_GROUPSCALES_H

#include "pith/Compression/WeightStatistics.h"
#include "pith/Dialect/Pith/IR/PithInterfaces.h"

namespace pith {

struct GroupScales {
  int64_t groupSize = 0;
  std::vector<float> scales; ///< s_g, of codes on both sides of 0
  float common = 1;          ///< S, the greatest
  double decibels = 0;       ///< estimated signal to noise of the layer's output

  /// Scales by the largest magnitudes seen, none less than a 64th of the greatest, so that
  /// products with scales of type f16 stay normal. `weights` are `[outputs, K]`, with
  /// outputs whose sum of squares is `signal`.
  static GroupScales get(const ActivationStatistics &statistics,
                         llvm::ArrayRef<float> weights, int64_t groupSize, unsigned bits,
                         double signal);

  /// Multiplies a weight's scales by s_g / S. Returns whether it could: scales must be
  /// stored floats, one per output and group, whose type holds the products, and nothing
  /// else may read the weight.
  bool takeInto(const Weight &weight, const IntegerForm &form) const;
};

} // namespace pith

#endif // PITH_COMPRESSION_QUANTIZATION_GROUPSCALES_H
