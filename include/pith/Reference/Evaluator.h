//===- Evaluator.h - The definition of what models compute ------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Computes pith IR op by op, slowly and obviously. Everything else is tested
// against it: integers bit for bit, floats within a stated bound.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_REFERENCE_EVALUATOR_H
#define PITH_REFERENCE_EVALUATOR_H

#include "pith/Support/HostTensor.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/DialectRegistry.h"
#include "llvm/ADT/SmallVector.h"

namespace pith {

/// Attaches `EvaluableOpInterface` to all ops of the dialect, when it gets
/// loaded. Codec ops bring their own.
void registerReferenceModels(mlir::DialectRegistry &registry);

/// The results of one op. Fails with a diagnostic on values the op does not
/// accept, or where it has no reference.
mlir::FailureOr<llvm::SmallVector<HostTensor>>
evaluateOp(mlir::Operation *op, llvm::ArrayRef<HostTensor> operands);

/// The results of a function of pith ops (and calls of such functions).
/// Arguments must have the function's types up to dynamic sizes; symbolic sizes
/// (`pith.shape`) are checked. Intermediate values are dropped after their last
/// use.
mlir::FailureOr<llvm::SmallVector<HostTensor>>
evaluate(mlir::func::FuncOp function, llvm::ArrayRef<HostTensor> arguments);

} // namespace pith

#endif // PITH_REFERENCE_EVALUATOR_H
