//===- ObserveTest.cpp - Statistics and the files they go to --------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Values are compared with numpy in test/EndToEnd/calibrate.py; here is what only
// the interface shows.
//
//===----------------------------------------------------------------------===//

#include "pith/Runtime/Npy.h"
#include "pith/Runtime/Profile.h"
#include "pith/Runtime/pith.h"

#include "gtest/gtest.h"

#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

using Instance = std::unique_ptr<pith_instance, void (*)(pith_instance *)>;

Instance makeInstance(int threads) {
  static const pith_model model = [] {
    pith_model m = {};
    m.abi_version = PITH_ABI_VERSION;
    m.name = m.cpu = m.compiler = "test";
    m.cpu_features = "";
    return m;
  }();
  return {pith_create(&model, threads, nullptr, 0), pith_destroy};
}

pith_site makeSite(pith_site_kind kind, int64_t rank, int64_t reduction) {
  pith_site site = {};
  site.kind = kind;
  site.dtype = PITH_FLOAT32;
  site.rank = rank;
  site.groups = site.gram = 1;
  site.reduction = reduction;
  return site;
}

std::vector<float> makeValues(size_t count) {
  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (float &value : values)
    value = normal(random);
  return values;
}

/// The Gram matrix of rows in one instance with this many threads.
std::vector<float> observeRows(int threads, const std::vector<float> &x, int64_t K) {
  Instance instance = makeInstance(threads);
  pith_site site = makeSite(PITH_SITE_ROWS, 2, K);
  int64_t dims[] = {int64_t(x.size()) / K, K};
  EXPECT_EQ(pith_rt_observe(instance.get(), &site, "n", "[]", x.data(), dims), 0);
  pith_observer *observer = pith_observer_take(instance.get());
  std::vector<float> gram(K * K);
  pith_observation_gram(observer->sites[0], 0, gram.data());
  pith_observer_free(observer);
  return gram;
}

TEST(ObserveTest, ThreadsDoNotChangeResults) {
  std::vector<float> x = makeValues(1500 * 100);
  std::vector<float> one = observeRows(1, x, 100), three = observeRows(3, x, 100);
  EXPECT_EQ(std::memcmp(one.data(), three.data(), one.size() * sizeof(float)), 0);
}

/// Columns of a matrix are the rows of its transpose.
TEST(ObserveTest, ColumnsAreRowsOfTheTranspose) {
  constexpr int64_t K = 20, N = 300;
  std::vector<float> x = makeValues(K * N), transposed(K * N);
  for (int64_t k = 0; k < K; ++k)
    for (int64_t n = 0; n < N; ++n)
      transposed[n * K + k] = x[k * N + n];
  Instance instance = makeInstance(2);
  pith_site site = makeSite(PITH_SITE_COLUMNS, 2, K);
  int64_t dims[] = {K, N};
  ASSERT_EQ(pith_rt_observe(instance.get(), &site, "n", "[]", x.data(), dims), 0);
  pith_observer *observer = pith_observer_take(instance.get());
  std::vector<float> gram(K * K);
  pith_observation_gram(observer->sites[0], 0, gram.data());
  EXPECT_EQ(observer->sites[0]->rows, N);
  pith_observer_free(observer);
  EXPECT_EQ(gram, observeRows(1, transposed, K));
}

/// Descriptions may come from IR that somebody wrote.
TEST(ObserveTest, RefusesWhatDoesNotFit) {
  Instance instance = makeInstance(1);
  float x[12] = {};
  int64_t dims[] = {3, 4};
  auto observe = [&](pith_site site) {
    return pith_rt_observe(instance.get(), &site, "fc", "[]", x, dims);
  };
  EXPECT_NE(observe(makeSite(PITH_SITE_ROWS, 2, 5)), 0);
  EXPECT_EQ(std::string(pith_error_text(instance.get())),
            "node 'fc': rows of the activation: expected 5, found 4");
  for (int64_t bad : {int64_t(0), int64_t(-4)})
    EXPECT_NE(observe(makeSite(PITH_SITE_ROWS, 2, bad)), 0);
  EXPECT_NE(observe(makeSite(PITH_SITE_ROWS, 17, 4)), 0);
  EXPECT_NE(observe(makeSite(PITH_SITE_PATCHES_LAST, 2, 4)), 0);
  EXPECT_NE(observe(makeSite(pith_site_kind(9), 2, 4)), 0);
  // One number, two sites.
  EXPECT_EQ(observe(makeSite(PITH_SITE_ROWS, 2, 4)), 0);
  EXPECT_NE(observe(makeSite(PITH_SITE_COLUMNS, 2, 3)), 0);
}

TEST(NpzWriterTest, WritesWhatTheReaderReads) {
  std::string path = testing::TempDir() + "writer.npz";
  char error[256];
  std::vector<float> values = makeValues(6);
  int64_t dims[] = {2, 3}, none[] = {0, 5};
  pith_npz_writer writer;
  ASSERT_EQ(pith_npz_begin(&writer, path.c_str(), error, sizeof(error)), 0) << error;
  EXPECT_EQ(pith_npz_add(&writer, "a/b", PITH_FLOAT32, 2, dims, values.data(), error,
                         sizeof(error)),
            0);
  EXPECT_EQ(pith_npz_add(&writer, "empty", PITH_INT64, 2, none, nullptr, error,
                         sizeof(error)),
            0);
  EXPECT_NE(access(path.c_str(), F_OK), 0) << "not before it is complete";
  ASSERT_EQ(pith_npz_end(&writer, error, sizeof(error)), 0) << error;
  pith_npz npz;
  ASSERT_EQ(pith_npz_open(path.c_str(), &npz, error, sizeof(error)), 0) << error;
  ASSERT_EQ(npz.count, 2);
  EXPECT_STREQ(npz.names[0], "a/b");
  pith_array array;
  ASSERT_EQ(pith_npz_load(&npz, 0, &array, error, sizeof(error)), 0) << error;
  EXPECT_EQ(array.bytes, 24);
  EXPECT_EQ(std::memcmp(array.data, values.data(), 24), 0);
  pith_array_free(&array);
  ASSERT_EQ(pith_npz_load(&npz, 1, &array, error, sizeof(error)), 0) << error;
  EXPECT_EQ(array.dims[1], 5);
  pith_array_free(&array);
  pith_npz_close(&npz);
  unlink(path.c_str());
}

TEST(NpzWriterTest, LeavesNothingBehind) {
  std::string path = testing::TempDir() + "aborted.npz";
  char error[256];
  pith_npz_writer writer;
  ASSERT_EQ(pith_npz_begin(&writer, path.c_str(), error, sizeof(error)), 0) << error;
  pith_npz_abort(&writer);
  EXPECT_NE(access(path.c_str(), F_OK), 0);
  EXPECT_NE(pith_npz_begin(&writer, "/no/such/folder/x", error, sizeof(error)), 0);
}

} // namespace
