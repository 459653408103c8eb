//===- DecomposeOps.cpp - pith-decompose-ops ------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Rewriting.h"
#include "pith/Dialect/Pith/Transforms/Passes.h"

namespace pith {
#define GEN_PASS_DEF_DECOMPOSEOPSPASS
#include "pith/Dialect/Pith/Transforms/Passes.h.inc"
} // namespace pith

using namespace mlir;
using namespace pith;

namespace {

/// Softmax with its axis moved to the end and back.
template <typename Op>
struct SoftmaxAlongLastAxis : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    auto type = op.getType();
    int64_t last = type.getRank() - 1, axis = op.getAxis();
    if (axis == last)
      return rewriter.notifyMatchFailure(op, "along the last axis already");
    auto permutation = llvm::to_vector(llvm::seq<int64_t>(0, type.getRank()));
    permutation.erase(permutation.begin() + axis);
    permutation.push_back(axis);
    Location loc = op.getLoc();
    Value moved = createTranspose(rewriter, loc, op.getInput(), permutation);
    Value result = Op::create(rewriter, loc, tensorType(moved), moved, last);
    rewriter.replaceOp(op, createTranspose(rewriter, loc, result, invert(permutation)));
    return success();
  }
};

struct DecomposeOpsPass : pith::impl::DecomposeOpsPassBase<DecomposeOpsPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<SoftmaxAlongLastAxis<SoftmaxOp>, SoftmaxAlongLastAxis<LogSoftmaxOp>>(
        &getContext());
    if (failed(applyToFixedPoint(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
