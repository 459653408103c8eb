//===- ElementwiseCanonicalization.cpp - Simpler elementwise ops ----------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every pattern keeps each element's value bit for bit (up to the sign of zero and
// rounding within one unit in the last place of powers and roots).
//
//===----------------------------------------------------------------------===//

#include "Canonicalization.h"

#include "pith/Dialect/Pith/IR/Constants.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "pith/Dialect/Pith/IR/ShapeAnalysis.h"
#include "mlir/IR/TypeUtilities.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace pith;

static bool isFloat(Value value) {
  return isa<FloatType>(getElementTypeOrSelf(value.getType()));
}

namespace {

/// x + 0, x − 0, x · 1, x / 1, x ^ 1.
template <typename Op>
struct DropNeutral : OpRewritePattern<Op> {
  DropNeutral(MLIRContext *context, double neutral)
      : OpRewritePattern<Op>(context), neutral(neutral) {}

  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    // x + (−0) is x for every x; x + 0 differs for −0 alone.
    if (getConstantScalar(op.getRhs()) != neutral)
      return rewriter.notifyMatchFailure(op, "no neutral element");
    return replaceByValue(rewriter, op, op.getLhs());
  }
  double neutral;
};

/// x ^ 2, x ^ ½, x ^ −1 and so on.
struct ExpandPower : OpRewritePattern<PowOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(PowOp op, PatternRewriter &rewriter) const override {
    std::optional<double> exponent = getConstantScalar(op.getRhs());
    Value x = op.getLhs();
    if (!exponent || !isFloat(x) || x.getType() != op.getType())
      return rewriter.notifyMatchFailure(op, "no constant power of a float");
    Location loc = op.getLoc();
    Type type = op.getType();
    if (*exponent == 2.0) {
      rewriter.replaceOpWithNewOp<MulOp>(op, type, x, x);
    } else if (*exponent == 3.0) {
      Value square = MulOp::create(rewriter, loc, type, x, x);
      rewriter.replaceOpWithNewOp<MulOp>(op, type, square, x);
    } else if (*exponent == 0.5) {
      rewriter.replaceOpWithNewOp<SqrtOp>(op, type, x);
    } else if (*exponent == -1.0) {
      rewriter.replaceOpWithNewOp<ReciprocalOp>(op, type, x);
    } else if (*exponent == -0.5) {
      Value root = SqrtOp::create(rewriter, loc, type, x);
      rewriter.replaceOpWithNewOp<ReciprocalOp>(op, type, root);
    } else {
      return rewriter.notifyMatchFailure(op, "no power that is cheaper otherwise");
    }
    return success();
  }
};

/// x / c is x · (1 / c) where both are exact; 1 / x is a reciprocal.
struct SimplifyDivision : OpRewritePattern<DivOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(DivOp op, PatternRewriter &rewriter) const override {
    if (!isFloat(op.getLhs()))
      return rewriter.notifyMatchFailure(op, "an integer division");
    if (getConstantScalar(op.getLhs()) == 1.0 && op.getRhs().getType() == op.getType()) {
      rewriter.replaceOpWithNewOp<ReciprocalOp>(op, op.getType(), op.getRhs());
      return success();
    }
    std::optional<double> divisor = getConstantScalar(op.getRhs());
    int exponent = 0;
    if (!divisor || std::fabs(std::frexp(*divisor, &exponent)) != 0.5 ||
        std::abs(exponent) > 14)
      return rewriter.notifyMatchFailure(op, "the divisor is no power of two");
    HostTensor factor(tensorType(op.getRhs()));
    for (int64_t i = 0, e = factor.getNumElements(); i < e; ++i)
      factor.setDouble(i, 1.0 / *divisor);
    Value constant = createConstant(rewriter, op.getLoc(), factor);
    rewriter.replaceOpWithNewOp<MulOp>(op, op.getType(), op.getLhs(), constant);
    return success();
  }
};

/// x − c becomes x + (−c): one form for what later patterns fold.
struct SubtractConstant : OpRewritePattern<SubOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(SubOp op, PatternRewriter &rewriter) const override {
    if (!isFloat(op.getLhs()) || tensorType(op.getRhs()).getNumElements() > 4096)
      return rewriter.notifyMatchFailure(op, "no small float constant");
    std::optional<HostTensor> value = getConstantTensor(op.getRhs());
    if (!value || getConstantTensor(op.getLhs()))
      return rewriter.notifyMatchFailure(op, "no constant is subtracted");
    HostTensor negated(value->getType());
    for (int64_t i = 0, e = negated.getNumElements(); i < e; ++i)
      negated.setDouble(i, -value->getDouble(i));
    Value constant = createConstant(rewriter, op.getLoc(), negated,
                                    getConstantName(op.getRhs()));
    rewriter.replaceOpWithNewOp<AddOp>(op, op.getType(), op.getLhs(), constant);
    return success();
  }
};

