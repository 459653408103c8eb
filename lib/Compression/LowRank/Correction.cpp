//===- Correction.cpp - A low-rank product beside a weight's --------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The factors are ordinary weights that replace no bytes of the model's own.
//
//===----------------------------------------------------------------------===//

#include "Correction.h"

#include "FactorRewriter.h"

#include "pith/Dialect/Pith/IR/PithOps.h"

using namespace mlir;
using namespace pith;

bool pith::addCorrection(const Weight &weight, const LowRankFactors &factors,
                         StringRef suffix) {
  FactorRewriter rewriter(weight, factors, suffix);
  std::optional<SmallVector<Value>> results = rewriter.rewriteUses(/*residual=*/true);
  if (!results)
    return false;
  OpBuilder builder(weight.value.getContext());
  for (auto [use, result] : llvm::zip_equal(weight.uses, *results)) {
    Value product = use->getOwner()->getResult(0);
    builder.setInsertionPointAfter(use->getOwner());
    // The corrections were created before the op, so both dominate.
    auto sum = AddOp::create(builder, product.getLoc(), product.getType(), product,
                             result);
    product.replaceAllUsesExcept(sum, sum);
  }
  for (Operation *constant : rewriter.getConstants())
    WeightHistory{std::nullopt, 0, nullptr}.set(constant);
  return true;
}
