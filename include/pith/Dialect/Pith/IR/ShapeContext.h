//===- ShapeContext.h - Sizes as expressions of symbols ---------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sizes of tensors are affine expressions of symbols: sizes of the inputs
// ("batch"), numbers read from tensors while the program runs, minima and
// maxima of other expressions. Equal expressions are equal sizes. A fully static
// size is a constant expression.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_DIALECT_PITH_IR_SHAPECONTEXT_H
#define PITH_DIALECT_PITH_IR_SHAPECONTEXT_H

#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

#include <optional>

namespace pith {

/// Sizes of one tensor, outermost first.
using SymbolicShape = llvm::SmallVector<mlir::AffineExpr>;

/// What a shape rule (`SymbolicShapeOpInterface`) sees of its op, and where it
/// puts the result.
class ShapeContext {
public:
  virtual ~ShapeContext() = default;

  virtual mlir::MLIRContext *getContext() = 0;

  /// Sizes of any ranked value.
  virtual llvm::ArrayRef<mlir::AffineExpr> dims(mlir::Value value) = 0;

  /// Elements of an integer tensor of at most 64 elements, row major. Known for
  /// constants and shape arithmetic; for other values of static size each
  /// element is a symbol read at run time. `std::nullopt` if the number of
  /// elements is not static or above the limit, or if this context has no
  /// run-time symbols (verifiers).
  virtual std::optional<SymbolicShape> contents(mlir::Value value) = 0;

  /// Sets the sizes of result `index`.
  virtual void setDims(unsigned index, llvm::ArrayRef<mlir::AffineExpr> dims) = 0;
  /// Sets the elements of result `index`, an integer tensor.
  virtual void setContents(unsigned index,
                           llvm::ArrayRef<mlir::AffineExpr> contents) = 0;

  /// Expressions that affine arithmetic lacks. Constants fold; equal arguments
  /// give equal results.
  virtual mlir::AffineExpr minimum(mlir::AffineExpr a, mlir::AffineExpr b) = 0;
  virtual mlir::AffineExpr maximum(mlir::AffineExpr a, mlir::AffineExpr b) = 0;
  /// The size of an axis made from two broadcast sizes: `b` if `a` is 1, else
  /// `a`. Fails (null) if both are constants that differ and neither is 1.
  virtual mlir::AffineExpr broadcast(mlir::AffineExpr a, mlir::AffineExpr b) = 0;
  /// A size that only running the op can tell: axis `axis` of result `index`.
  /// The generated op must report it.
  virtual mlir::AffineExpr dataDependent(unsigned index, unsigned axis) = 0;
  /// Sizes that must be equal at run time. Fails if they are constants that
  /// differ.
  virtual mlir::LogicalResult requireEqual(mlir::AffineExpr a,
                                           mlir::AffineExpr b) = 0;

  /// Emits an error on the op being inferred.
  virtual mlir::InFlightDiagnostic emitError() = 0;

  mlir::AffineExpr constant(int64_t value) {
    return mlir::getAffineConstantExpr(value, getContext());
  }
};

/// The value of a constant expression.
inline std::optional<int64_t> getConstant(mlir::AffineExpr expr) {
  if (auto c = llvm::dyn_cast_if_present<mlir::AffineConstantExpr>(expr))
    return c.getValue();
  return std::nullopt;
}

/// Product of expressions; 1 if there are none.
mlir::AffineExpr product(mlir::MLIRContext *context,
                         llvm::ArrayRef<mlir::AffineExpr> factors);

/// Sizes of all shapes broadcast against each other, as in numpy. Emits an error
/// and fails if they do not fit.
mlir::FailureOr<SymbolicShape>
broadcastShapes(ShapeContext &context,
                llvm::ArrayRef<llvm::ArrayRef<mlir::AffineExpr>> shapes);

} // namespace pith

#endif // PITH_DIALECT_PITH_IR_SHAPECONTEXT_H
