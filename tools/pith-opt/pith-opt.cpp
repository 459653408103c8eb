//===- pith-opt.cpp - Runs passes on IR -----------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// mlir-opt with everything that Pith brings. Weights are left out of printed IR
// unless --print-weights is given; bytecode (--emit-bytecode) always has them.
//
//===----------------------------------------------------------------------===//

#include "pith/Pipelines/Registration.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/CommandLine.h"

#include <vector>

/// Parsed for --help; `withoutWeights` looks for it before options are parsed.
static llvm::cl::opt<bool> printWeights(
    "print-weights",
    llvm::cl::desc("Print the data of resources, which are left out otherwise"));

/// The arguments, and unless weights are asked for, upstream's option to leave
/// them out. Only with the limit 0 does the printer not make their text first.
static std::vector<char *> withoutWeights(int argc, char **argv) {
  static char elide[] = "--mlir-elide-resource-strings-if-larger=0";
  std::vector<char *> arguments(argv, argv + argc);
  bool decided = llvm::any_of(arguments, [](llvm::StringRef argument) {
    return argument.ltrim('-') == "print-weights" ||
           argument.contains("mlir-elide-resource-strings-if-larger");
  });
  if (!decided)
    arguments.push_back(elide);
  return arguments;
}

int main(int argc, char **argv) {
  mlir::registerAllPasses();
  pith::registerPithPasses();
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  pith::registerPithDialects(registry);
  std::vector<char *> arguments = withoutWeights(argc, argv);
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(static_cast<int>(arguments.size()), arguments.data(),
                        "Pith optimizer driver\n", registry));
}
