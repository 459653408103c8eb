//===- RecomposeActivations.cpp - pith-recompose-activations --------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Formula.h"
#include "pith/Dialect/Pith/Transforms/Passes.h"

namespace pith {
#define GEN_PASS_DEF_RECOMPOSEACTIVATIONSPASS
#include "pith/Dialect/Pith/Transforms/Passes.h.inc"
} // namespace pith

using namespace mlir;
using namespace pith;

/// √½ and √(2/π).
static constexpr double kRootHalf = 0.70710678118654752440;
static constexpr double kRootTwoOverPi = 0.79788456080286535588;

/// `x` of `x + 1`.
static Value matchPlusOne(Value value) {
  auto sum = matchScalarOperand<AddOp>(value);
  return sum && sum->second == 1.0 ? sum->first : Value();
}

namespace {

/// ½ · x · (1 + erf(x/√2)) and ½ · x · (1 + tanh(√(2/π) · (x + 0.044715 x³))), in any
/// order of factors.
struct RecomposeGelu : OpRewritePattern<AddOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(AddOp op, PatternRewriter &rewriter) const override {
    Value curve = matchPlusOne(op.getResult());
    Operation *producer = curve ? curve.getDefiningOp() : nullptr;
    if (!isa_and_nonnull<ErfOp, TanhOp>(producer))
      return rewriter.notifyMatchFailure(op, "no 1 + erf or 1 + tanh");
    bool approximate = isa<TanhOp>(producer);
    Value inner = producer->getOperand(0);
    Polynomial expected{0, kRootHalf, 0, 0};
    if (approximate)
      expected = {0, kRootTwoOverPi, 0, kRootTwoOverPi * 0.044715};
    Value x;
    Operation *last = ProductChain::match(
        op.getResult(), 0.5,
        [&](Value candidate) { return isPolynomial(inner, candidate, expected); }, x);
    if (!last)
      return rewriter.notifyMatchFailure(op, "not times x / 2");
    rewriter.setInsertionPoint(last);
    rewriter.replaceOpWithNewOp<GeluOp>(last, last->getResult(0).getType(), x, approximate);
    return success();
  }
};

/// x · clip(x + 3, 0, 6) / 6, and hard sigmoid without x.
struct RecomposeHardSwish : OpRewritePattern<ClipOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ClipOp op, PatternRewriter &rewriter) const override {
    auto sum = matchScalarOperand<AddOp>(op.getInput());
    if (!sum || sum->second != 3.0 || getConstantScalar(op.getLow()) != 0.0 ||
        getConstantScalar(op.getHigh()) != 6.0 || !isa<FloatType>(op.getType().getElementType()))
      return rewriter.notifyMatchFailure(op, "no clip(x + 3, 0, 6)");
    Value x;
    Operation *last = ProductChain::match(
        op.getResult(), 1.0 / 6.0, [&](Value v) { return v == sum->first; }, x);
    if (!last)
      return rewriter.notifyMatchFailure(op, "not times x / 6");
    rewriter.setInsertionPoint(last);
    rewriter.replaceOpWithNewOp<HardSwishOp>(last, last->getResult(0).getType(), x);
    return success();
  }
};

/// x · hard_sigmoid(x) with slope 1/6.
struct RecomposeHardSwishOfSigmoid : OpRewritePattern<HardSigmoidOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(HardSigmoidOp op, PatternRewriter &rewriter) const override {
    if (!isClose(op.getAlpha().convertToDouble(), 1.0 / 6.0) ||
        op.getBeta().convertToDouble() != 0.5)
      return rewriter.notifyMatchFailure(op, "another slope");
    Value x;
    Operation *last = ProductChain::match(
        op.getResult(), 1.0, [&](Value v) { return v == op.getInput(); }, x);
    if (!last)
      return rewriter.notifyMatchFailure(op, "not times x");
    rewriter.setInsertionPoint(last);
    rewriter.replaceOpWithNewOp<HardSwishOp>(last, last->getResult(0).getType(), x);
    return success();
  }
};

/// 1 / (1 + e^(−x)) and x / (1 + e^(−x)).
struct RecomposeSigmoid : RewritePattern {
  RecomposeSigmoid(MLIRContext *context, StringRef name)
      : RewritePattern(name, 1, context) {}

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    Value denominator = op->getOperands().back();
    Value power = matchPlusOne(denominator);
    auto exp = power ? power.getDefiningOp<ExpOp>() : ExpOp();
    auto neg = exp ? exp.getInput().getDefiningOp<NegOp>() : NegOp();
    if (!neg || neg.getInput().getType() != op->getResult(0).getType())
      return rewriter.notifyMatchFailure(op, "no 1 + exp(−x) below");
    Type type = op->getResult(0).getType();
    if (isa<ReciprocalOp>(op)) {
      rewriter.replaceOpWithNewOp<SigmoidOp>(op, type, neg.getInput());
      return success();
    }
    if (op->getOperand(0) != neg.getInput())
      return rewriter.notifyMatchFailure(op, "something else above");
    rewriter.replaceOpWithNewOp<SwishOp>(op, type, neg.getInput());
    return success();
  }
};

