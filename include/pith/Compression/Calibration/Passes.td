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

def InstrumentModelPass : Pith_CompressionPass<"pith-instrument-model"> {
  let summary = "adds observers of activations";
  let description = [{
    Adds a `pith.observe` behind every activation that is contracted with a stored
    weight, so that the compiled program collects the statistics that pith-calibrate
    collects inside the compiler; its option --profile=FILE writes them.

    Requires: simplified `pith` IR.
    Ensures: results are the same; an observer for each activation and way in which
    it is contracted.
  }];
  let options = [
    Option<"gram", "gram", "bool", "true",
      "Sum up Gram matrices, which take memory of the order of the weights">,
    Option<"maxGramSize", "max-gram-size", "int64_t", "16384",
      "Rows with more elements get no Gram matrix">
  ];
}

def ApplyProfilePass : Pith_CompressionPass<"pith-apply-profile"> {
  let summary = "attaches statistics of activations from a profile file";
  let description = [{
    Sets `pith.statistics` of the ops that a profile names: of an instrumented
    program, of --write-profile, or of pith-profile merge. Names are those of ONNX
    nodes in simplified IR, with `#2`, `#3`, … where several ops have the same.

    Requires: simplified `pith` IR of the model that the profile is of.
    Ensures: every op that contracts an activation with a stored weight carries
    `pith.statistics`; an error, if the profile is of another model.
  }];
  let options = [
    Option<"file", "file", "std::string", "", "The profile">
  ];
}

def WriteProfilePass : Pith_CompressionPass<"pith-write-profile"> {
  let summary = "writes the statistics of activations to a profile file";
  let description = [{
    Writes what pith-calibrate or pith-apply-profile attached, whole or not at all.

    Requires: ops with `pith.statistics`.
    Ensures: the IR is as before; the file can be applied to the same model.
  }];
  let options = [
    Option<"file", "file", "std::string", "", "The file to write">
  ];
}

#endif // PITH_COMPRESSION_CALIBRATION_PASSES_TD
