//===- Options.cpp - pithc's command line ---------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Options.h"

#include "ToolSupport.h"
#include "pith/Compression/Compression.h"
#include "pith/Compression/Recipe.h"
#include "pith/Pipelines/Compile.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"

using namespace pith;
namespace cl = llvm::cl;

namespace {

/// Every option of pithc. Never destroyed: the linker resets all options there are.
struct CommandLine {
  cl::OptionCategory category{"Options"};
  cl::opt<std::string> model{cl::Positional, cl::desc("MODEL.onnx|MODEL.mlir|MODEL.mlirbc"),
                             cl::cat(category)};
  cl::opt<std::string> output{"o", cl::desc("What to write (`-`: IR to the standard output)"),
                              cl::value_desc("file"), cl::cat(category)};
  cl::opt<std::string> recipe{
      "compress",
      cl::desc("How to compress: a preset or a list of passes, such as int4, w8a8, "
               "prune{sparsity=0.5},int8 (all: --compress=help)"),
      cl::value_desc("recipe"), cl::cat(category)};
  cl::opt<std::string> samples{
      "calibrate",
      cl::desc("Samples to collect statistics of activations on, for the passes of "
               "--compress: inputs as NAME.npy, or folders 0, 1, 2, ... of them, or an "
               "NPZ file"),
      cl::value_desc("dir|file.npz"), cl::cat(category)};
  cl::opt<bool> instrument{
      "instrument",
      cl::desc("Make a program that observes activations; it writes what it saw with "
               "--profile=FILE"),
      cl::cat(category)};
  cl::opt<std::string> profile{
      "profile", cl::desc("Statistics of activations that an instrumented program wrote"),
      cl::value_desc("file"), cl::cat(category)};
  cl::opt<std::string> writeProfile{
      "write-profile", cl::desc("Writes the statistics of --calibrate to a file"),
      cl::value_desc("file"), cl::cat(category)};
  cl::opt<std::string> cpu{
      "cpu", cl::desc("The processor to compile for, in LLVM's terms; native is this one"),
      cl::value_desc("name"), cl::init("native"), cl::cat(category)};
  cl::opt<std::string> target{
      "target",
      cl::desc("What to compile for: cpu (this kind of machine), or a triple such as "
               "aarch64-linux-gnu"),
      cl::value_desc("target"), cl::init("cpu"), cl::cat(category)};
  cl::opt<Emit> emit{
      "emit", cl::desc("What to write"), cl::init(Emit::Executable),
      cl::values(
          clEnumValN(Emit::Executable, "exe", "a program (the default)"),
          clEnumValN(Emit::Object, "obj", "an object, and a C header beside it"),
          clEnumValN(Emit::StaticLibrary, "static", "a static library, and a C header"),
          clEnumValN(Emit::SharedLibrary, "shared", "a shared library, and a C header"),
          clEnumValN(Emit::Imported, "imported", "IR as imported"),
          clEnumValN(Emit::Simplified, "pith", "simplified IR"),
          clEnumValN(Emit::Compressed, "compressed", "IR with compressed weights"),
          clEnumValN(Emit::Kernels, "kernels", "IR cut into kernels, for reading"),
          clEnumValN(Emit::LLVM, "llvm", "optimized LLVM IR"),
          clEnumValN(Emit::Assembly, "asm", "assembly")),
      cl::cat(category)};
  cl::list<std::string> shapes{
      "shape", cl::desc("Fixes the sizes of an input (`?`: as in the model)"),
      cl::value_desc("NAME:1x3x224x224"), cl::cat(category)};
  cl::opt<std::string> report{"report",
                              cl::desc("Writes what became of each weight, and times"),
                              cl::value_desc("file.json"), cl::cat(category)};
  cl::opt<bool> checkOnly{
      "check-only", cl::desc("Only find out whether the model can be compiled"),
      cl::cat(category)};
  cl::opt<bool> dryRun{"dry-run",
                       cl::desc("Compress and report, but make no code, write no output"),
                       cl::cat(category)};
  cl::opt<unsigned> level{"O", cl::Prefix, cl::init(2),
                          cl::desc("Optimization level of LLVM, 0 to 3 (default 2)"),
                          cl::cat(category)};
  cl::opt<bool> isStatic{"static", cl::desc("Link the C library statically"),
                         cl::cat(category)};
  cl::opt<bool> verbose{"v", cl::desc("Show why passes did what they did"),
                        cl::cat(category)};
  cl::opt<bool> quiet{"quiet", cl::desc("Show errors only"), cl::cat(category)};
};

constexpr llvm::StringLiteral kOverview =
    "Pith: compiles ONNX models, with compressed weights, to programs\n\n"
    "  pithc model.onnx --compress=int4 -o model\n"
    "  ./model --input x=x.npy --output y=y.npy\n\n"
    "IR files named *.mlirbc hold everything and can be compiled further; other IR is\n"
    "text, which leaves the data of weights out unless --print-weights is given.\n"
    "--calibrate runs the model on samples for passes that look at activations; the same\n"
    "in steps: --instrument, the program's own --profile=FILE, and pithc --profile=FILE.\n"
    "--plugin=FILE.so loads further passes and codecs.\n\n"
    "Exit codes: 0 done, 1 the model or the request is wrong or unsupported, 2 wrong\n"
    "usage, 70 a fault of Pith.\n";

} // namespace

