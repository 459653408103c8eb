//===- FactorScales.cpp - pith-factor-scales ------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sums of integers in f32 are exact up to 2^24, those of scaled numbers are not: a
// quantized model whose layers are rounded again would end up one step away.
//
//===----------------------------------------------------------------------===//

#include "Rewriting.h"
#include "pith/Compression/Quantization/QuantizationOps.h"
#include "pith/Dialect/Pith/IR/Constants.h"
#include "pith/Dialect/Pith/Transforms/Passes.h"

namespace pith {
#define GEN_PASS_DEF_FACTORSCALESPASS
#include "pith/Dialect/Pith/Transforms/Passes.h.inc"
} // namespace pith

using namespace mlir;
using namespace pith;

namespace {

/// Whether `value` holds integers of at most 9 bits: codes, less a zero point.
bool isSmallInteger(Value value) {
  if (auto sum = matchScalarOperand<AddOp>(value))
    return std::abs(sum->second) <= 256 && sum->second == std::round(sum->second) &&
           isSmallInteger(sum->first);
  if (auto difference = matchScalarOperand<SubOp>(value))
    return std::abs(difference->second) <= 256 &&
           difference->second == std::round(difference->second) &&
           isSmallInteger(difference->first);
  auto cast = value.getDefiningOp<CastOp>();
  if (!cast)
    return false;
  Type from = tensorType(cast.getInput()).getElementType();
  return from.isInteger() && from.getIntOrFloatBitWidth() <= 8;
}

/// Bytes less a whole zero point, in f32.
struct ByteCodes {
  Value codes;
  int64_t zero = 0;

  static std::optional<ByteCodes> match(Value value) {
    if (!tensorType(value).getElementType().isF32() || tensorType(value).getRank() == 0)
      return std::nullopt;
    double zero = 0;
    if (auto sum = matchScalarOperand<AddOp>(value)) {
      value = sum->first;
      zero = -sum->second;
    } else if (auto difference = matchScalarOperand<SubOp>(value)) {
      value = difference->first;
      zero = difference->second;
    }
    auto cast = value.getDefiningOp<CastOp>();
    if (!cast || zero != std::round(zero) || std::abs(zero) > 256)
      return std::nullopt;
    Type from = tensorType(cast.getInput()).getElementType();
    if (!from.isInteger() || from.getIntOrFloatBitWidth() != 8)
      return std::nullopt;
    return ByteCodes{cast.getInput(), int64_t(zero)};
  }

  /// The same as `pith.dequantize` with a scale of 1, which kernels read as bytes.
  Value dequantize(OpBuilder &builder, Location loc, RankedTensorType type) const {
    HostTensor one(RankedTensorType::get({1}, builder.getF32Type()));
    one.setDouble(0, 1);
    HostTensor point(RankedTensorType::get({1}, builder.getI32Type()));
    point.setInt(0, zero);
    Value scale = createConstant(builder, loc, one), zeroPoint;
    if (zero != 0)
      zeroPoint = createConstant(builder, loc, point);
    return DequantizeOp::create(builder, loc, type, codes, scale, zeroPoint,
                                type.getRank() - 1, /*group_size=*/0);
  }
};

/// A weight of integer codes with one scale per output.
struct ScaledWeight {
  DequantizeOp op;
  HostTensor scale;

  static std::optional<ScaledWeight> match(Value weight) {
    auto op = weight.getDefiningOp<DequantizeOp>();
    if (!op || op.getAxis() != 1 || op.getGroupSize() != 0 ||
        !op.getCodes().getType().hasStaticShape() ||
        op.getCodes().getType().getElementTypeBitWidth() > 8)
      return std::nullopt;
    auto scale = getConstantTensor(op.getScale());
    int64_t outputs = op.getCodes().getType().getDimSize(0);
    if (!scale || (scale->getNumElements() != outputs && scale->getNumElements() != 1))
      return std::nullopt;
    return ScaledWeight{op, *scale};
  }

  bool isOne() const {
    for (int64_t i = 0; i < scale.getNumElements(); ++i)
      if (scale.getDouble(i) != 1)
        return false;
    return true;
  }

  /// The same codes with scales of 1.
  Value withoutScale(OpBuilder &builder) {
    Type element = scale.getElementType();
    HostTensor ones(RankedTensorType::get(scale.getShape(), element));
    for (int64_t i = 0; i < ones.getNumElements(); ++i)
      ones.setDouble(i, 1);
    Value one = createConstant(builder, op.getLoc(), ones);
    auto unscaled = cast<DequantizeOp>(builder.clone(*op));
    unscaled.getScaleMutable().assign(one);
    return unscaled.getResult();
  }

