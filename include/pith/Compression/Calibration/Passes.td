//===- Passes.td - Passes that look at activations ------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_CALIBRATION_PASSES_TD
#define PITH_COMPRESSION_CALIBRATION_PASSES_TD

include "pith/Compression/PassOptions.td"

def CalibratePass : Pith_CompressionPass<"pith-calibrate"> {
  let summary = "runs the model on samples and attaches statistics of activations";
  let description = [{
    Compiles the model as it is now, runs it on each of the samples, and sets
    `pith.statistics` of every op that contracts an activation x with a stored
    weight: the number of rows, minimum and maximum, a histogram, and per element k
    of a row

        mean[k] = Σx[k] / rows,  magnitude[k] = Σ|x[k]| / rows,  largest[k] = max|x[k]|

    and with `gram` the matrix Σxᵀx, whose size is K × K for rows of K elements.
    Rows of a convolution are its patches (see
    pith/Profile/ActivationStatistics.h). As the model itself runs, activations are
    those that earlier steps of a recipe have left: `calibrate` may be repeated.

    One sample is in memory at a time; memory does not depend on their number.

    Requires: simplified `pith` IR, and samples: the option or the module's
    attribute `pith.samples`.
    Ensures: each such op carries `pith.statistics`, of this run alone.
  }];
  let options = [
    Option<"samples", "samples", "std::string", "",
      "Folder or NPZ file of inputs, as --inputs of a compiled program takes it; "
      "empty: the module's attribute `pith.samples`">,
    Option<"gram", "gram", "bool", "true",
      "Sum up Gram matrices, which take memory of the order of the weights">,
    Option<"maxGramSize", "max-gram-size", "int64_t", "16384",
      "Rows with more elements get no Gram matrix">
  ];
}

#endif // PITH_COMPRESSION_CALIBRATION_PASSES_TD
