//===- RecomposeNorms.cpp - pith-recompose-norms --------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Formula.h"
#include "pith/Dialect/Pith/Transforms/Passes.h"

namespace pith {
#define GEN_PASS_DEF_RECOMPOSENORMSPASS
#include "pith/Dialect/Pith/Transforms/Passes.h.inc"
} // namespace pith

using namespace mlir;
using namespace pith;

namespace {

/// √(mean(d²) + epsilon) over trailing axes.
struct RootMeanSquare {
  Value input; ///< d
  int64_t axis = 0;
  double epsilon = 0;

  static std::optional<RootMeanSquare> match(Value value) {
    auto root = value.getDefiningOp<SqrtOp>();
    if (!root)
      return std::nullopt;
    RootMeanSquare result;
    Value mean = root.getInput();
    if (auto sum = matchScalarOperand<AddOp>(mean)) {
      mean = sum->first;
      result.epsilon = sum->second;
    }
    auto reduction = matchKeptMean(mean);
    if (!reduction)
      return std::nullopt;
    result.input = reduction->input;
    if (!reduction->isSquare) {
      auto square = reduction->input.getDefiningOp<MulOp>();
      if (!square || square.getLhs() != square.getRhs())
        return std::nullopt;
      result.input = square.getLhs();
    }
    auto axis = getTrailingAxis(reduction->axes, tensorType(result.input).getRank());
    if (!axis)
      return std::nullopt;
    result.axis = *axis;
    return result;
  }
};

/// d / √(mean(d²) + epsilon): a layer norm if d is x − mean(x).
struct RecomposeNorm : RewritePattern {
  RecomposeNorm(MLIRContext *context, StringRef name) : RewritePattern(name, 1, context) {}

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    std::optional<RootMeanSquare> root;
    Value numerator = op->getOperand(0);
    if (isa<DivOp>(op)) {
      root = RootMeanSquare::match(op->getOperand(1));
    } else {
      for (unsigned side : {1, 0})
        if (auto reciprocal = op->getOperand(side).getDefiningOp<ReciprocalOp>(); reciprocal && !root) {
          root = RootMeanSquare::match(reciprocal.getInput());
          numerator = op->getOperand(1 - side);
        }
    }
    auto type = cast<RankedTensorType>(op->getResult(0).getType());
    if (!root || root->input != numerator || numerator.getType() != type)
      return rewriter.notifyMatchFailure(op, "no division by the own root mean square");
    auto epsilon = llvm::APFloat(root->epsilon);
    if (auto centred = numerator.getDefiningOp<SubOp>()) {
      auto mean = matchKeptMean(centred.getRhs());
      if (mean && !mean->isSquare && mean->input == centred.getLhs() &&
          getTrailingAxis(mean->axes, type.getRank()) == root->axis) {
        rewriter.replaceOpWithNewOp<LayerNormOp>(op, type, centred.getLhs(), Value(),
                                                 Value(), root->axis, epsilon);
        return success();
      }
    }
    rewriter.replaceOpWithNewOp<RmsNormOp>(op, type, numerator, Value(), root->axis,
                                           epsilon);
    return success();
  }
};

/// TensorFlow's order: x · s + (bias − mean(x) · s) with s = scale / √(…).
struct RecomposeFoldedNorm : OpRewritePattern<AddOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(AddOp op, PatternRewriter &rewriter) const override {
    for (Value side : op->getOperands()) {
      auto scaled = side.getDefiningOp<MulOp>();
      auto shift = getOther(op, side).getDefiningOp<SubOp>();
      auto moved = shift ? shift.getRhs().getDefiningOp<MulOp>() : MulOp();
      if (!scaled || !moved)
        continue;
      // The factor that both products share.
      for (Value factor : scaled->getOperands())
        if (llvm::is_contained(moved->getOperands(), factor) &&
            succeeded(rewrite(op, getOther(scaled, factor), getOther(moved, factor), factor,
                              shift.getLhs(), rewriter)))
          return success();
    }
    return rewriter.notifyMatchFailure(op, "no norm with its scale taken together");
  }

private:
  static LogicalResult rewrite(AddOp op, Value x, Value mean, Value factor, Value bias,
                               PatternRewriter &rewriter);
};

/// Whether a value may be scale or bias of a norm over the axes from `axis` on.
bool isParameter(Value value, RankedTensorType type, int64_t axis) {
  auto own = tensorType(value);
  if (!own.hasStaticShape() || own.getRank() > type.getRank() ||
      own.getElementType() != type.getElementType())
    return false;
  int64_t offset = type.getRank() - own.getRank();
  for (int64_t i = 0; i < own.getRank(); ++i) {
    int64_t size = own.getDimSize(i);
    if (size != 1 && (i + offset < axis || size != type.getDimSize(i + offset)))
      return false;
  }
  return true;
}

