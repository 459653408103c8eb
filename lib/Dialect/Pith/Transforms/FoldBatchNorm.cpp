//===- FoldBatchNorm.cpp - pith-fold-batch-norm ---------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Batch norm as a product and a sum, which then fold into weights; zero padding
// as part of what it pads for.
//
//===----------------------------------------------------------------------===//

#include "FoldIntoWeights.h"
#include "Rewriting.h"
#include "pith/Dialect/Pith/Transforms/Passes.h"

#include <cmath>

namespace pith {
#define GEN_PASS_DEF_FOLDBATCHNORMPASS
#include "pith/Dialect/Pith/Transforms/Passes.h.inc"
} // namespace pith

using namespace mlir;
using namespace pith;

namespace {

struct DecomposeBatchNorm : OpRewritePattern<BatchNormOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(BatchNormOp op, PatternRewriter &rewriter) const override {
    auto scale = getConstantTensor(op.getScale()), bias = getConstantTensor(op.getBias()),
         mean = getConstantTensor(op.getMean()),
         variance = getConstantTensor(op.getVariance());
    if (!scale || !bias || !mean || !variance)
      return decomposeComputed(op, rewriter);
    double epsilon = op.getEpsilon().convertToDouble();
    SmallVector<double> factors, addends;
    for (int64_t i = 0, e = scale->getNumElements(); i < e; ++i) {
      factors.push_back(scale->getDouble(i) / std::sqrt(variance->getDouble(i) + epsilon));
      addends.push_back(bias->getDouble(i) - mean->getDouble(i) * factors.back());
    }
    auto type = op.getType();
    int64_t axis = channelAxis(op);
    Location loc = op.getLoc();
    Value factor = createPerChannel(rewriter, loc, type.getElementType(), factors, axis,
                                    type.getRank(), getConstantName(op.getScale()));
    Value addend = createPerChannel(rewriter, loc, type.getElementType(), addends, axis,
                                    type.getRank(), getConstantName(op.getBias()));
    Value scaled = MulOp::create(rewriter, loc, type, op.getInput(), factor);
    rewriter.replaceOpWithNewOp<AddOp>(op, type, scaled, addend);
    return success();
  }

private:
  static int64_t channelAxis(BatchNormOp op) {
    return op.getLayout() == Layout::ChannelsLast ? op.getType().getRank() - 1 : 1;
  }

  /// The formula in its own words, where statistics are computed.
  static LogicalResult decomposeComputed(BatchNormOp op, PatternRewriter &rewriter) {
    Location loc = op.getLoc();
    auto type = op.getType();
    SmallVector<int64_t> axes;
    for (int64_t i = 1; i < type.getRank() - channelAxis(op); ++i)
      axes.push_back(i);
    auto broadcast = [&](Value v) -> Value {
      if (axes.empty())
        return v;
      return createInferred<UnsqueezeOp>(rewriter, loc, tensorType(v).getElementType(), v,
                                         axes);
    };
    auto perChannel = tensorType(op.getVariance());
    Value epsilon = createScalar(rewriter, loc, perChannel.getElementType(),
                                 op.getEpsilon().convertToDouble());
    Value root = SqrtOp::create(
        rewriter, loc, perChannel,
        AddOp::create(rewriter, loc, perChannel, op.getVariance(), epsilon));
    Value factor = DivOp::create(rewriter, loc, tensorType(op.getScale()), op.getScale(), root);
    Value centred = SubOp::create(rewriter, loc, type, op.getInput(), broadcast(op.getMean()));
    Value scaled = MulOp::create(rewriter, loc, type, centred, broadcast(factor));
    rewriter.replaceOpWithNewOp<AddOp>(op, type, scaled, broadcast(op.getBias()));
    return success();
  }
};

/// What zero padding in front of an op adds to the op's own pads.
struct ZeroPadding {
  SmallVector<int64_t> low, high; ///< per spatial axis
  Value source;

  static std::optional<ZeroPadding> match(Value input, Layout layout) {
    auto pad = input.getDefiningOp<PadOp>();
    if (!pad || pad.getMode() != PadMode::Constant ||
        (pad.getValue() && getConstantScalar(pad.getValue()) != 0.0))
      return std::nullopt;
    auto low = getConstantList(pad.getLow()), high = getConstantList(pad.getHigh());
    if (!low || !high)
      return std::nullopt;
    int64_t rank = low->size(), channel = layout == Layout::ChannelsLast ? rank - 1 : 1;
    ZeroPadding result;
    result.source = pad.getInput();
    for (int64_t axis = 0; axis < rank; ++axis) {
      if ((*low)[axis] < 0 || (*high)[axis] < 0)
        return std::nullopt;
      if (axis != 0 && axis != channel) {
        result.low.push_back((*low)[axis]);
        result.high.push_back((*high)[axis]);
      } else if ((*low)[axis] != 0 || (*high)[axis] != 0) {
        return std::nullopt;
      }
    }
    return result;
  }
};

struct FoldPadIntoConv : OpRewritePattern<ConvOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ConvOp op, PatternRewriter &rewriter) const override {
    auto padding = ZeroPadding::match(op.getInput(), op.getLayout());
    if (!padding)
      return rewriter.notifyMatchFailure(op, "no zero padding of spatial axes");
    for (auto [axis, amount] : llvm::enumerate(op.getPadsLow()))
      padding->low[axis] += amount;
    for (auto [axis, amount] : llvm::enumerate(op.getPadsHigh()))
      padding->high[axis] += amount;
    rewriter.modifyOpInPlace(op, [&] {
      op.getInputMutable().assign(padding->source);
      op.setPadsLow(padding->low);
      op.setPadsHigh(padding->high);
    });
    return success();
  }
};

/// A mean that counts the zeros around the input.
struct FoldPadIntoAveragePool : OpRewritePattern<AveragePoolOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(AveragePoolOp op, PatternRewriter &rewriter) const override {
    auto padding = ZeroPadding::match(op.getInput(), op.getLayout());
    auto isPad = [](int64_t amount) { return amount != 0; };
    if (!padding || op.getCeilMode() || llvm::any_of(op.getPadsLow(), isPad) ||
        llvm::any_of(op.getPadsHigh(), isPad))
      return rewriter.notifyMatchFailure(op, "no zero padding, or other padding");
    for (auto [axis, size] : llvm::enumerate(op.getKernel()))
      if (std::max(padding->low[axis], padding->high[axis]) >= size)
        return rewriter.notifyMatchFailure(op, "windows that lie in the padding alone");
    rewriter.modifyOpInPlace(op, [&] {
      op.getInputMutable().assign(padding->source);
      op.setPadsLow(padding->low);
      op.setPadsHigh(padding->high);
      op.setCountIncludePad(true);
    });
    return success();
  }
};

struct FoldBatchNormPass : pith::impl::FoldBatchNormPassBase<FoldBatchNormPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<DecomposeBatchNorm, FoldPadIntoConv, FoldPadIntoAveragePool>(
        &getContext());
    populateFoldIntoWeights(patterns);
    if (failed(applyToFixedPoint(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
