//===- pithc.cpp - ONNX in, program out -----------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Driver.h"
#include "Options.h"
#include "ToolSupport.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"

static void printVersion(llvm::raw_ostream &os) {
  os << "pithc " PITH_VERSION " (LLVM " LLVM_VERSION_STRING ")\n";
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  llvm::cl::SetVersionPrinter(printVersion);
  return pith::runTool("pithc", [&] {
    auto options = pith::parseOptions(argc, argv);
    if (!options)
      return int(pith::kWrongUsage);
    options->runtimes =
        pith::findRuntimes(argv[0], reinterpret_cast<void *>(&printVersion));
    return pith::compileModel(*options);
  });
}
