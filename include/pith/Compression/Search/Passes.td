//===- Passes.td - Passes that choose how to compress ---------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_SEARCH_PASSES_TD
#define PITH_COMPRESSION_SEARCH_PASSES_TD

include "pith/Compression/PassOptions.td"

/// How outputs of the whole model are compared; see ModelError.h.
defvar modelErrorOptions = [
  Option<"metric", "metric", "::pith::ErrorMetric", "::pith::ErrorMetric::Noise",
    "What counts as an error of the model's outputs",
    [{::llvm::cl::values(
      clEnumValN(::pith::ErrorMetric::Noise, "noise", "squared error over squared signal"),
      clEnumValN(::pith::ErrorMetric::KL, "kl",
                 "divergence of the softmax over the last axis, in bits"))}]>,
  ListOption<"outputs", "outputs", "std::string",
    "Names of the outputs that count; none: the first one of floats">,
  Option<"samples", "samples", "int64_t", "16", "At most so many samples are run">
];

def MeasureSensitivityPass : Pith_CompressionPass<"pith-measure-sensitivity"> {
  let summary = "measures how much an error of each layer counts in the model's outputs";
  let description = [{
    For each weight W, the model runs on the samples with that weight alone rounded to
    `bits` bits per output, W'. With the metric E of the model's outputs and the Gram
    matrix G of the activation,

        sensitivity = E / tr((W − W') G (W − W')ᵀ)

    the model's error per squared error of the layer's output; per squared error of
    the weight where it is only looked up. (Perturbation in the manner of Dong et al.,
    "HAWQ", 2019, with the true loss instead of its Hessian.) Errors of layers add up as
    long as they are small; passes that divide a budget among layers use that.

    Requires: `pith` IR whose module has `pith.samples`, ops with `pith.statistics`.
    Ensures: ops with selected weights carry `pith.sensitivity`; a remark per layer.
  }];
  let options = !listconcat([
    Option<"bits", "bits", "unsigned", "4", "Bits of the rounding that is tried, 2 to 8">
  ], modelErrorOptions, selectionOptions);
}

def ChooseBitsPass : Pith_CompressionPass<"pith-choose-bits"> {
  let summary = "divides a budget of bits among the weights";
  let description = [{
    For each weight and each number of bits b of `choices`, the weight is rounded by
    `method`, to W_b, and with the Gram matrix G of the activation

        error_b = sensitivity · tr((W − W_b) G (W − W_b)ᵀ)

    (sensitivity 1 / tr(W G Wᵀ) where none was measured; squared errors of weights where
    there are no statistics). Σ error is minimized under `budget` by Lagrange multipliers
    on the convex hulls of (bits, error) (Shoham and Gersho, 1988). The budget is bits
    per parameter of the whole model: scales and all constants that stay in float
    count. With 16 among `choices` a weight may stay as it is, in its own type.

    Passes that round weights take the choice where their own `bits` is 0. The recipe
    for the default method is

        measure-sensitivity, choose-bits{budget=4.5}, gptvq{max-bits=5}, gptq{bits=0}

    Requires: `pith` IR; weights are constants.
    Ensures: ops with selected weights carry `pith.bits`, which 0 where the weight
    stays; remarks say why. Fails where the least choices exceed the budget.
  }];
  let options = !listconcat([
    Option<"budget", "budget", "double", "4.5",
      "Bits per parameter of the whole model, above 0 and at most 32">,
    ListOption<"choices", "choices", "unsigned",
      "Bits to choose from, 1 to 8, and 16 for weights as they are; none: 2,3,4,5,6,8">,
    Option<"groupSize", "group-size", "int64_t", "0",
      "Elements per scale along the reduction, 16 to 256; 0: one scale per output">,
    Option<"method", "method", "::pith::CodingMethod", "::pith::CodingMethod::Gptvq",
      "The rounding to reckon with; nearest where there is no profile",
      [{::llvm::cl::values(
        clEnumValN(::pith::CodingMethod::Nearest, "nearest", "pith-quantize-weights"),
        clEnumValN(::pith::CodingMethod::Gptq, "gptq", "pith-quantize-gptq"),
        clEnumValN(::pith::CodingMethod::Gptvq, "gptvq",
          "pith-quantize-gptvq up to codebook-bits, else pith-quantize-gptq"))}]>,
    Option<"codebookBits", "codebook-bits", "unsigned", "5",
      "Most bits of codes of learnt codebooks, 0 to 8">
  ], selectionOptions);
}

#endif // PITH_COMPRESSION_SEARCH_PASSES_TD
