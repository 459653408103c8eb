//===- EvaluatorTest.cpp - Whole functions --------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ReferenceTest.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace pith;

namespace {

struct EvaluatorTest : ReferenceTest {
  Type f32 = Float32Type::get(&context);
  bool fails(const std::string &text, ArrayRef<HostTensor> arguments,
             const std::string &message) {
    bool hasFailed = failed(runModule(text, arguments));
    EXPECT_NE(diagnostics.find(message), std::string::npos) << diagnostics;
    return hasFailed;
  }
};

// Values with several uses, results that are arguments, several results.
TEST_F(EvaluatorTest, Functions) {
  auto results = runModule(R"(
    func.func @f(%x: tensor<?xf32>) -> (tensor<?xf32>, tensor<?xf32>, tensor<?xf32>) {
      %0 = pith.add %x, %x : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
      %1 = pith.mul %0, %x : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
      %dead = pith.neg %1 : (tensor<?xf32>) -> tensor<?xf32>
      return %x, %1, %1 : tensor<?xf32>, tensor<?xf32>, tensor<?xf32>
    })",
                           {iota({3}, f32)});
  ASSERT_TRUE(succeeded(results)) << diagnostics;
  ASSERT_EQ(results->size(), 3u);
  EXPECT_EQ((*results)[0].getDouble(2), 2);
  EXPECT_EQ((*results)[1].getDouble(2), 8);
  EXPECT_EQ((*results)[2].getDouble(1), 2);
}

TEST_F(EvaluatorTest, Calls) {
  auto results = runModule(R"(
    func.func private @twice(%x: tensor<2xf32>) -> tensor<2xf32> {
      %0 = pith.add %x, %x : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
      return %0 : tensor<2xf32>
    }
    func.func @f(%x: tensor<2xf32>) -> tensor<2xf32> {
      %0 = call @twice(%x) : (tensor<2xf32>) -> tensor<2xf32>
      %1 = call @twice(%0) : (tensor<2xf32>) -> tensor<2xf32>
      return %1 : tensor<2xf32>
    })",
                           {iota({2}, f32)});
  ASSERT_TRUE(succeeded(results)) << diagnostics;
  EXPECT_EQ(results->front().getDouble(1), 4);
}

TEST_F(EvaluatorTest, RefusesRecursion) {
  EXPECT_TRUE(fails(R"(
    func.func @f(%x: tensor<2xf32>) -> tensor<2xf32> {
      %0 = call @f(%x) : (tensor<2xf32>) -> tensor<2xf32>
      return %0 : tensor<2xf32>
    })",
                    {iota({2}, f32)}, "calls itself"));
}

TEST_F(EvaluatorTest, RefusesWrongArguments) {
  std::string text = R"(
    func.func @f(%x: tensor<?x2xf32> {pith.name = "image"}) -> tensor<?x2xf32> {
      return %x : tensor<?x2xf32>
    })";
  EXPECT_TRUE(fails(text, {}, "expects 1 arguments, found 0"));
  EXPECT_TRUE(fails(text, {iota({2, 3}, f32)}, "expects argument 'image' of type"));
  EXPECT_TRUE(fails(text, {iota({2}, f32)}, "found 'tensor<2xf32>'"));
  EXPECT_TRUE(
      fails(text, {iota({2, 2}, Float64Type::get(&context))}, "'tensor<2x2xf64>'"));
  EXPECT_TRUE(fails(text, {HostTensor()}, "lacks a value for argument 'image'"));
  EXPECT_TRUE(succeeded(runModule(text, {iota({7, 2}, f32)})));
}

// Axes of one name have one size, and derived sizes follow, in any order.
TEST_F(EvaluatorTest, ChecksSymbolicSizes) {
  std::string text = R"(
    func.func @f(%x: tensor<?xf32> {pith.shape = affine_map<()[s0] -> (s0 + 1)>},
                 %y: tensor<?xf32> {pith.shape = affine_map<()[s0] -> (s0)>},
                 %z: tensor<?xf32> {pith.shape = affine_map<()[s0] -> (s0)>})
        -> tensor<?xf32> attributes {pith.symbols = ["length"]} {
      return %x : tensor<?xf32>
    })";
  EXPECT_TRUE(
      succeeded(runModule(text, {iota({4}, f32), iota({3}, f32), iota({3}, f32)})))
      << diagnostics;
  EXPECT_TRUE(fails(text, {iota({4}, f32), iota({3}, f32), iota({2}, f32)},
                    "expects size 3 along axis 0 of argument 2, found 2"));
  EXPECT_TRUE(fails(text, {iota({3}, f32), iota({3}, f32), iota({3}, f32)},
                    "expects size 4 along axis 0 of argument 0, found 3"));
}

// A type that promises more than the values keep is an error, not a wrong result.
TEST_F(EvaluatorTest, RefusesWrongResultSizes) {
  EXPECT_TRUE(fails(R"(
    func.func @f(%x: tensor<?xf32>) -> tensor<3xf32> {
      %0 = pith.relu %x : (tensor<?xf32>) -> tensor<3xf32>
      return %0 : tensor<3xf32>
    })",
                    {iota({2}, f32)},
                    "'pith.relu' op expects a result of type 'tensor<3xf32>', but"));
}

TEST_F(EvaluatorTest, OneOp) {
  auto results = runModule("func.func @f(%x: tensor<2xf32>) -> tensor<2xf32> {\n"
                           "%r = pith.neg %x : (tensor<2xf32>) -> tensor<2xf32>\n"
                           "return %r : tensor<2xf32>\n}",
                           {iota({2}, f32)});
  ASSERT_TRUE(succeeded(results));
  auto function = *modules.back()->getOps<func::FuncOp>().begin();
  Operation *op = &function.getBody().front().front();
  auto value = evaluateOp(op, {iota({2}, f32)});
  ASSERT_TRUE(succeeded(value));
  EXPECT_EQ(value->front().getDouble(1), -1);
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    diagnostics += diagnostic.str();
    return success();
  });
  EXPECT_TRUE(failed(evaluateOp(op, {})));
  EXPECT_TRUE(failed(evaluateOp(op, {iota({3}, f32)})));
  EXPECT_TRUE(failed(evaluateOp(op->getNextNode(), {iota({2}, f32)})));
  for (const char *message :
       {"expects 1 values, found 0", "expects operand 0 of type 'tensor<2xf32>', found",
        "has no reference semantics"})
    EXPECT_NE(diagnostics.find(message), std::string::npos) << diagnostics;
}

} // namespace
