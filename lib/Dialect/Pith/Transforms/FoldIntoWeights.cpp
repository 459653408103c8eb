//===- FoldIntoWeights.cpp - Scales and shifts move into weights ----------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// With `conv` for a convolution or a matrix product, and c constant per channel:
//
//     conv(x, W) · c          = conv(x, c · W)
//     (conv(x, W) + b) · c    = conv(x, W) · c + b · c
//     conv(x, W) + c          = conv(x, W, bias = c)
//     conv(x · c, W)          = conv(x, W · c)
//     conv(x + c, W)          = conv(x, W) + conv(c, W)     where nothing is padded
//
// Factors are applied in double precision and rounded once.
//
//===----------------------------------------------------------------------===//

#include "FoldIntoWeights.h"

#include "Rewriting.h"

using namespace mlir;
using namespace pith;

/// A weight that other ops use too is copied only up to this size.
static constexpr int64_t kMaxCopiedBytes = 64 << 10;

namespace {

/// A convolution or matrix product with a constant float weight.
struct WeightedOp {
  Operation *op = nullptr;
  OpOperand *input = nullptr, *weight = nullptr;
  HostTensor value;
  int64_t group = 1;
  /// Of the weight: axes of outputs and of inputs (within a group).
  int64_t outputAxis = 0, inputAxis = 0;
  /// Of the input and the result: the axis of channels.
  int64_t channelAxis = 0;

  static std::optional<WeightedOp> get(Operation *op);
  bool isConv() const { return isa<ConvOp>(op); }
  RankedTensorType resultType() const { return tensorType(op->getResult(0)); }
  int64_t outputs() const { return value.getShape()[outputAxis]; }
  int64_t inputs() const { return value.getShape()[inputAxis]; }

  /// Whether a changed weight may replace the old one here.
  bool mayChange() const {
    return weight->get().hasOneUse() ||
           int64_t(value.getBytes().size()) <= kMaxCopiedBytes;
  }
  void setWeight(PatternRewriter &rewriter, const HostTensor &changed) const {
    rewriter.setInsertionPoint(op);
    Value constant = createConstant(rewriter, weight->get().getLoc(), changed,
                                    getConstantName(weight->get()));
    rewriter.modifyOpInPlace(op, [&] { weight->set(constant); });
  }
  /// Calls `f` with runs of elements of one output and one input (as a channel of
  /// the whole input).
  using Run = function_ref<void(int64_t start, int64_t length, int64_t output,
                                int64_t channel)>;
  void forEachRun(Run f) const;
  /// Every element times a factor for its output and input channel.
  HostTensor scaled(function_ref<double(int64_t, int64_t)> factor) const;
};

} // namespace

std::optional<WeightedOp> WeightedOp::get(Operation *op) {
  WeightedOp result;
  result.op = op;
  if (auto conv = dyn_cast_if_present<ConvOp>(op)) {
    result.input = &conv.getInputMutable();
    result.weight = &conv.getWeightMutable();
    result.group = conv.getGroup();
    bool last = conv.getLayout() == Layout::ChannelsLast;
    result.channelAxis = last ? result.resultType().getRank() - 1 : 1;
    result.inputAxis = result.channelAxis;
  } else if (auto product = dyn_cast_if_present<MatMulOp>(op)) {
    if (tensorType(product.getRhs()).getRank() != 2 ||
        tensorType(product.getLhs()).getRank() < 1)
      return std::nullopt;
    result.input = &product.getLhsMutable();
    result.weight = &product.getRhsMutable();
    result.channelAxis = result.resultType().getRank() - 1;
    result.outputAxis = product.getTransposeRhs() ? 0 : 1;
    result.inputAxis = 1 - result.outputAxis;
  } else {
    return std::nullopt;
  }
  std::optional<HostTensor> value = getConstantTensor(result.weight->get());
  if (!value || !isa<FloatType>(value->getElementType()) || value->getNumElements() == 0)
    return std::nullopt;
  result.value = std::move(*value);
  return result;
}

void WeightedOp::forEachRun(Run f) const {
  ArrayRef<int64_t> shape = value.getShape();
  int64_t late = std::max(outputAxis, inputAxis), early = std::min(outputAxis, inputAxis);
  int64_t outer = 1, between = 1, length = 1;
  for (int64_t axis = 0; axis < value.getRank(); ++axis) {
    if (axis < late)
      outer *= shape[axis];
    if (axis > early && axis < late)
      between *= shape[axis];
    if (axis > late)
      length *= shape[axis];
  }
  for (int64_t i = 0; i < outer; ++i)
    for (int64_t j = 0; j < shape[late]; ++j) {
      int64_t other = i / between % shape[early];
      int64_t output = outputAxis == late ? j : other;
      int64_t within = outputAxis == late ? other : j;
      f((i * shape[late] + j) * length, length, output,
        output / (outputs() / group) * inputs() + within);
    }
}