  /// The scales times `factor`, as a constant that broadcasts along the last axis.
  Value timesFactor(OpBuilder &builder, double factor) {
    int64_t outputs = op.getCodes().getType().getDimSize(0);
    HostTensor products(RankedTensorType::get({outputs}, builder.getF32Type()));
    for (int64_t i = 0; i < outputs; ++i)
      products.setDouble(
          i, factor * scale.getDouble(scale.getNumElements() == 1 ? 0 : i));
    return createConstant(builder, op.getLoc(), products);
  }
};

/// An activation as `integers · factor`.
struct ScaledIntegers {
  Value integers; ///< or null:
  DequantizeOp op; ///< whose scale is the factor
  double factor = 1;

  static std::optional<ScaledIntegers> match(Value value) {
    if (isSmallInteger(value))
      return ScaledIntegers{value, {}, 1};
    if (auto op = value.getDefiningOp<DequantizeOp>())
      return matchCodes(op);
    auto product = matchScalarOperand<MulOp>(value);
    if (!product || !isSmallInteger(product->first) ||
        product->first.getType() != value.getType())
      return std::nullopt;
    return ScaledIntegers{product->first, {}, product->second};
  }

  /// The integers; may make an op that computes them.
  Value get(OpBuilder &builder) {
    if (auto bytes = integers ? ByteCodes::match(integers) : std::nullopt)
      return bytes->dequantize(builder, integers.getLoc(), tensorType(integers));
    if (integers)
      return integers;
    HostTensor one(tensorType(op.getScale()));
    one.setDouble(0, 1);
    auto unscaled = cast<DequantizeOp>(builder.clone(*op));
    OpBuilder front(unscaled);
    unscaled.getScaleMutable().assign(createConstant(front, op.getLoc(), one));
    return unscaled.getResult();
  }

private:
  /// Codes of at most 8 bits, less a whole zero point, times one constant scale.
  static std::optional<ScaledIntegers> matchCodes(DequantizeOp op) {
    RankedTensorType codes = op.getCodes().getType();
    auto scale = getConstantTensor(op.getScale());
    auto type = cast<IntegerType>(codes.getElementType());
    Value zero = op.getZeroPoint();
    if (!scale || scale->getNumElements() != 1 || type.getWidth() < 2 ||
        type.getWidth() > 8 || getConstantTensor(op.getCodes()) ||
        !tensorType(op.getResult()).getElementType().isF32())
      return std::nullopt;
    if (zero && !(isa<IntegerType>(tensorType(zero).getElementType()) &&
                  tensorType(zero).getElementTypeBitWidth() <= 8))
      return std::nullopt;
    return ScaledIntegers{{}, op, scale->getDouble(0)};
  }
};

/// Replaces a contraction whose result's last axis counts the outputs.
LogicalResult factorOut(Operation *op, OpOperand &activation, OpOperand &weight,
                        Value bias, PatternRewriter &rewriter) {
  Value result = op->getResult(0);
  auto integers = ScaledIntegers::match(activation.get());
  auto scaled = ScaledWeight::match(weight.get());
  if (!integers || !scaled || !tensorType(result).getElementType().isF32())
    return rewriter.notifyMatchFailure(op, "not integers with one scale per output");
  if (integers->factor == 1 && scaled->isOne())
    return rewriter.notifyMatchFailure(op, "nothing to factor out");
  Location loc = op->getLoc();
  rewriter.setInsertionPoint(op);
  Operation *sums = rewriter.clone(*op);
  rewriter.setInsertionPoint(sums);
  sums->getOpOperand(activation.getOperandNumber()).set(integers->get(rewriter));
  rewriter.setInsertionPoint(op);
  sums->getOpOperand(weight.getOperandNumber()).set(scaled->withoutScale(rewriter));
  // The unscaled weight was made behind the clone.
  sums->moveBefore(op);
  Type type = result.getType();
  if (auto conv = dyn_cast<ConvOp>(sums))
    conv.getBiasMutable().clear();
  Value scale = scaled->timesFactor(rewriter, integers->factor);
  Value value = MulOp::create(rewriter, loc, type, sums->getResult(0), scale);
  if (bias)
    value = AddOp::create(rewriter, loc, type, value, bias);
  rewriter.replaceOp(op, value);
  return success();
}

struct FactorConv : OpRewritePattern<ConvOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ConvOp op, PatternRewriter &rewriter) const override {
    if (op.getLayout() != Layout::ChannelsLast)
      return rewriter.notifyMatchFailure(op, "outputs are not the last axis");
    return factorOut(op, op.getInputMutable(), op.getWeightMutable(), op.getBias(),
                     rewriter);
  }
};

struct FactorMatMul : OpRewritePattern<MatMulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MatMulOp op, PatternRewriter &rewriter) const override {
    if (!op.getTransposeRhs() || tensorType(op.getRhs()).getRank() != 2)
      return rewriter.notifyMatchFailure(op, "outputs are not the last axis");
    return factorOut(op, op.getLhsMutable(), op.getRhsMutable(), {}, rewriter);
  }
};

