//===- Rewriting.h - What the simplify passes share -------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_DIALECT_PITH_TRANSFORMS_REWRITING_H
#define PITH_LIB_DIALECT_PITH_TRANSFORMS_REWRITING_H

#include "pith/Dialect/Pith/IR/Constants.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "pith/Dialect/Pith/IR/ShapeAnalysis.h"
#include "mlir/IR/PatternMatch.h"

namespace pith {

/// Makes an op whose result has the sizes that the shape rule gives.
template <typename Op, typename... Args>
Op createInferred(mlir::OpBuilder &builder, mlir::Location loc, mlir::Type element,
                  Args &&...args) {
  auto op = Op::create(builder, loc, mlir::RankedTensorType::get({}, element),
                       std::forward<Args>(args)...);
  llvm::SmallVector<llvm::SmallVector<int64_t>> shapes;
  if (mlir::succeeded(inferStaticShapes(op, shapes)))
    op->getResult(0).setType(mlir::RankedTensorType::get(shapes[0], element));
  return op;
}

/// `permutation` applied to a list, and its inverse.
llvm::SmallVector<int64_t> permute(llvm::ArrayRef<int64_t> list,
                                   llvm::ArrayRef<int64_t> permutation);
llvm::SmallVector<int64_t> invert(llvm::ArrayRef<int64_t> permutation);

/// `value` with axes in another order: a constant if it is one, an op otherwise.
mlir::Value createTranspose(mlir::OpBuilder &builder, mlir::Location loc,
                            mlir::Value value, llvm::ArrayRef<int64_t> permutation);

/// A constant with one element per index of `axis` of `type` (or one for all),
/// broadcastable to it: these elements, as real numbers.
std::optional<llvm::SmallVector<double>>
getPerChannel(mlir::Value constant, mlir::RankedTensorType type, int64_t axis);

/// One element per channel as a constant that broadcasts to `rank` axes.
mlir::Value createPerChannel(mlir::OpBuilder &builder, mlir::Location loc,
                             mlir::Type element, llvm::ArrayRef<double> values,
                             int64_t axis, int64_t rank, mlir::StringAttr name = {});

/// The operand of a commutative op beside `value`.
mlir::Value getOther(mlir::Operation *op, mlir::Value value);

/// `x` and the constant of `op(x, c)`, whichever side of a commutative op the
/// constant is on.
template <typename Op>
std::optional<std::pair<mlir::Value, double>> matchScalarOperand(mlir::Value value) {
  auto op = value.getDefiningOp<Op>();
  if (!op)
    return std::nullopt;
  if (std::optional<double> c = getConstantScalar(op.getRhs()))
    return std::make_pair(mlir::Value(op.getLhs()), *c);
  if (op->template hasTrait<mlir::OpTrait::IsCommutative>())
    if (std::optional<double> c = getConstantScalar(op.getLhs()))
      return std::make_pair(mlir::Value(op.getRhs()), *c);
  return std::nullopt;
}

/// Equal up to rounding to single precision.
inline bool isClose(double a, double b) {
  return std::abs(a - b) <= 1e-5 * std::max(std::abs(a), std::abs(b));
}

/// Emits a remark that `pass` left `op` as it is.
void remarkMissed(mlir::Operation *op, llvm::StringRef pass, llvm::StringRef name,
                  const llvm::Twine &reason);

/// Applies patterns to a function until nothing changes.
mlir::LogicalResult applyToFixedPoint(mlir::Operation *function,
                                      mlir::RewritePatternSet &&patterns);

} // namespace pith

#endif // PITH_LIB_DIALECT_PITH_TRANSFORMS_REWRITING_H
