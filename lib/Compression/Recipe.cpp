//===- Recipe.cpp - --compress=RECIPE -------------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Finds the pass of each step of a recipe, and checks option names before MLIR's
// own parser sees them, so that messages can say where and what there is.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Recipe.h"

#include "PassOptionNames.h"
#include "RecipeSyntax.h"

#include "pith/Compression/Compression.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"

using namespace mlir;
using namespace pith;

static constexpr StringLiteral kPrefix = "pith-";

std::vector<CompressionPreset> pith::getCompressionPresets() {
  std::vector<CompressionPreset> presets;
  for (const CompressionFamily &family : getCompressionFamilies())
    llvm::append_range(presets, family.presets);
  return presets;
}

/// The shortest name of a pass in recipes.
static std::string getShortName(StringRef argument) {
  argument.consume_front(kPrefix);
  argument.consume_back("-weights");
  return argument.str();
}

namespace {
/// A pass of a family: an example, and how more are made.
struct KnownPass {
  std::unique_ptr<Pass> pass;
  PassAllocatorFunction make;
};

/// The passes of all families, by the names that recipes give them.
class KnownPasses {
public:
  KnownPasses() {
    for (const CompressionFamily &family : getCompressionFamilies())
      for (const PassAllocatorFunction &make : family.passes)
        passes.push_back({make(), make});
  }

  ArrayRef<KnownPass> all() const { return passes; }
  /// The argument of the registered pass that a name means; empty if there is
  /// none. Passes of plugins are found by their full names.
  std::string find(StringRef name) const;
  /// The pass with this argument, if it is of a family.
  const KnownPass *get(StringRef argument) const {
    for (const KnownPass &known : passes)
      if (known.pass->getArgument() == argument)
        return &known;
    return nullptr;
  }

private:
  std::vector<KnownPass> passes;
};

/// Resolves and adds the steps of one recipe.
class RecipeParser {
public:
  RecipeParser(StringRef recipe, OpPassManager &passes, llvm::raw_ostream &errors)
      : text(recipe, errors), errors(errors), passes(passes) {}

  LogicalResult parse();

private:
  LogicalResult addStep(const RecipeStep &step);
  LogicalResult addPass(StringRef argument, StringRef options,
                        const RecipeStep &step);
  LogicalResult checkOptions(StringRef argument, const RecipeStep &step,
                             ArrayRef<StringRef> options);
  LogicalResult reportUnknownStep(const RecipeStep &step);
  LogicalResult reportUnknown(StringRef name, std::string message,
                              ArrayRef<std::string> candidates, StringRef what);

  RecipeText text;
  llvm::raw_ostream &errors;
  OpPassManager &passes;
  KnownPasses known;
};
} // namespace

std::string KnownPasses::find(StringRef name) const {
  if (PassInfo::lookup(name))
    return name.str();
  name.consume_front(kPrefix);
  std::string exact = (kPrefix + name).str();
  for (const std::string &argument : {exact, exact + "-weights"})
    if (PassInfo::lookup(argument))
      return argument;
  std::string found;
  for (const KnownPass &known : passes)
    if (StringRef argument = known.pass->getArgument();
        argument.starts_with(exact + "-")) {
      if (!found.empty())
        return "";
      found = argument.str();
    }
  return found;
}

/// `name` is none of `candidates`, which are `what`.
LogicalResult RecipeParser::reportUnknown(StringRef name, std::string message,
                                          ArrayRef<std::string> candidates,
                                          StringRef what) {
  if (StringRef closest = findClosest(name, candidates); !closest.empty())
    message += (", did you mean '" + closest + "'?").str();
  return text.error(name, message,
                    {(what + ": " + llvm::join(candidates, ", ")).str()});
}

LogicalResult RecipeParser::reportUnknownStep(const RecipeStep &step) {
  std::vector<std::string> names;
  for (const CompressionPreset &preset : getCompressionPresets())
    names.push_back(preset.name.str());
  for (const KnownPass &entry : known.all())
    names.push_back(getShortName(entry.pass->getArgument()));
  return reportUnknown(step.name,
                       ("unknown compression step '" + step.name + "'").str(), names,
                       "presets and passes");
}

