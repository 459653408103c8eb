//===- Constants.h - Reading and making constant tensors --------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What patterns ask of constants. Nothing here copies a weight: values refer to
// the attribute's own bytes.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_DIALECT_PITH_IR_CONSTANTS_H
#define PITH_DIALECT_PITH_IR_CONSTANTS_H

#include "pith/Support/HostTensor.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Value.h"

#include <optional>

namespace pith {

inline mlir::RankedTensorType tensorType(mlir::Value value) {
  return llvm::cast<mlir::RankedTensorType>(value.getType());
}

/// The value of a `pith.constant`; nothing for other values, or without data.
std::optional<HostTensor> getConstantTensor(mlir::Value value);

/// The number that all elements of a constant are; nothing for constants of
/// more than 4096 elements or with different ones.
std::optional<double> getConstantScalar(mlir::Value value);

/// The elements of a constant list of integers.
std::optional<llvm::SmallVector<int64_t>> getConstantList(mlir::Value value);

/// The name of the tensor in the source model; null if it has none.
mlir::StringAttr getConstantName(mlir::Value value);

/// A `pith.constant`. Small ones are inline, others resources called `name`.
mlir::Value createConstant(mlir::OpBuilder &builder, mlir::Location loc,
                           const HostTensor &value, mlir::StringAttr name = {});

/// The constant with another type of as many elements, sharing its bytes.
mlir::Value createReshapedConstant(mlir::OpBuilder &builder, mlir::Value constant,
                                   llvm::ArrayRef<int64_t> shape);

/// A list of sizes, axes or the like: `tensor<n x i64>`.
mlir::Value createList(mlir::OpBuilder &builder, mlir::Location loc,
                       llvm::ArrayRef<int64_t> values);

/// One number as a tensor of rank 0.
mlir::Value createScalar(mlir::OpBuilder &builder, mlir::Location loc,
                         mlir::Type element, double value);

/// The elements with axes in another order: axis `i` of the result is axis
/// `permutation[i]` of `tensor`.
HostTensor transpose(const HostTensor &tensor,
                     llvm::ArrayRef<int64_t> permutation);

/// Whether a transpose moves only axes of size 1, so that elements stay in order.
bool keepsElementOrder(llvm::ArrayRef<int64_t> shape,
                       llvm::ArrayRef<int64_t> permutation);

/// The list that makes `pith.reshape` give `type`, from the type alone; nothing
/// if it has more than one dynamic size, or an empty one.
std::optional<llvm::SmallVector<int64_t>>
getReshapeTarget(mlir::RankedTensorType type);

} // namespace pith

#endif // PITH_DIALECT_PITH_IR_CONSTANTS_H
