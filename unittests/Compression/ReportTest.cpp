//===- ReportTest.cpp - The compression report ----------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Bytes, errors and reasons of a module before and after passes.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Report.h"

#include "CompressionTest.h"
#include "pith/Compression/Recipe.h"
#include "mlir/Pass/PassManager.h"

#include <gtest/gtest.h>

using namespace mlir;
using namespace pith;
using namespace pith::test;

namespace {
class ReportTest : public testing::Test {
protected:
  std::unique_ptr<MLIRContext> context{makeContext()};
  OwningOpRef<ModuleOp> module =
      makeProduct(context.get(), makeTensor(context.get(), {16, 32}, makeNumbers(512, 1)));

  CompressionReport run(StringRef recipe) {
    registerCompressionPasses();
    PassManager passes(context.get());
    EXPECT_TRUE(succeeded(parsePassPipeline("pith-count-parameters", passes)));
    if (!recipe.empty()) {
      EXPECT_TRUE(succeeded(parseRecipe(recipe, passes, llvm::errs())));
    }
    EXPECT_TRUE(succeeded(parsePassPipeline("pith-release-constants", passes)));
    EXPECT_TRUE(succeeded(passes.run(*module)));
    return CompressionReport::get(*module);
  }
  std::string print(const CompressionReport &report) {
    std::string text;
    llvm::raw_string_ostream os(text);
    report.print(os);
    return text;
  }
};
} // namespace

TEST_F(ReportTest, Float) {
  CompressionReport report = run("");
  ASSERT_EQ(report.rows.size(), 1u);
  EXPECT_EQ(report.rows[0].name, "weight");
  EXPECT_EQ(report.rows[0].node, "/MatMul");
  EXPECT_EQ(report.rows[0].format, "f32");
  EXPECT_FALSE(report.rows[0].isCompressed());
  EXPECT_EQ(report.parameters, 512);
  EXPECT_EQ(report.bytes, 2048);
}

TEST_F(ReportTest, Quantized) {
  CompressionReport report = run("int4");
  const WeightRow &row = report.rows.at(0);
  EXPECT_EQ(row.format, "int4 channel f16");
  EXPECT_EQ(row.bytesBefore, 2048);
  EXPECT_EQ(row.bytesAfter, 512 / 2 + 16 * 2);
  EXPECT_EQ(report.bytes, 512 / 2 + 16 * 2);
  EXPECT_EQ(report.parameterBytes, 2048);
  ASSERT_TRUE(row.decibels);
  EXPECT_GT(*row.decibels, 18);
  EXPECT_LT(*row.decibels, 26);
  std::string text = print(report);
  EXPECT_NE(text.find("1 compressed, 0 kept"), std::string::npos) << text;
  EXPECT_NE(text.find("4.50 bits per parameter (512 parameters)"), std::string::npos)
      << text;
}

TEST_F(ReportTest, StackedErrorsAddUp) {
  CompressionReport pruned = run("prune{pattern=2:4}");
  double before = *pruned.rows.at(0).decibels;
  CompressionReport both = run("int4");
  double after = *both.rows.at(0).decibels;
  EXPECT_LT(after, before);
  EXPECT_GT(after, before - 1); // int4 is far more exact than 2:4
  EXPECT_EQ(both.rows.at(0).format, "2:4 int4 channel f16");
  EXPECT_EQ(both.rows.at(0).bytesBefore, 2048);
  EXPECT_EQ(both.parameters, 512); // counted before compression
}

TEST_F(ReportTest, KeptWithReason) {
  CompressionReport report = run("int4{min-elements=1000}");
  EXPECT_EQ(report.rows.at(0).kept, "512 elements, fewer than min-elements 1000");
  std::string text = print(report);
  EXPECT_NE(text.find("f32: 512 elements, fewer than"), std::string::npos) << text;
  std::string json;
  llvm::raw_string_ostream(json) << report.toJSON();
  EXPECT_NE(json.find("\"kept\":\"512 elements"), std::string::npos) << json;
  EXPECT_NE(json.find("\"weight_bytes\":2048"), std::string::npos) << json;
}

TEST_F(ReportTest, LongAndStrangeNames) {
  CompressionReport report;
  WeightRow row;
  row.name = std::string(60, 'a') + "\x1b[31m.end";
  row.shape = {2, 3};
  row.bytesBefore = row.bytesAfter = 24;
  report.rows.assign(3, row);
  std::string text;
  llvm::raw_string_ostream os(text);
  report.print(os, /*maxRows=*/2);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_NE(text.find(".end"), std::string::npos);
  EXPECT_NE(text.find("and 1 smaller weights"), std::string::npos);
}
