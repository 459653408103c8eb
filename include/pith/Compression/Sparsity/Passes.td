//===- Passes.td - Passes that drop weights -------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_SPARSITY_PASSES_TD
#define PITH_COMPRESSION_SPARSITY_PASSES_TD

include "pith/Compression/PassOptions.td"

/// What a pruning pass drops; see pith/Compression/Sparsity/SparsePattern.h.
defvar pruningOptions = [
  Option<"sparsity", "sparsity", "double", "0.5",
    "Part of the elements (or blocks) to drop, from 0 to below 1">,
  Option<"pattern", "pattern", "std::string", "",
    "N:M keeps N of every M elements, 1 ≤ N < M ≤ 32, and so says what part to drop; empty: any pattern">,
  Option<"block", "block", "std::string", "",
    "RxC drops whole blocks of R outputs and C consecutive elements of their reduction; empty: elements">
];

def PruneWeightsPass : Pith_CompressionPass<"pith-prune-weights"> {
  let summary = "drops the smallest weights and stores the others sparsely";
  let description = [{
    Magnitude pruning (Han et al., "Learning both Weights and Connections", 2015).
    Needs no profile. Without `pattern` the elements of least |w| are dropped, of
    equal ones the first, and the rest is stored with a bitmap, `pith.sparse_decode`.
    How many of a layer's N elements (of L layers):

    - `scope=layer`, `schedule=uniform`: ⌊sparsity · N⌋;
    - `scope=global`: the least of all selected weights together;
    - `schedule=erk` (Evci et al., "Rigging the Lottery", 2020): a layer of the
      sizes n₁ × … × nᵣ keeps the part min(1, ε · Σ nᵢ / Π nᵢ), so that small layers keep
      more;
    - `schedule=lamp` (Lee et al., "Layer-Adaptive Sparsity for the Magnitude-based
      Pruning", 2021): the elements of least wᵤ² / Σ wᵥ² (over v with |wᵥ| ≥ |wᵤ| of the
      same layer) of all layers, so that no layer loses its last ones.

    With `block=RxC` whole blocks are dropped, those of least √Σ w², and the rest is
    stored as `pith.block_sparse_decode`: kernels skip what is missing, most where R
    is a multiple of the processor's vector lanes. With `pattern=N:M` the N elements
    of greatest |w| in every M consecutive ones of an output's reduction stay, and are
    stored with their positions, `pith.nm_decode`.

    A weight whose sparse form would take no fewer bytes stays as it is. So does a
    table whose rows are looked up (an embedding, also where a language model's head
    is tied to it), unless `select` names it.

    Requires: `pith` IR; weights are constants.
    Ensures: each selected weight is sparse and carries `pith.error` (dB); remarks
    name the others and say why.
  }];
  let options = !listconcat(pruningOptions, [
    Option<"scope", "scope", "::pith::PruningScope", "::pith::PruningScope::Layer",
      "What `sparsity` is a part of",
      [{::llvm::cl::values(
        clEnumValN(::pith::PruningScope::Layer, "layer", "each weight"),
        clEnumValN(::pith::PruningScope::Global, "global", "all selected weights"))}]>,
    Option<"schedule", "schedule", "::pith::PruningSchedule",
      "::pith::PruningSchedule::Uniform",
      "How `sparsity` of all is divided among layers",
      [{::llvm::cl::values(
        clEnumValN(::pith::PruningSchedule::Uniform, "uniform", "the same part of each"),
        clEnumValN(::pith::PruningSchedule::Erk, "erk", "by the layers' sizes"),
        clEnumValN(::pith::PruningSchedule::Lamp, "lamp", "by what each would lose"))}]>
  ], selectionOptions);
}

