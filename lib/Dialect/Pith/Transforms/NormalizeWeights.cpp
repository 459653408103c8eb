//===- NormalizeWeights.cpp - pith-normalize-weights ----------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Weights of matrix products as `[outputs, reduction]`; what is done to an
// activation in front of a product done to the weight instead; equal constants
// once. Whatever is transposed is transposed once: equal results become one
// constant before the next pattern looks at them.
//
//===----------------------------------------------------------------------===//

#include "Rewriting.h"
#include "pith/Compression/Quantization/QuantizationOps.h"
#include "pith/Dialect/Pith/Transforms/Passes.h"
#include "llvm/ADT/Hashing.h"

#include <cstring>

namespace pith {
#define GEN_PASS_DEF_NORMALIZEWEIGHTSPASS
#include "pith/Dialect/Pith/Transforms/Passes.h.inc"
} // namespace pith

using namespace mlir;
using namespace pith;

static bool isFloatConstant(Value value) {
  return value.getDefiningOp<ConstantOp>() &&
         isa<FloatType>(tensorType(value).getElementType());
}

namespace {

/// [1, …, K, N] is [K, N] where the other side has the leading axes.
struct DropLeadingOnes : OpRewritePattern<MatMulOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(MatMulOp op, PatternRewriter &rewriter) const override {
    auto type = tensorType(op.getRhs());
    if (!isFloatConstant(op.getRhs()) || type.getRank() < 3 ||
        tensorType(op.getLhs()).getRank() < type.getRank())
      return rewriter.notifyMatchFailure(op, "no constant of higher rank");
    for (int64_t size : type.getShape().drop_back(2))
      if (size != 1)
        return rewriter.notifyMatchFailure(op, "a batch of weights");
    Value matrix =
        createReshapedConstant(rewriter, op.getRhs(), type.getShape().take_back(2));
    rewriter.modifyOpInPlace(op, [&] { op.getRhsMutable().assign(matrix); });
    return success();
  }
};

/// [K, N] becomes [N, K].
class TransposeRhs : public OpRewritePattern<MatMulOp> {
public:
  using Made = llvm::DenseMap<Attribute, ConstantOp>;
  TransposeRhs(MLIRContext *context, Made &made) : OpRewritePattern(context), made(made) {}

  LogicalResult matchAndRewrite(MatMulOp op, PatternRewriter &rewriter) const override {
    auto constant = op.getRhs().getDefiningOp<ConstantOp>();
    if (!constant || !isFloatConstant(op.getRhs()) || op.getTransposeRhs() ||
        constant.getType().getRank() != 2 || !getConstantTensor(op.getRhs()))
      return rewriter.notifyMatchFailure(op, "no constant to transpose");
    auto [it, isNew] = made.try_emplace(constant.getValueAttr());
    if (isNew) {
      OpBuilder::InsertionGuard guard(rewriter);
      rewriter.setInsertionPointAfter(constant);
      it->second = createTranspose(rewriter, constant.getLoc(), constant, {1, 0})
                       .getDefiningOp<ConstantOp>();
    }
    Value weight = it->second;
    rewriter.modifyOpInPlace(op, [&] {
      op.getRhsMutable().assign(weight);
      op.setTransposeRhs(true);
    });
    return success();
  }

private:
  Made &made;
};

/// W · x with x a vector is x · Wᵀ; W · xᵀ is (x · Wᵀ)ᵀ.
struct MoveWeightToRhs : OpRewritePattern<MatMulOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(MatMulOp op, PatternRewriter &rewriter) const override {
    if (!isFloatConstant(op.getLhs()) || tensorType(op.getLhs()).getRank() != 2 ||
        op.getRhs().getDefiningOp<ConstantOp>())
      return rewriter.notifyMatchFailure(op, "no constant on the left-hand side");
    int64_t rank = tensorType(op.getRhs()).getRank();
    if (rank == 1) {
      rewriter.replaceOpWithNewOp<MatMulOp>(op, op.getType(), op.getRhs(), op.getLhs(),
                                            /*transpose_rhs=*/true);
      return success();
    }
    if (rank != 2 || !op.getTransposeRhs())
      return rewriter.notifyMatchFailure(op, "the other side would need a transpose");
    Value product = createInferred<MatMulOp>(rewriter, op.getLoc(),
                                             op.getType().getElementType(), op.getRhs(),
                                             op.getLhs(), /*transpose_rhs=*/true);
    rewriter.replaceOpWithNewOp<TransposeOp>(op, op.getType(), product,
                                             ArrayRef<int64_t>{1, 0});
    return success();
  }
};

