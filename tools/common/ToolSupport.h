//===- ToolSupport.h - What command-line tools share ------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_TOOLS_COMMON_TOOLSUPPORT_H
#define PITH_TOOLS_COMMON_TOOLSUPPORT_H

#include "pith/Import/ONNX/Import.h"
#include "pith/Target/TargetDescription.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"

#include <string>
#include <vector>

namespace pith {

/// What tools return.
enum ExitCode {
  kDone = 0,
  kWrongInput = 1, ///< the input or the request is wrong or unsupported
  kWrongUsage = 2,
  kInternalError = 70
};

/// The arguments, and unless weights are asked for (`--print-weights`), upstream's
/// option that leaves the data of resources out of printed IR.
std::vector<char *> withoutWeights(int argc, char **argv);

/// Prints `tool: error: message` and returns `code`.
int reportError(const llvm::Twine &message, ExitCode code = kWrongInput);
int reportError(llvm::Error error, ExitCode code = kWrongInput);

/// Parses `NAME:1x3x224x224`; `?` leaves a size as it is.
llvm::Expected<std::vector<InputShape>> parseShapes(llvm::ArrayRef<std::string> texts);

/// Describes `--cpu` and `--target` (`cpu` is this machine's kind).
llvm::Expected<TargetDescription> parseTarget(llvm::StringRef cpu,
                                              llvm::StringRef target);

/// Registers upstream's options for IR, contexts and pass managers.
void registerUpstreamOptions();
/// Parses the command line. False: it was wrong, and the user has been told.
bool parseCommandLine(std::vector<char *> arguments, llvm::StringRef overview);
/// Makes a pass manager do as upstream's options say.
mlir::LogicalResult preparePasses(mlir::PassManager &passes);

/// Runs `body` where deeply nested models have stack enough. A crash of any thread
/// ends the process with kInternalError and says how to report it.
int runTool(const char *name, llvm::function_ref<int()> body);

} // namespace pith

#endif // PITH_TOOLS_COMMON_TOOLSUPPORT_H
