//===- InstanceTest.cpp - The C interface with hand-made models -----------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "pith/Runtime/pith.h"

#include "gtest/gtest.h"

#include <atomic>
#include <cstring>
#include <limits>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr int64_t kCount = 10007;

struct Loop {
  const float *in;
  float *out;
};

void doubleRange(const void *context, int64_t lo, int64_t hi) {
  auto *loop = static_cast<const Loop *>(context);
  for (int64_t i = lo; i < hi; ++i)
    loop->out[i] = 2 * loop->in[i];
}

/// y = 2 x, for any size `n`.
int32_t runDouble(pith_instance *instance, const pith_buffer *inputs,
                  const int64_t *symbols) {
  void *out = pith_rt_output(instance, 0, 1, symbols);
  if (!out)
    return 1;
  Loop loop = {static_cast<const float *>(inputs[0].data), static_cast<float *>(out)};
  pith_rt_parallel_for(instance, doubleRange, &loop, symbols[0], 1);
  return pith_rt_trapped(instance);
}

struct Model {
  explicit Model(decltype(pith_model::run) run) {
    static const int64_t dims[] = {-1};
    static const pith_value_desc x = {"x", PITH_FLOAT32, 1, dims};
    static const pith_value_desc y = {"y", PITH_FLOAT32, 1, dims};
    static const char *const symbols[] = {"n"};
    model.abi_version = PITH_ABI_VERSION;
    model.name = "test";
    model.num_inputs = model.num_outputs = model.num_symbols = 1;
    model.inputs = &x;
    model.outputs = &y;
    model.symbols = symbols;
    model.cpu = "test";
    model.cpu_features = "";
    model.compiler = "test";
    model.run = run;
  }
  pith_model model = {};
};

class InstanceTest : public ::testing::Test {
protected:
  pith_instance *create(const Model &model, int threads) {
    return pith_create(&model.model, threads, error, sizeof error);
  }
  char error[256] = "";
};

TEST_F(InstanceTest, RunsWithAnyNumberOfThreads) {
  Model model(runDouble);
  std::vector<float> x(kCount);
  for (int64_t i = 0; i < kCount; ++i)
    x[size_t(i)] = float(i);
  for (int threads : {1, 2, 3, 17}) {
    pith_instance *instance = create(model, threads);
    ASSERT_NE(instance, nullptr) << error;
    for (int64_t n : {kCount, int64_t(1), int64_t(0), int64_t(64)}) {
      ASSERT_EQ(pith_set_input(instance, "x", x.data(), &n), 0);
      ASSERT_EQ(pith_run(instance), 0) << pith_error_text(instance);
      int64_t size = -1;
      auto *y = static_cast<const float *>(pith_get_output(instance, "y", &size));
      ASSERT_NE(y, nullptr);
      EXPECT_EQ(size, n);
      for (int64_t i = 0; i < n; ++i)
        ASSERT_EQ(y[i], 2.0f * float(i));
    }
    pith_destroy(instance);
  }
}

/// Many short loops: no wake-up may be lost between them.
int32_t runManyLoops(pith_instance *instance, const pith_buffer *inputs,
                     const int64_t *symbols) {
  int32_t status = 0;
  for (int i = 0; i < 3000 && !status; ++i)
    status = runDouble(instance, inputs, symbols);
  return status;
}

TEST_F(InstanceTest, NeverLosesALoop) {
  Model model(runManyLoops);
  pith_instance *instance = create(model, 4);
  std::vector<float> x(64, 1);
  int64_t n = 64;
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(pith_set_input(instance, "x", x.data(), &n), 0);
    ASSERT_EQ(pith_run(instance), 0);
    std::this_thread::sleep_for(std::chrono::milliseconds(2)); // workers sleep
  }
  pith_destroy(instance);
}

TEST_F(InstanceTest, InstancesAreIndependent) {
  Model model(runDouble);
  std::vector<std::thread> users;
  std::atomic<int> bad{0};
  for (int u = 0; u < 4; ++u)
    users.emplace_back([&, u] {
      char text[64];
      pith_instance *instance = pith_create(&model.model, 2, text, sizeof text);
      std::vector<float> x(1000, float(u));
      int64_t n = 1000;
      for (int i = 0; i < 50; ++i) {
        bad += pith_set_input(instance, "x", x.data(), &n) || pith_run(instance);
        auto *y = static_cast<const float *>(pith_get_output_at(instance, 0, nullptr));
        bad += !y || y[999] != 2.0f * float(u);
      }
      pith_destroy(instance);
    });
  for (std::thread &user : users)
    user.join();
  EXPECT_EQ(bad, 0);
}

