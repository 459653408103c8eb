//===- VectorQuantizer.h - Rounding runs of a weight to vectors -*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Makes the operands of a pith.vector_decode. With a Gram matrix G codes, vectors and
// scales are those with a small error of the layer's output, tr((W − W') G (W − W')ᵀ):
//
//   1. k-means of the runs over their rows' magnitude, weighted by the diagonal of G;
//   2. codes by error feedback, run after run (GPTVQ);
//   3. in turns: least-squares vectors and scales, coordinate descent over the codes.
//
// Without one G is the unit matrix, and 1 and 3 are all.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_CODEBOOK_VECTORQUANTIZER_H
#define PITH_COMPRESSION_CODEBOOK_VECTORQUANTIZER_H

#include "pith/Compression/Weights.h"
#include "pith/Profile/ActivationStatistics.h"
#include "pith/Support/HostTensor.h"

#include <optional>

namespace pith {

struct VectorQuantizer {
  int64_t length = 4;  ///< elements of a vector, 2 to 8
  unsigned bits = 8;   ///< of a code, 2 to 8
  unsigned sweeps = 4; ///< turns of step 3

  struct Result {
    HostTensor codes;    ///< `ui<bits>` `[rows, runs]`
    HostTensor codebook; ///< i8 `[2^bits, length]`
    HostTensor scale;    ///< f16 or (out of its range) f32, `[rows, 1]`
    WeightError error;   ///< of the weight
    std::optional<WeightError> outputError;
  };

  /// Rounds a finite f32 tensor of rank ≥ 2. `statistics`, if not null, are of its
  /// sizes; without a Gram matrix only their magnitudes count.
  Result quantize(const HostTensor &weight, const ActivationStatistics *statistics) const;
};

} // namespace pith

#endif // PITH_COMPRESSION_CODEBOOK_VECTORQUANTIZER_H