/// reshape(transpose(x)) · Wᵀ = reshape(x) · W'ᵀ with the columns of W in the order
/// of x. The reshape joins all axes that the transpose moves.
struct AbsorbTranspose : OpRewritePattern<MatMulOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(MatMulOp op, PatternRewriter &rewriter) const override {
    auto reshape = op.getLhs().getDefiningOp<ReshapeOp>();
    auto transpose = reshape ? reshape.getInput().getDefiningOp<TransposeOp>() : TransposeOp();
    if (!transpose || !op.getTransposeRhs() || !isFloatConstant(op.getRhs()) ||
        !op.getRhs().hasOneUse() || tensorType(op.getRhs()).getRank() != 2 ||
        reshape.getAllowZero())
      return rewriter.notifyMatchFailure(op, "no transpose in front of a constant");
    ArrayRef<int64_t> permutation = transpose.getPermutation();
    auto moved = transpose.getType();
    std::optional<int64_t> first = joinedAxes(moved, reshape.getType());
    if (!first)
      return rewriter.notifyMatchFailure(op, "the transposed axes stay apart");
    for (int64_t axis = 0; axis < *first; ++axis)
      if (permutation[axis] != axis)
        return rewriter.notifyMatchFailure(op, "an axis in front is moved");
    std::optional<HostTensor> weight = getConstantTensor(op.getRhs());
    if (!weight)
      return rewriter.notifyMatchFailure(op, "the weight has no data");
    // [N, axes as transposed] to [N, axes as in x].
    SmallVector<int64_t> shape{weight->getShape()[0]}, order{0};
    llvm::append_range(shape, moved.getShape().drop_front(*first));
    for (int64_t axis : ArrayRef(invert(permutation)).drop_front(*first))
      order.push_back(axis - *first + 1);
    HostTensor reordered =
        pith::transpose(weight->reshaped(shape), order).reshaped(weight->getShape());
    Value constant = createConstant(rewriter, op.getRhs().getLoc(), reordered,
                                    getConstantName(op.getRhs()));
    Value rows = ReshapeOp::create(rewriter, reshape.getLoc(), reshape.getType(),
                                   transpose.getInput(), reshape.getShape(),
                                   /*allow_zero=*/false);
    rewriter.modifyOpInPlace(op, [&] {
      op.getLhsMutable().assign(rows);
      op.getRhsMutable().assign(constant);
    });
    return success();
  }

private:
  /// The axis of `from` from which on all make the last axis of `to`, if the axes
  /// in front stay as they are.
  static std::optional<int64_t> joinedAxes(RankedTensorType from, RankedTensorType to) {
    int64_t first = to.getRank() - 1;
    if (first < 0 || first >= from.getRank())
      return std::nullopt;
    int64_t count = 1, dynamic = 0;
    for (int64_t axis = 0; axis < from.getRank(); ++axis) {
      int64_t size = from.getDimSize(axis);
      if (axis < first) {
        if (size != to.getDimSize(axis))
          return std::nullopt;
        dynamic += ShapedType::isDynamic(size);
      } else if (ShapedType::isDynamic(size)) {
        return std::nullopt;
      } else {
        count *= size;
      }
    }
    if (count != to.getShape().back() || dynamic > 1)
      return std::nullopt;
    return first;
  }
};

/// A weight that is codes is transposed as codes: rows stay rows, and each has one
/// scale.
struct TransposeCodes : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(TransposeOp op, PatternRewriter &rewriter) const override {
    auto dequantize = op.getInput().getDefiningOp<DequantizeOp>();
    if (!dequantize || !dequantize.getCodes().getDefiningOp<ConstantOp>())
      return rewriter.notifyMatchFailure(op, "no codes");
    bool oneScale = tensorType(dequantize.getScale()).getNumElements() == 1;
    bool rowScales = dequantize.getAxis() == 1 && dequantize.getGroupSize() == 0 &&
                     op.getPermutation().front() == 0;
    if (!oneScale && !rowScales)
      return rewriter.notifyMatchFailure(op, "scales would have to move too");
    Value codes = createTranspose(rewriter, dequantize.getCodes().getLoc(),
                                  dequantize.getCodes(), op.getPermutation());
    rewriter.replaceOpWithNewOp<DequantizeOp>(
        op, op.getType(), codes, dequantize.getScale(), dequantize.getZeroPoint(),
        dequantize.getAxis(), dequantize.getGroupSize());
    return success();
  }
};