std::optional<ArtefactKind> Options::getArtefactKind() const {
  switch (emit) {
  case Emit::Executable:
    return ArtefactKind::Executable;
  case Emit::Object:
    return ArtefactKind::Object;
  case Emit::StaticLibrary:
    return ArtefactKind::StaticLibrary;
  case Emit::SharedLibrary:
    return ArtefactKind::SharedLibrary;
  default:
    return std::nullopt;
  }
}

/// What options say together. A failure is wrong usage.
static llvm::Error check(const CommandLine &line, Options &options) {
  auto wrong = [](const llvm::Twine &what) { return llvm::createStringError(what); };
  if (options.model.empty())
    return wrong("expects a model (see --help)");
  if (options.output.empty() && !options.checkOnly && !options.dryRun)
    return wrong("expects -o FILE");
  if (options.output == "-" && options.getArtefactKind())
    return wrong("expects -o FILE: only IR and assembly go to the standard output");
  if (!options.samples.empty() && !options.profile.empty())
    return wrong("expects one of --calibrate and --profile");
  if (!options.writeProfile.empty() && options.samples.empty() && options.profile.empty())
    return wrong("expects --calibrate with --write-profile");
  if (options.instrument && !options.recipe.empty())
    return wrong("expects --instrument without --compress: a profile is of the model as "
                 "it was");
  for (llvm::StringRef written :
       {llvm::StringRef(options.output), llvm::StringRef(options.report),
        llvm::StringRef(options.writeProfile)})
    if (!written.empty() && llvm::sys::fs::equivalent(written, options.model))
      return wrong("expects to write to another file than the model, '" +
                   options.model + "'");
  if (!options.report.empty() && options.report == options.output)
    return wrong("expects -o and --report to name two files");
  if (options.level > 3)
    return wrong("expects -O0 to -O3, found -O" + llvm::Twine(options.level));
  if (line.quiet && line.verbose)
    return wrong("expects one of -v and --quiet");
  std::string problem;
  llvm::raw_string_ostream os(problem);
  if (!options.recipe.empty() && failed(checkRecipe(options.recipe, os)))
    return wrong("--compress: " + llvm::StringRef(problem).rtrim());
  auto shapes = parseShapes(line.shapes);
  if (!shapes)
    return shapes.takeError();
  options.shapes = std::move(*shapes);
  auto target = parseTarget(line.cpu, line.target);
  if (!target)
    return target.takeError();
  options.target = std::move(*target);
  return llvm::Error::success();
}

std::optional<Options> pith::parseOptions(int argc, char **argv) {
  static CommandLine &line = *new CommandLine();
  registerUpstreamOptions();
  cl::HideUnrelatedOptions(line.category);
  std::vector<char *> arguments = withoutWeights(argc, argv);
  if (!parseCommandLine(arguments, kOverview))
    return std::nullopt;
  Options options;
  options.model = line.model;
  options.output = line.output;
  options.recipe = line.recipe;
  options.report = line.report;
  options.samples = line.samples;
  options.profile = line.profile;
  options.writeProfile = line.writeProfile;
  options.instrument = line.instrument;
  options.emit = line.emit;
  options.isNative = line.cpu == "native";
  options.level = line.level;
  options.isStatic = line.isStatic;
  options.checkOnly = line.checkOnly;
  options.dryRun = line.dryRun;
  // withoutWeights adds an argument unless weights are asked for.
  options.printWeights = arguments.size() == size_t(argc);
  options.verbosity = line.verbose ? Verbosity::Remarks
                      : line.quiet ? Verbosity::Errors
                                   : Verbosity::Warnings;
  if (options.recipe == "help") {
    registerCompressionPasses();
    printRecipeHelp(llvm::outs());
    llvm::outs().flush();
    std::exit(kDone);
  }
  if (llvm::Error error = check(line, options)) {
    reportError(std::move(error));
    return std::nullopt;
  }
  return options;
}
