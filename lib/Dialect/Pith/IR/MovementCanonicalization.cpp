//===- MovementCanonicalization.cpp - Elements that need not move ---------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Moves that keep all elements in place go away; moves in sequence become one.
// Ops that only rename bytes become one `pith.reshape` by a constant where the
// result has at most one dynamic size.
//
//===----------------------------------------------------------------------===//

#include "Canonicalization.h"

#include "pith/Dialect/Pith/IR/Constants.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "pith/Dialect/Pith/IR/ShapeAnalysis.h"

using namespace mlir;
using namespace pith;

LogicalResult pith::replaceByValue(PatternRewriter &rewriter, Operation *op,
                                   Value value) {
  auto from = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  auto to = dyn_cast<RankedTensorType>(value.getType());
  if (!from || !to || from.getRank() != to.getRank() ||
      from.getElementType() != to.getElementType())
    return rewriter.notifyMatchFailure(op, "the types differ");
  for (auto [x, y] : llvm::zip(from.getShape(), to.getShape()))
    if (x != y && !ShapedType::isDynamic(x) && !ShapedType::isDynamic(y))
      return rewriter.notifyMatchFailure(op, "the sizes differ");
  if (from != to)
    for (Operation *user : op->getUsers())
      if (user->getDialect() != op->getDialect())
        return rewriter.notifyMatchFailure(op, "a user needs the exact type");
  rewriter.replaceOp(op, value);
  return success();
}

/// Whether two types have the same sizes, for certain.
static bool isSameShape(RankedTensorType a, RankedTensorType b) {
  return a == b && a.hasStaticShape();
}

static bool isRename(Operation *op) {
  return isa_and_nonnull<ReshapeOp, SqueezeOp, UnsqueezeOp, FlattenOp>(op);
}

namespace {

/// Reshape, squeeze, unsqueeze and flatten, one after the other or alone.
struct MergeRenames : RewritePattern {
  MergeRenames(StringRef name, MLIRContext *context)
      : RewritePattern(name, 1, context) {}

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    Value source = op->getOperand(0);
    while (isRename(source.getDefiningOp()))
      source = source.getDefiningOp()->getOperand(0);
    auto from = tensorType(source);
    auto to = cast<RankedTensorType>(op->getResult(0).getType());
    auto target = getReshapeTarget(to);
    // With the same static sizes, and one dynamic size at most, all agree.
    if (target && from == to)
      return replaceByValue(rewriter, op, source);
    if (!target)
      return rewriter.notifyMatchFailure(op, "more than one dynamic size");
    auto reshape = dyn_cast<ReshapeOp>(op);
    if (reshape && source == reshape.getInput() &&
        getConstantList(reshape.getShape()) == target)
      return rewriter.notifyMatchFailure(op, "in normal form");
    Value list = createList(rewriter, op->getLoc(), *target);
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, to, source, list, /*allow_zero=*/false);
    return success();
  }
};

/// A transpose that keeps the elements' order, or follows another one.
struct SimplifyTranspose : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(TransposeOp op, PatternRewriter &rewriter) const override {
    ArrayRef<int64_t> permutation = op.getPermutation();
    if (llvm::equal(permutation, llvm::seq<int64_t>(0, permutation.size())))
      return replaceByValue(rewriter, op, op.getInput());
    if (auto inner = op.getInput().getDefiningOp<TransposeOp>()) {
      SmallVector<int64_t> both;
      for (int64_t axis : permutation)
        both.push_back(inner.getPermutation()[axis]);
      rewriter.replaceOpWithNewOp<TransposeOp>(op, op.getType(), inner.getInput(), both);
      return success();
    }
    auto target = getReshapeTarget(op.getType());
    if (!keepsElementOrder(tensorType(op.getInput()).getShape(), permutation) || !target)
      return rewriter.notifyMatchFailure(op, "elements change their order");
    Value list = createList(rewriter, op.getLoc(), *target);
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), op.getInput(), list,
                                           /*allow_zero=*/false);
    return success();
  }
};

/// A slice, a pad or an expansion to the sizes that are there already, a tile
/// that repeats once.
template <typename Op>
struct DropWhole : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    if (isWhole(op))
      return replaceByValue(rewriter, op, op.getInput());
    return rewriter.notifyMatchFailure(op, "elements are added or left out");
  }