/// The same with a reshape that only moves sizes of 1.
struct ReshapeCodes : OpRewritePattern<ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ReshapeOp op, PatternRewriter &rewriter) const override {
    auto dequantize = op.getInput().getDefiningOp<DequantizeOp>();
    if (!dequantize || !dequantize.getCodes().getDefiningOp<ConstantOp>() ||
        !op.getType().hasStaticShape())
      return rewriter.notifyMatchFailure(op, "no codes");
    auto from = dequantize.getType();
    bool oneScale = tensorType(dequantize.getScale()).getNumElements() == 1;
    bool sameRows = dequantize.getAxis() == 1 && from.getRank() > 0 &&
                    op.getType().getRank() > 1 &&
                    from.getDimSize(0) == op.getType().getDimSize(0);
    if (!sameRows && !(oneScale && op.getType().getRank() > int64_t(dequantize.getAxis())))
      return rewriter.notifyMatchFailure(op, "rows change");
    Value codes =
        createReshapedConstant(rewriter, dequantize.getCodes(), op.getType().getShape());
    rewriter.replaceOpWithNewOp<DequantizeOp>(
        op, op.getType(), codes, dequantize.getScale(), dequantize.getZeroPoint(),
        dequantize.getAxis(), dequantize.getGroupSize());
    return success();
  }
};

/// Finds constants of equal type and bytes.
class ConstantMerger {
public:
  void run(Block &block) {
    for (Operation &op : llvm::make_early_inc_range(block))
      if (auto constant = dyn_cast<ConstantOp>(op))
        merge(constant);
  }

private:
  void merge(ConstantOp constant) {
    std::optional<HostTensor> value = HostTensor::get(constant.getValueAttr());
    if (!value)
      return;
    auto &candidates = known[{constant.getType(), sample(value->getBytes())}];
    for (ConstantOp other : candidates) {
      if (!isSame(constant, *value, other))
        continue;
      if (!other.getNameAttr() && constant.getNameAttr())
        other.setNameAttr(constant.getNameAttr());
      constant.getResult().replaceAllUsesWith(other.getResult());
      constant.erase();
      return;
    }
    candidates.push_back(constant);
  }
  static bool isSame(ConstantOp a, const HostTensor &value, ConstantOp b) {
    if (a.getValueAttr() == b.getValueAttr())
      return true;
    std::optional<HostTensor> other = HostTensor::get(b.getValueAttr());
    ArrayRef<char> x = value.getBytes(), y = other->getBytes();
    return x.size() == y.size() &&
           (x.data() == y.data() || std::memcmp(x.data(), y.data(), x.size()) == 0);
  }
  /// A few bytes are enough to tell most weights apart.
  static size_t sample(ArrayRef<char> bytes) {
    constexpr size_t kSamples = 64;
    if (bytes.size() <= kSamples)
      return llvm::hash_combine_range(bytes.begin(), bytes.end());
    size_t hash = bytes.size();
    for (size_t i = 0; i < kSamples; ++i)
      hash = llvm::hash_combine(hash, bytes[bytes.size() / kSamples * i]);
    return hash;
  }
  llvm::DenseMap<std::pair<Type, size_t>, SmallVector<ConstantOp>> known;
};

struct NormalizeWeightsPass : pith::impl::NormalizeWeightsPassBase<NormalizeWeightsPass> {
  void runOnOperation() override {
    if (getOperation().isExternal())
      return;
    Block &block = getOperation().getBody().front();
    ConstantMerger().run(block);
    TransposeRhs::Made made;
    RewritePatternSet patterns(&getContext());
    patterns.add<DropLeadingOnes, MoveWeightToRhs, AbsorbTranspose, TransposeCodes,
                 ReshapeCodes>(&getContext());
    patterns.add<TransposeRhs>(&getContext(), made);
    if (failed(applyToFixedPoint(getOperation(), std::move(patterns))))
      return signalPassFailure();
    ConstantMerger().run(block);
  }
};

} // namespace
