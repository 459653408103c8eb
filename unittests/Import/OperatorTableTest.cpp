//===- OperatorTableTest.cpp - The table of ONNX operators ----------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Entries must agree with the schemas of the ONNX library.
//
//===----------------------------------------------------------------------===//

#include "Operators.h"
#include "TestModel.h"
#include "gtest/gtest.h"

using namespace pith;

/// The version of an operator's schema at an operator set.
static int64_t getVersion(const OperatorEntry &entry, int64_t opset) {
  OnnxModel model;
  const_cast<onnx::ModelProto &>(model.getProto()).add_opset_import()->set_version(opset);
  onnx::NodeProto node;
  node.set_op_type(entry.name.str());
  return model.getSchemaVersion(node);
}

// Each operator is known, and read in its newest version that we know of.
TEST(OperatorTable, CoversTheNewestVersions) {
  for (const OperatorEntry *entry : listOperators()) {
    int64_t newest = 0;
    for (int64_t opset = kMinOpset; opset <= kMaxOpset; ++opset)
      newest = std::max(newest, getVersion(*entry, opset));
    EXPECT_EQ(newest, entry->lastVersion) << entry->name.str();
    EXPECT_LE(entry->firstVersion, newest) << entry->name.str();
  }
}

TEST(OperatorTable, FindsByDomainAndName) {
  EXPECT_NE(findOperator("", "Conv"), nullptr);
  EXPECT_EQ(findOperator("com.microsoft", "Conv"), nullptr);
  EXPECT_EQ(findOperator("", "NoSuchOperator"), nullptr);
}