private:
  static bool sameShape(Op op) {
    return isSameShape(tensorType(op.getInput()), op.getType());
  }
  static bool isWhole(SliceOp op) {
    bool forwards = llvm::all_of(op.getSteps(), [](int64_t step) { return step == 1; });
    if (!forwards || sameShape(op))
      return forwards;
    auto starts = getConstantList(op.getStarts()), ends = getConstantList(op.getEnds());
    constexpr int64_t kEnd = (int64_t(1) << 31) - 1;
    return starts && ends &&
           llvm::all_of(*starts, [](int64_t start) { return start == 0; }) &&
           llvm::all_of(*ends, [](int64_t end) { return end >= kEnd; });
  }
  static bool isWhole(PadOp op) {
    auto low = getConstantList(op.getLow()), high = getConstantList(op.getHigh());
    auto isZero = [](int64_t amount) { return amount == 0; };
    return low && high && llvm::all_of(*low, isZero) && llvm::all_of(*high, isZero);
  }
  static bool isWhole(ExpandOp op) {
    if (sameShape(op))
      return true;
    auto shape = getConstantList(op.getShape());
    return shape && int64_t(shape->size()) <= tensorType(op.getInput()).getRank() &&
           llvm::all_of(*shape, [](int64_t size) { return size == 1; });
  }
  static bool isWhole(TileOp op) {
    auto repeats = getConstantList(op.getRepeats());
    return repeats && llvm::all_of(*repeats, [](int64_t count) { return count == 1; });
  }
};

/// A concatenation of one, of empty parts, or of concatenations.
struct SimplifyConcat : OpRewritePattern<ConcatOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ConcatOp op, PatternRewriter &rewriter) const override {
    if (op.getInputs().size() == 1)
      return replaceByValue(rewriter, op, op.getInputs()[0]);
    int64_t axis = op.getAxis();
    SmallVector<Value> parts;
    for (Value input : op.getInputs()) {
      auto inner = input.getDefiningOp<ConcatOp>();
      if (inner && int64_t(inner.getAxis()) == axis && inner->hasOneUse())
        parts.append(inner.getInputs().begin(), inner.getInputs().end());
      else if (tensorType(input).getDimSize(axis) != 0)
        parts.push_back(input);
    }
    if (parts.empty() || llvm::equal(parts, op.getInputs()))
      return rewriter.notifyMatchFailure(op, "all parts are needed");
    rewriter.replaceOpWithNewOp<ConcatOp>(op, op.getType(), parts, axis);
    return success();
  }
};

/// x · Wᵀ where the transpose is an op of its own.
struct TransposeIntoMatMul : OpRewritePattern<MatMulOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(MatMulOp op, PatternRewriter &rewriter) const override {
    auto transpose = op.getRhs().getDefiningOp<TransposeOp>();
    if (!transpose || tensorType(op.getRhs()).getRank() < 2)
      return rewriter.notifyMatchFailure(op, "no transpose");
    ArrayRef<int64_t> permutation = transpose.getPermutation();
    size_t rank = permutation.size();
    for (size_t axis = 0; axis < rank; ++axis) {
      size_t swapped = axis + 2 < rank ? axis : 2 * rank - 3 - axis;
      if (permutation[axis] != int64_t(swapped))
        return rewriter.notifyMatchFailure(op, "not the last two axes are swapped");
    }
    rewriter.replaceOpWithNewOp<MatMulOp>(op, op.getType(), op.getLhs(),
                                          transpose.getInput(), !op.getTransposeRhs());
    return success();
  }
};

/// A reduction over axes of size 1 that keeps values.
struct DropUnitReduce : OpRewritePattern<ReduceOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ReduceOp op, PatternRewriter &rewriter) const override {
    switch (op.getKind()) {
    case ReduceKind::Sum:
    case ReduceKind::Mean:
    case ReduceKind::Max:
    case ReduceKind::Min:
    case ReduceKind::Prod:
      break;
    default:
      return rewriter.notifyMatchFailure(op, "the kind changes values");
    }
    auto input = tensorType(op.getInput());
    for (int64_t axis : op.getAxes())
      if (input.getDimSize(axis) != 1)
        return rewriter.notifyMatchFailure(op, "several elements are combined");
    if (op.getKeepDims() || op.getAxes().empty())
      return replaceByValue(rewriter, op, op.getInput());
    rewriter.replaceOpWithNewOp<SqueezeOp>(op, op.getType(), op.getInput(), op.getAxes());
    return success();
  }
};

} // namespace

void pith::populateMovementCanonicalization(RewritePatternSet &patterns) {
  MLIRContext *context = patterns.getContext();
  for (StringRef name : {ReshapeOp::getOperationName(), SqueezeOp::getOperationName(),
                         UnsqueezeOp::getOperationName(), FlattenOp::getOperationName()})
    patterns.add<MergeRenames>(name, context);
  patterns.add<SimplifyTranspose, DropWhole<SliceOp>, DropWhole<PadOp>,
               DropWhole<ExpandOp>, DropWhole<TileOp>, SimplifyConcat,
               TransposeIntoMatMul, DropUnitReduce>(context);
}
