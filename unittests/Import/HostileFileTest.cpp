//===- HostileFileTest.cpp - Files made to break the importer -------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Whatever the bytes, an import succeeds or says why not.
//
//===----------------------------------------------------------------------===//

#include "TestModel.h"
#include "gtest/gtest.h"

#include <random>

using namespace pith;

static void expectOrderly(const std::string &bytes, const std::string &what) {
  ImportResult result = importBytes(bytes);
  EXPECT_EQ(result.imported, result.errors.empty()) << what << ": " << result.errors;
}

TEST(HostileFile, TheModelItselfImports) {
  ImportResult result = importBytes(makeTestModel().SerializeAsString());
  EXPECT_TRUE(result.imported) << result.errors;
}

// A file cut anywhere is refused; no prefix of the model is a model.
TEST(HostileFile, TruncatedAtEveryByte) {
  std::string bytes = makeTestModel().SerializeAsString();
  for (size_t size = 0; size < bytes.size(); ++size) {
    ImportResult result = importBytes(llvm::StringRef(bytes).take_front(size));
    EXPECT_FALSE(result.imported) << "at " << size;
    EXPECT_FALSE(result.errors.empty()) << "at " << size;
  }
}

// Every byte changed in several ways.
TEST(HostileFile, EveryByteChanged) {
  std::string bytes = makeTestModel().SerializeAsString();
  for (size_t at = 0; at < bytes.size(); ++at)
    for (int flip : {0x01, 0x08, 0x80, 0xff}) {
      std::string changed = bytes;
      changed[at] = char(changed[at] ^ flip);
      expectOrderly(changed, "byte " + std::to_string(at));
    }
}

TEST(HostileFile, RandomBytes) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    std::string bytes(random() % 200, '\0');
    for (char &byte : bytes)
      byte = char(random());
    expectOrderly(bytes, "round " + std::to_string(round));
  }
}

// Bytes taken out, doubled and moved, so that messages keep some structure.
TEST(HostileFile, SplicedModels) {
  std::string bytes = makeTestModel().SerializeAsString();
  std::mt19937 random(2);
  for (int round = 0; round < 500; ++round) {
    size_t from = random() % bytes.size(), to = random() % bytes.size();
    size_t count = 1 + random() % 40;
    std::string changed = bytes;
    std::string part = changed.substr(from, count);
    if (round % 2)
      changed.erase(from, count);
    changed.insert(std::min(to, changed.size()), part);
    expectOrderly(changed, "round " + std::to_string(round));
  }
}

// Chains far longer than the stack would take, were they walked recursively.
TEST(HostileFile, LongChain) {
  onnx::ModelProto model = makeTestModel();
  onnx::GraphProto &graph = *model.mutable_graph();
  std::string last = "y";
  for (int i = 0; i < 20000; ++i) {
    onnx::NodeProto &node = *graph.add_node();
    node.set_op_type("Abs");
    node.add_input(last);
    last = "v" + std::to_string(i);
    node.add_output(last);
  }
  graph.mutable_output(0)->set_name(last);
  ImportResult result = importBytes(model.SerializeAsString());
  EXPECT_TRUE(result.imported) << result.errors;
}

// Sizes that overflow when multiplied or subtracted.
TEST(HostileFile, ExtremeAttributes) {
  const int64_t extremes[] = {INT64_MIN, INT64_MIN + 1, -1, 0, 1, INT32_MAX, INT64_MAX};
  struct Case {
    const char *op, *attribute;
    bool list;
  };
  const Case cases[] = {{"Flatten", "axis", false},      {"Softmax", "axis", false},
                        {"Concat", "axis", false},       {"ArgMax", "axis", false},
                        {"ReduceMax", "axes", true},     {"Transpose", "perm", true},
                        {"Split", "axis", false},        {"LRN", "size", false},
                        {"Hardmax", "axis", false},      {"LpNormalization", "p", false},
                        {"MaxPool", "kernel_shape", true}, {"AveragePool", "strides", true},
                        {"Shape", "start", false},       {"LayerNormalization", "axis", false}};
  for (const Case &test : cases)
    for (int64_t value : extremes) {
      onnx::ModelProto model = makeTestModel();
      onnx::NodeProto &node = *model.mutable_graph()->mutable_node(1);
      node.set_op_type(test.op);
      onnx::AttributeProto &attribute = *node.mutable_attribute(0);
      attribute.Clear();
      attribute.set_name(test.attribute);
      attribute.set_type(test.list ? onnx::AttributeProto::INTS : onnx::AttributeProto::INT);
      if (test.list)
        attribute.add_ints(value);
      else
        attribute.set_i(value);
      expectOrderly(model.SerializeAsString(),
                    std::string(test.op) + " " + std::to_string(value));
    }
}
