//===- ShapeExpressions.h - Arithmetic on size expressions ------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_DIALECT_PITH_IR_SHAPEEXPRESSIONS_H
#define PITH_LIB_DIALECT_PITH_IR_SHAPEEXPRESSIONS_H

#include "pith/Dialect/Pith/IR/ShapeContext.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/TypeUtilities.h"

namespace mlir {
/// Sizes in diagnostics: a number, or "?" with the expression.
inline Diagnostic &operator<<(Diagnostic &diagnostic, AffineExpr expr) {
  if (auto constant = pith::getConstant(expr))
    return diagnostic << *constant;
  std::string text;
  llvm::raw_string_ostream(text) << expr;
  return diagnostic << "? (" << text << ")";
}
} // namespace mlir

namespace pith {

/// Sums collected and constants folded, so that equal sizes compare equal.
mlir::AffineExpr simplify(mlir::AffineExpr expr);
inline mlir::AffineExpr difference(mlir::AffineExpr a, mlir::AffineExpr b) {
  return simplify(a - b);
}
/// a / b, exact where common factors say so, else the floor.
mlir::AffineExpr quotient(mlir::AffineExpr a, mlir::AffineExpr b);

/// The shape rule of elementwise ops: operands broadcast.
mlir::LogicalResult inferElementwise(mlir::Operation *op, ShapeContext &context);

/// Elements of a small integer operand; emits an error if they are unknown.
mlir::FailureOr<SymbolicShape> needContents(ShapeContext &context,
                                            mlir::Value value,
                                            llvm::StringRef what);

inline int64_t rankOf(mlir::Value value) {
  return llvm::cast<mlir::RankedTensorType>(value.getType()).getRank();
}

} // namespace pith

#endif // PITH_LIB_DIALECT_PITH_IR_SHAPEEXPRESSIONS_H
