//===- Passes.td - Passes that round weights and activations to codes -----===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_QUANTIZATION_PASSES_TD
#define PITH_COMPRESSION_QUANTIZATION_PASSES_TD

include "pith/Compression/PassOptions.td"

def QuantizeWeightsPass : Pith_CompressionPass<"pith-quantize-weights"> {
  let summary = "replaces float weights by integer codes with scales";
  let description = [{
    Round to nearest, per group `w` of a weight (along the flattened reduction
    axes of one output; or one output; or the whole tensor). With b = `bits` and
    `round` to the nearest integer, ties to even:

        symmetric    s  = max|w| / (2^(b−1) − 1)        (1 where all of w is 0)
                     q  = clamp(round(w / s), −2^(b−1), 2^(b−1) − 1)
                     w' = q · s
        asymmetric   s  = (max(w, 0) − min(w, 0)) / (2^b − 1)
                     z  = clamp(round(−min(w, 0) / s), 0, 2^b − 1)
                     q  = clamp(round(w / s) + z, 0, 2^b − 1)
                     w' = (q − z) · s

    `s` is rounded to `scale-type` before codes are computed. One symmetric bit
    is the sign: w' = ±mean|w|. One asymmetric bit chooses between the two means
    of a 2-means clustering, whose zero point is a real number.

    `search=mse` tries further scales and keeps the one with the least squared
    error: smaller ones (up to 3 bits also greater ones), ones that use the code
    −2^(b−1) too (their sign is that of −w at the largest |w|, up to 3 bits either
    sign), and the least-squares scale Σwq / Σq² of the best codes. `auto` searches up to 4 bits. After Frantar et al., "GPTQ" (2022), and
    Nagel et al., "A White Paper on Neural Network Quantization" (2021), §3.1.

    With `scale-type=u8` scales have two levels (as in QLoRA's double quantization,
    Dettmers et al., 2023): c · t, with c of 1 to 255 (`i8`: −127 to 127, which up to 3
    bits matters) and the least t that reaches the greatest scale. t is one f16 per
    output where an output has 8 groups or more, else one f32 for the weight. The scale
    is then `pith.dequantize` of c and t itself.

    A weight that is stored sparsely stays sparse: its codes are what is stored,
    the scales are those of the dense groups, and absent elements stay exactly 0;
    such weights are always symmetric. The sparse form is given up where dense
    codes take no more bytes. Weights that are codes already stay as they are.

    Requires: `pith` IR; weights are constants or sparse forms of constants.
    Ensures: each selected weight is a `pith.dequantize` and carries `pith.error`
    (dB); remarks name the others and say why.
  }];
  let options = !listconcat([
    Option<"bits", "bits", "unsigned", "4", "Bits per code, 1 to 8">,
    Option<"scheme", "scheme", "::pith::QuantizationScheme",
      "::pith::QuantizationScheme::Symmetric", "Where the codes' zero is",
      [{::llvm::cl::values(
        clEnumValN(::pith::QuantizationScheme::Symmetric, "symmetric", "at 0"),
        clEnumValN(::pith::QuantizationScheme::Asymmetric, "asymmetric",
                   "at a zero point per group"))}]>,
    Option<"granularity", "granularity", "::pith::QuantizationGranularity",
      "::pith::QuantizationGranularity::Group", "What shares a scale",
      [{::llvm::cl::values(
        clEnumValN(::pith::QuantizationGranularity::Tensor, "per-tensor", "the weight"),
        clEnumValN(::pith::QuantizationGranularity::Channel, "per-channel", "an output"),
        clEnumValN(::pith::QuantizationGranularity::Group, "group",
                   "group-size elements of an output"))}]>,
    Option<"groupSize", "group-size", "int64_t", "32",
      "Elements per group along the reduction, 16 to 256">,
    Option<"scaleType", "scale-type", "::pith::ScaleType", "::pith::ScaleType::F16",
      "Type of the scales",
      [{::llvm::cl::values(clEnumValN(::pith::ScaleType::F16, "f16", "half precision"),
        clEnumValN(::pith::ScaleType::F32, "f32", "single precision"),
        clEnumValN(::pith::ScaleType::U8, "u8", "bytes, times a scale per output"),
        clEnumValN(::pith::ScaleType::I8, "i8",
                   "signed bytes, times a scale per output"))}]>,
    Option<"search", "search", "::pith::ScaleSearch", "::pith::ScaleSearch::Auto",
      "How scales are found",
      [{::llvm::cl::values(
        clEnumValN(::pith::ScaleSearch::Auto, "auto", "mse up to 4 bits, else none"),
        clEnumValN(::pith::ScaleSearch::None, "none", "by the largest element"),
        clEnumValN(::pith::ScaleSearch::Mse, "mse", "least squared error"))}]>
  ], selectionOptions);
}