int32_t runTrap(pith_instance *instance, const pith_buffer *, const int64_t *) {
  pith_rt_trap(instance, "/node", "index out of range", 9);
  pith_rt_trap(instance, "/other", "index out of range", 10);
  return pith_rt_trapped(instance);
}

TEST_F(InstanceTest, KeepsTheFirstTrap) {
  Model model(runTrap);
  pith_instance *instance = create(model, 1);
  float x = 0;
  int64_t n = 1;
  ASSERT_EQ(pith_set_input(instance, "x", &x, &n), 0);
  EXPECT_NE(pith_run(instance), 0);
  EXPECT_STREQ(pith_error_text(instance), "/node: index out of range: 9");
  pith_destroy(instance);
}

int32_t runAllocate(pith_instance *instance, const pith_buffer *, const int64_t *symbols) {
  std::vector<void *> blocks;
  for (int64_t bytes : {int64_t(0), int64_t(1), int64_t(64), int64_t(1000), int64_t(1) << 20}) {
    void *block = pith_rt_alloc(instance, bytes);
    if (!block || reinterpret_cast<uintptr_t>(block) % 64)
      return pith_rt_fail(instance, nullptr, "expected aligned memory");
    std::memset(block, 1, size_t(bytes));
    blocks.push_back(block);
  }
  pith_rt_free(instance, blocks[0]);
  // The others are left to the end of the run.
  if (pith_rt_alloc(instance, -1) || pith_rt_alloc(instance, std::numeric_limits<int64_t>::max()))
    return pith_rt_fail(instance, nullptr, "expected no memory");
  return pith_rt_output(instance, 0, 1, symbols) == nullptr;
}

TEST_F(InstanceTest, AllocatesForKernels) {
  Model model(runAllocate);
  pith_instance *instance = create(model, 1);
  float x = 0;
  int64_t n = 1;
  for (int i = 0; i < 10; ++i) {
    ASSERT_EQ(pith_set_input(instance, "x", &x, &n), 0);
    EXPECT_EQ(pith_run(instance), 0) << pith_error_text(instance);
  }
  pith_destroy(instance);
}

TEST_F(InstanceTest, SaysWhatIsWrong) {
  Model model(runDouble);
  pith_instance *instance = create(model, 1);
  float x = 0;
  int64_t n = 1, negative = -1;
  EXPECT_NE(pith_run(instance), 0);
  EXPECT_STREQ(pith_error_text(instance), "missing input 'x'");
  EXPECT_NE(pith_set_input(instance, "z", &x, &n), 0);
  EXPECT_STREQ(pith_error_text(instance), "no input named 'z'");
  EXPECT_NE(pith_set_input(instance, "x", &x, &negative), 0);
  EXPECT_NE(pith_set_input(instance, "x", nullptr, &n), 0);
  EXPECT_NE(pith_set_input_at(instance, 1, &x, &n), 0);
  EXPECT_EQ(pith_get_output(instance, "y", nullptr), nullptr);
  EXPECT_EQ(pith_get_output(instance, "z", nullptr), nullptr);
  pith_destroy(instance);
}

TEST_F(InstanceTest, RefusesModelsItCannotRun) {
  EXPECT_EQ(pith_create(nullptr, 1, error, sizeof error), nullptr);
  Model old(runDouble);
  old.model.abi_version = 0;
  EXPECT_EQ(create(old, 1), nullptr);
  EXPECT_STREQ(error, "expected a model of ABI version 1, found 0");
  Model foreign(runDouble);
  foreign.model.cpu_features = "no-such-feature,neither-this";
  char missing[64];
  EXPECT_EQ(pith_missing_features(&foreign.model, missing, sizeof missing), 2);
  EXPECT_STREQ(missing, "no-such-feature,neither-this");
  EXPECT_EQ(create(foreign, 1), nullptr);
}

} // namespace
