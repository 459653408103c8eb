//===- Formula.h - Recognizing formulas in IR -------------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Exporters write one formula in many ways. What is compared here is the formula,
// not the ops: polynomials by their coefficients, products by their factors.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_DIALECT_PITH_TRANSFORMS_FORMULA_H
#define PITH_LIB_DIALECT_PITH_TRANSFORMS_FORMULA_H

#include "Rewriting.h"

#include <array>

namespace pith {

/// Coefficients of 1, x, x², x³.
using Polynomial = std::array<double, 4>;

/// `value` as a polynomial of `x`; nothing if it is none of degree 3 or less.
std::optional<Polynomial> getPolynomial(mlir::Value value, mlir::Value x);
/// Whether `value` is this polynomial of `x`, up to rounding.
bool isPolynomial(mlir::Value value, mlir::Value x, Polynomial expected);

/// Follows a factor through the products it is the only use of:
///     factor · x · constants
class ProductChain {
public:
  /// Takes `factor`, its user and so on until the chain is `x · factor` times
  /// constants whose product is `expected`. `x` is found on the way: `isFactorOf`
  /// says whether a candidate is the one.
  static mlir::Operation *
  match(mlir::Value factor, double expected,
        llvm::function_ref<bool(mlir::Value)> isFactorOf, mlir::Value &x);
};

/// A reduction with its axes kept as 1, however that is written.
struct KeptReduction {
  mlir::Value input;
  ReduceKind kind;
  llvm::SmallVector<int64_t> axes;
};
std::optional<KeptReduction> matchKeptReduction(mlir::Value value);

/// The mean of `input` over `axes`, kept as 1: by `mean`, or by a sum times 1/n.
/// A sum of squares gives `isSquare`.
struct KeptMean {
  mlir::Value input;
  llvm::SmallVector<int64_t> axes;
  bool isSquare = false;
};
std::optional<KeptMean> matchKeptMean(mlir::Value value);

/// Whether axes are the last ones, in order; the first of them.
std::optional<int64_t> getTrailingAxis(llvm::ArrayRef<int64_t> axes, int64_t rank);

} // namespace pith

#endif // PITH_LIB_DIALECT_PITH_TRANSFORMS_FORMULA_H
