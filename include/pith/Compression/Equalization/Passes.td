//===- Passes.td - Passes that move scales between layers -----------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_EQUALIZATION_PASSES_TD
#define PITH_COMPRESSION_EQUALIZATION_PASSES_TD

include "pith/Compression/PassOptions.td"

defvar explicitOption = [
  Option<"isExplicit", "explicit", "bool", "false",
    "Multiply an activation by its factors where nothing in front can absorb them">
];

def EqualizeLayersPass : Pith_CompressionPass<"pith-equalize-layers"> {
  let summary = "gives layers in sequence equal ranges per channel";
  let description = [{
    Cross-layer equalization (Nagel et al., "Data-Free Quantization Through Weight
    Equalization and Bias Correction", 2019). Between layers with only positively
    homogeneous ops (relu, pooling, residual sums, …) a positive factor per channel can
    move. With the ranges of channel i as output of the layers in front and as input of
    those behind,

        r₁ = max|W₁[i, :]|,  r₂ = max|W₂[:, i]|,  s = √(r₁ r₂) / r₂
        W₁[i, :] / s,  b₁[i] / s,  W₂[:, i] · s

    so that both ranges become √(r₁ r₂). Where several layers write or read the channel
    (residual connections, a joint input of several projections) a range is that of all
    of them. Repeated until no factor of a sweep is further from 1 than `tolerance`.
    Depthwise convolutions take part on both sides. Needs no profile.

    With `absorb-bias` = d high biases are absorbed afterwards (§4.1.3 there): of relus
    between layers alone, per channel with the mean μ and the standard deviation σ that a
    profile has of what the relu gives,

        c = max(0, μ − d σ),   b₁ − c,   b₂ + W₂ c

    so that activations reach from 0 instead of c. That is exact for all samples whose
    channels stay at c or above, and off by at most W₂ c where one does not: for a normal
    distribution, 0.13 % of values with d = 3. Convolutions behind must not pad: zeros of
    padding are not lowered.

    Requires: `pith` IR; weights are constants; with `absorb-bias`, statistics with Gram
    matrices.
    Ensures: the model computes the same up to rounding (but for `absorb-bias`); statistics
    are those of the changed activations, as if none had been below c; remarks say for
    each place how far apart ranges were and are, and where no factor passes, why; for
    each relu what was absorbed or why nothing was.
  }];
  let options = !listconcat([
    Option<"iterations", "iterations", "unsigned", "40", "At most so many sweeps">,
    Option<"tolerance", "tolerance", "double", "0.001",
      "Ends when all factors of a sweep are this close to 1">,
    Option<"deviations", "absorb-bias", "double", "0",
      "Standard deviations below the mean from which relus' outputs are lowered to 0; 0: "
      "none is">
  ], selectionOptions);
}

def ScaleSalientChannelsPass : Pith_CompressionPass<"pith-scale-salient-channels"> {
  let summary = "enlarges weights of channels with large activations, before rounding";
  let description = [{
    Activation-aware weight quantization (Lin et al., "AWQ", 2023). For each activation x
    that weights W are multiplied with, and the mean magnitude m of its channels,

        s = m^α / √(max m^α · min m^α),   x / s,   W · s   (columns)

    such that columns that meet large activations are rounded more finely. Besides, s is
    divided by (mean|W|)^(1 − α) of the columns on trial. For each W the outputs' error is

        tr((W − W') G (W − W')ᵀ),   W' = round(W · s) / s

    with the Gram matrix G of x and `round` by pith-quantize-weights with the given bits,
    scheme, group size and search. α is the one of 0, 1/20, … 1 with the least sum of these
    errors, times the measured sensitivity of the layer or 1 / tr(W G Wᵀ), among those where
    no W has a greater error than unscaled: of W that share x (those behind a residual
    stream, say) none pays for the others, whatever it counts in the model. 1 / s goes into
    what computes x: rows of weights, scales of norms, one factor of a product.

    With `clip` weights are limited afterwards, in each group to the part of the largest
    of which the error of the group's outputs is least (from 1 down to 1/2), by the same
    `round`, where the error of the whole output is less for it.

    A later pass rounds the weights (pith-quantize-weights, GPTQ).

    Requires: `pith` IR with statistics that have Gram matrices; weights are constants.
    Ensures: the model computes the same up to rounding (but for `clip`); statistics are
    those of the scaled activations; remarks say for each activation which α was chosen,
    what absorbs the factors, and the error of the outputs before and after.
  }];
  let options = !listconcat([
    Option<"bits", "bits", "unsigned", "4",
      "Bits per code of the rounding to come, 1 to 8; 0: what was chosen for each weight">,
    Option<"isAsymmetric", "asymmetric", "bool", "false",
      "The rounding to come has zero points">,
    Option<"groupSize", "group-size", "int64_t", "32",
      "Elements per scale of the rounding to come, 16 to 256; 0: one scale per output">,
    Option<"scaleSearch", "search", "::pith::ScaleSearch", "::pith::ScaleSearch::Auto",
      "How the rounding to come finds scales",
      [{::llvm::cl::values(
        clEnumValN(::pith::ScaleSearch::Auto, "auto", "mse up to 4 bits, else none"),
        clEnumValN(::pith::ScaleSearch::None, "none", "by the largest element"),
        clEnumValN(::pith::ScaleSearch::Mse, "mse", "least squared error"))}]>,
    Option<"steps", "steps", "unsigned", "20", "Values of α on trial, besides 0">,
    Option<"isClipping", "clip", "bool", "true",
      "Also limit weights to the ranges of least error; not in front of GPTQ">
  ], explicitOption, selectionOptions);
}

def SmoothActivationsPass : Pith_CompressionPass<"pith-smooth-activations"> {
  let summary = "moves outliers of activations into weights";
  let description = [{
    SmoothQuant (Xiao et al., 2022). For each activation x that weights W are contracted
    with, per channel j (of a convolution: input channel)

        s[j] = max|x[j]|^α / max|W[:, j]|^(1 − α),   x / s,   W · s

    so that x can be rounded with one scale for all its channels. 1 / s goes into what computes x.
    With `search` α is the one of 0, 1/20, … 1, or s = 1, with the least error of the
    outputs when both are rounded, weights per output and activations with one scale,

        tr((W − W') G (W − W')ᵀ) + rows · Δ² / 12 · ‖W · s‖²,   Δ = 2 max|x / s| / (2^b − 1)

    with the Gram matrix G of x, relative to tr(W G Wᵀ) and summed over all W.

    Requires: `pith` IR with statistics (with `search`, Gram matrices); weights are constants.
    Ensures: the model computes the same up to rounding; statistics are those of the scaled
    activations; remarks say for each activation which α was chosen, what absorbs the
    factors, and how much larger than the average the largest channel was and is.
  }];
  let options = !listconcat([
    Option<"alpha", "alpha", "double", "0.5",
      "How much of the difficulty moves from activations to weights, 0 to 1">,
    Option<"isSearching", "search", "bool", "false", "Choose alpha for each activation">,
    Option<"weightBits", "weight-bits", "unsigned", "8", "Bits of weights that `search` assumes, 2 to 8">,
    Option<"activationBits", "activation-bits", "unsigned", "8",
      "Bits of activations that `search` assumes, 2 to 8">
  ], explicitOption, selectionOptions);
}

def RotateActivationsPass : Pith_CompressionPass<"pith-rotate-activations"> {
  let summary = "spreads outliers over all channels by Hadamard rotations";
  let description = [{
    Incoherence processing (Chee et al., "QuIP", 2023; Tseng et al., "QuIP#", 2024; Ashkboos
    et al., "QuaRot", 2024). With an orthogonal R for the last axis of an activation,

        x · Wᵀ = (x · R) · (W · R)ᵀ,   R = diag(±1) · H,

    signs at random and H of Hadamard transforms (see `pith.hadamard`), after which elements
    of x and of W are close to normally distributed: rounding with one scale loses less.

    R moves through what commutes with it: residual sums and RMS norms without scale.
    Scales of norms go into the weights behind first. So all of a transformer's residual
    stream is rotated at once: tables, weights that write to it (W' = Rᵀ · W) and
    weights that read from it, at no cost at run time. Where R cannot move further the
    stream is rotated, or back, by explicit ops; where that takes more ops than there are
    activations, each activation is rotated by itself. A rotation spreads zeros, too:
    activations whose largest element is no more than √(2 ln n) root mean squares, what n
    normally distributed ones have, stay as they are if statistics tell so.

    Requires: `pith` IR; weights are constants.
    Ensures: the model computes the same up to rounding. Gram matrices and means of
    statistics are those of the rotated activations, magnitudes and largest elements
    those of a normal distribution with these; a pass that needs exact ranges wants
    `calibrate` in between. Statistics without Gram matrix are
    dropped. Remarks say what is rotated, by how many explicit ops, and the incoherence of
    the weights, max|w| · √(elements) / ‖W‖, before and after.
  }];
  let options = !listconcat([
    Option<"block", "block", "int64_t", "0",
      "Elements that are mixed at most, a power of two; 0: as many as there are">,
    Option<"seed", "seed", "uint64_t", "0", "Of the random signs">,
    Option<"isExplicit", "explicit", "bool", "true",
      "Also rotate by explicit ops, not only where that is free">,
    Option<"onlyOutliers", "only-outliers", "bool", "true",
      "Where there are statistics, leave activations as they are that have no outliers">
  ], selectionOptions);
}

#endif // PITH_COMPRESSION_EQUALIZATION_PASSES_TD
