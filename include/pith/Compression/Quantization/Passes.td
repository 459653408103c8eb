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
        clEnumValN(::pith::ScaleType::F32, "f32", "single precision"))}]>,
    Option<"search", "search", "::pith::ScaleSearch", "::pith::ScaleSearch::Auto",
      "How scales are found",
      [{::llvm::cl::values(
        clEnumValN(::pith::ScaleSearch::Auto, "auto", "mse up to 4 bits, else none"),
        clEnumValN(::pith::ScaleSearch::None, "none", "by the largest element"),
        clEnumValN(::pith::ScaleSearch::Mse, "mse", "least squared error"))}]>
  ], selectionOptions);
}

def QuantizeActivationsPass : Pith_CompressionPass<"pith-quantize-activations"> {
  let summary = "rounds activations of quantized layers to 8 bits, dynamically";
  let description = [{
    The activation `x` of an op whose weight has an integer form becomes

        codes, scales = pith.dynamic_quantize x     (groups along the last axis)
        x'            = pith.dequantize codes, scales

    so that kernels may multiply integers. With `granularity=weight` an activation
    has the groups of the weight, else one scale per row. Ops that share an
    activation and its groups share its codes. Only ops that contract the
    activation over its last axis alone take part (matrix products).

    Requires: `pith` IR, with weights in their final form.
    Ensures: selected matrix products with an integer weight have integer
    activations; remarks name the other ops with integer weights.
  }];
  let options = [
    Option<"granularity", "granularity", "::pith::ActivationGranularity",
      "::pith::ActivationGranularity::Weight", "What shares a scale",
      [{::llvm::cl::values(
        clEnumValN(::pith::ActivationGranularity::Weight, "weight",
                   "a row's elements that meet one group of the weight"),
        clEnumValN(::pith::ActivationGranularity::Row, "row", "a row"))}]>,
    ListOption<"select", "select", "std::string",
      "Only weights whose node or tensor name one of these regular expressions matches">,
    ListOption<"exclude", "exclude", "std::string",
      "Not the weights whose node or tensor name one of these regular expressions matches">
  ];
}

#endif // PITH_COMPRESSION_QUANTIZATION_PASSES_TD