/// Codes of scaled sums are quotients, and a division per element is dear: its divisor
/// goes into the factors that are there. What lies between is homogeneous.
struct FoldDivisor : OpRewritePattern<QuantizeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(QuantizeOp op, PatternRewriter &rewriter) const override {
    auto divisor = getConstantScalar(op.getScale());
    if (!divisor || *divisor == 1 || !(*divisor > 1e-30) || !std::isfinite(*divisor) ||
        !tensorType(op.getInput()).getElementType().isF32())
      return rewriter.notifyMatchFailure(op, "not one divisor");
    SmallVector<Operation *> chain;
    Operation *last = findFactor(op.getInput(), chain);
    if (!last)
      return rewriter.notifyMatchFailure(op, "not codes of scaled sums alone");
    Value value;
    for (Operation *part : llvm::reverse(chain)) {
      rewriter.setInsertionPoint(part);
      Operation *copy = rewriter.clone(*part);
      if (value)
        copy->setOperand(0, value);
      if (!isa<ReluOp>(copy))
        for (unsigned i = 1; i < copy->getNumOperands(); ++i)
          copy->setOperand(i, divide(rewriter, copy, copy->getOperand(i), *divisor));
      value = copy->getResult(0);
    }
    rewriter.setInsertionPoint(op);
    HostTensor one(tensorType(op.getScale()));
    one.setDouble(0, 1);
    Value scale = createConstant(rewriter, op.getLoc(), one);
    rewriter.modifyOpInPlace(op, [&] {
      op.getInputMutable().assign(value);
      op.getScaleMutable().assign(scale);
    });
    return success();
  }

private:
  static bool isProduct(Value value) {
    return isa_and_nonnull<ConvOp, MatMulOp>(value.getDefiningOp());
  }
  static bool isConstant(Value value) { return bool(getConstantTensor(value)); }

  /// The multiplication of a product's sums by constants from which `value` is made, by
  /// adding constants and cutting off; all those ops, from the last one on.
  static Operation *findFactor(Value value, SmallVectorImpl<Operation *> &chain) {
    while (Operation *op = value.getDefiningOp()) {
      bool isFactor = isa<MulOp>(op) && isProduct(op->getOperand(0));
      if (!isFactor && !isa<ReluOp, ClipOp, AddOp>(op))
        return nullptr;
      if (!value.hasOneUse() || tensorType(value).getElementType() !=
                                    tensorType(op->getOperand(0)).getElementType() ||
          !llvm::all_of(llvm::drop_begin(op->getOperands()), isConstant))
        return nullptr;
      chain.push_back(op);
      if (isFactor)
        return op;
      value = op->getOperand(0);
    }
    return nullptr;
  }

  static Value divide(PatternRewriter &rewriter, Operation *user, Value constant,
                      double divisor) {
    HostTensor values = *getConstantTensor(constant);
    HostTensor quotients(values.getType());
    for (int64_t i = 0; i < values.getNumElements(); ++i)
      quotients.setDouble(i, values.getDouble(i) / divisor);
    OpBuilder builder(user);
    return createConstant(builder, user->getLoc(), quotients);
  }
};

/// Means and sums: `mean(s · q)` is `s · mean(q)`.
struct FactorMean : RewritePattern {
  FactorMean(MLIRContext *context, StringRef name) : RewritePattern(name, 1, context) {}

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    if (auto reduce = dyn_cast<ReduceOp>(op))
      if (reduce.getKind() != ReduceKind::Mean && reduce.getKind() != ReduceKind::Sum)
        return rewriter.notifyMatchFailure(op, "not linear");
    auto integers = ScaledIntegers::match(op->getOperand(0));
    if (!integers || integers->factor == 1)
      return rewriter.notifyMatchFailure(op, "no scaled integers");
    Operation *mean = rewriter.clone(*op);
    rewriter.setInsertionPoint(mean);
    mean->setOperand(0, integers->integers ? integers->integers : integers->get(rewriter));
    rewriter.setInsertionPoint(op);
    Value result = op->getResult(0);
    Value scale = createScalar(rewriter, op->getLoc(), tensorType(result).getElementType(),
                               integers->factor);
    rewriter.replaceOpWithNewOp<MulOp>(op, result.getType(), mean->getResult(0), scale);
    return success();
  }
};

struct FactorScalesPass : pith::impl::FactorScalesPassBase<FactorScalesPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<FactorConv, FactorMatMul, FoldDivisor>(&getContext());
    for (StringRef name : {AveragePoolOp::getOperationName(), ReduceOp::getOperationName()})
      patterns.add<FactorMean>(&getContext(), name);
    if (failed(applyToFixedPoint(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
