//===- ReferenceTest.cpp - Evaluates small pieces of IR -------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ReferenceTest.h"

#include "pith/Dialect/Pith/IR/PithOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"

#include <cmath>

using namespace mlir;
using namespace pith;

ReferenceTest::ReferenceTest() {
  DialectRegistry registry;
  registry.insert<PithDialect, func::FuncDialect>();
  registerReferenceModels(registry);
  context.appendDialectRegistry(registry);
  context.loadAllAvailableDialects();
}

ReferenceTest::Tensors ReferenceTest::runModule(const std::string &text,
                                                ArrayRef<HostTensor> arguments) {
  diagnostics.clear();
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
      diagnostics += diagnostic.str() + "\n";
    return success();
  });
  auto module = parseSourceString<ModuleOp>(text, &context);
  if (!module)
    return failure();
  func::FuncOp function;
  for (auto candidate : module->getOps<func::FuncOp>())
    function = candidate;
  modules.push_back(std::move(module));
  return evaluate(function, arguments);
}

ReferenceTest::Tensors ReferenceTest::run(const std::string &ops,
                                          const std::string &type) {
  return runModule("func.func @f() -> " + type + " {\n" + ops + "\nreturn %r : " + type +
                   "\n}");
}

void ReferenceTest::expect(const std::string &ops, const std::string &type,
                           const std::vector<double> &elements) {
  Tensors results = run(ops, type);
  ASSERT_TRUE(succeeded(results)) << ops << "\n" << diagnostics;
  const HostTensor &result = results->front();
  ASSERT_EQ(result.getNumElements(), int64_t(elements.size())) << ops;
  for (size_t i = 0; i < elements.size(); ++i) {
    double found = result.getDouble(i);
    if (std::isnan(elements[i]) || std::isinf(elements[i]))
      EXPECT_TRUE(found == elements[i] || (std::isnan(found) && std::isnan(elements[i])))
          << ops << "\nelement " << i << " is " << found << ", not " << elements[i];
    else
      EXPECT_NEAR(found, elements[i], 1e-6 * std::abs(elements[i]) + 1e-9)
          << ops << "\nelement " << i;
  }
}

void ReferenceTest::expectOp(const std::string &op,
                             const std::vector<std::string> &operands,
                             const std::string &type,
                             const std::vector<double> &elements) {
  std::string ops, names, types;
  for (auto [i, operand] : llvm::enumerate(operands)) {
    std::string name = "%c" + std::to_string(i), comma = i ? ", " : "";
    auto [value, own] = StringRef(operand).rsplit(" : ");
    ops += name + " = pith.constant dense<" + value.str() + "> : " + own.str() + " : " +
           own.str() + "\n";
    names += comma + name;
    types += comma + own.str();
  }
  auto [name, attributes] = StringRef(op).split(' ');
  expect(ops + "%r = pith." + name.str() + " " + names + " " + attributes.str() + " : (" +
             types + ") -> " + type,
         type, elements);
}

void ReferenceTest::expectError(const std::string &ops, const std::string &type,
                                const std::string &message) {
  EXPECT_TRUE(failed(run(ops, type))) << ops;
  EXPECT_NE(diagnostics.find(message), std::string::npos)
      << ops << "\nexpected: " << message << "\nfound: " << diagnostics;
}

HostTensor ReferenceTest::iota(ArrayRef<int64_t> shape, Type element) {
  HostTensor tensor(RankedTensorType::get(shape, element));
  for (int64_t i = 0; i < tensor.getNumElements(); ++i)
    tensor.setInt(i, i);
  return tensor;
}
