//===- Artefact.h - Programs as files ---------------------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Turns a generated program into what people run or link: compiles it, links the
// runtime and the C library, and puts the weights in.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_TARGET_ARTEFACT_H
#define PITH_TARGET_ARTEFACT_H

#include "pith/Codegen/Program.h"
#include "pith/Target/TargetDescription.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>

namespace pith {

enum class ArtefactKind {
  Executable,    ///< runs alone
  Object,        ///< to be linked with the runtime, and a header
  StaticLibrary, ///< the runtime is in it; and a header
  SharedLibrary  ///< the runtime is in it; and a header
};

struct ArtefactOptions {
  ArtefactKind kind = ArtefactKind::Executable;
  std::string output;
  /// The folder `lib/pith` that holds the runtimes, one folder per processor.
  std::string runtimes;
  unsigned level = 2; ///< as in -O
  /// Links the C library statically. Programs for other processors than this
  /// machine's always are.
  bool isStatic = false;
};

/// `lib/pith` beside the `bin` folder of the program that runs.
std::string findRuntimes(const char *argv0, void *mainAddress);

/// A prefix for symbols made of an output's name: `out/lib4-bit.so` gives
/// `lib4_bit`, or without `lib` for libraries.
std::string makeSymbolPrefix(llvm::StringRef output, ArtefactKind kind);

/// Where the header of an object or library goes.
std::string getHeaderPath(llvm::StringRef output, ArtefactKind kind);

/// Writes the artefact, whole or not at all. The program is used up.
llvm::Error writeArtefact(Program &program, const TargetDescription &target,
                          const ArtefactOptions &options);

} // namespace pith

#endif // PITH_TARGET_ARTEFACT_H
