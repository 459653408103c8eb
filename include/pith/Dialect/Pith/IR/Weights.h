//===- Weights.h - What counts as a weight ----------------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_DIALECT_PITH_IR_WEIGHTS_H
#define PITH_DIALECT_PITH_IR_WEIGHTS_H

#include "pith/Dialect/Pith/IR/ShapeAnalysis.h"
#include "mlir/IR/Value.h"

namespace pith {

/// Whether a value is a constant, or computed by codec ops from constants alone.
bool isWeight(mlir::Value value);

} // namespace pith

#endif // PITH_DIALECT_PITH_IR_WEIGHTS_H
