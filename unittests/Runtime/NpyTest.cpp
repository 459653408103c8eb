//===- NpyTest.cpp - NPY files, good and hostile --------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

extern "C" {
#include "pith/Runtime/Npy.h"
}

#include "gtest/gtest.h"

#include <cstdlib>
#include <cstring>
#include <string>

namespace {

/// A file of version 1 (or another) with this header text and these data.
std::string makeFile(const std::string &header, const std::string &data,
                     char version = 1) {
  std::string file = std::string("\x93NUMPY", 6) + version + '\0';
  size_t length = header.size();
  file += char(length & 255);
  file += char(length >> 8);
  if (version != 1)
    file += std::string(2, '\0');
  return file + header + data;
}

std::string makeHeader(const std::string &descr, const std::string &shape,
                       const std::string &fortran = "False") {
  return "{'descr': '" + descr + "', 'fortran_order': " + fortran +
         ", 'shape': " + shape + ", }\n";
}

class NpyTest : public ::testing::Test {
protected:
  ~NpyTest() override {
    if (array.owner)
      pith_array_free(&array);
  }
  /// Parses a copy of exactly the file's size, so that tools see reads beyond.
  int parse(const std::string &file) {
    if (array.owner)
      pith_array_free(&array);
    bytes.assign(file.begin(), file.end());
    bytes.shrink_to_fit();
    return pith_npy_parse(bytes.data(), int64_t(bytes.size()), &array, error,
                          sizeof error);
  }
  /// Expects an error that has `text` in it.
  void expectError(const std::string &file, const char *text) {
    EXPECT_EQ(parse(file), 1);
    EXPECT_NE(std::string(error).find(text), std::string::npos) << error;
  }
  std::vector<unsigned char> bytes;
  pith_array array = {};
  char error[256] = "";
};

TEST_F(NpyTest, ReadsAllVersions) {
  for (char version : {1, 2, 3}) {
    ASSERT_EQ(parse(makeFile(makeHeader("<i2", "(2, 3)"), std::string(12, 'a'), version)), 0)
        << error;
    EXPECT_EQ(array.dtype, PITH_INT16);
    EXPECT_EQ(array.rank, 2);
    EXPECT_EQ(array.dims[0], 2);
    EXPECT_EQ(array.dims[1], 3);
    EXPECT_EQ(array.bytes, 12);
  }
}

TEST_F(NpyTest, ReadsScalarsAndEmptyArrays) {
  ASSERT_EQ(parse(makeFile(makeHeader("<f8", "()"), std::string(8, '\0'))), 0) << error;
  EXPECT_EQ(array.rank, 0);
  ASSERT_EQ(parse(makeFile(makeHeader("|b1", "(0,)"), "")), 0) << error;
  EXPECT_EQ(array.bytes, 0);
}

TEST_F(NpyTest, SwapsBigEndian) {
  ASSERT_EQ(parse(makeFile(makeHeader(">u2", "(2,)"), std::string("\1\2\3\4", 4))), 0);
  auto *values = static_cast<const uint16_t *>(array.data);
  EXPECT_EQ(values[0], 0x0102);
  EXPECT_EQ(values[1], 0x0304);
}

TEST_F(NpyTest, ReordersColumnMajor) {
  ASSERT_EQ(parse(makeFile(makeHeader("|u1", "(2, 3)", "True"), "adbecf")), 0);
  EXPECT_EQ(std::memcmp(array.data, "abcdef", 6), 0);
}

TEST_F(NpyTest, RefusesEveryTruncation) {
  std::string file = makeFile(makeHeader("<f4", "(3,)"), std::string(12, 'x'));
  for (size_t length = 0; length < file.size(); ++length)
    EXPECT_EQ(parse(file.substr(0, length)), 1) << length;
  EXPECT_EQ(parse(file), 0);
}

TEST_F(NpyTest, SurvivesEveryChangedByte) {
  std::string file = makeFile(makeHeader("<f4", "(3, 1)", "True"), std::string(12, 'x'));
  for (size_t at = 0; at < file.size(); ++at)
    for (int value = 0; value < 256; value += 5) {
      std::string changed = file;
      changed[at] = char(value);
      parse(changed); // whatever it says, it must not read beyond
    }
}

TEST_F(NpyTest, RefusesObjectsAndStructures) {
  expectError(makeFile(makeHeader("|O", "(1,)"), std::string(8, 'x')), "unsupported");
  expectError(makeFile("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }",
                       "xxxx"),
              "plain element type");
  expectError(makeFile(makeHeader("<U4", "(1,)"), std::string(16, 'x')), "unsupported");
}

TEST_F(NpyTest, RefusesShapesThatCannotBe) {
  expectError(makeFile(makeHeader("<f4", "(4611686018427387904, 4)"), "xxxx"), "too large");
  expectError(makeFile(makeHeader("<f4", "(99999999999999999999,)"), "xxxx"), "malformed");
  expectError(makeFile(makeHeader("<f4", "(1000000000,)"), "xxxx"),
              "expected 4000000000 bytes of data, found 4");
  expectError(makeFile(makeHeader("<f4", "(-1,)"), "xxxx"), "malformed");
  expectError(makeFile(makeHeader("|u1", "(1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1)"), "x"),
              "rank");
}

TEST_F(NpyTest, RefusesOtherFiles) {
  expectError("", "not an NPY file");
  expectError("PK\3\4 this is a zip file", "not an NPY file");
  expectError(makeFile(makeHeader("<f4", "(1,)"), "xxxx", 4), "version");
  expectError(makeFile("{'descr': '<f4', 'fortran_order': False}", "xxxx"), "lacks");
  expectError(makeFile("{", ""), "malformed");
}

TEST_F(NpyTest, WritesWhatItReads) {
  std::string path = ::testing::TempDir() + "pith_npy_test.npy";
  int64_t dims[] = {2, 3};
  float values[] = {1, 2, 3, 4, 5, 6};
  ASSERT_EQ(pith_npy_write(path.c_str(), PITH_FLOAT32, 2, dims, values, error, sizeof error),
            0)
      << error;
  ASSERT_EQ(pith_npy_read(path.c_str(), &array, error, sizeof error), 0) << error;
  EXPECT_EQ(array.dtype, PITH_FLOAT32);
  EXPECT_EQ(array.rank, 2);
  EXPECT_EQ(std::memcmp(array.data, values, sizeof values), 0);
  EXPECT_EQ(std::remove(path.c_str()), 0);
}

TEST_F(NpyTest, ReportsFilesItCannotOpen) {
  EXPECT_EQ(pith_npy_read("/nonexistent/x.npy", &array, error, sizeof error), 1);
  EXPECT_NE(std::strstr(error, "/nonexistent/x.npy"), nullptr);
  EXPECT_EQ(pith_npy_read("/", &array, error, sizeof error), 1);
  EXPECT_NE(std::strstr(error, "not a regular file"), nullptr);
}

} // namespace