def PruneWandaPass : Pith_CompressionPass<"pith-prune-wanda"> {
  let summary = "drops the weights that count least in the outputs";
  let description = [{
    Wanda (Sun et al., "A Simple and Effective Pruning Approach for Large Language
    Models", 2023). An element's score is its magnitude times the norm of the
    activation that it is multiplied with, over all samples of the profile:

        score[o, k] = |w[o, k]| · ‖x[:, k]‖₂ = |w[o, k]| · √G[k, k]

    With `compare=output` elements compete within their output alone: of every row of K
    elements the ⌊sparsity · K⌋ of least score are dropped, of equal ones the first. That
    is best for language models; for convolutional ones, whose outputs differ in what they
    need, `compare=layer` lets all elements of a weight compete. With `pattern=N:M` all but
    the N of greatest score in every M are dropped; with `block=RxC`, within every R outputs
    (or the layer), the blocks of least √Σ score². Weights that stay do not change;
    `pith-update-weights` corrects them.

    Requires: a profile with Gram matrices. Weights that are looked up have no
    activation and stay as they are.
    Ensures: as `pith-prune-weights`; remarks have `output_sqnr_db`.
  }];
  let options = !listconcat(pruningOptions, [
    Option<"compare", "compare", "::pith::ComparisonGroup",
      "::pith::ComparisonGroup::Output", "Which elements compete",
      [{::llvm::cl::values(
        clEnumValN(::pith::ComparisonGroup::Output, "output", "those of one output"),
        clEnumValN(::pith::ComparisonGroup::Layer, "layer", "those of one weight"))}]>
  ], selectionOptions);
}

def PruneSparsegptPass : Pith_CompressionPass<"pith-prune-sparsegpt"> {
  let summary = "drops weights one by one while the others make up for them";
  let description = [{
    SparseGPT (Frantar and Alistarh, "Massive Language Models Can Be Accurately Pruned in
    One-Shot", 2023). With H = G + λI, the damped Gram matrix of a layer's activations,
    the elements of a row are decided one after the other. When all before element j are
    decided, its best value is (R Rᵀ = H, R upper triangular, d = w − w')

        t[j] = w[j] + Σ_{i<j} d[i] · R[i, j] / R[j, j]

    and dropping it costs (t[j] · R[j, j])²: the criterion w² / [H⁻¹]ⱼⱼ of Optimal Brain
    Surgeon for the elements that are left. Kept elements become t[j]. What is dropped is
    chosen, by costs in which all undecided elements before j take their best values, for `block-size` columns at a time: of all outputs together, `sparsity` of
    them; with `pattern=N:M`, of every M columns of an output just before the first is
    decided; with `block=RxC`, the blocks of least summed cost.

    λ is `damping` times the mean of G's diagonal, and ten times more as often as the
    matrix is not positive definite.

    Requires: a profile with Gram matrices. Weights that are looked up have no
    activation and stay as they are.
    Ensures: as `pith-prune-weights`; remarks have `output_sqnr_db`.
  }];
  let options = !listconcat(pruningOptions, [
    Option<"blockSize", "block-size", "int64_t", "128",
      "Columns whose elements compete, 1 or more; rounded up to whole patterns">,
    Option<"damping", "damping", "double", "0.01",
      "Added to the Gram matrix's diagonal, as a part of its mean; 0 or more">
  ], selectionOptions);
}

def UpdateWeightsPass : Pith_CompressionPass<"pith-update-weights"> {
  let summary = "fits what sparse weights store to the outputs of the original";
  let description = [{
    The least-squares update of the weights that remain (as in Hubara et al.,
    "Accelerated Sparse Neural Training", 2021, and the exact reconstruction that
    SparseGPT approximates). For every output, with w the original row, S the elements
    that its sparse form stores, and H = G + λI:

        w'[S] = argmin (w' − w) H (w' − w)ᵀ,  that is  H[S, S] w'[S] = (H w)[S]

    Any sparse form will do, whoever chose it. Rows that store at most `direct-size`
    elements are solved by Cholesky factorization, others by conjugate gradients from
    the values they have, until the residual is 1e-5 of its first norm or for
    `iterations`. A row whose outputs would not come closer to the original stays.

    Requires: a profile with Gram matrices; sparse weights hold floats (update before
    quantizing).
    Ensures: the sparse form's places stay; remarks have the output's error before and
    after.
  }];
  let options = !listconcat([
    Option<"damping", "damping", "double", "0.01",
      "Added to the Gram matrix's diagonal, as a part of its mean; 0 or more">,
    Option<"directSize", "direct-size", "int64_t", "256",
      "Stored elements of a row up to which its equations are factored; 0 or more">,
    Option<"iterations", "iterations", "int64_t", "100",
      "Most steps of conjugate gradients for longer rows; 1 or more">
  ], selectionOptions);
}

#endif // PITH_COMPRESSION_SPARSITY_PASSES_TD
