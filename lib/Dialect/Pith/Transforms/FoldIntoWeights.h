//===- FoldIntoWeights.h - Scales and shifts move into weights --*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_DIALECT_PITH_TRANSFORMS_FOLDINTOWEIGHTS_H
#define PITH_LIB_DIALECT_PITH_TRANSFORMS_FOLDINTOWEIGHTS_H

#include "mlir/IR/PatternMatch.h"

namespace pith {

/// Constant factors and addends per channel, before and behind convolutions and
/// matrix products with constant weights, become part of weights and biases.
void populateFoldIntoWeights(mlir::RewritePatternSet &patterns);

} // namespace pith

#endif // PITH_LIB_DIALECT_PITH_TRANSFORMS_FOLDINTOWEIGHTS_H
