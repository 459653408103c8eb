//===- CodebookFit.h - Codebooks learnt by the output's error ---*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Codes, codebook and scales of a whole weight W (rows of K elements) that make
// tr((W − W') G (W − W')ᵀ) small, where G is the Gram matrix of the activation:
//
//   1. k-means of the elements over their scales, weighted by the diagonal of G;
//   2. codes by error feedback, column after column (GPTQ);
//   3. in turns: coordinate descent over the codes, least-squares scales, least-squares
//      entries of the codebook. None of the three makes the error greater, but for the
//      rounding of what is stored.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_CODEBOOK_CODEBOOKFIT_H
#define PITH_COMPRESSION_CODEBOOK_CODEBOOKFIT_H

#include "pith/Compression/Weights.h"
#include "pith/Profile/ActivationStatistics.h"
#include "pith/Support/HostTensor.h"

#include <optional>

namespace pith {

struct CodebookFit {
  unsigned bits = 4;     ///< of a code, 1 to 8
  int64_t groupSize = 0; ///< elements per scale; 0: one scale per row
  unsigned sweeps = 5;   ///< turns of step 3
  double damping = 0.01; ///< of the feedback, of the mean of G's diagonal

  struct Result {
    HostTensor codes;      ///< `ui<bits>`, sizes of the weight
    HostTensor codebook;   ///< f16 `[2^bits]`, increasing
    HostTensor scale;      ///< f16 or (out of its range) f32, `[rows, groups]`
    int64_t groupSize = 0; ///< 0 if one scale serves the row
    WeightError error;     ///< of the weight
    WeightError outputError;
  };

  /// Fits a finite f32 tensor of rank ≥ 2 with the largest magnitude `largest`; the
  /// statistics are of its sizes and have a Gram matrix. Nothing if that has no
  /// decomposition at any damping.
  std::optional<Result> fit(const HostTensor &weight, float largest,
                            const ActivationStatistics &statistics) const;
};

} // namespace pith

#endif // PITH_COMPRESSION_CODEBOOK_CODEBOOKFIT_H
