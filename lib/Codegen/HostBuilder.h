//===- HostBuilder.h - Pieces of host code ----------------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What host code is written with: LLVM's ops on 64-bit sizes and pointers, calls
// of the runtime, ways out of the function, and sizes computed from symbols.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_CODEGEN_HOSTBUILDER_H
#define PITH_LIB_CODEGEN_HOSTBUILDER_H

#include "pith/Dialect/Pith/IR/ShapeAnalysis.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"

#include <string>

namespace pith {

class HostBuilder {
public:
  HostBuilder(mlir::ModuleOp lowered, ShapeAnalysis &shapes, mlir::Location loc)
      : lowered(lowered), shapes(shapes), builder(lowered.getContext()),
        context(lowered.getContext()), loc(loc),
        pointer(mlir::LLVM::LLVMPointerType::get(context)), i64(builder.getI64Type()),
        i32(builder.getI32Type()) {}
  virtual ~HostBuilder() = default;

protected:
  /// The address of a tensor whose elements are sizes.
  virtual mlir::FailureOr<mlir::Value> address(mlir::Value tensor) = 0;

  mlir::Value constant(int64_t v) {
    return mlir::LLVM::ConstantOp::create(builder, loc, i64, v);
  }
  mlir::Value gep(mlir::Value base, mlir::Type element,
                  llvm::ArrayRef<mlir::LLVM::GEPArg> indices) {
    return mlir::LLVM::GEPOp::create(builder, loc, pointer, element, base, indices);
  }
  mlir::Value gepBytes(mlir::Value base, int64_t offset) {
    return offset ? gep(base, builder.getI8Type(), {int32_t(offset)}) : base;
  }
  mlir::Value load(mlir::Type type, mlir::Value address) {
    return mlir::LLVM::LoadOp::create(builder, loc, type, address);
  }
  void store(mlir::Value value, mlir::Value address) {
    mlir::LLVM::StoreOp::create(builder, loc, value, address);
  }
  mlir::Value compare(mlir::LLVM::ICmpPredicate p, mlir::Value x, mlir::Value y) {
    return mlir::LLVM::ICmpOp::create(builder, loc, p, x, y);
  }
  mlir::Value isNull(mlir::Value address) {
    return compare(mlir::LLVM::ICmpPredicate::eq, address,
                   mlir::LLVM::ZeroOp::create(builder, loc, pointer));
  }
  /// The address of a string in the program.
  mlir::Value text(llvm::StringRef what);
  /// The address of a list of numbers in the program.
  mlir::Value numbers(llvm::ArrayRef<int64_t> values);

  /// Declares the functions of the runtime that host code calls.
  void declareRuntime();
  mlir::Value callRuntime(llvm::StringRef callee, mlir::Type result,
                          mlir::ValueRange operands);

  /// Leaves the function with status 1 where `bad` is true.
  void failIf(mlir::Value bad);
  /// As failIf, after calling pith_rt_fail_size.
  void failSizeIf(mlir::Value bad, mlir::Operation *op, llvm::StringRef message,
                  mlir::Value expected, mlir::Value found);

  /// The value of a size; computed where it is asked for first.
  mlir::FailureOr<mlir::Value> size(mlir::AffineExpr expr);

  mlir::ModuleOp lowered;
  ShapeAnalysis &shapes;
  mlir::OpBuilder builder;
  mlir::MLIRContext *context;
  mlir::Location loc;
  mlir::Type pointer, i64, i32;
  /// Arguments of the function.
  mlir::Value instance, inputs, symbolValues;
  /// Returns status 1.
  mlir::Block *failure = nullptr;
  llvm::DenseMap<mlir::AffineExpr, mlir::Value> sizes; ///< known ones

private:
  mlir::FailureOr<mlir::Value> symbol(unsigned position);
  mlir::FailureOr<mlir::Value> element(mlir::Value tensor, int64_t index);
  mlir::Value broadcast(mlir::Value a, mlir::Value b);
  mlir::Value divideDown(mlir::Value a, mlir::Value b);

  llvm::StringMap<std::string> texts;
  unsigned numberLists = 0;
};

} // namespace pith

#endif // PITH_LIB_CODEGEN_HOSTBUILDER_H