LogicalResult RecomposeFoldedNorm::rewrite(AddOp op, Value x, Value mean, Value factor,
                                           Value bias, PatternRewriter &rewriter) {
  auto type = op.getType();
  auto kept = matchKeptMean(mean);
  if (!kept || kept->isSquare || kept->input != x || x.getType() != type)
    return rewriter.notifyMatchFailure(op, "not moved by the own mean");
  // 1 / √(…), alone or times a scale.
  Value scale;
  auto reciprocal = factor.getDefiningOp<ReciprocalOp>();
  if (auto product = factor.getDefiningOp<MulOp>(); product && !reciprocal)
    for (Value side : product->getOperands())
      if (auto inverse = side.getDefiningOp<ReciprocalOp>(); inverse && !reciprocal) {
        reciprocal = inverse;
        scale = getOther(product, side);
      }
  auto root = reciprocal ? RootMeanSquare::match(reciprocal.getInput()) : std::nullopt;
  auto centred = root ? root->input.getDefiningOp<SubOp>() : SubOp();
  if (!centred || centred.getLhs() != x || centred.getRhs() != mean ||
      getTrailingAxis(kept->axes, type.getRank()) != root->axis ||
      (scale && !isParameter(scale, type, root->axis)) ||
      !isParameter(bias, type, root->axis))
    return rewriter.notifyMatchFailure(op, "no deviation from the own mean");
  rewriter.replaceOpWithNewOp<LayerNormOp>(op, type, x, scale, bias, root->axis,
                                           llvm::APFloat(root->epsilon));
  return success();
}

template <typename Norm>
struct AttachScale : OpRewritePattern<MulOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(MulOp op, PatternRewriter &rewriter) const override {
    for (Value side : op->getOperands()) {
      auto norm = side.getDefiningOp<Norm>();
      if (!norm || !side.hasOneUse() || norm.getScale() || hasBias(norm))
        continue;
      Value scale = getOther(op, side);
      if (!isParameter(scale, norm.getType(), norm.getAxis()) || op.getType() != norm.getType())
        continue;
      rewriter.replaceOp(op, attach(norm, scale, rewriter));
      return success();
    }
    return rewriter.notifyMatchFailure(op, "no norm times a parameter");
  }

private:
  static bool hasBias(LayerNormOp norm) { return bool(norm.getBias()); }
  static bool hasBias(RmsNormOp) { return false; }
  static Value attach(LayerNormOp norm, Value scale, PatternRewriter &rewriter) {
    return LayerNormOp::create(rewriter, norm.getLoc(), norm.getType(), norm.getInput(),
                               scale, Value(), norm.getAxis(), norm.getEpsilon());
  }
  static Value attach(RmsNormOp norm, Value scale, PatternRewriter &rewriter) {
    return RmsNormOp::create(rewriter, norm.getLoc(), norm.getType(), norm.getInput(),
                             scale, norm.getAxis(), norm.getEpsilon());
  }
};

struct AttachBias : OpRewritePattern<AddOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(AddOp op, PatternRewriter &rewriter) const override {
    for (Value side : op->getOperands()) {
      auto norm = side.getDefiningOp<LayerNormOp>();
      if (!norm || !side.hasOneUse() || norm.getBias())
        continue;
      Value bias = getOther(op, side);
      if (!isParameter(bias, norm.getType(), norm.getAxis()) || op.getType() != norm.getType())
        continue;
      rewriter.replaceOpWithNewOp<LayerNormOp>(op, norm.getType(), norm.getInput(),
                                               norm.getScale(), bias, norm.getAxis(),
                                               norm.getEpsilon());
      return success();
    }
    return rewriter.notifyMatchFailure(op, "no norm plus a parameter");
  }
};

struct RecomposeNormsPass : pith::impl::RecomposeNormsPassBase<RecomposeNormsPass> {
  void runOnOperation() override {
    MLIRContext *context = &getContext();
    RewritePatternSet patterns(context);
    for (StringRef name : {DivOp::getOperationName(), MulOp::getOperationName()})
      patterns.add<RecomposeNorm>(context, name);
    patterns.add<AttachScale<LayerNormOp>, AttachScale<RmsNormOp>, AttachBias,
                 RecomposeFoldedNorm>(context);
    if (failed(applyToFixedPoint(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