/// The same op twice where once is enough, or where both cancel out.
template <typename Op, bool involution>
struct CollapseTwice : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    auto inner = op.getInput().template getDefiningOp<Op>();
    if (!inner)
      return rewriter.notifyMatchFailure(op, "not applied twice");
    return replaceByValue(rewriter, op, involution ? inner.getInput() : op.getInput());
  }
};

/// Whether every value of `from` is a value of `to`.
bool isExact(Type from, Type to) {
  if (from == to)
    return true;
  auto x = dyn_cast<FloatType>(from), y = dyn_cast<FloatType>(to);
  if (x && y)
    return x.getFPMantissaWidth() <= y.getFPMantissaWidth() &&
           x.getWidth() < y.getWidth();
  auto i = dyn_cast<IntegerType>(from);
  if (!i)
    return false;
  unsigned digits = i.getWidth() - (i.isUnsigned() || i.getWidth() == 1 ? 0 : 1);
  if (y)
    return digits <= y.getFPMantissaWidth();
  auto j = dyn_cast<IntegerType>(to);
  if (!j || j.getWidth() == 1)
    return false;
  if (i.isUnsigned() || i.getWidth() == 1)
    return j.getWidth() > i.getWidth();
  return !j.isUnsigned() && j.getWidth() > i.getWidth();
}

/// A cast to the own type; a cast of an exact cast.
struct SimplifyCast : OpRewritePattern<CastOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(CastOp op, PatternRewriter &rewriter) const override {
    Type element = op.getType().getElementType();
    if (tensorType(op.getInput()).getElementType() == element)
      return replaceByValue(rewriter, op, op.getInput());
    auto inner = op.getInput().getDefiningOp<CastOp>();
    if (!inner || !isExact(tensorType(inner.getInput()).getElementType(),
                           tensorType(inner).getElementType()))
      return rewriter.notifyMatchFailure(op, "the cast changes values");
    rewriter.replaceOpWithNewOp<CastOp>(op, op.getType(), inner.getInput());
    return success();
  }
};

/// max(x, 0) is relu.
struct MaxToRelu : OpRewritePattern<MaxOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(MaxOp op, PatternRewriter &rewriter) const override {
    if (getConstantScalar(op.getRhs()) != 0.0 || op.getLhs().getType() != op.getType())
      return rewriter.notifyMatchFailure(op, "not the maximum with 0");
    rewriter.replaceOpWithNewOp<ReluOp>(op, op.getType(), op.getLhs());
    return success();
  }
};

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Bounds beyond which a type has no values.
bool isNoLowerBound(double bound, Type element) {
  if (element.isF32())
    return bound <= std::numeric_limits<float>::lowest();
  return isa<FloatType>(element) && bound == -kInfinity;
}
bool isNoUpperBound(double bound, Type element) {
  if (element.isF32())
    return bound >= std::numeric_limits<float>::max();
  return isa<FloatType>(element) && bound == kInfinity;
}

/// A clip without bounds, or with 0 as its only bound; a clip of a relu.
struct SimplifyClip : OpRewritePattern<ClipOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ClipOp op, PatternRewriter &rewriter) const override {
    std::optional<double> low = getConstantScalar(op.getLow()),
                          high = getConstantScalar(op.getHigh());
    if (!low || !high)
      return rewriter.notifyMatchFailure(op, "the bounds are not constant");
    Type element = op.getType().getElementType();
    // The largest finite numbers are written for "no bound". They keep infinities
    // out, which nobody can mean.
    if (isNoUpperBound(*high, element)) {
      if (isNoLowerBound(*low, element))
        return replaceByValue(rewriter, op, op.getInput());
      if (*low == 0.0 && op.getInput().getType() == op.getType()) {
        rewriter.replaceOpWithNewOp<ReluOp>(op, op.getType(), op.getInput());
        return success();
      }
    }
    auto relu = op.getInput().getDefiningOp<ReluOp>();
    if (!relu || *low < 0.0 || *high < *low)
      return rewriter.notifyMatchFailure(op, "both bounds are needed");
    rewriter.replaceOpWithNewOp<ClipOp>(op, op.getType(), relu.getInput(), op.getLow(),
                                        op.getHigh());
    return success();
  }
};

