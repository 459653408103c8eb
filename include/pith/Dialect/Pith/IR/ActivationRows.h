//===- ActivationRows.h - What a weight is contracted with ------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_DIALECT_PITH_IR_ACTIVATIONROWS_H
#define PITH_DIALECT_PITH_IR_ACTIVATIONROWS_H

#include "mlir/IR/Value.h"
#include "llvm/ADT/SmallVector.h"

#include <optional>

namespace pith {

/// How the rows that a weight is contracted with lie in an activation: a row has one
/// element for each of the weight's reduction positions, in their order.
struct ActivationRows {
  enum class Kind {
    LastAxis,       ///< along the last axis
    SecondLastAxis, ///< along the last but one
    Windows         ///< of spatial axes and channels, one row per window and group
  };
  Kind kind = Kind::LastAxis;
  int64_t reduction = 0; ///< elements of a row
  /// Of `Windows`: groups of channels; whether channels are the last axis instead of the
  /// second; elements per spatial axis.
  int64_t groups = 1;
  bool channelsLast = false;
  llvm::SmallVector<int64_t> kernel, strides, dilations, padsLow, padsHigh;
};

/// Rows along the last axis, if they are as long as a weight's reduction (all axes but the
/// first). `activation` may be null: none then.
std::optional<ActivationRows> getLastAxisRows(mlir::OpOperand *activation,
                                              mlir::OpOperand &weight);

} // namespace pith

#endif // PITH_DIALECT_PITH_IR_ACTIVATIONROWS_H
