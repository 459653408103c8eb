//===- Passes.td - Passes that make models smaller ------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_STRUCTURED_PASSES_TD
#define PITH_COMPRESSION_STRUCTURED_PASSES_TD

include "pith/Compression/PassOptions.td"

/// What passes that remove units have in common; see pith/Compression/Structured/Pruner.h.
defvar unitOptions = [
  Option<"importance", "importance", "::pith::UnitImportance",
    "::pith::UnitImportance::Auto", "How the loss of a unit is estimated",
    [{::llvm::cl::values(
      clEnumValN(::pith::UnitImportance::Auto, "auto",
                 "reconstruction if there is a profile with Gram matrices, else magnitude"),
      clEnumValN(::pith::UnitImportance::Magnitude, "magnitude",
                 "squares of the weights that compute it (no data)"),
      clEnumValN(::pith::UnitImportance::Activation, "activation",
                 "squares of the weights that read it times those of what they read"),
      clEnumValN(::pith::UnitImportance::Reconstruction, "reconstruction",
                 "error of the layers that read it, after their weights are fitted"))}]>,
  Option<"scope", "scope", "::pith::StructuredScope", "::pith::StructuredScope::Global",
    "What `ratio` is a part of",
    [{::llvm::cl::values(
      clEnumValN(::pith::StructuredScope::Layer, "layer", "each group's units"),
      clEnumValN(::pith::StructuredScope::Global, "global", "all groups together"))}]>,
  Option<"maxRatio", "max-ratio", "double", "0.9",
    "The greatest part of a group's units to remove, from 0 to 1; one always stays">,
  Option<"fit", "fit", "bool", "true",
    "Fit the weights that read removed units to what is left, by least squares (with a profile)">
];

def PruneChannelsPass : Pith_CompressionPass<"pith-prune-channels"> {
  let summary = "removes channels of convolutions and neurons of products";
  let description = [{
    Structured pruning along dependency groups (Fang et al., "DepGraph: Towards Any
    Structural Pruning", 2023): each output of a weight, with everything whose size
    depends on it, is one unit, whether that goes through additions, concatenations,
    slices, normalizations, reshapes, grouped convolutions or shared weights. Shapes
    really shrink. What reaches the model's inputs and outputs stays, and so do the heads
    of attention (see `pith-prune-heads`).

    With `scope=global` units go until `ratio` of the model's float parameters is gone,
    those first that cost least error per parameter; with `scope=layer` the ratio is a
    part of each group's units. The error of removing the inputs S of layers y = W·x with
    H = Σ x·xᵀ + λI is (as in ZipLM; Kurtić et al., 2023)

        tr(W_S · ((H⁻¹)_SS)⁻¹ · W_Sᵀ)

    relative to Σ‖y‖² (or times `pith.sensitivity`, where all layers have it), with W and
    H⁻¹ updated after every removal. What is left is fitted to the old outputs (He et al.,
    "Channel Pruning for Accelerating Very Deep Neural Networks", 2017),

        W' = W · H_:R · (H_RR)⁻¹,   b' = b + (W − W')·mean(x),

    where R remains; a layer with a bias counts deviations from the mean only. Without a
    profile units go by Σw² of the weights that compute them, relative to their group's
    mean, and nothing is fitted.

    A `rms_norm` over fewer elements keeps its meaning, as if zeros had been removed.

    Requires: simplified `pith` IR; weights are constants in float. `importance=activation`
    and `reconstruction` need a profile.
    Ensures: types, statistics, and the shapes in the signature are those of the smaller
    model; `pith.removed` on the module lists what is gone; remarks name each group, and
    why others stay.
  }];
  let options = !listconcat([
    Option<"ratio", "ratio", "double", "0.3",
      "Part of the model's parameters (scope=layer: of each group's channels) to remove, from 0 to below 1">,
    Option<"multipleOf", "multiple-of", "int64_t", "1",
      "Channels are left in multiples of this number">,
    Option<"steps", "steps", "int64_t", "1",
      "Removals into which the ratio is divided (scope=global), with a new profile in between where there are samples">
  ], unitOptions, selectionOptions);
}

def PruneHeadsPass : Pith_CompressionPass<"pith-prune-heads"> {
  let summary = "removes heads of attention with their keys and values";
  let description = [{
    Removes heads (Michel et al., "Are Sixteen Heads Really Better than One?", 2019): a
    unit is one head of keys and values with all query heads that share it, the
    projections that compute them and the inputs of the projection behind. So a key/value
    cache shrinks, in the model's inputs and outputs, too: sizes in `pith.shape` change,
    names stay.

    The loss of a unit, and the fit of what is left, are those of `pith-prune-channels`,
    for the projection behind the heads. `ratio` is a part of the units of all layers
    together, or with `scope=layer` of each.

    Requires: simplified `pith` IR; weights are constants in float. `importance=activation`
    and `reconstruction` need a profile.
    Ensures: as `pith-prune-channels`.
  }];
  let options = !listconcat([
    Option<"ratio", "ratio", "double", "0.25",
      "Part of the heads of keys and values to remove, from 0 to below 1">
  ], unitOptions, selectionOptions);
}

def PruneLayersPass : Pith_CompressionPass<"pith-prune-layers"> {
  let summary = "removes residual blocks that change least";
  let description = [{
    For each residual connection `y = x + f(x)` the block influence (Men et al.,
    "ShortGPT: Layers in Large Language Models are More Redundant Than You Expect", 2024)
    is measured on the samples,

        BI = 1 − mean over positions of ⟨x, y⟩ / (‖x‖·‖y‖)

    along the channels, and the `count` blocks of least BI are dropped: y becomes x, and
    all that only f needed goes, with caches among the inputs and outputs that nothing
    else uses.

    Requires: simplified `pith` IR, a module that names samples (`--calibrate`).
    Ensures: `count` blocks fewer, or an error that says how many there are; `pith.removed`
    lists them; remarks give the influence of every block.
  }];
  let options = [
    Option<"count", "count", "int64_t", "1", "How many blocks to remove">
  ];
}

def PruneEmbeddingPass : Pith_CompressionPass<"pith-prune-embedding"> {
  let summary = "removes rows of look-up tables that are not looked up";
  let description = [{
    `keep` is a file of the row numbers (token ids) that stay: whole numbers and ranges
    `a-b`, separated by blanks or line ends; `#` begins a comment.

    With `numbers=old` the model takes the same numbers as before: a small table of
    integers maps them to the rows that are left, numbers of removed rows to the first of
    these. Only tables without another use can shrink. With `numbers=new` inputs, and
    outputs if the table is also the weight of a head, count the kept rows from 0 in
    rising order; the table stays shared.

    Requires: simplified `pith` IR; tables are float constants of one size.
    Ensures: each selected table has the kept rows only; remarks name the others.
  }];
  let options = !listconcat([
    Option<"keep", "keep", "std::string", "",
      "File with the numbers of the rows that stay">,
    Option<"numbers", "numbers", "::pith::TokenNumbers", "::pith::TokenNumbers::Old",
      "How the pruned model counts rows",
      [{::llvm::cl::values(
        clEnumValN(::pith::TokenNumbers::Old, "old", "as before"),
        clEnumValN(::pith::TokenNumbers::New, "new", "the kept ones from 0"))}]>
  ], selectionOptions);
}

#endif // PITH_COMPRESSION_STRUCTURED_PASSES_TD
