//===- Canonicalization.h - Patterns of the dialect's canonical form ------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_DIALECT_PITH_IR_CANONICALIZATION_H
#define PITH_LIB_DIALECT_PITH_IR_CANONICALIZATION_H

#include "mlir/IR/PatternMatch.h"

namespace pith {

/// Neutral elements, cheaper ops for the same value, operands by their own names.
void populateElementwiseCanonicalization(mlir::RewritePatternSet &patterns);
/// Ops that leave all elements where they are, or undo each other.
void populateMovementCanonicalization(mlir::RewritePatternSet &patterns);

/// Replaces `op` by a value of the same sizes. Declines where the value knows
/// less (or something else) about its sizes and somebody outside the dialect,
/// such as a return, looks at the type.
mlir::LogicalResult replaceByValue(mlir::PatternRewriter &rewriter,
                                   mlir::Operation *op, mlir::Value value);

} // namespace pith

#endif // PITH_LIB_DIALECT_PITH_IR_CANONICALIZATION_H
