//===- OutputFileTest.cpp - Files that appear whole or not at all ---------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "pith/Target/OutputFile.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "gtest/gtest.h"

using namespace pith;
namespace fs = llvm::sys::fs;

namespace {

class OutputFileTest : public ::testing::Test {
protected:
  void SetUp() override { fs::createUniqueDirectory("pith-output", folder); }
  void TearDown() override { fs::remove_directories(folder); }
  std::string path() const { return (folder + "/x").str(); }
  std::string read() {
    auto buffer = llvm::MemoryBuffer::getFile(path());
    return buffer ? (*buffer)->getBuffer().str() : "<none>";
  }
  int countFiles() {
    std::error_code error;
    int count = 0;
    for (fs::directory_iterator at(folder, error), end; at != end; at.increment(error))
      ++count;
    return count;
  }
  llvm::Error write(llvm::StringRef text, bool fails = false) {
    return writeOutput(path(), [&](llvm::raw_pwrite_stream &os) -> llvm::Error {
      os << text;
      if (fails)
        return llvm::createStringError("no");
      return llvm::Error::success();
    });
  }
  llvm::SmallString<128> folder;
};

TEST_F(OutputFileTest, WritesAndReplaces) {
  EXPECT_FALSE(bool(write("one")));
  EXPECT_EQ(read(), "one");
  EXPECT_FALSE(bool(write("two")));
  EXPECT_EQ(read(), "two");
  EXPECT_EQ(countFiles(), 1);
}

TEST_F(OutputFileTest, KeepsTheOldFileOnFailure) {
  EXPECT_FALSE(bool(write("one")));
  EXPECT_EQ(llvm::toString(write("two", /*fails=*/true)), "no");
  EXPECT_EQ(read(), "one");
  EXPECT_EQ(countFiles(), 1);
}

TEST_F(OutputFileTest, RefusesWhatIsNoFile) {
  auto file = OutputFile::create(folder);
  ASSERT_FALSE(bool(file));
  EXPECT_NE(llvm::toString(file.takeError()).find("not a regular file"), std::string::npos);
  auto nowhere = OutputFile::create((folder + "/no/x").str());
  ASSERT_FALSE(bool(nowhere));
  EXPECT_NE(llvm::toString(nowhere.takeError()).find("cannot write"), std::string::npos);
}

} // namespace
