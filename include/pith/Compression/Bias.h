//===- Bias.h - Constants added to outputs ----------------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A constant per output of a weight: in the op that uses it, in the only op behind it,
// or in an op of its own.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_BIAS_H
#define PITH_COMPRESSION_BIAS_H

#include "mlir/IR/Value.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace pith {

/// Whether a constant per output of the weight can be added to the op's result.
bool canHaveBias(mlir::OpOperand &use);
/// Whether one is added already, by the op itself or by the only op behind it.
bool hasBias(mlir::OpOperand &use);
/// Adds `change` [outputs] to the op's result: to its bias, to the constant that the only
/// following op adds, or by an op of its own.
void addToBias(mlir::OpOperand &use, llvm::ArrayRef<float> change, llvm::StringRef name);

} // namespace pith

#endif // PITH_COMPRESSION_BIAS_H
