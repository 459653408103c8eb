//===- CodebookQuantizer.h - Rounding a weight to a codebook ----*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Makes the operands of a pith.codebook_decode of an output-major tensor.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_CODEBOOK_CODEBOOKQUANTIZER_H
#define PITH_COMPRESSION_CODEBOOK_CODEBOOKQUANTIZER_H

#include "pith/Compression/Codebook/Passes.h"
#include "pith/Compression/Weights.h"
#include "pith/Support/HostTensor.h"

#include <optional>

namespace pith {

struct CodebookQuantizer {
  CodebookKind kind = CodebookKind::NormalFloat;
  unsigned bits = 4;
  CodebookGranularity granularity = CodebookGranularity::Group;
  int64_t groupSize = 64; ///< with granularity `Group`
  CodebookScaleType scaleType = CodebookScaleType::F16; ///< not `Auto`
  bool search = true;     ///< minimize the squared error over further scales
  bool zeroEntry = false; ///< entry 0 of a learnt codebook is 0; it is not mirrored
  CodebookSymmetry symmetry = CodebookSymmetry::Auto; ///< of a learnt codebook

  struct Result {
    HostTensor codes;    ///< `ui<bits>`, sizes of the weight
    HostTensor codebook; ///< `[2^bits]` of f16 or f32
    HostTensor scale;    ///< `[outputs, groups]`, or `[1]` per tensor
    std::optional<HostTensor> scaleScale; ///< f32 `[outputs]`, of two levels
    /// As pith.codebook_decode has it: 0 if one scale serves the whole reduction.
    int64_t groupSize = 0;
    WeightError error;
  };

  /// Quantizes a finite f32 tensor of rank ≥ 2 whose largest magnitude is
  /// `largest`. Scales are f32 instead of f16 if the weight lies outside the
  /// range of f16. A learnt codebook of 8 bits with symmetry `Auto` is mirrored if the
  /// squared error is at most a tenth greater.
  Result quantize(const HostTensor &weight, float largest) const;
};

} // namespace pith

#endif // PITH_COMPRESSION_CODEBOOK_CODEBOOKQUANTIZER_H