/// x · sigmoid(alpha · x).
struct RecomposeSwish : OpRewritePattern<SigmoidOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(SigmoidOp op, PatternRewriter &rewriter) const override {
    Value x;
    double alpha = 1;
    Operation *last = ProductChain::match(
        op.getResult(), 1.0,
        [&](Value candidate) {
          std::optional<Polynomial> inner = getPolynomial(op.getInput(), candidate);
          bool isScale = inner && (*inner)[0] == 0 && (*inner)[1] != 0 &&
                         (*inner)[2] == 0 && (*inner)[3] == 0;
          if (isScale)
            alpha = (*inner)[1];
          return isScale;
        },
        x);
    if (!last)
      return rewriter.notifyMatchFailure(op, "not times x");
    rewriter.setInsertionPoint(last);
    rewriter.replaceOpWithNewOp<SwishOp>(last, last->getResult(0).getType(), x,
                                         llvm::APFloat(float(alpha)));
    return success();
  }
};

/// ln(1 + eˣ).
struct RecomposeSoftplus : OpRewritePattern<LogOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(LogOp op, PatternRewriter &rewriter) const override {
    Value power = matchPlusOne(op.getInput());
    auto exp = power ? power.getDefiningOp<ExpOp>() : ExpOp();
    if (!exp || exp.getType() != op.getType())
      return rewriter.notifyMatchFailure(op, "no ln(1 + exp x)");
    rewriter.replaceOpWithNewOp<SoftplusOp>(op, op.getType(), exp.getInput());
    return success();
  }
};

/// x · tanh(softplus(x)).
struct RecomposeMish : OpRewritePattern<TanhOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(TanhOp op, PatternRewriter &rewriter) const override {
    auto softplus = op.getInput().getDefiningOp<SoftplusOp>();
    if (!softplus)
      return rewriter.notifyMatchFailure(op, "no softplus below");
    Value x;
    Operation *last = ProductChain::match(
        op.getResult(), 1.0, [&](Value v) { return v == softplus.getInput(); }, x);
    if (!last)
      return rewriter.notifyMatchFailure(op, "not times x");
    rewriter.setInsertionPoint(last);
    rewriter.replaceOpWithNewOp<MishOp>(last, last->getResult(0).getType(), x);
    return success();
  }
};

/// eˣ / Σ eˣ along one axis, with or without the maximum subtracted from x.
struct RecomposeSoftmax : RewritePattern {
  RecomposeSoftmax(MLIRContext *context, StringRef name)
      : RewritePattern(name, 1, context) {}

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    auto exp = op->getOperand(0).getDefiningOp<ExpOp>();
    Value below = op->getOperand(1);
    if (isa<MulOp>(op)) {
      if (!exp) {
        exp = op->getOperand(1).getDefiningOp<ExpOp>();
        below = op->getOperand(0);
      }
      auto reciprocal = below.getDefiningOp<ReciprocalOp>();
      if (!reciprocal)
        return rewriter.notifyMatchFailure(op, "no division");
      below = reciprocal.getInput();
    }
    auto sum = exp ? matchKeptReduction(below) : std::nullopt;
    if (!sum || sum->kind != ReduceKind::Sum || sum->input != exp.getResult() ||
        sum->axes.size() != 1 || exp.getType() != op->getResult(0).getType())
      return rewriter.notifyMatchFailure(op, "no sum of the same powers below");
    Value x = exp.getInput();
    if (auto shifted = x.getDefiningOp<SubOp>()) {
      auto peak = matchKeptReduction(shifted.getRhs());
      if (peak && peak->kind == ReduceKind::Max && peak->axes == sum->axes &&
          peak->input == shifted.getLhs())
        x = shifted.getLhs();
    }
    rewriter.replaceOpWithNewOp<SoftmaxOp>(op, op->getResult(0).getType(), x,
                                           sum->axes.front());
    return success();
  }
};

struct RecomposeLogSoftmax : OpRewritePattern<LogOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(LogOp op, PatternRewriter &rewriter) const override {
    auto softmax = op.getInput().getDefiningOp<SoftmaxOp>();
    if (!softmax)
      return rewriter.notifyMatchFailure(op, "no softmax below");
    rewriter.replaceOpWithNewOp<LogSoftmaxOp>(op, op.getType(), softmax.getInput(),
                                              softmax.getAxis());
    return success();
  }
};

struct RecomposeActivationsPass
    : pith::impl::RecomposeActivationsPassBase<RecomposeActivationsPass> {
  void runOnOperation() override {
    MLIRContext *context = &getContext();
    RewritePatternSet patterns(context);
    patterns.add<RecomposeGelu, RecomposeHardSwish, RecomposeHardSwishOfSigmoid,
                 RecomposeSwish, RecomposeSoftplus, RecomposeMish, RecomposeLogSoftmax>(
        context);
    for (StringRef name : {ReciprocalOp::getOperationName(), DivOp::getOperationName()})
      patterns.add<RecomposeSigmoid>(context, name);
    for (StringRef name : {MulOp::getOperationName(), DivOp::getOperationName()})
      patterns.add<RecomposeSoftmax>(context, name);
    if (failed(applyToFixedPoint(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