/// `options` after those of `defaults` that they do not set themselves.
static std::string mergeOptions(StringRef defaults, ArrayRef<StringRef> options) {
  std::vector<std::string> merged;
  for (StringRef option : llvm::split(defaults, ' '))
    if (!option.empty() && llvm::none_of(options, [&](StringRef other) {
          return getOptionKey(other) == getOptionKey(option);
        }))
      merged.push_back(option.str());
  for (StringRef option : options)
    merged.push_back(option.str());
  return llvm::join(merged, " ");
}

LogicalResult RecipeParser::checkOptions(StringRef argument, const RecipeStep &step,
                                         ArrayRef<StringRef> options) {
  const KnownPass *entry = known.get(argument);
  if (!entry)
    return success(); // a plugin's: MLIR checks
  std::vector<std::string> names;
  for (const PassOptionName &option : getPassOptionNames(*entry->pass))
    names.push_back(option.name);
  std::vector<StringRef> seen;
  for (StringRef option : options) {
    StringRef key = getOptionKey(option);
    if (!llvm::is_contained(names, key))
      return reportUnknown(
          key, ("unknown option '" + key + "' of '" + step.name + "'").str(), names,
          "options");
    if (llvm::is_contained(seen, key))
      return text.error(option, "option '" + key + "' is given twice");
    seen.push_back(key);
    // Alone, to tell which value does not parse (there is no message then); how
    // options go together is checked with all of them.
    bool parsed = false;
    auto heard = [&](const Twine &message) -> LogicalResult {
      parsed = !message.str().empty();
      return failure();
    };
    if (failed(entry->make()->initializeOptions(option, heard)) && !parsed)
      return text.error(option, "option '" + key + "' does not take this value");
  }
  return success();
}

LogicalResult RecipeParser::addPass(StringRef argument, StringRef options,
                                    const RecipeStep &step) {
  auto report = [&](const Twine &message) -> LogicalResult {
    return text.error(step.options.empty() ? step.name : step.options,
                      "'" + step.name + "': " + message);
  };
  return PassInfo::lookup(argument)->addToPipeline(passes, options, report);
}

LogicalResult RecipeParser::addStep(const RecipeStep &step) {
  // What a step stands for; its own options are for the first pass.
  std::string expansion = step.name.str();
  for (const CompressionPreset &preset : getCompressionPresets())
    if (preset.name == step.name)
      expansion = preset.recipe.str();
  FailureOr<std::vector<StringRef>> options = text.getOptions(step);
  RecipeText expanded(expansion, errors);
  FailureOr<std::vector<RecipeStep>> parts = expanded.getSteps();
  if (failed(options) || failed(parts))
    return failure();
  for (auto [index, part] : llvm::enumerate(*parts)) {
    std::string argument = known.find(part.name);
    if (argument.empty())
      return reportUnknownStep(step);
    std::string all = part.options.str();
    if (index == 0) {
      if (failed(checkOptions(argument, step, *options)))
        return failure();
      all = mergeOptions(part.options, *options);
    }
    if (failed(addPass(argument, all, step)))
      return failure();
  }
  return success();
}

LogicalResult RecipeParser::parse() {
  FailureOr<std::vector<RecipeStep>> steps = text.getSteps();
  if (failed(steps))
    return failure();
  for (const RecipeStep &step : *steps)
    if (failed(addStep(step)))
      return failure();
  return success();
}

LogicalResult pith::parseRecipe(StringRef recipe, OpPassManager &passes,
                                llvm::raw_ostream &errors) {
  return RecipeParser(recipe, passes, errors).parse();
}

void pith::printRecipeHelp(llvm::raw_ostream &os) {
  os << "presets:\n";
  for (const CompressionPreset &preset : getCompressionPresets())
    os << "  " << llvm::left_justify(preset.name, 24) << preset.summary << '\n';
  os << "passes, with options as in prune{sparsity=0.5}:\n";
  KnownPasses known;
  for (const KnownPass &entry : known.all()) {
    os << "  " << llvm::left_justify(getShortName(entry.pass->getArgument()), 24)
       << entry.pass->getDescription() << '\n';
    for (const PassOptionName &option : getPassOptionNames(*entry.pass))
      os << "    " << llvm::left_justify(option.name, 22) << option.help << '\n';
  }
}