HostTensor WeightedOp::scaled(function_ref<double(int64_t, int64_t)> factor) const {
  HostTensor result(value.getType());
  bool isSingle = value.getElementType().isF32();
  ArrayRef<float> from = isSingle ? value.as<float>() : ArrayRef<float>();
  MutableArrayRef<float> to =
      isSingle ? result.asMutable<float>() : MutableArrayRef<float>();
  forEachRun([&](int64_t start, int64_t length, int64_t output, int64_t channel) {
    double f = factor(output, channel);
    for (int64_t i = start; i < start + length; ++i)
      if (isSingle)
        to[i] = float(double(from[i]) * f);
      else
        result.setDouble(i, value.getDouble(i) * f);
  });
  return result;
}

/// `op(x, c)`'s constant per channel of the result, and the other operand.
template <typename Op>
static std::optional<SmallVector<double>> channelOperand(Op op, int64_t axis) {
  auto type = tensorType(op.getResult());
  if (op.getLhs().getType() != type || !isa<FloatType>(type.getElementType()))
    return std::nullopt;
  return getPerChannel(op.getRhs(), type, axis);
}

namespace {

/// conv(x, W) · c and conv(x, W) / c.
template <typename Op>
struct FoldScaleBehind : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    Value product = op.getLhs();
    auto weighted = WeightedOp::get(product.getDefiningOp());
    if (!weighted || !product.hasOneUse())
      return rewriter.notifyMatchFailure(op, "no product of its own");
    auto factors = channelOperand(op, weighted->channelAxis);
    auto conv = dyn_cast<ConvOp>(weighted->op);
    std::optional<HostTensor> bias;
    if (conv && conv.getBias() && !(bias = getConstantTensor(conv.getBias())))
      return rewriter.notifyMatchFailure(op, "the bias is not constant");
    if (!factors || !weighted->mayChange())
      return rewriter.notifyMatchFailure(op, "no factor per channel, or shared weights");
    if (std::is_same_v<Op, DivOp>)
      for (double &factor : *factors)
        factor = 1.0 / factor;
    weighted->setWeight(rewriter, weighted->scaled([&](int64_t output, int64_t) {
      return (*factors)[output];
    }));
    if (bias) {
      HostTensor scaled(bias->getType());
      for (auto [i, factor] : llvm::enumerate(*factors))
        scaled.setDouble(i, bias->getDouble(i) * factor);
      Value constant = createConstant(rewriter, conv.getBias().getLoc(), scaled,
                                      getConstantName(conv.getBias()));
      rewriter.modifyOpInPlace(conv, [&] { conv.getBiasMutable().assign(constant); });
    }
    rewriter.replaceOp(op, product);
    return success();
  }
};

/// (conv(x, W) + b) · c: the factor moves in front of the sum.
struct SwapScaleAndShift : OpRewritePattern<MulOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(MulOp op, PatternRewriter &rewriter) const override {
    auto sum = op.getLhs().getDefiningOp<AddOp>();
    if (!sum || !sum->hasOneUse())
      return rewriter.notifyMatchFailure(op, "no sum of its own");
    auto weighted = WeightedOp::get(sum.getLhs().getDefiningOp());
    if (!weighted || !sum.getLhs().hasOneUse() || !weighted->mayChange())
      return rewriter.notifyMatchFailure(op, "no product of its own");
    auto addends = channelOperand(sum, weighted->channelAxis);
    auto factors = channelOperand(op, weighted->channelAxis);
    if (!addends || !factors)
      return rewriter.notifyMatchFailure(op, "not constant per channel");
    for (auto [addend, factor] : llvm::zip(*addends, *factors))
      addend *= factor;
    auto type = op.getType();
    Value scaled = MulOp::create(rewriter, op.getLoc(), type, sum.getLhs(), op.getRhs());
    Value shift = createPerChannel(rewriter, sum.getLoc(), type.getElementType(), *addends,
                                   weighted->channelAxis, type.getRank(),
                                   getConstantName(sum.getRhs()));
    rewriter.replaceOpWithNewOp<AddOp>(op, type, scaled, shift);
    return success();
  }
};

/// conv(x, W) + c, and two constant addends behind a product.
struct FoldShiftBehind : OpRewritePattern<AddOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(AddOp op, PatternRewriter &rewriter) const override {
    Value inner = op.getLhs();
    if (!inner.hasOneUse())
      return rewriter.notifyMatchFailure(op, "the first addend is used elsewhere");
    if (auto conv = inner.getDefiningOp<ConvOp>())
      return foldIntoConv(op, conv, rewriter);
    auto sum = inner.getDefiningOp<AddOp>();
    int64_t axis = op.getType().getRank() - 1;
    if (!sum || axis < 0)
      return rewriter.notifyMatchFailure(op, "no second addend");
    auto first = channelOperand(sum, axis), second = channelOperand(op, axis);
    if (!first || !second)
      return rewriter.notifyMatchFailure(op, "not constant per channel");
    for (auto [a, b] : llvm::zip(*first, *second))
      a += b;
    Value constant = createPerChannel(rewriter, op.getLoc(), op.getType().getElementType(),
                                      *first, axis, axis + 1, getConstantName(sum.getRhs()));
    rewriter.replaceOpWithNewOp<AddOp>(op, op.getType(), sum.getLhs(), constant);
    return success();
  }

