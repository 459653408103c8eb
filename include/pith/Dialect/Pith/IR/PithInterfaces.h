//===- PithInterfaces.h - What passes and generators ask of ops -*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_DIALECT_PITH_IR_PITHINTERFACES_H
#define PITH_DIALECT_PITH_IR_PITHINTERFACES_H

#include "pith/Dialect/Pith/IR/ActivationRows.h"
#include "pith/Dialect/Pith/IR/ShapeContext.h"
#include "pith/Dialect/Pith/IR/WeightTile.h"
#include "pith/Support/HostTensor.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/OpDefinition.h"

namespace pith {
/// Applies an op's shape rule to the static parts of its operand types, and
/// checks the result types against it.
mlir::LogicalResult verifyShapes(mlir::Operation *op);
} // namespace pith

#include "pith/Dialect/Pith/IR/PithInterfaces.h.inc"

#endif // PITH_DIALECT_PITH_IR_PITHINTERFACES_H
