//===- CompressionTest.h - Modules and numbers for tests -------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_UNITTESTS_COMPRESSION_COMPRESSIONTEST_H
#define PITH_UNITTESTS_COMPRESSION_COMPRESSIONTEST_H

#include "pith/Compression/Codec.h"
#include "pith/Compression/Compression.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"

#include <vector>

namespace pith::test {

/// A context that knows the codecs.
inline mlir::MLIRContext *makeContext() {
  mlir::DialectRegistry registry;
  registry.insert<PithDialect, mlir::func::FuncDialect>();
  registerCompressionFamilies(registry);
  auto *context = new mlir::MLIRContext(registry, mlir::MLIRContext::Threading::DISABLED);
  context->loadAllAvailableDialects();
  return context;
}

/// Numbers from −1 to 1 that depend on `seed` alone.
inline std::vector<float> makeNumbers(int64_t count, uint32_t seed) {
  std::vector<float> numbers(count);
  uint32_t state = seed * 2654435761u + 1;
  for (float &number : numbers) {
    state = state * 1664525u + 1013904223u;
    number = float(state >> 8) / float(1 << 23) - 1;
  }
  return numbers;
}

inline HostTensor makeTensor(mlir::MLIRContext *context, llvm::ArrayRef<int64_t> shape,
                             llvm::ArrayRef<float> values) {
  HostTensor tensor(
      mlir::RankedTensorType::get(shape, mlir::Float32Type::get(context)));
  llvm::copy(values, tensor.asMutable<float>().begin());
  return tensor;
}

/// A module `y = x · wᵀ` with a weight of the given value.
inline mlir::OwningOpRef<mlir::ModuleOp> makeProduct(mlir::MLIRContext *context,
                                                     const HostTensor &weight) {
  mlir::Location loc = mlir::NameLoc::get(mlir::StringAttr::get(context, "/MatMul"));
  mlir::OwningOpRef<mlir::ModuleOp> module(mlir::ModuleOp::create(loc));
  mlir::OpBuilder builder(module->getBodyRegion());
  mlir::Type f32 = builder.getF32Type();
  int64_t rows = weight.getShape()[0], columns = weight.getShape()[1];
  auto x = mlir::RankedTensorType::get({1, columns}, f32);
  auto y = mlir::RankedTensorType::get({1, rows}, f32);
  auto func = mlir::func::FuncOp::create(builder, loc, "main",
                                         builder.getFunctionType(x, y));
  builder.setInsertionPointToStart(func.addEntryBlock());
  mlir::Value w = createConstant(builder, loc, weight, "weight");
  auto product = MatMulOp::create(builder, loc, y, func.getArgument(0), w, true);
  mlir::func::ReturnOp::create(builder, loc, product.getResult());
  return module;
}

} // namespace pith::test

#endif // PITH_UNITTESTS_COMPRESSION_COMPRESSIONTEST_H
