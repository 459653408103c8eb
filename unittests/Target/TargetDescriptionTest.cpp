//===- TargetDescriptionTest.cpp - Names of processors --------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "pith/Target/TargetDescription.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Target/TargetMachine.h"
#include "gtest/gtest.h"

using namespace pith;

namespace {

constexpr char kX86[] = "x86_64-linux-gnu";
constexpr char kArm[] = "aarch64-linux-gnu";

std::string getError(llvm::StringRef cpu, llvm::StringRef triple) {
  auto target = TargetDescription::get(cpu, triple);
  return target ? "" : llvm::toString(target.takeError());
}

TEST(TargetDescriptionTest, KnowsX86Levels) {
  auto base = TargetDescription::get("x86-64", kX86);
  ASSERT_TRUE(bool(base));
  EXPECT_EQ(base->vectorBytes, 16);
  EXPECT_FALSE(base->hasFMA);
  auto v3 = TargetDescription::get("x86-64-v3", kX86);
  ASSERT_TRUE(bool(v3));
  EXPECT_EQ(v3->vectorBytes, 32);
  EXPECT_TRUE(v3->hasAVX2 && v3->hasFMA && v3->hasF16C);
  EXPECT_FALSE(v3->hasAVX512);
  EXPECT_TRUE(llvm::is_contained(v3->requiredFeatures, "avx2"));
  auto zen4 = TargetDescription::get("znver4", kX86);
  ASSERT_TRUE(bool(zen4));
  EXPECT_EQ(zen4->vectorBytes, 64);
  EXPECT_TRUE(zen4->hasVNNI && zen4->hasVBMI && zen4->hasVBMI2);
}

TEST(TargetDescriptionTest, KnowsArm) {
  auto target = TargetDescription::get("cortex-a76", kArm);
  ASSERT_TRUE(bool(target));
  EXPECT_EQ(target->triple.getOS(), llvm::Triple::Linux);
  EXPECT_TRUE(target->hasDotProd);
  auto old = TargetDescription::get("cortex-a53", kArm);
  ASSERT_TRUE(bool(old));
  EXPECT_FALSE(old->hasDotProd);
}

TEST(TargetDescriptionTest, NamesThisMachine) {
  auto target = TargetDescription::get("native");
  ASSERT_TRUE(bool(target));
  EXPECT_NE(target->cpu, "native");
  auto machine = makeTargetMachine(*target, 2);
  ASSERT_TRUE(bool(machine));
  EXPECT_EQ((*machine)->getTargetCPU(), target->cpu);
}

TEST(TargetDescriptionTest, RefusesUnknownNames) {
  EXPECT_NE(getError("i-am-no-cpu", kX86).find("known are native, x86-64"),
            std::string::npos);
  EXPECT_NE(getError("cortex-a76", kX86).find("unknown processor"), std::string::npos);
  EXPECT_NE(getError("x86-64", "nonsense").find("unknown target"), std::string::npos);
}

} // namespace
