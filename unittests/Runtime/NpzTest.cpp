//===- NpzTest.cpp - NPZ files and DEFLATE, good and hostile --------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

extern "C" {
#include "pith/Runtime/Npy.h"
}

#include "gtest/gtest.h"

#include <cstdio>
#include <cstring>
#include <random>
#include <string>
#include <vector>
#include <zlib.h>

namespace {

using Bytes = std::vector<unsigned char>;

/// Raw DEFLATE data, by zlib.
Bytes deflateRaw(const Bytes &in, int level, int strategy) {
  z_stream stream = {};
  deflateInit2(&stream, level, Z_DEFLATED, -15, 8, strategy);
  Bytes out(deflateBound(&stream, in.size()));
  stream.next_in = const_cast<unsigned char *>(in.data());
  stream.avail_in = unsigned(in.size());
  stream.next_out = out.data();
  stream.avail_out = unsigned(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

Bytes makeText(size_t size, unsigned kinds) {
  std::mt19937 random(1);
  Bytes bytes(size);
  for (size_t i = 0; i < size; ++i)
    bytes[i] = i > 40 && random() % 4 == 0 ? bytes[i - 1 - random() % 40]
                                           : (unsigned char)(random() % kinds);
  return bytes;
}

TEST(InflateTest, AgreesWithZlib) {
  for (size_t size : {size_t(0), size_t(1), size_t(1000), size_t(70000)})
    for (int strategy : {Z_DEFAULT_STRATEGY, Z_FIXED, Z_HUFFMAN_ONLY})
      for (int level : {0, 1, 9}) {
        Bytes text = makeText(size, 50), packed = deflateRaw(text, level, strategy);
        Bytes out(size + 1);
        ASSERT_EQ(pith_inflate(packed.data(), int64_t(packed.size()), out.data(),
                               int64_t(size)),
                  0);
        out.resize(size);
        ASSERT_EQ(out, text);
        // Another size than promised is an error.
        out.resize(size + 1);
        EXPECT_NE(pith_inflate(packed.data(), int64_t(packed.size()), out.data(),
                               int64_t(size) + 1),
                  0);
        if (size)
          EXPECT_NE(pith_inflate(packed.data(), int64_t(packed.size()), out.data(),
                                 int64_t(size) - 1),
                    0);
      }
}

TEST(InflateTest, SurvivesDamage) {
  Bytes text = makeText(3000, 20), packed = deflateRaw(text, 9, Z_DEFAULT_STRATEGY);
  std::mt19937 random(2);
  for (int round = 0; round < 3000; ++round) {
    Bytes damaged = packed;
    for (unsigned i = 0; i < 1 + round % 3u; ++i)
      damaged[random() % damaged.size()] = (unsigned char)random();
    damaged.resize(damaged.size() - random() % 3);
    damaged.shrink_to_fit();
    Bytes out(text.size());
    pith_inflate(damaged.data(), int64_t(damaged.size()), out.data(), int64_t(out.size()));
  }
}

TEST(Crc32Test, AgreesWithZlib) {
  Bytes text = makeText(1234, 256);
  EXPECT_EQ(pith_crc32(text.data(), 1234), crc32(0, text.data(), 1234));
}

void put(Bytes &out, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i)
    out.push_back((unsigned char)(value >> (8 * i)));
}
void put(Bytes &out, const std::string &text) {
  out.insert(out.end(), text.begin(), text.end());
}

struct Member {
  std::string name;
  Bytes data;              ///< as stored
  int method = 0;          ///< 0 stored, 8 deflated
  uint64_t unpacked = 0;   ///< as stated
  uint32_t crc = 0;
};

Member makeMember(const std::string &name, const Bytes &contents, bool deflated) {
  Member member;
  member.name = name;
  member.unpacked = contents.size();
  member.crc = uint32_t(crc32(0, contents.data(), unsigned(contents.size())));
  member.method = deflated ? 8 : 0;
  member.data = deflated ? deflateRaw(contents, 6, Z_DEFAULT_STRATEGY) : contents;
  return member;
}

/// An array of four bytes as an NPY file.
Bytes makeArray() {
  std::string header = "{'descr': '|u1', 'fortran_order': False, 'shape': (4,), }\n";
  Bytes file;
  put(file, std::string("\x93NUMPY\1\0", 8));
  put(file, header.size(), 2);
  put(file, header);
  put(file, "abcd");
  return file;
}

Bytes makeZip(const std::vector<Member> &members) {
  Bytes file, directory;
  for (const Member &member : members) {
    uint64_t at = file.size();
    for (int side = 0; side < 2; ++side) {
      Bytes &out = side ? directory : file;
      put(out, side ? 0x02014b50 : 0x04034b50, 4);
      if (side)
        put(out, 20, 2);
      put(out, 20, 2);
      put(out, 0, 2);
      put(out, uint64_t(member.method), 2);
      put(out, 0, 4);
      put(out, member.crc, 4);
      put(out, member.data.size(), 4);
      put(out, member.unpacked, 4);
      put(out, member.name.size(), 2);
      put(out, 0, 2);
      if (side) {
        put(out, 0, 10);
        put(out, at, 4);
      }
      put(out, member.name);
    }
    file.insert(file.end(), member.data.begin(), member.data.end());
  }
  uint64_t at = file.size();
  file.insert(file.end(), directory.begin(), directory.end());
  put(file, 0x06054b50, 4);
  put(file, 0, 4);
  put(file, members.size(), 2);
  put(file, members.size(), 2);
  put(file, directory.size(), 4);
  put(file, at, 4);
  put(file, 0, 2);
  return file;
}

class NpzTest : public ::testing::Test {
protected:
  ~NpzTest() override {
    pith_npz_close(&npz);
    std::remove(path.c_str());
  }
  int open(const Bytes &file) {
    pith_npz_close(&npz);
    FILE *out = std::fopen(path.c_str(), "wb");
    std::fwrite(file.data(), 1, file.size(), out);
    std::fclose(out);
    return pith_npz_open(path.c_str(), &npz, error, sizeof error);
  }
  /// Loads a member; the array is not kept.
  int load(int64_t index) {
    pith_array array;
    int status = pith_npz_load(&npz, index, &array, error, sizeof error);
    if (!status) {
      loaded.assign(static_cast<const char *>(array.data), size_t(array.bytes));
      pith_array_free(&array);
    }
    return status;
  }
  std::string path = ::testing::TempDir() + "pith_npz_test.npz";
  pith_npz npz = {};
  std::string loaded;
  char error[512] = "";
};

TEST_F(NpzTest, ReadsStoredAndDeflated) {
  ASSERT_EQ(open(makeZip({makeMember("a.npy", makeArray(), false),
                          makeMember("b/c.npy", makeArray(), true)})),
            0)
      << error;
  ASSERT_EQ(npz.count, 2);
  EXPECT_STREQ(npz.names[0], "a");
  EXPECT_STREQ(npz.names[1], "b/c");
  for (int64_t i = 0; i < 2; ++i) {
    EXPECT_EQ(load(i), 0) << error;
    EXPECT_EQ(loaded, "abcd");
  }
}

TEST_F(NpzTest, RefusesDuplicates) {
  EXPECT_EQ(open(makeZip({makeMember("a.npy", makeArray(), false),
                          makeMember("a.npy", makeArray(), false)})),
            1);
  EXPECT_NE(std::strstr(error, "twice"), nullptr) << error;
}

TEST_F(NpzTest, RefusesWrongChecksums) {
  Member member = makeMember("a.npy", makeArray(), true);
  member.crc ^= 1;
  ASSERT_EQ(open(makeZip({member})), 0);
  EXPECT_EQ(load(0), 1);
  EXPECT_NE(std::strstr(error, "checksum"), nullptr) << error;
}

TEST_F(NpzTest, RefusesBombs) {
  Member member = makeMember("a.npy", makeArray(), true);
  member.unpacked = 0xfffffff0;
  ASSERT_EQ(open(makeZip({member})), 0);
  EXPECT_EQ(load(0), 1);
  EXPECT_NE(std::strstr(error, "1040"), nullptr) << error;
}

TEST_F(NpzTest, RefusesUnknownMethods) {
  Member member = makeMember("a.npy", makeArray(), false);
  member.method = 14;
  ASSERT_EQ(open(makeZip({member})), 0);
  EXPECT_EQ(load(0), 1);
  EXPECT_NE(std::strstr(error, "method 14"), nullptr) << error;
}

TEST_F(NpzTest, SurvivesDamageEverywhere) {
  Bytes file = makeZip({makeMember("a.npy", makeArray(), true),
                        makeMember("b.npy", makeArray(), false)});
  for (size_t at = 0; at < file.size(); ++at)
    for (unsigned char value : {0, 1, 0x7f, 0x80, 0xff}) {
      Bytes damaged = file;
      damaged[at] = value;
      if (open(damaged) == 0)
        for (int64_t i = 0; i < npz.count; ++i)
          load(i);
    }
  for (size_t length = 0; length < file.size(); length += 3)
    EXPECT_EQ(open(Bytes(file.begin(), file.begin() + long(length))), 1) << length;
}

} // namespace
