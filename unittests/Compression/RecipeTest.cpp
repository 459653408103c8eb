//===- RecipeTest.cpp - Recipes -------------------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What recipes stand for, and what is said about wrong ones.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Recipe.h"

#include "pith/Compression/Compression.h"

#include <gtest/gtest.h>

using namespace mlir;
using namespace pith;

namespace {
struct Parsed {
  bool ok;
  std::string pipeline, errors;
};

Parsed parse(StringRef recipe) {
  registerCompressionPasses();
  OpPassManager passes("builtin.module");
  Parsed parsed;
  llvm::raw_string_ostream errors(parsed.errors), pipeline(parsed.pipeline);
  parsed.ok = succeeded(parseRecipe(recipe, passes, errors));
  passes.printAsTextualPipeline(pipeline);
  return parsed;
}

bool contains(const std::string &text, StringRef part) {
  return StringRef(text).contains(part);
}
} // namespace

TEST(Recipe, Presets) {
  for (const CompressionPreset &preset : getCompressionPresets()) {
    Parsed parsed = parse(preset.name);
    EXPECT_TRUE(parsed.ok) << preset.name.str() << parsed.errors;
    // A preset is what its recipe says.
    EXPECT_EQ(parsed.pipeline, parse(preset.recipe).pipeline);
  }
  Parsed int8 = parse("int8");
  EXPECT_TRUE(contains(int8.pipeline, "pith-quantize-weights{bits=8"));
  EXPECT_TRUE(contains(int8.pipeline, "granularity=per-channel"));
  EXPECT_TRUE(contains(parse("int3").pipeline, "bits=3"));
  EXPECT_TRUE(contains(parse("int2").pipeline, "bits=2"));
  EXPECT_TRUE(contains(parse("w4a8").pipeline, "bits=4"));
  EXPECT_TRUE(contains(parse("w4a8").pipeline, "pith-quantize-activations"));
  EXPECT_FALSE(contains(parse("int4").pipeline, "pith-quantize-activations"));
}

TEST(Recipe, StepsAndOptions) {
  Parsed parsed = parse("low-rank{energy=0.9}, quantize{bits=4 group-size=64}");
  EXPECT_TRUE(parsed.ok) << parsed.errors;
  size_t factorize = parsed.pipeline.find("pith-factorize-weights{");
  size_t quantize = parsed.pipeline.find("pith-quantize-weights{");
  EXPECT_LT(factorize, quantize);
  EXPECT_NE(quantize, std::string::npos);
  EXPECT_TRUE(contains(parsed.pipeline, "energy=9.0"));
  EXPECT_TRUE(contains(parsed.pipeline, "group-size=64"));
  // Full names, names without the noun, line breaks, lists of regexes.
  for (StringRef recipe :
       {"pith-prune-weights{pattern=2:4}", "prune-weights{pattern=2:4}",
        "prune{pattern=2:4}", "\n prune {\n pattern=2:4 }\n"})
    EXPECT_TRUE(contains(parse(recipe).pipeline, "pattern=2:4")) << recipe.str();
  EXPECT_TRUE(contains(parse("int4{select=a{1,2},b exclude='c d'}").pipeline,
                       "exclude={{c d}} ")) << parse("int4{select=a{1,2},b exclude='c d'}").pipeline;
}

TEST(Recipe, OptionsOfPresetsReplaceTheirs) {
  Parsed parsed = parse("w4a8{group-size=128 scheme=asymmetric}");
  EXPECT_TRUE(parsed.ok) << parsed.errors;
  EXPECT_TRUE(contains(parsed.pipeline, "group-size=128"));
  EXPECT_TRUE(contains(parsed.pipeline, "bits=4"));
  EXPECT_FALSE(contains(parsed.pipeline, "group-size=32"));
}

TEST(Recipe, UnknownStep) {
  Parsed parsed = parse("prune{sparsity=0.5},quantise{bits=8}");
  EXPECT_FALSE(parsed.ok);
  EXPECT_TRUE(contains(parsed.errors,
                       "unknown compression step 'quantise', did you "
                       "mean 'quantize'?\n"
                       "  prune{sparsity=0.5},quantise{bits=8}\n"
                       "                      ^~~~~~~~\n"
                       "  presets and passes: nf4, "))
      << parsed.errors;
  // Nothing is near.
  EXPECT_FALSE(contains(parse("frobnicate").errors, "did you mean"));
}

TEST(Recipe, UnknownOption) {
  Parsed parsed = parse("int4{group_size=64}");
  EXPECT_FALSE(parsed.ok);
  EXPECT_TRUE(contains(parsed.errors,
                       "unknown option 'group_size' of 'int4', did you mean "
                       "'group-size'?\n"
                       "  int4{group_size=64}\n"
                       "       ^~~~~~~~~~\n"
                       "  options: bits, exclude, granularity, "))
      << parsed.errors;
}

TEST(Recipe, WrongValues) {
  Parsed range = parse("int4,quantize{bits=9}");
  EXPECT_FALSE(range.ok);
  EXPECT_TRUE(contains(range.errors, "'quantize': expected bits from 1 to 8, found 9\n"
                                     "  int4,quantize{bits=9}\n"
                                     "                ^~~~~~\n"))
      << range.errors;
  Parsed type = parse("quantize{group-size=32 bits=many}");
  EXPECT_FALSE(type.ok);
  EXPECT_TRUE(contains(type.errors, "option 'bits' does not take this value\n"))
      << type.errors;
  EXPECT_FALSE(parse("quantize{scheme=odd}").ok);
  Parsed twice = parse("quantize{bits=4 bits=8}");
  EXPECT_TRUE(contains(twice.errors, "option 'bits' is given twice")) << twice.errors;
}

TEST(Recipe, WrongSyntax) {
  EXPECT_TRUE(contains(parse("int4{bits=3").errors, "expected a partner of '{'\n"
                                                    "  int4{bits=3\n"
                                                    "      ^\n"));
  EXPECT_TRUE(contains(parse("int4}").errors, "expected a partner of '}'"));
  EXPECT_TRUE(contains(parse("int4{select='a}").errors, "expected a partner of"));
  for (StringRef recipe : {"", " ", "int4,", ",int4", "int4,,int8", "{bits=4}"})
    EXPECT_TRUE(contains(parse(recipe).errors, "expected the name of a compression step"))
        << recipe.str();
  EXPECT_TRUE(contains(parse("int4{bits=3} x").errors, "expected ',' or the end"));
}

TEST(Recipe, HelpListsPresetsPassesAndOptions) {
  std::string text;
  llvm::raw_string_ostream os(text);
  printRecipeHelp(os);
  for (StringRef part : {"w4a8", "prune ", "sparsity", "factorize ", "energy",
                         "correct-quantization", "select"})
    EXPECT_TRUE(contains(text, part)) << part.str();
}
