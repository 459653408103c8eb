//===- pith-profile.cpp - Shows and merges profiles -----------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ProfileView.h"
#include "ToolSupport.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/InitLLVM.h"

using namespace pith;
namespace cl = llvm::cl;

static cl::OptionCategory category("Options");
static cl::list<std::string> arguments(cl::Positional, cl::desc("FILE | merge FILE..."),
                                       cl::cat(category));
static cl::opt<std::string> output("o", cl::desc("Where the merged profile goes"),
                                   cl::value_desc("file"), cl::cat(category));
static cl::opt<bool> json("json", cl::desc("Print JSON"), cl::cat(category));

constexpr llvm::StringLiteral kOverview =
    "pith-profile: shows what calibration saw\n\n"
    "  pith-profile model.profile                    a line per site\n"
    "  pith-profile merge a.profile b.profile -o c   adds runs on the same model up\n\n"
    "Columns: vectors seen, groups and their size, extremes and quantiles of all\n"
    "elements (to within 3 %), the effective rank (tr G)^2 / |G|^2 of the Gram matrix,\n"
    "and the node that multiplies the activation with a weight.\n";

static int merge(mlir::MLIRContext &context, llvm::ArrayRef<std::string> files) {
  if (files.empty() || output.empty())
    return reportError("expects files and -o FILE behind 'merge'", kWrongUsage);
  Profile sum;
  for (auto [index, file] : llvm::enumerate(files)) {
    auto profile = readProfile(&context, file);
    if (!profile)
      return reportError(profile.takeError());
    if (index == 0)
      sum = std::move(*profile);
    else if (llvm::Error error = mergeProfile(sum, *profile))
      return reportError("'" + file + "': " + llvm::toString(std::move(error)));
  }
  if (llvm::Error error = writeProfile(sum, output))
    return reportError(std::move(error));
  return kDone;
}

static int show(mlir::MLIRContext &context, llvm::StringRef file) {
  auto profile = readProfile(&context, file);
  if (!profile)
    return reportError(profile.takeError());
  if (json)
    llvm::outs() << llvm::formatv("{0:2}\n", toJSON(*profile));
  else
    printProfile(*profile, llvm::outs());
  llvm::outs().flush();
  if (!llvm::outs().has_error())
    return kDone;
  llvm::outs().clear_error();
  return reportError("cannot write to the standard output");
}

static int run(int argc, char **argv) {
  cl::HideUnrelatedOptions(category);
  if (!parseCommandLine(std::vector<char *>(argv, argv + argc), kOverview))
    return kWrongUsage;
  std::vector<std::string> words = arguments;
  mlir::MLIRContext context;
  if (!words.empty() && words.front() == "merge")
    return merge(context, llvm::ArrayRef(words).drop_front());
  if (words.size() != 1)
    return reportError("expects a profile, or merge and profiles (see --help)", kWrongUsage);
  if (!output.empty())
    return reportError("expects -o only behind 'merge'", kWrongUsage);
  return show(context, words.front());
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  return runTool("pith-profile", [&] { return run(argc, argv); });
}
