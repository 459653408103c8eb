//===- WeightsSectionTest.cpp - Constants in ELF files --------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WeightsSection.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "gtest/gtest.h"

using namespace pith;

namespace {

class WeightsSectionTest : public ::testing::TestWithParam<const char *> {
protected:
  void SetUp() override {
    auto bytes = makeReservation("net_weights", kSize, llvm::Triple(GetParam()));
    int file;
    ASSERT_FALSE(llvm::sys::fs::createTemporaryFile("pith-weights", "o", file, path));
    llvm::raw_fd_ostream(file, /*shouldClose=*/true).write(bytes.data(), bytes.size());
  }
  void TearDown() override { llvm::sys::fs::remove(path); }

  /// The section and its contents, as LLVM's reader sees them.
  void check(llvm::StringRef expected, bool isFilled) {
    auto buffer = llvm::MemoryBuffer::getFile(path);
    ASSERT_TRUE(bool(buffer));
    auto object = llvm::object::ObjectFile::createELFObjectFile(**buffer);
    ASSERT_TRUE(bool(object)) << llvm::toString(object.takeError());
    bool found = false;
    for (const llvm::object::SymbolRef &symbol : (*object)->symbols()) {
      if (llvm::cantFail(symbol.getName()) != "net_weights")
        continue;
      found = true;
      auto section = *llvm::cantFail(symbol.getSection());
      EXPECT_EQ(section.getSize(), kSize);
      EXPECT_EQ(section.getAlignment().value(), 4096u);
      EXPECT_EQ(section.isBSS(), !isFilled);
      if (isFilled)
        EXPECT_EQ(llvm::cantFail(section.getContents()), expected);
    }
    EXPECT_TRUE(found);
  }
  static constexpr uint64_t kSize = 200;
  llvm::SmallString<128> path;
};

TEST_P(WeightsSectionTest, ReservesAndFills) {
  check("", /*isFilled=*/false);
  std::vector<PlacedConstant> constants(2);
  constants[0].owned = {'a', 'b', 'c'};
  constants[1].owned = std::vector<char>(72, 'x');
  constants[1].offset = 128;
  llvm::Error error = fillReservation(path, constants);
  ASSERT_FALSE(bool(error)) << llvm::toString(std::move(error));
  check("abc" + std::string(125, '\0') + std::string(72, 'x'), /*isFilled=*/true);
}

TEST_P(WeightsSectionTest, RefusesWhatDoesNotFit) {
  std::vector<PlacedConstant> constants(1);
  constants[0].owned = std::vector<char>(80, 'x');
  constants[0].offset = 128;
  EXPECT_NE(llvm::toString(fillReservation(path, constants)).find("outside"),
            std::string::npos);
}

TEST_P(WeightsSectionTest, RefusesFilesWithoutReservation) {
  std::vector<PlacedConstant> none;
  llvm::Error first = fillReservation(path, none);
  EXPECT_FALSE(bool(first));
  EXPECT_NE(llvm::toString(fillReservation(path, none)).find("no section"),
            std::string::npos);
  EXPECT_NE(llvm::toString(fillReservation("/nonexistent", none)).find("cannot write"),
            std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Machines, WeightsSectionTest,
                         ::testing::Values("x86_64-unknown-linux-gnu",
                                           "aarch64-unknown-linux-gnu"));

} // namespace
