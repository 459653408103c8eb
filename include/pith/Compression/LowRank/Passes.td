//===- Passes.td - Passes that make weights products of thin matrices -----===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_LOWRANK_PASSES_TD
#define PITH_COMPRESSION_LOWRANK_PASSES_TD

include "pith/Compression/PassOptions.td"

def FactorizeWeightsPass : Pith_CompressionPass<"pith-factorize-weights"> {
  let summary = "replaces weights by products of two thin matrices";
  let description = [{
    Truncated singular value decomposition `W ≈ A · B` of a weight taken as a
    matrix of outputs × reduction, where `A = U √Σ`, `B = √Σ Vᵀ`, cut to rank `r`:

        rank=r       the given rank
        ratio=p      the largest r with r · (N + K) ≤ p · N · K
        energy=e     the least r with Σ_{i ≤ r} σᵢ² ≥ e · Σ σᵢ²

    Without any of them `energy=0.95`. The op becomes two, one by `B` and one by
    `A`, as `CompressibleOpInterface::factorizeWeight` says. Large matrices are
    decomposed by a blocked randomized range finder with power iterations
    (Halko, Martinsson, Tropp, "Finding Structure with Randomness", 2011; Yu, Gu,
    Li, "Efficient Randomized Algorithms for the Fixed-Precision Low-Rank Matrix
    Approximation", 2018), which stops as soon as the rank is known, or known
    not to save anything. Factors are constants of the weight's type.

    Requires: `pith` IR; weights are constants.
    Ensures: each selected weight that has fewer elements as factors is replaced
    by them, which carry `pith.error` (dB); remarks name the others and say why.
  }];
  let options = !listconcat([
    Option<"rank", "rank", "int64_t", "0", "Rank to cut to; 0: by another rule">,
    Option<"energy", "energy", "double", "0",
      "Part of the squared Frobenius norm to keep, above 0 and below 1; 0: by another rule">,
    Option<"ratio", "ratio", "double", "0",
      "Parameters to keep as a part of the weight's, above 0 and below 1; 0: by another rule">
  ], selectionOptions);
}

def CorrectQuantizationPass : Pith_CompressionPass<"pith-correct-quantization"> {
  let summary = "adds a low-rank correction of the quantization error";
  let description = [{
    For an op with a compressed weight `W'` of the original `W` the truncated SVD
    `A · B ≈ W − W'` of rank `rank` is computed and a second op by the factors
    added to the first:

        y = x · W'ᵀ   becomes   y = x · W'ᵀ + (x · Bᵀ) · Aᵀ

    (Yao et al., "ZeroQuant-V2", 2023, LoRC.) The factors are ordinary weights,
    which a later pass may quantize.

    Requires: `pith` IR in which compressed weights carry `pith.original`.
    Ensures: each selected compressed weight's op is corrected; the weight's
    `pith.error` is that of the sum. Remarks name the others and say why.
  }];
  let options = !listconcat([
    Option<"rank", "rank", "int64_t", "8", "Rank of the correction, at least 1">
  ], selectionOptions);
}

#endif // PITH_COMPRESSION_LOWRANK_PASSES_TD
