//===- Recipe.cpp - --compress=RECIPE -------------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Splits a recipe into steps, finds the pass of each, and checks option names
// before MLIR's own parser sees them, so that messages can say what there is.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Recipe.h"

#include "PassOptionNames.h"

#include "pith/Compression/Compression.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"

using namespace mlir;
using namespace pith;

static constexpr StringLiteral kPrefix = "pith-";

ArrayRef<CompressionPreset> pith::getCompressionPresets() {
  static const CompressionPreset presets[] = {
      {"int8", "quantize{bits=8 granularity=per-channel}",
       "weights of 8 bits, one scale per output"},
      {"int4", "quantize{bits=4 group-size=32}", "weights of 4 bits in groups of 32"},
      {"int3", "quantize{bits=3 group-size=32}", "weights of 3 bits in groups of 32"},
      {"int2", "quantize{bits=2 group-size=32}", "weights of 2 bits in groups of 32"},
      {"w8a8", "quantize{bits=8 granularity=per-channel},quantize-activations",
       "int8 and activations of 8 bits, dynamic per row"},
      {"w4a8", "quantize{bits=4 group-size=32},quantize-activations",
       "int4 and activations of 8 bits, dynamic per row and group"},
      {"low-rank", "factorize", "truncated singular value decomposition"},
  };
  return presets;
}

namespace {
struct Step {
  std::string name, options;
};

/// Characters that group: commas and spaces inside do not separate.
class Nesting {
public:
  /// Takes in a character; returns whether it stands at the top level.
  bool next(char c) {
    if (quote) {
      if (c == quote)
        quote = 0;
      return false;
    }
    if (c == '\'' || c == '"')
      quote = c;
    else if (c == '{')
      ++depth;
    else if (c == '}')
      --depth;
    return depth == 0 && !quote && c != '}';
  }
  bool isClosed() const { return depth == 0 && !quote; }
  bool isBroken() const { return depth < 0; }

private:
  int depth = 0;
  char quote = 0;
};

/// Resolves and adds the steps of one recipe.
class RecipeParser {
public:
  RecipeParser(OpPassManager &passes, llvm::raw_ostream &errors)
      : passes(passes), errors(errors) {
    for (const CompressionFamily &family : getCompressionFamilies())
      for (const PassAllocatorFunction &make : family.passes)
        known.push_back(make());
  }

  LogicalResult parse(StringRef recipe);
  void printHelp(llvm::raw_ostream &os);

private:
  LogicalResult split(StringRef recipe, std::vector<Step> &steps);
  LogicalResult addStep(const Step &step);
  LogicalResult addPass(StringRef argument, const Step &step);
  LogicalResult checkOptions(Pass &pass, const Step &step);
  std::string findPass(StringRef name);
  LogicalResult reportUnknownStep(StringRef name);
  Pass *getKnown(StringRef argument) {
    for (auto &pass : known)
      if (pass->getArgument() == argument)
        return pass.get();
    return nullptr;
  }

  OpPassManager &passes;
  llvm::raw_ostream &errors;
  std::vector<std::unique_ptr<Pass>> known;
};
} // namespace

/// Cuts `text` where `separator` stands at the top level.
static FailureOr<SmallVector<StringRef>> splitTopLevel(StringRef text, char separator) {
  SmallVector<StringRef> parts;
  Nesting nesting;
  size_t begin = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    bool top = nesting.next(text[i]);
    if (nesting.isBroken())
      return failure();
    if (top && text[i] == separator) {
      parts.push_back(text.slice(begin, i));
      begin = i + 1;
    }
  }
  if (!nesting.isClosed())
    return failure();
  parts.push_back(text.substr(begin));
  return parts;
}

LogicalResult RecipeParser::split(StringRef recipe, std::vector<Step> &steps) {
  FailureOr<SmallVector<StringRef>> parts = splitTopLevel(recipe, ',');
  if (failed(parts)) {
    errors << "recipe '" << recipe << "': expected balanced braces and quotes\n";
    return failure();
  }
  for (StringRef part : *parts) {
    part = part.trim();
    Step step;
    size_t brace = part.find('{');
    step.name = part.substr(0, brace).trim().str();
    if (brace != StringRef::npos) {
      StringRef rest = part.substr(brace);
      if (!rest.consume_front("{") || !rest.consume_back("}")) {
        errors << "recipe '" << recipe << "': expected '}' at the end of '" << part
               << "'\n";
        return failure();
      }
      step.options = rest.trim().str();
    }
    if (step.name.empty()) {
      errors << "recipe '" << recipe << "': expected the name of a step, found "
             << (part.empty() ? std::string("nothing") : "'" + part.str() + "'") << '\n';
      return failure();
    }
    steps.push_back(std::move(step));
  }
  return success();
}

/// The closest candidate, if it is near enough to be a slip of the finger.
static StringRef findClosest(StringRef name, ArrayRef<std::string> candidates) {
  StringRef closest;
  unsigned best = std::max<unsigned>(2, name.size() / 3) + 1;
  for (StringRef candidate : candidates) {
    unsigned distance = name.edit_distance(candidate, /*AllowReplacements=*/true, best);
    if (distance < best) {
      best = distance;
      closest = candidate;
    }
  }
  return closest;
}

