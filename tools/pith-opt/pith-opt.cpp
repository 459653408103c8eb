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

#include "ToolSupport.h"
#include "pith/Pipelines/IRFile.h"
#include "pith/Pipelines/Registration.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Support/FileUtilities.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/ToolOutputFile.h"

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  mlir::registerAllPasses();
  pith::registerPithPasses();
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  pith::registerPithDialects(registry);
  std::vector<char *> arguments = pith::withoutWeights(argc, argv);
  auto [input, output] = mlir::registerAndParseCLIOptions(
      static_cast<int>(arguments.size()), arguments.data(), "Pith optimizer driver\n",
      registry);
  auto config = mlir::MlirOptMainConfig::createFromCLOptions();
  if (config.shouldShowDialects() || config.shouldListPasses())
    return mlir::asMainReturnCode(mlir::MlirOptMain(
        static_cast<int>(arguments.size()), arguments.data(), input, output, registry));

  std::string problem;
  auto file = pith::openIRFile(input, problem);
  if (!file)
    return pith::reportError(problem);
  auto out = mlir::openOutputFile(output, &problem);
  if (!out)
    return pith::reportError(problem);
  if (failed(mlir::MlirOptMain(out->os(), std::move(file), registry, config)))
    return pith::kWrongInput;
  out->keep();
  return pith::kDone;
}
