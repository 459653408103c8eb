//===- ReferenceTest.h - Evaluates small pieces of IR -----------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_UNITTESTS_REFERENCE_REFERENCETEST_H
#define PITH_UNITTESTS_REFERENCE_REFERENCETEST_H

#include "pith/Reference/Evaluator.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "gtest/gtest.h"

#include <string>
#include <vector>

namespace pith {

struct ReferenceTest : ::testing::Test {
  ReferenceTest();

  using Tensors = mlir::FailureOr<llvm::SmallVector<HostTensor>>;

  /// Evaluates the last function of a module. `diagnostics` is what was said.
  Tensors runModule(const std::string &text, llvm::ArrayRef<HostTensor> arguments = {});
  /// Evaluates ops, the last of which defines `%r` of a type.
  Tensors run(const std::string &ops, const std::string &type);
  /// Whether ops give `%r` with these elements, floats within a relative 1e-6.
  void expect(const std::string &ops, const std::string &type,
              const std::vector<double> &elements);
  /// The same for `pith.NAME` of constants: `{"[1.0, 2.0] : tensor<2xf32>", …}`.
  void expectOp(const std::string &op, const std::vector<std::string> &operands,
                const std::string &type, const std::vector<double> &elements);
  /// Whether evaluation fails and says this.
  void expectError(const std::string &ops, const std::string &type,
                   const std::string &message);

  /// A tensor with elements 0, 1, 2, …
  HostTensor iota(llvm::ArrayRef<int64_t> shape, mlir::Type element);

  mlir::MLIRContext context;
  std::string diagnostics;
  std::vector<mlir::OwningOpRef<mlir::ModuleOp>> modules; ///< own the constants
};

} // namespace pith

#endif // PITH_UNITTESTS_REFERENCE_REFERENCETEST_H
