//===- Runner.h - What pith-run does ----------------------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_TOOLS_PITH_RUN_RUNNER_H
#define PITH_TOOLS_PITH_RUN_RUNNER_H

#include "pith/Pipelines/Diagnostics.h"
#include "pith/Target/TargetDescription.h"

#include <string>
#include <vector>

namespace pith {

enum class RunMode {
  Compiled,  ///< compile in memory and run
  Reference, ///< evaluate
  Compare    ///< both, on the same inputs
};

struct RunOptions {
  std::string recipe;
  std::string samples; ///< to calibrate on; may be empty
  bool instrument = false;
  TargetDescription target;
  unsigned level = 2;
  RunMode mode = RunMode::Compiled;
  Verbosity verbosity = Verbosity::Warnings;
  /// Options of the compiled program, such as --inputs.
  std::vector<std::string> programArguments;
};

/// Runs one model; returns an exit code.
int runModel(llvm::StringRef path, const RunOptions &options);

/// Runs folder/*/model.onnx, each with the inputs in its folder `in`, and writes to
/// its folder `out`. A model that fails does not keep others from running.
int runCases(llvm::StringRef folder, const RunOptions &options);

} // namespace pith

#endif // PITH_TOOLS_PITH_RUN_RUNNER_H
