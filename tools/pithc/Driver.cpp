//===- Driver.cpp - What pithc does ---------------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Driver.h"

#include "Plugins.h"
#include "ToolSupport.h"
#include "pith/Support/Progress.h"
#include "pith/Target/CodeEmission.h"
#include "pith/Target/OutputFile.h"
#include "mlir/Bytecode/BytecodeWriter.h"
#include "llvm/Support/Path.h"

#include <chrono>

using namespace mlir;
using namespace pith;

namespace {

class Driver {
public:
  explicit Driver(const Options &options)
      : options(options), context(makeToolRegistry()),
        printer(context, options.verbosity), compilation(context, compileOptions()) {
    if (options.verbosity != Verbosity::Errors)
      enableProgress(context);
  }
  int run();

private:
  CompileOptions compileOptions() const {
    CompileOptions result;
    result.shapes = options.shapes;
    result.recipe = options.recipe;
    result.samples = options.samples;
    result.profile = options.profile;
    result.writeProfile = options.writeProfile;
    result.instrument = options.instrument;
    result.preparePasses = preparePasses;
    return result;
  }
  LogicalResult advance();
  llvm::Error writeIR();
  llvm::Error writeProgram(Program &program);
  int finish(const CompressionReport &report);

  const Options &options;
  MLIRContext context;
  DiagnosticPrinter printer;
  Compilation compilation;
};

} // namespace

/// The stage after which IR is written or reported.
static Stage getLastStage(const Options &options) {
  switch (options.emit) {
  case Emit::Imported:
    return Stage::Imported;
  case Emit::Simplified:
    return Stage::Simplified;
  default:
    return Stage::Compressed;
  }
}

llvm::Error Driver::writeIR() {
  return writeOutput(options.output, [&](llvm::raw_pwrite_stream &os) -> llvm::Error {
    ModuleOp module = compilation.getModule();
    if (StringRef(options.output).ends_with(".mlirbc")) {
      if (failed(writeBytecodeToFile(module, os)))
        return llvm::createStringError("cannot write bytecode");
      return llvm::Error::success();
    }
    OpPrintingFlags flags;
    if (!options.printWeights)
      flags.elideLargeResourceString(0);
    module->print(os, flags);
    os << '\n';
    return llvm::Error::success();
  });
}

llvm::Error Driver::writeProgram(Program &program) {
  if (options.emit == Emit::LLVM || options.emit == Emit::Assembly)
    return writeOutput(options.output, [&](llvm::raw_pwrite_stream &os) {
      auto emit = options.emit == Emit::LLVM ? emitLLVM : emitAssembly;
      return emit(program, options.target, options.level, os);
    });
  ArtefactOptions artefact;
  artefact.kind = *options.getArtefactKind();
  artefact.output = options.output;
  artefact.runtimes = options.runtimes;
  artefact.level = options.level;
  artefact.isStatic = options.isStatic;
  return writeArtefact(program, options.target, artefact);
}

int Driver::finish(const CompressionReport &report) {
  printer.printRemarks();
  if (options.verbosity != Verbosity::Errors)
    printSummary(options, compilation, report);
  if (!options.report.empty())
    if (llvm::Error error = writeReport(options, compilation, report))
      return reportError(std::move(error));
  return kDone;
}

int Driver::run() {
  if (failed(compilation.load(options.model)) ||
      failed(compilation.advance(getLastStage(options))))
    return kWrongInput;
  CompressionReport report = CompressionReport::get(compilation.getModule());
  if (options.checkOnly) {
    if (failed(compilation.checkKernels(options.target)))
      return kWrongInput;
    return finish(report);
  }
  if (options.dryRun)
    return finish(report);
  bool isIR = options.emit >= Emit::Imported && options.emit <= Emit::Kernels;
  if (isIR) {
    if (options.emit == Emit::Kernels && failed(compilation.advance(Stage::Kernels)))
      return kWrongInput;
    if (llvm::Error error = writeIR())
      return reportError(std::move(error));
    return finish(report);
  }

  ProgramOptions programOptions;
  programOptions.modelName = llvm::sys::path::stem(options.model).str();
  programOptions.symbolPrefix = makeSymbolPrefix(
      options.output, options.getArtefactKind().value_or(ArtefactKind::Object));
  programOptions.compiler = "pith " PITH_VERSION;
  auto program = compilation.generate(options.target, programOptions);
  if (failed(program))
    return kWrongInput;
  auto start = std::chrono::steady_clock::now();
  if (llvm::Error error = writeProgram(*program))
    return reportError(std::move(error));
  std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
  compilation.addTime("output", time.count());
  return finish(report);
}

int pith::compileModel(const Options &options) { return Driver(options).run(); }