def QuantizeActivationsPass : Pith_CompressionPass<"pith-quantize-activations"> {
  let summary = "rounds activations of quantized layers to integers";
  let description = [{
    The activation `x` of an op whose weight has an integer form becomes codes, and
    the op reads what they stand for, so that kernels may multiply integers. Ops that
    share an activation share its codes.

    *Static*, where a profile tells what `x` is like: one scale s and zero point z,

        q  = clamp(round(x / s) + z)            (pith.quantize)
        x' = (q − z) · s                        (pith.dequantize)

    with codes on both sides of 0 (`symmetric`, z = 0) or from 0 on (`asymmetric`).
    `range` says which values the codes cover: from the least to the greatest seen; a
    percentile of all values; the range of the least Kullback-Leibler divergence
    between x and x' (Migacz, "8-bit Inference with TensorRT", 2017); the range of the
    least squared error. `auto` takes, of all of these and of both schemes, what costs
    the outputs of the layers least, by an estimate: rounding is noise of variance
    s²/12 per element, and clipped elements of one channel come together,

        noise  = rows · (Σ_k |w_k|² · s²/12  +  Σ_c Σ_o (Σ_p |w_opc|)² · clipped_c)
        signal = tr(W G Wᵀ)                     (G: the profile's Gram matrix)

    A product whose estimated signal to noise is below `min-sqnr` gets symmetric codes with
    a scale s_g per group of its weight where that is enough (`granularity=weight`), by the
    largest magnitudes seen:

        q  = clamp(round(x / s_g)),  x' = q · S,  weight's scale t' = t · s_g / S,  S = max s_g

    so that kernels see one scale. Else a layer keeps its float
    activation, or, with `mode=auto`, gets dynamic codes where it can. By default that
    is 2.5 dB per bit, or 5 where the layer could have dynamic codes: activations of
    language models differ from row to row.

    *Dynamic*, for products that contract `x` over its last axis alone:

        codes, scales = pith.dynamic_quantize x     (groups along the last axis)

    With `granularity=weight` an activation has the groups of the weight, with `row` one
    scale per row. With `granularity=tensor` it is flattened first, so that one scale serves
    all of it, for convolutions, too.

    Requires: `pith` IR, with weights in their final form. `mode=static` requires
    `pith.statistics` on the ops.
    Ensures: selected ops with an integer weight have integer activations; remarks
    say how, and name the other ops with integer weights.
  }];
  let options = [
    Option<"mode", "mode", "::pith::ActivationMode", "::pith::ActivationMode::Auto",
      "When scales are found",
      [{::llvm::cl::values(
        clEnumValN(::pith::ActivationMode::Auto, "auto",
                   "static where there is a profile, else dynamic"),
        clEnumValN(::pith::ActivationMode::Static, "static", "from the profile"),
        clEnumValN(::pith::ActivationMode::Dynamic, "dynamic", "while the model runs"))}]>,
    Option<"bits", "bits", "unsigned", "8", "Bits per code, 2 to 8">,
    Option<"range", "range", "::pith::RangeMethod", "::pith::RangeMethod::Auto",
      "Which values static codes cover",
      [{::llvm::cl::values(
        clEnumValN(::pith::RangeMethod::Auto, "auto", "what costs the outputs least"),
        clEnumValN(::pith::RangeMethod::MinMax, "min-max", "all that were seen"),
        clEnumValN(::pith::RangeMethod::Percentile, "percentile", "most that were seen"),
        clEnumValN(::pith::RangeMethod::Entropy, "entropy", "least divergence"),
        clEnumValN(::pith::RangeMethod::LeastError, "mse", "least squared error"))}]>,
    Option<"percentile", "percentile", "double", "99.99",
      "Values that range=percentile covers, in percent, 50 to 100">,
    Option<"scheme", "scheme", "::pith::ActivationScheme",
      "::pith::ActivationScheme::Auto", "Where static codes' zero is",
      [{::llvm::cl::values(
        clEnumValN(::pith::ActivationScheme::Auto, "auto", "where the error is less"),
        clEnumValN(::pith::ActivationScheme::Symmetric, "symmetric", "at 0"),
        clEnumValN(::pith::ActivationScheme::Asymmetric, "asymmetric",
                   "at a zero point"))}]>,
    Option<"minSqnr", "min-sqnr", "double", "-1",
      "Least estimated signal to noise of a layer with static codes, in dB; below 0: "
      "2.5 per bit, 5 where dynamic codes are possible">,
    Option<"granularity", "granularity", "::pith::ActivationGranularity",
      "::pith::ActivationGranularity::Weight", "What shares a scale at least",
      [{::llvm::cl::values(
        clEnumValN(::pith::ActivationGranularity::Weight, "weight",
                   "elements that meet one group of the weight"),
        clEnumValN(::pith::ActivationGranularity::Row, "row", "a row"),
        clEnumValN(::pith::ActivationGranularity::Tensor, "tensor", "all elements"))}]>,
    ListOption<"select", "select", "std::string",
      "Only weights whose node or tensor name one of these regular expressions matches">,
    ListOption<"exclude", "exclude", "std::string",
      "Not the weights whose node or tensor name one of these regular expressions matches">
  ];
}

/// How weights are cut into groups, as pith-quantize-weights has it.
defvar weightCodeOptions = [
  Option<"granularity", "granularity", "::pith::QuantizationGranularity",
    "::pith::QuantizationGranularity::Group", "What shares a scale",
    [{::llvm::cl::values(
      clEnumValN(::pith::QuantizationGranularity::Tensor, "per-tensor", "the weight"),
      clEnumValN(::pith::QuantizationGranularity::Channel, "per-channel", "an output"),
      clEnumValN(::pith::QuantizationGranularity::Group, "group",
                 "group-size elements of an output"))}]>,
  Option<"groupSize", "group-size", "int64_t", "32",
    "Elements per group along the reduction, 16 to 256">,
  Option<"scaleType", "scale-type", "::pith::ScaleType", "::pith::ScaleType::F16",
    "Type of the scales",
    [{::llvm::cl::values(clEnumValN(::pith::ScaleType::F16, "f16", "half precision"),
      clEnumValN(::pith::ScaleType::F32, "f32", "single precision"),
      clEnumValN(::pith::ScaleType::U8, "u8", "bytes, times a scale per output"),
      clEnumValN(::pith::ScaleType::I8, "i8",
                 "signed bytes, times a scale per output"))}]>
];

def QuantizeGptqPass : Pith_CompressionPass<"pith-quantize-gptq"> {
  let summary = "replaces float weights by the integer codes whose outputs err least";
  let description = [{
    GPTQ (Frantar et al., 2022), with descent on the same objective after it. With the
    Gram matrix G of the activation from the profile, the damped H = G + λI, where λ is
    `damping` times the mean of G's diagonal, and codes that stand for w' as in
    pith-quantize-weights, each row w of the weight makes small

        (w − w') · H · (w − w')ᵀ

    Elements are rounded one by one, in the order `order`. The next one, j, is what
    makes up best for those before it: with H = R · Rᵀ, R upper triangular in that order,

        q_j = code(w_j + Σ_{i<j} (w_i − w'_i) · R[i,j] / R[j,j])

    which is GPTQ's update of later weights by the inverse of H, without the inverse.
    A group's scale is searched, weighted by the diagonal of H, before everything
    (`order=full`: elements with most activation first), or when the order reaches
    it (`order=group`: groups with most activation first, and within a group likewise;
    `order=none`). λ grows tenfold, up to
    six times, while H is not positive definite.

    Then, `sweeps` times, each group is rounded again while all others stay: for its
    scale and others around it the sequence above, coordinate descent (each code in turn
    is set to the best), and the least-squares scale and zero point of the codes. The
    best of all is kept: the error only falls. Where groups are longer than 256,
    64 elements are rounded at a time, and the scale of a row is fitted after each sweep.

    Where the op has a bias (`correct-bias=existing`) the mean of what is lost is added to
    it, as pith-correct-bias does it, and G is that of activations less their mean:
    rounding need not take care of what a bias makes up for. `correct-bias=all` gives a
    bias to ops without one, too, of 4 bytes per output that no budget of
    pith-choose-bits counts. Not for weights of several ops.

    With `recalibrate=n` activations are those of the model whose first weights are
    rounded already: every n weights it is compiled and runs on the module's samples
    again.

    A weight that is stored sparsely stays sparse: only elements that are stored get
    codes and make up for others. Weights that are only looked up are rounded to
    nearest. A convolution's groups have a Gram matrix each.

    Requires: `pith` IR; ops with selected weights carry `pith.statistics` with Gram
    matrices. If only some do, the other weights are rounded to nearest.
    Ensures: each selected weight is a `pith.dequantize` and carries `pith.error`;
    remarks have the error of the output, and what it is if all elements are rounded to
    nearest.
  }];
  let options = !listconcat([
    Option<"bits", "bits", "unsigned", "4",
      "Bits per code, 1 to 8; 0: as pith-choose-bits chose, 4 where it did not">
    ], weightCodeOptions, [
    Option<"scheme", "scheme", "::pith::QuantizationScheme",
      "::pith::QuantizationScheme::Symmetric", "Where the codes' zero is",
      [{::llvm::cl::values(
        clEnumValN(::pith::QuantizationScheme::Symmetric, "symmetric", "at 0"),
        clEnumValN(::pith::QuantizationScheme::Asymmetric, "asymmetric",
                   "at a zero point per group"))}]>,
    Option<"order", "order", "::pith::ActivationOrder", "::pith::ActivationOrder::Full",
      "In which order elements are rounded",
      [{::llvm::cl::values(
        clEnumValN(::pith::ActivationOrder::None, "none", "as they are stored"),
        clEnumValN(::pith::ActivationOrder::Full, "full", "by falling activation"),
        clEnumValN(::pith::ActivationOrder::Group, "group",
                   "groups by falling activation, elements within them likewise"))}]>,
    Option<"damping", "damping", "double", "0.01",
      "Damping of the Gram matrix, part of the mean of its diagonal, 0 to 1">,
    Option<"sweeps", "sweeps", "unsigned", "2",
      "How often all groups are rounded again, 0 to 100">,
    Option<"correctBias", "correct-bias", "::pith::BiasChoice",
      "::pith::BiasChoice::Existing", "Whose bias makes up for the mean error",
      [{::llvm::cl::values(
        clEnumValN(::pith::BiasChoice::None, "none", "no op's"),
        clEnumValN(::pith::BiasChoice::Existing, "existing", "that of ops which have one"),
        clEnumValN(::pith::BiasChoice::All, "all", "every op's: others get one"))}]>,
    Option<"recalibrate", "recalibrate", "unsigned", "0",
      "After so many weights the model, as it is then, runs on the samples again; 0: "
      "never">
  ], selectionOptions);
}

def QuantizeHqqPass : Pith_CompressionPass<"pith-quantize-hqq"> {
  let summary = "replaces float weights by integer codes with robust real zero points";
  let description = [{
    Half-quadratic quantization (Badri and Shaji, "Half-Quadratic Quantization of Large
    Machine Learning Models", 2023), which needs no data. For each group w, with b =
    `bits`, q = clamp(round(w / s + z), 0, 2^b − 1) and w' = (q − z) · s, it makes small

        Σ |w − w'|^p                                    (p = `norm`)

    which cares less for outliers than squares do. From s = (max w − min w) / (2^b − 1)
    and z = −min w / s, `iterations` times, with β = 10 · 1.01^i:

        e = sign(x) · max(0, |x| − |x|^(p−1) / β),  x = w − w'   (in units of the first s)
        s = cov(q, w − e) / var(q)                               (with `fit-scale`)
        z = mean(q − (w − e) / s)

    The best of all is kept. The authors keep s as it is; fitting it is the same
    regression. z is a real number of the scale's type.

    Requires: `pith` IR; weights are constants.
    Ensures: each selected weight is a `pith.dequantize` and carries `pith.error`
    (dB); remarks name the others and say why.
  }];
  let options = !listconcat([
    Option<"bits", "bits", "unsigned", "4",
      "Bits per code, 1 to 8; 0: as pith-choose-bits chose, 4 where it did not">
    ], weightCodeOptions, [
    Option<"norm", "norm", "double", "0.7",
      "Exponent of the error that is minimized, above 0 and at most 1">,
    Option<"fitScale", "fit-scale", "bool", "true",
      "Whether scales are fitted, and not zero points alone">,
    Option<"iterations", "iterations", "unsigned", "20", "Steps per group">
  ], selectionOptions);
}

def LearnRoundingPass : Pith_CompressionPass<"pith-learn-rounding"> {
  let summary = "rounds quantized weights up or down so that outputs err least";
  let description = [{
    AdaRound (Nagel et al., "Up or Down? Adaptive Rounding for Post-Training
    Quantization", 2020). Scales and zero points stay; each element may have the code
    below or above its exact place, f = floor(w / s + z) or f + 1, within the codes there
    are. With the Gram matrix G of the activation, for each row

        minimize  d · G · dᵀ / u + λ Σ (1 − |2h − 1|^β),   w − d = (f + h(v) − z) · s
        h(v) = clip(1.2 · sigmoid(v) − 0.1, 0, 1)

    by `iterations` steps of Adam of length `rate`, where β falls from 20 to 2, λ = `pull`
    is 0 for a fifth of the steps, and u is the mean error of an element that is half a
    code off. h is then rounded. From there, and from the codes that the weight has,
    coordinate descent turns single elements as long as that makes dGdᵀ less; the
    best of both is kept, or the codes there were: the error never grows.

    Requires: `pith` IR; ops with quantized weights carry `pith.statistics` with Gram
    matrices.
    Ensures: selected weights have codes whose outputs err no more than before;
    remarks have both errors, and name the weights that stay.
  }];
  let options = !listconcat([
    Option<"iterations", "iterations", "unsigned", "200",
      "Steps of the relaxation; 0: descent alone">,
    Option<"rate", "rate", "double", "0.05", "Length of its steps, above 0">,
    Option<"pull", "pull", "double", "0.1", "Weight of the pull to whole numbers">
  ], selectionOptions);
}

def CorrectBiasPass : Pith_CompressionPass<"pith-correct-bias"> {
  let summary = "removes what compressed weights add to the mean of outputs";
  let description = [{
    For each compressed weight, with its original W, its value now W' and the mean
    activation μ of the profile, the op's outputs are wrong by (W' − W) · μ on the
    average; that is subtracted from its bias (Nagel et al., "Data-Free Quantization
    Through Weight Equalization and Bias Correction", 2019, §4.2, with means that were
    seen instead of derived):

        b' = b + (W − W') · μ

    The squared error of the outputs falls by rows · ‖(W − W') · μ‖². The bias is the
    operand of a convolution (one is added where there is none), or the constant
    that is added to a matrix product (an add is made where there is none). What was
    corrected before, for another form of the weight, counts: the pass may run again.

    Requires: `pith` IR; ops with compressed weights carry `pith.statistics`.
    Ensures: outputs of selected ops have the mean that they had with the original
    weights, given the activations of the profile; remarks name the other ops.
  }];
  let options = selectionOptions;
}

def RoundFloatsPass : Pith_CompressionPass<"pith-round-floats"> {
  let summary = "stores in half precision what is still single precision";
  let description = [{
    Constants of type f32 are rounded to `to`, to nearest, ties to even:

        w' = f32(half(w))

    Weights (also tables whose rows are factors, such as rotary embeddings), biases,
    scales of norms, and all other constants that ops read element by element. A
    weight that is stored sparsely stays sparse. What a pass before this one turned
    into codes stays as it is: `int4,round-floats` rounds what `int4` left.

    A constant stays f32, and a remark says so, where an element is not finite or
    would not be when rounded (beyond 65504 for f16), where the rounded one has fewer
    than `min-sqnr` dB (elements below 6·10⁻⁵ lose bits in f16), and where all
    elements are equal, which takes no bytes of the program.

    Requires: `pith` IR.
    Ensures: each constant that was rounded is a `pith.widen` and carries
    `pith.error` (dB); remarks name the others and say why.
  }];
  let options = [
    Option<"to", "to", "::pith::FloatStorage", "::pith::FloatStorage::F16",
      "Type of what is stored",
      [{::llvm::cl::values(
        clEnumValN(::pith::FloatStorage::F16, "f16", "11 bits of precision, up to 65504"),
        clEnumValN(::pith::FloatStorage::BF16, "bf16", "8 bits, the range of f32"))}]>,
    Option<"minSqnr", "min-sqnr", "double", "40",
      "Least signal to noise of what is rounded, in dB">,
    ListOption<"select", "select", "std::string",
      "Only constants whose name, or whose user's, one of these regular expressions "
      "matches">,
    ListOption<"exclude", "exclude", "std::string",
      "Not the constants whose name, or whose user's, one of these regular "
      "expressions matches">,
    Option<"minElements", "min-elements", "int64_t", "8",
      "Constants with fewer elements stay as they are">
  ];
}

#endif // PITH_COMPRESSION_QUANTIZATION_PASSES_TD
