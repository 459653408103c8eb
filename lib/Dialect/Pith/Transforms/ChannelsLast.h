//===- ChannelsLast.h - What ops do in either layout ------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A value of rank 3 or more is stored as the model has it ("first", channels along
// axis 1) or with axis 1 moved to the end ("last").
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_DIALECT_PITH_TRANSFORMS_CHANNELSLAST_H
#define PITH_LIB_DIALECT_PITH_TRANSFORMS_CHANNELSLAST_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace pith {

/// The permutation from "first" to "last", and back.
llvm::SmallVector<int64_t> channelsToLast(int64_t rank);
llvm::SmallVector<int64_t> channelsToFirst(int64_t rank);

struct LayoutRule {
  enum class Need { First, Last, Either };
  Need need = Need::First;
  /// Operands that come in the op's layout.
  llvm::SmallVector<mlir::OpOperand *> operands;
  /// Whether the result has the op's layout; otherwise it is as the model has it,
  /// whatever the op's layout.
  bool resultFollows = true;
};

/// How an op takes part.
LayoutRule getLayoutRule(mlir::Operation *op);

/// Makes the op's counterpart with channels last at the builder's insertion
/// point. `toLast` gives a value with channels last. Returns the new result.
mlir::Value rewriteChannelsLast(mlir::OpBuilder &builder, mlir::Operation *op,
                                llvm::function_ref<mlir::Value(mlir::Value)> toLast);

} // namespace pith

#endif // PITH_LIB_DIALECT_PITH_TRANSFORMS_CHANNELSLAST_H