private:
  static LogicalResult foldIntoConv(AddOp op, ConvOp conv, PatternRewriter &rewriter) {
    int64_t rank = conv.getType().getRank();
    bool last = conv.getLayout() == Layout::ChannelsLast;
    auto addends = channelOperand(op, last ? rank - 1 : 1);
    if (!addends)
      return rewriter.notifyMatchFailure(op, "no addend per channel");
    StringAttr name = getConstantName(op.getRhs());
    if (conv.getBias()) {
      std::optional<HostTensor> bias = getConstantTensor(conv.getBias());
      if (!bias)
        return rewriter.notifyMatchFailure(op, "the bias is not constant");
      for (auto [i, addend] : llvm::enumerate(*addends))
        addend += bias->getDouble(i);
      name = getConstantName(conv.getBias());
    }
    rewriter.setInsertionPoint(conv);
    Value bias = createPerChannel(rewriter, op.getLoc(), conv.getType().getElementType(),
                                  *addends, 0, 1, name);
    rewriter.modifyOpInPlace(conv, [&] { conv.getBiasMutable().assign(bias); });
    rewriter.replaceOp(op, conv.getResult());
    return success();
  }
};

/// conv(x · c, W).
template <typename Op>
struct FoldScaleInFront : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    auto weighted = WeightedOp::get(op);
    auto scale = weighted ? weighted->input->get().template getDefiningOp<MulOp>() : MulOp();
    if (!scale || !scale->hasOneUse() || !weighted->mayChange())
      return rewriter.notifyMatchFailure(op, "no factor of its own");
    int64_t rank = scale.getType().getRank();
    auto factors =
        channelOperand(scale, weighted->isConv() ? weighted->channelAxis : rank - 1);
    if (!factors)
      return rewriter.notifyMatchFailure(op, "no factor per channel");
    weighted->setWeight(rewriter, weighted->scaled([&](int64_t, int64_t channel) {
      return (*factors)[channel];
    }));
    rewriter.modifyOpInPlace(op, [&] { weighted->input->set(scale.getLhs()); });
    return success();
  }
};

/// conv(x + c, W) without padding.
template <typename Op>
struct FoldShiftInFront : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    auto weighted = WeightedOp::get(op);
    auto shift = weighted ? weighted->input->get().template getDefiningOp<AddOp>() : AddOp();
    if (!shift || !shift->hasOneUse() || isPadded(op))
      return rewriter.notifyMatchFailure(op, "no addend of its own, or padding");
    int64_t rank = shift.getType().getRank();
    auto addends =
        channelOperand(shift, weighted->isConv() ? weighted->channelAxis : rank - 1);
    if (!addends)
      return rewriter.notifyMatchFailure(op, "no addend per channel");
    SmallVector<double> sums(weighted->outputs(), 0.0);
    weighted->forEachRun(
        [&](int64_t start, int64_t length, int64_t output, int64_t channel) {
          for (int64_t i = start; i < start + length; ++i)
            sums[output] += weighted->value.getDouble(i) * (*addends)[channel];
        });
    rewriter.modifyOpInPlace(op, [&] { weighted->input->set(shift.getLhs()); });
    auto type = weighted->resultType();
    rewriter.setInsertionPointAfter(op);
    Value constant =
        createPerChannel(rewriter, op.getLoc(), type.getElementType(), sums,
                         weighted->channelAxis, type.getRank(),
                         getConstantName(shift.getRhs()));
    auto sum = AddOp::create(rewriter, op.getLoc(), type, op.getResult(), constant);
    rewriter.replaceAllUsesExcept(op.getResult(), sum.getResult(), sum);
    return success();
  }

private:
  static bool isPadded(MatMulOp) { return false; }
  static bool isPadded(ConvOp op) {
    auto isPad = [](int64_t amount) { return amount != 0; };
    return llvm::any_of(op.getPadsLow(), isPad) || llvm::any_of(op.getPadsHigh(), isPad);
  }
};

} // namespace

void pith::populateFoldIntoWeights(RewritePatternSet &patterns) {
  patterns.add<FoldScaleBehind<MulOp>, FoldScaleBehind<DivOp>, SwapScaleAndShift,
               FoldShiftBehind, FoldScaleInFront<ConvOp>, FoldScaleInFront<MatMulOp>,
               FoldShiftInFront<ConvOp>, FoldShiftInFront<MatMulOp>>(
      patterns.getContext());
}
