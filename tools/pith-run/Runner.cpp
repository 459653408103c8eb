//===- Runner.cpp - What pith-run does ------------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Runner.h"

#include "Commands.h"
#include "Plugins.h"
#include "ReferenceModel.h"
#include "ToolSupport.h"
#include "pith/Pipelines/Compile.h"
#include "pith/Pipelines/RuntimeTable.h"
#include "pith/Support/Progress.h"
#include "pith/Target/JIT.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace pith;

namespace {

/// One model from file to results.
class Runner {
public:
  explicit Runner(const RunOptions &options)
      : options(options), context(makeToolRegistry()),
        printer(context, options.verbosity), compilation(context, compileOptions()) {
    if (options.verbosity != Verbosity::Errors)
      enableProgress(context);
  }
  int run(llvm::StringRef path);

private:
  CompileOptions compileOptions() const {
    CompileOptions result;
    result.recipe = options.recipe;
    result.samples = options.samples;
    result.instrument = options.instrument;
    result.preparePasses = preparePasses;
    return result;
  }
  int runReference();
  int runCompiled();
  llvm::Expected<LoadedProgram> compile();

  const RunOptions &options;
  MLIRContext context;
  DiagnosticPrinter printer;
  Compilation compilation;
  std::vector<char *> arguments;
};

} // namespace

int Runner::run(llvm::StringRef path) {
  static char name[] = "pith-run";
  arguments = {name};
  // The runtime does not write beyond what it is given.
  for (const std::string &argument : options.programArguments)
    arguments.push_back(const_cast<char *>(argument.c_str()));
  if (failed(compilation.load(path)) || failed(compilation.advance(Stage::Compressed)))
    return kWrongInput;
  printer.printRemarks();
  return options.mode == RunMode::Reference ? runReference() : runCompiled();
}

int Runner::runReference() {
  ReferenceModel reference(compilation.getMain());
  auto model = reference.getModel();
  if (!model)
    return reportError(model.takeError());
  return run_model(*model, int(arguments.size()), arguments.data());
}

llvm::Expected<LoadedProgram> Runner::compile() {
  ProgramOptions programOptions;
  programOptions.compiler = "pith-run";
  auto program = compilation.generate(options.target, programOptions);
  if (failed(program))
    return llvm::createStringError("the model was not compiled");
  return LoadedProgram::create(*program, options.target, options.level, getRuntimeTable());
}

int Runner::runCompiled() {
  // Compiling cuts `main` into kernels.
  OwningOpRef<ModuleOp> original;
  if (options.mode == RunMode::Compare)
    original = compilation.getModule().clone();
  auto program = compile();
  if (!program)
    return reportError(program.takeError());
  if (options.mode == RunMode::Compiled)
    return run_model(program->getModel(), int(arguments.size()), arguments.data());
  ReferenceModel reference((*original).lookupSymbol<func::FuncOp>("main"));
  auto model = reference.getModel();
  if (!model)
    return reportError(model.takeError());
  return compare_models(program->getModel(), *model, int(arguments.size()),
                        arguments.data());
}

int pith::runModel(llvm::StringRef path, const RunOptions &options) {
  return Runner(options).run(path);
}

/// The folders of cases, sorted.
static llvm::Expected<std::vector<std::string>> findCases(llvm::StringRef folder) {
  std::vector<std::string> cases;
  std::error_code error;
  for (llvm::sys::fs::directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error))
    if (llvm::sys::fs::exists(at->path() + "/model.onnx"))
      cases.push_back(at->path());
  if (error)
    return llvm::createStringError("cannot read '" + folder + "': " + error.message());
  llvm::sort(cases);
  return cases;
}

int pith::runCases(llvm::StringRef folder, const RunOptions &options) {
  auto cases = findCases(folder);
  if (!cases)
    return reportError(cases.takeError());
  if (cases->empty())
    return reportError("'" + folder + "': expects folders with a file model.onnx");
  int bad = 0;
  for (const std::string &path : *cases) {
    RunOptions one = options;
    one.programArguments.push_back("--outputs=" + path + "/out");
    if (llvm::sys::fs::is_directory(path + "/in"))
      one.programArguments.push_back("--inputs=" + path + "/in");
    int status = runModel(path + "/model.onnx", one);
    bad += status != kDone;
    llvm::outs() << llvm::sys::path::filename(path)
                 << (status == kDone ? ": done\n" : ": failed\n");
    llvm::outs().flush();
  }
  llvm::outs() << cases->size() - bad << " done, " << bad << " failed\n";
  return bad ? kWrongInput : kDone;
}