static void suggest(llvm::raw_ostream &os, StringRef name,
                    ArrayRef<std::string> candidates, StringRef what) {
  if (StringRef closest = findClosest(name, candidates); !closest.empty())
    os << "; did you mean '" << closest << "'?";
  os << "\n" << what << ": " << llvm::join(candidates, ", ") << '\n';
}

/// The argument of the registered pass that a name means; empty if there is none.
std::string RecipeParser::findPass(StringRef name) {
  name.consume_front(kPrefix);
  std::string exact = (kPrefix + name).str();
  for (const std::string &argument : {exact, exact + "-weights"})
    if (PassInfo::lookup(argument))
      return argument;
  std::string found;
  for (auto &pass : known)
    if (pass->getArgument().starts_with(exact + "-")) {
      if (!found.empty())
        return "";
      found = pass->getArgument().str();
    }
  return found;
}

/// The shortest name of a pass in recipes.
static std::string getShortName(StringRef argument) {
  argument.consume_front(kPrefix);
  argument.consume_back("-weights");
  return argument.str();
}

LogicalResult RecipeParser::reportUnknownStep(StringRef name) {
  std::vector<std::string> names;
  for (const CompressionPreset &preset : getCompressionPresets())
    names.push_back(preset.name.str());
  for (auto &pass : known)
    names.push_back(getShortName(pass->getArgument()));
  errors << "unknown compression step '" << name << "'";
  suggest(errors, name, names, "presets and passes");
  return failure();
}

/// The name before '='.
static StringRef getKey(StringRef option) { return option.split('=').first.trim(); }

/// `options` with those of `defaults` that it does not set itself.
static std::string mergeOptions(StringRef defaults, StringRef options) {
  std::string merged = options.str();
  FailureOr<SmallVector<StringRef>> given = splitTopLevel(options, ' ');
  FailureOr<SmallVector<StringRef>> preset = splitTopLevel(defaults, ' ');
  if (failed(given) || failed(preset))
    return merged;
  for (StringRef option : *preset)
    if (!option.empty() && llvm::none_of(*given, [&](StringRef other) {
          return getKey(other) == getKey(option);
        }))
      merged += (" " + option).str();
  return merged;
}

LogicalResult RecipeParser::checkOptions(Pass &pass, const Step &step) {
  FailureOr<SmallVector<StringRef>> options = splitTopLevel(step.options, ' ');
  if (failed(options)) {
    errors << "step '" << step.name << "': expected balanced braces and quotes in '"
           << step.options << "'\n";
    return failure();
  }
  std::vector<std::string> names;
  for (const PassOptionName &option : getPassOptionNames(pass))
    names.push_back(option.name);
  for (StringRef option : *options) {
    if (option.empty() || llvm::is_contained(names, getKey(option)))
      continue;
    errors << "unknown option '" << getKey(option) << "' of compression step '"
           << step.name << "'";
    suggest(errors, getKey(option), names, "options");
    return failure();
  }
  return success();
}

LogicalResult RecipeParser::addPass(StringRef argument, const Step &step) {
  if (Pass *pass = getKnown(argument))
    if (failed(checkOptions(*pass, step)))
      return failure();
  auto report = [&](const llvm::Twine &message) -> LogicalResult {
    errors << "compression step '" << step.name << "': " << message << '\n';
    return failure();
  };
  return PassInfo::lookup(argument)->addToPipeline(passes, step.options, report);
}

LogicalResult RecipeParser::addStep(const Step &step) {
  for (const CompressionPreset &preset : getCompressionPresets()) {
    if (preset.name != step.name)
      continue;
    std::vector<Step> steps;
    if (failed(split(preset.recipe, steps)))
      return failure();
    steps.front().options = mergeOptions(steps.front().options, step.options);
    for (const Step &part : steps)
      if (failed(addPass(findPass(part.name), {step.name, part.options})))
        return failure();
    return success();
  }
  std::string argument = findPass(step.name);
  if (argument.empty())
    return reportUnknownStep(step.name);
  return addPass(argument, step);
}

LogicalResult RecipeParser::parse(StringRef recipe) {
  std::vector<Step> steps;
  if (failed(split(recipe, steps)))
    return failure();
  for (const Step &step : steps)
    if (failed(addStep(step)))
      return failure();
  return success();
}

void RecipeParser::printHelp(llvm::raw_ostream &os) {
  os << "presets:\n";
  for (const CompressionPreset &preset : getCompressionPresets())
    os << "  " << llvm::left_justify(preset.name, 22) << preset.summary << '\n';
  os << "passes, with options as in prune{sparsity=0.5}:\n";
  for (auto &pass : known) {
    os << "  " << llvm::left_justify(getShortName(pass->getArgument()), 22)
       << pass->getDescription() << '\n';
    for (const PassOptionName &option : getPassOptionNames(*pass))
      os << "    " << llvm::left_justify(option.name, 20) << option.help << '\n';
  }
}

LogicalResult pith::parseRecipe(StringRef recipe, OpPassManager &passes,
                                llvm::raw_ostream &errors) {
  return RecipeParser(passes, errors).parse(recipe);
}

void pith::printRecipeHelp(llvm::raw_ostream &os) {
  OpPassManager unused;
  RecipeParser(unused, os).printHelp(os);
}
