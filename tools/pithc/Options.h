//===- Options.h - pithc's command line -------------------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_TOOLS_PITHC_OPTIONS_H
#define PITH_TOOLS_PITHC_OPTIONS_H

#include "pith/Pipelines/Diagnostics.h"
#include "pith/Target/Artefact.h"
#include "pith/Target/TargetDescription.h"
#include "pith/Import/ONNX/Import.h"
#include "llvm/Support/Error.h"

#include <optional>
#include <string>
#include <vector>

namespace pith {

/// What pithc writes.
enum class Emit {
  Executable,
  Object,
  StaticLibrary,
  SharedLibrary,
  Imported,
  Simplified,
  Compressed,
  Kernels,
  LLVM,
  Assembly
};

struct Options {
  std::string model, output, recipe, report, samples, profile, writeProfile;
  Emit emit = Emit::Executable;
  TargetDescription target;
  bool isNative = true; ///< compiled for this machine's own processor
  std::vector<InputShape> shapes;
  unsigned level = 2;
  bool isStatic = false, checkOnly = false, dryRun = false, printWeights = false;
  bool instrument = false; ///< add observers of activations
  Verbosity verbosity = Verbosity::Warnings;
  std::string runtimes; ///< folder of the runtimes

  /// The kind of artefact, if `emit` is one.
  std::optional<ArtefactKind> getArtefactKind() const;
};

/// Parses the command line. No options: it was wrong, and the user has been told.
std::optional<Options> parseOptions(int argc, char **argv);

} // namespace pith

#endif // PITH_TOOLS_PITHC_OPTIONS_H
