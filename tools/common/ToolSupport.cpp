//===- ToolSupport.cpp - What command-line tools share --------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ToolSupport.h"

#include "Plugins.h"
#include "pith/Pipelines/Diagnostics.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/PrettyStackTrace.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/thread.h"
#include "mlir/Support/ToolUtilities.h"

#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

using namespace pith;

/// Also looked for by `withoutWeights`, before options are parsed.
static llvm::cl::opt<bool> printWeights(
    "print-weights",
    llvm::cl::desc("Print the data of weights in IR, which is left out otherwise"));

static const char *toolName = "pith";

std::vector<char *> pith::withoutWeights(int argc, char **argv) {
  // Only with the limit 0 does the printer not make the text first.
  static char elide[] = "--mlir-elide-resource-strings-if-larger=0";
  std::vector<char *> arguments(argv, argv + argc);
  bool decided = llvm::any_of(arguments, [](llvm::StringRef argument) {
    return argument.ltrim('-') == "print-weights" ||
           argument.contains("mlir-elide-resource-strings-if-larger");
  });
  // In front: behind, it would be the value of an option that lacks one.
  if (!decided && !arguments.empty())
    arguments.insert(arguments.begin() + 1, elide);
  return arguments;
}

int pith::reportError(const llvm::Twine &message, ExitCode code) {
  llvm::errs() << toolName << ": error: " << makePrintable(message.str()) << '\n';
  return code;
}

int pith::reportError(llvm::Error error, ExitCode code) {
  std::string message = llvm::toString(std::move(error));
  if (llvm::StringRef(message).contains("internal error"))
    code = kInternalError;
  return reportError(message, code);
}

llvm::Expected<std::vector<InputShape>>
pith::parseShapes(llvm::ArrayRef<std::string> texts) {
  std::vector<InputShape> shapes;
  for (llvm::StringRef text : texts) {
    auto [name, sizes] = text.rsplit(':');
    InputShape shape;
    shape.name = name.str();
    llvm::SmallVector<llvm::StringRef> parts;
    if (text.contains(':') && !sizes.empty())
      sizes.split(parts, 'x');
    for (llvm::StringRef part : parts) {
      int64_t size = -1;
      if (part != "?" && (part.getAsInteger(10, size) || size < 0))
        parts.clear();
      shape.sizes.push_back(size);
    }
    if (parts.empty() && !(text.ends_with(":")))
      return llvm::createStringError("expects --shape NAME:1x3x224x224, found '" + text +
                                     "'");
    shapes.push_back(std::move(shape));
  }
  return shapes;
}

llvm::Expected<TargetDescription> pith::parseTarget(llvm::StringRef cpu,
                                                    llvm::StringRef target) {
  if (target == "cpu")
    target = "";
  if (target.starts_with("cuda"))
    return llvm::createStringError("code for CUDA is not supported yet");
  if (cpu.contains(','))
    return llvm::createStringError("expects one processor, found '" + cpu + "'");
  return TargetDescription::get(cpu, target);
}

void pith::registerUpstreamOptions() {
  mlir::registerAsmPrinterCLOptions();
  mlir::registerMLIRContextCLOptions();
  mlir::registerPassManagerCLOptions();
}

bool pith::parseCommandLine(std::vector<char *> arguments, llvm::StringRef overview) {
  if (!llvm::cl::ParseCommandLineOptions(static_cast<int>(arguments.size()),
                                         arguments.data(), overview, &llvm::errs()))
    return false;
  if (llvm::Error error = loadPlugins()) {
    reportError(std::move(error));
    return false;
  }
  return true;
}

mlir::LogicalResult pith::preparePasses(mlir::PassManager &passes) {
  return mlir::applyPassManagerCLOptions(passes);
}

/// Runs in the signal handler: only what is safe there.
static void onCrash(void *) {
  auto say = [](llvm::StringRef text) { (void)!::write(2, text.data(), text.size()); };
  say(toolName);
  say(": internal error: this is a fault of Pith; please report it with the model and "
      "the command line above\n");
  llvm::sys::RunInterruptHandlers(); // removes files that are not complete
  ::_exit(kInternalError);
}

static void onFatalError(void *, const char *reason, bool) {
  // What help prints is only known to be lost when the process ends.
  if (llvm::outs().has_error()) {
    llvm::errs() << toolName << ": error: cannot write to the standard output\n";
    ::_exit(kWrongInput);
  }
  // That is how LLVM reports a full disk.
  bool isOutput = llvm::StringRef(reason).contains("IO failure on output stream");
  llvm::errs() << toolName << (isOutput ? ": error: " : ": internal error: ") << reason
               << '\n';
  llvm::sys::RunInterruptHandlers();
  ::_exit(isOutput ? kWrongInput : kInternalError);
}

static void onOutOfMemory(void *, const char *reason, bool) {
  llvm::StringRef text = "error: out of memory\n";
  (void)!::write(2, text.data(), text.size());
  llvm::sys::RunInterruptHandlers();
  ::_exit(kWrongInput);
}

/// Blocks of a megabyte and more (weights, matrices of statistics) go back to the system
/// when they are freed, instead of leaving holes: compressing a model with a profile
/// takes a quarter less memory so.
static void returnFreedMemory() {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
#endif
}

int pith::runTool(const char *name, llvm::function_ref<int()> body) {
  toolName = name;
  returnFreedMemory();
  llvm::setBugReportMsg("");
  llvm::sys::AddSignalHandler(onCrash, nullptr);
  llvm::install_fatal_error_handler(onFatalError);
  llvm::install_bad_alloc_error_handler(onOutOfMemory);
  int result = kInternalError;
  constexpr unsigned kStackBytes = 256u << 20;
  llvm::thread worker(std::optional<unsigned>(kStackBytes), [&] { result = body(); });
  worker.join();
  return result;
}
