//===- Passes.td - Passes that make weights products of thin matrices -----===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_LOWRANK_PASSES_TD
#define PITH_COMPRESSION_LOWRANK_PASSES_TD

include "pith/Compression/PassOptions.td"

/// How errors of a weight count; see RowMetric.h.
defvar weightingOptions = [
  Option<"weighting", "weighting", "::pith::Weighting", "::pith::Weighting::Auto",
    "How errors of a weight's elements count",
    [{::llvm::cl::values(
      clEnumValN(::pith::Weighting::Auto, "auto",
                 "by the Gram matrix or the magnitudes if a profile has them"),
      clEnumValN(::pith::Weighting::None, "none", "all alike"),
      clEnumValN(::pith::Weighting::Magnitude, "magnitude",
                 "times the mean magnitude of the activation"),
      clEnumValN(::pith::Weighting::Gram, "gram",
                 "as errors of the outputs, by the activations' Gram matrix"))}]>,
  Option<"damping", "damping", "double", "0.001",
    "What is added to the Gram matrix's diagonal, as a part of its mean, 0 to 1">
];

def FactorizeWeightsPass : Pith_CompressionPass<"pith-factorize-weights"> {
  let summary = "replaces weights by products of thin matrices";
  let description = [{
    The best approximation `W ≈ A · B` of rank r of a weight taken as a matrix of
    outputs × reduction, in the metric ‖(W − A · B) · S‖²:

        weighting=none       S = I                 truncated SVD
        weighting=magnitude  S = diag(mean|x|)     ASVD (Yuan et al., 2023)
        weighting=gram       S · Sᵀ = XᵀX + λI     SVD-LLM (Wang et al., 2024)

    With the leading left singular vectors U of W · S it is `A = U`, `B = Uᵀ · W`, both
    scaled to the same norms per column and row. By the Gram matrix XᵀX of the profile
    that is the least possible error of the outputs for the activations seen. The rank:

        rank=r       the given rank
        ratio=p      the largest r with r · (N + K) ≤ p · N · K
        energy=e     the least r with Σ_{i ≤ r} σᵢ² ≥ e · Σ σᵢ²

    Without any of them that of pith-choose-ranks (`pith.rank`), else `energy=0.95`. The
    op becomes two, one by `B` and one by `A`. Convolutions have further forms:

        matrix,     the window to r channels, then 1 x 1 (Zhang et al., "Accelerating Very
        channel     Deep Convolutional Networks", 2015)
        spatial     kh x 1 to r channels, then 1 x kw (Jaderberg et al., 2014; Tai et al.,
                    2015)
        tucker      1 x 1 to q channels, the window to p, 1 x 1 (Kim et al., 2015)

    `auto` takes the one with the least error that has no more elements than `rank` or
    `ratio` allow, or the fewest elements for the energy. Stages after the first are
    the best for the outputs, given the first, where there is a Gram matrix.

    Matrices whose smaller side has up to 1536 elements are decomposed by their product
    with themselves; larger ones by a blocked randomized range finder with power
    iterations (Halko, Martinsson, Tropp, "Finding Structure with Randomness", 2011; Yu,
    Gu, Li, "Efficient Randomized Algorithms for the Fixed-Precision Low-Rank Matrix
    Approximation", 2018). Factors are constants of the weight's type; their ops carry
    the statistics that follow from the old one's.

    Requires: `pith` IR; weights are constants.
    Ensures: each selected weight that has fewer elements as factors is replaced
    by them, which carry `pith.error` (dB); remarks name the others and say why.
  }];
  let options = !listconcat([
    Option<"rank", "rank", "int64_t", "0", "Rank to cut to; 0: by another rule">,
    Option<"inputRank", "input-rank", "int64_t", "0",
      "Rank of the input channels with form=tucker; 0: the same as rank">,
    Option<"energy", "energy", "double", "0",
      "Part of the squared norm to keep, above 0 and below 1; 0: by another rule">,
    Option<"ratio", "ratio", "double", "0",
      "Parameters to keep as a part of the weight's, above 0 and below 1; 0: by another rule">,
    Option<"form", "form", "::pith::FactorForm", "::pith::FactorForm::Auto",
      "What products weights become",
      [{::llvm::cl::values(
        clEnumValN(::pith::FactorForm::Auto, "auto", "the best of the others"),
        clEnumValN(::pith::FactorForm::Matrix, "matrix", "two matrices"),
        clEnumValN(::pith::FactorForm::Channel, "channel",
                   "two matrices, of convolutions alone"),
        clEnumValN(::pith::FactorForm::Spatial, "spatial",
                   "a vertical and a horizontal convolution"),
        clEnumValN(::pith::FactorForm::Tucker, "tucker",
                   "a small convolution between two of 1 x 1"))}]>
  ], weightingOptions, selectionOptions);
}

def FactorizeJointlyPass : Pith_CompressionPass<"pith-factorize-jointly"> {
  let summary = "gives weights of the same activation one common factor";
  let description = [{
    Weights W₁ … Wₙ that are contracted with the same value in the same way (the query,
    key and value projections of an attention, the gates of a feed-forward block) are
    approximated as one matrix of all outputs, whose first factor they share:

        [W₁; …; Wₙ] ≈ [A₁; …; Aₙ] · B,      y₁ = A₁ · t, …, yₙ = Aₙ · t,  t = B · x

    in the metric of pith-factorize-weights, so that `r · (ΣN + K)` elements remain
    instead of `r · (ΣN + n · K)`. (Ren and Zhu, "Low-Rank Prune-And-Factorize", 2023;
    Wang et al., "Basis Sharing", 2025.) `rank`, `ratio` and `energy` count for the
    whole. Where the same number of elements keeps more as separate factors, weights stay
    for pith-factorize-weights.

    Requires: `pith` IR; weights are constants.
    Ensures: groups of weights for which that is better are replaced; remarks name the
    others and say why.
  }];
  let options = !listconcat([
    Option<"rank", "rank", "int64_t", "0", "Rank of the common factor; 0: by another rule">,
    Option<"energy", "energy", "double", "0",
      "Part of the squared norm to keep, above 0 and below 1; 0: by another rule">,
    Option<"ratio", "ratio", "double", "0",
      "Parameters to keep as a part of the weights', above 0 and below 1; 0: by another rule">
  ], weightingOptions, selectionOptions);
}

def CorrectQuantizationPass : Pith_CompressionPass<"pith-correct-quantization"> {
  let summary = "adds a low-rank correction of the quantization error";
  let description = [{
    For an op with a compressed weight `W'` of the original `W` the best approximation
    `A · B ≈ W − W'` of rank `rank` in the metric of pith-factorize-weights is computed
    and a second op by the factors added to the first:

        y = x · W'ᵀ   becomes   y = x · W'ᵀ + (x · Bᵀ) · Aᵀ

    With weighting=none that is LoRC (Yao et al., "ZeroQuant-V2", 2023), with magnitude
    LQER (Zhang et al., 2024), with gram QERA (Zhang et al., 2024), whose error of the
    outputs is the least possible. The factors are ordinary weights, which a later pass
    may quantize.

    Requires: `pith` IR in which compressed weights carry `pith.original`.
    Ensures: each selected compressed weight's op is corrected; the weight's
    `pith.error` is that of the sum. Remarks name the others and say why.
  }];
  let options = !listconcat([
    Option<"rank", "rank", "int64_t", "8",
      "Rank of the correction; 0: that of pith-choose-ranks">
  ], weightingOptions, selectionOptions);
}

def SplitLowRankPass : Pith_CompressionPass<"pith-split-low-rank"> {
  let summary = "splits weights into a low-rank part and a rest to quantize";
  let description = [{
    A weight becomes the sum of its best approximation of rank `rank` and the rest, whose
    range is smaller, so that a later pass rounds it with less error:

        y = x · Wᵀ   becomes   y = x · (W − A · B)ᵀ + (x · Bᵀ) · Aᵀ

    (Li et al., "SVDQuant", 2024.) With `iterations` n > 0 the rounding Q of
    pith-quantize-weights with `bits` and `group-size` is anticipated: n times, A · B
    becomes the best approximation of W − Q(W − A · B) in the metric of
    pith-factorize-weights, and what is kept is what had the least error of the sum.
    (Li et al., "LoftQ", 2023.) The factors are named `<weight>.low_rank.a` and `.b`:
    exclude them by `exclude=low_rank` from passes that round the rest.

    Requires: `pith` IR; weights are constants.
    Ensures: each selected weight holds the rest; ops by the factors are added. Remarks
    name the others and say why.
  }];
  let options = !listconcat([
    Option<"rank", "rank", "int64_t", "16",
      "Rank of the split part; 0: that of pith-choose-ranks">,
    Option<"iterations", "iterations", "unsigned", "0",
      "How often the rounding is anticipated">,
    Option<"bits", "bits", "unsigned", "4", "Bits of the rounding, 1 to 8">,
    Option<"groupSize", "group-size", "int64_t", "32",
      "Elements per scale of the rounding, 16 to 256, or 0: an output">
  ], weightingOptions, selectionOptions);
}

def ChooseRanksPass : Pith_CompressionPass<"pith-choose-ranks"> {
  let summary = "divides a budget of parameters among the ranks of weights";
  let description = [{
    With the singular values σ of each weight W in the metric of pith-factorize-weights
    (those of W · S), cutting it to rank r costs r · (N + K) elements and loses

        error(r) = sensitivity · Σ_{i > r} σᵢ²

    (sensitivity 1 / Σ σᵢ² where pith-measure-sensitivity measured none); a weight that
    stays costs N · K and loses nothing. Σ error is minimized under the budget by
    Lagrange multipliers (Shoham and Gersho, 1988), over `steps` ranks up to the
    greatest that saves elements. The budget is given as the part `ratio` of
    the selected weights' elements to keep, or as `bits-per-parameter` of the whole
    model, with all constants at what they take now.

    Passes that factorize take the choice where their own `rank` is 0.

    Requires: `pith` IR; weights are constants.
    Ensures: ops with selected weights carry `pith.rank`, which is 0 where the weight
    stays. Fails where the least ranks exceed the budget.
  }];
  let options = !listconcat([
    Option<"ratio", "ratio", "double", "0",
      "Parameters to keep as a part of the selected weights', above 0 and below 1">,
    Option<"bitsPerParameter", "bits-per-parameter", "double", "0",
      "Bits per parameter of the whole model, above 0 and at most 32">,
    Option<"steps", "steps", "int64_t", "64",
      "How many ranks are looked at of each weight, 1 to 4096">,
    Option<"leastRatio", "least-ratio", "double", "0.05",
      "No weight keeps less than this part of its elements, 0 to 1">
  ], weightingOptions, selectionOptions);
}

#endif // PITH_COMPRESSION_LOWRANK_PASSES_TD
