//===- pith-run.cpp - Models without a file in between --------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Commands.h"
#include "Runner.h"
#include "ToolSupport.h"
#include "pith/Pipelines/Compile.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"

using namespace pith;
namespace cl = llvm::cl;

static cl::OptionCategory category("Options");
static cl::opt<std::string> model(cl::Positional, cl::desc("MODEL.onnx|MODEL.mlir|-"),
                                  cl::cat(category));
static cl::opt<std::string> cases("cases",
                                  cl::desc("Run DIR/*/model.onnx: in/NAME.npy to out/NAME.npy"),
                                  cl::value_desc("dir"), cl::cat(category));
static cl::opt<RunMode> mode(
    cl::desc("How to run:"), cl::init(RunMode::Compiled),
    cl::values(clEnumValN(RunMode::Compiled, "compiled", "compile in memory (the default)"),
               clEnumValN(RunMode::Reference, "reference", "evaluate op by op"),
               clEnumValN(RunMode::Compare, "compare",
                          "both; exit code 1 if they differ beyond --rtol and --atol")),
    cl::cat(category));
static cl::opt<std::string> recipe("compress", cl::desc("How to compress (see pithc)"),
                                   cl::value_desc("recipe"), cl::cat(category));
static cl::opt<std::string> samples("calibrate",
                                    cl::desc("Samples for --compress (see pithc)"),
                                    cl::value_desc("dir|file.npz"), cl::cat(category));
static cl::opt<bool> instrument("instrument",
                                cl::desc("Observe activations; --profile=FILE writes them"),
                                cl::cat(category));
static cl::opt<std::string> cpu("cpu", cl::desc("The processor to compile for"),
                                cl::value_desc("name"), cl::init("native"),
                                cl::cat(category));
static cl::opt<unsigned> level("O", cl::Prefix, cl::init(2),
                               cl::desc("Optimization level of LLVM, 0 to 3"),
                               cl::cat(category));
static cl::opt<bool> verbose("v", cl::desc("Show why passes did what they did"),
                             cl::cat(category));
static cl::opt<bool> quiet("quiet", cl::desc("Show errors only"), cl::cat(category));

constexpr llvm::StringLiteral kOverview =
    "pith-run: runs models without a file in between\n\n"
    "  pith-run model.onnx --input x=x.npy --output y=y.npy\n"
    "  pith-run model.mlir --compare --shape x:1x64\n\n"
    "Besides the options below, those of compiled programs: --input, --output, --inputs,\n"
    "--outputs, --bench, --shape, --seed, --check, --rtol, --atol, --profile, --threads,\n"
    "--info, --json. --compare takes random inputs where no file is given.\n";

/// Moves the options of compiled programs from `arguments` to the result.
static std::vector<std::string> takeProgramOptions(std::vector<char *> &arguments) {
  std::vector<std::string> taken;
  std::vector<char *> rest;
  for (size_t i = 0; i < arguments.size(); ++i) {
    llvm::StringRef argument = arguments[i];
    int found = i == 0 || argument == "--help" || argument == "--version"
                    ? -1
                    : find_option(arguments[i]);
    if (found < 0) {
      rest.push_back(arguments[i]);
      continue;
    }
    taken.push_back(argument.str());
    if (found == 1 && !argument.contains('=') && i + 1 < arguments.size())
      taken.push_back(arguments[++i]);
  }
  arguments = std::move(rest);
  return taken;
}

static int run(int argc, char **argv) {
  RunOptions options;
  registerUpstreamOptions();
  cl::HideUnrelatedOptions(category);
  std::vector<char *> arguments = withoutWeights(argc, argv);
  options.programArguments = takeProgramOptions(arguments);
  if (!parseCommandLine(arguments, kOverview))
    return kWrongUsage;
  if (model.empty() == cases.empty())
    return reportError("expects a model or --cases (see --help)", kWrongUsage);
  options.recipe = recipe;
  options.samples = samples;
  options.instrument = instrument;
  if (instrument && !recipe.empty())
    return reportError("expects --instrument without --compress: a profile is of the "
                       "model as it was", kWrongUsage);
  std::string problem;
  llvm::raw_string_ostream os(problem);
  if (!recipe.empty() && failed(checkRecipe(recipe, os)))
    return reportError("--compress: " + problem, kWrongUsage);
  auto target = parseTarget(cpu, "cpu");
  if (!target)
    return reportError(target.takeError(), kWrongUsage);
  options.target = std::move(*target);
  options.level = level;
  options.mode = mode;
  options.verbosity = verbose ? Verbosity::Remarks
                      : quiet ? Verbosity::Errors
                              : Verbosity::Warnings;
  return cases.empty() ? runModel(model, options) : runCases(cases, options);
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  return runTool("pith-run", [&] { return run(argc, argv); });
}
