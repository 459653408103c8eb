//===- HalfQuadratic.h - Zero points by half-quadratic steps ----*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Asymmetric quantization of a run of floats that share one scale, by the formulas of
// pith-quantize-hqq (Badri and Shaji, 2023). Knows no IR.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_QUANTIZATION_HALFQUADRATIC_H
#define PITH_COMPRESSION_QUANTIZATION_HALFQUADRATIC_H

#include "pith/Compression/Quantization/GroupQuantizer.h"

namespace pith {

struct HalfQuadraticQuantizer {
  GroupQuantizer group; ///< asymmetric
  double norm = 0.7;    ///< p of Σ|w − w'|^p, above 0 and at most 1
  bool fitScale = true; ///< not the zero point alone
  unsigned iterations = 20;

  /// Quantizes `weights`, which are finite, into as many `codes`. The zero point is
  /// real, rounded to f16 where scales are. The error is never greater than that of the
  /// start, which covers the range.
  GroupQuantizer::Group quantize(llvm::ArrayRef<float> weights,
                                 llvm::MutableArrayRef<int16_t> codes) const;
};

} // namespace pith

#endif // PITH_COMPRESSION_QUANTIZATION_HALFQUADRATIC_H