/// min(max(x, a), b) and min(relu(x), b) are clips.
struct MinToClip : OpRewritePattern<MinOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(MinOp op, PatternRewriter &rewriter) const override {
    std::optional<double> high = getConstantScalar(op.getRhs());
    Type element = op.getType().getElementType();
    if (!high || !isFloat(op.getLhs()) || op.getLhs().getType() != op.getType())
      return rewriter.notifyMatchFailure(op, "no constant upper bound");
    Value x;
    double low = 0;
    if (auto relu = op.getLhs().getDefiningOp<ReluOp>()) {
      x = relu.getInput();
    } else if (auto max = op.getLhs().getDefiningOp<MaxOp>()) {
      std::optional<double> bound = getConstantScalar(max.getRhs());
      if (!bound || max.getLhs().getType() != op.getType())
        return rewriter.notifyMatchFailure(op, "no constant lower bound");
      x = max.getLhs();
      low = *bound;
    }
    if (!x || !(low <= *high))
      return rewriter.notifyMatchFailure(op, "no range");
    Value a = createScalar(rewriter, op.getLoc(), element, low);
    Value b = createScalar(rewriter, op.getLoc(), element, *high);
    rewriter.replaceOpWithNewOp<ClipOp>(op, op.getType(), x, a, b);
    return success();
  }
};

/// A choice whose condition is constant.
struct SimplifyWhere : OpRewritePattern<WhereOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(WhereOp op, PatternRewriter &rewriter) const override {
    std::optional<double> condition = getConstantScalar(op.getCondition());
    if (!condition)
      return rewriter.notifyMatchFailure(op, "the condition is not constant");
    return replaceByValue(rewriter, op, *condition != 0 ? op.getLhs() : op.getRhs());
  }
};

/// Elementwise ops broadcast by themselves: an operand need not be expanded if
/// the result gets the same sizes without.
struct SkipExpand : OpTraitRewritePattern<pith::OpTrait::Elementwise> {
  using OpTraitRewritePattern::OpTraitRewritePattern;

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    auto result = dyn_cast<RankedTensorType>(op->getResult(0).getType());
    if (!result || op->getNumOperands() < 2)
      return rewriter.notifyMatchFailure(op, "nothing broadcasts");
    for (OpOperand &operand : op->getOpOperands()) {
      auto expand = operand.get().getDefiningOp<ExpandOp>();
      if (!expand || !isGivenByOthers(op, operand, expand, result))
        continue;
      rewriter.modifyOpInPlace(op, [&] { operand.set(expand.getInput()); });
      return success();
    }
    return rewriter.notifyMatchFailure(op, "no expanded operand is needless");
  }

  /// Whether each size that the expansion adds comes from another operand too.
  static bool isGivenByOthers(Operation *op, OpOperand &operand, ExpandOp expand,
                              RankedTensorType result) {
    auto from = tensorType(expand.getInput()), to = tensorType(expand.getResult());
    auto sizeOf = [&](RankedTensorType type, int64_t fromBack) {
      int64_t axis = type.getRank() - 1 - fromBack;
      return axis < 0 ? int64_t(1) : type.getDimSize(axis);
    };
    int64_t others = 0;
    for (OpOperand &other : op->getOpOperands())
      if (&other != &operand)
        others = std::max(others, tensorType(other.get()).getRank());
    if (std::max(others, from.getRank()) != result.getRank())
      return false;
    for (int64_t back = 0; back < to.getRank(); ++back) {
      int64_t size = sizeOf(to, back);
      if (size == 1 || (size == sizeOf(from, back) && !ShapedType::isDynamic(size)))
        continue;
      bool given = llvm::any_of(op->getOpOperands(), [&](OpOperand &other) {
        return &other != &operand && !ShapedType::isDynamic(size) &&
               sizeOf(tensorType(other.get()), back) == size;
      });
      if (!given)
        return false;
    }
    return true;
  }
};

} // namespace

void pith::populateElementwiseCanonicalization(RewritePatternSet &patterns) {
  MLIRContext *context = patterns.getContext();
  patterns.add<DropNeutral<AddOp>, DropNeutral<SubOp>>(context, 0.0);
  patterns.add<DropNeutral<MulOp>, DropNeutral<DivOp>, DropNeutral<PowOp>>(context, 1.0);
  patterns.add<ExpandPower, SimplifyDivision, SubtractConstant,
               CollapseTwice<NegOp, true>, CollapseTwice<NotOp, true>,
               CollapseTwice<ReluOp, false>, CollapseTwice<AbsOp, false>, SimplifyCast,
               MaxToRelu, SimplifyClip, MinToClip, SimplifyWhere, SkipExpand>(context);
}
