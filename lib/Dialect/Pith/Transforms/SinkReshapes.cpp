//===- SinkReshapes.cpp - pith-sink-reshapes ------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Rewriting.h"
#include "pith/Dialect/Pith/Transforms/Passes.h"

namespace pith {
#define GEN_PASS_DEF_SINKRESHAPESPASS
#include "pith/Dialect/Pith/Transforms/Passes.h.inc"
} // namespace pith

using namespace mlir;
using namespace pith;

static bool isRename(Operation *op) {
  return isa_and_nonnull<ReshapeOp, SqueezeOp, UnsqueezeOp, FlattenOp>(op);
}

/// How many trailing sizes are static and the same in both.
static int64_t commonTail(RankedTensorType a, RankedTensorType b) {
  int64_t count = 0, limit = std::min(a.getRank(), b.getRank());
  while (count < limit) {
    int64_t size = a.getDimSize(a.getRank() - 1 - count);
    if (ShapedType::isDynamic(size) || size != b.getDimSize(b.getRank() - 1 - count))
      break;
    ++count;
  }
  return count;
}

namespace {

struct SinkReshape : OpTraitRewritePattern<pith::OpTrait::Elementwise> {
  using OpTraitRewritePattern::OpTraitRewritePattern;

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
    Operation *rename = nullptr;
    for (Value operand : op->getOperands())
      if (!rename && isRename(operand.getDefiningOp()) && operand.hasOneUse())
        rename = operand.getDefiningOp();
    if (!rename || tensorType(rename->getResult(0)).getShape() != type.getShape())
      return rewriter.notifyMatchFailure(op, "no reshape in front");
    Value source = rename->getOperand(0);
    if (!isComputed(source))
      return rewriter.notifyMatchFailure(op, "nothing to be computed together with");
    SmallVector<Value> operands;
    for (Value operand : op->getOperands()) {
      Value moved = moveOperand(operand, rename, source, rewriter);
      if (!moved)
        return rewriter.notifyMatchFailure(op, "another operand needs the reshape");
      operands.push_back(moved);
    }
    auto from = tensorType(source);
    OperationState state(op->getLoc(), op->getName(), operands,
                         RankedTensorType::get(from.getShape(), type.getElementType()),
                         op->getAttrs());
    Operation *computed = rewriter.create(state);
    IRMapping mapping;
    mapping.map(source, computed->getResult(0));
    Operation *after = rewriter.clone(*rename, mapping);
    after->getResult(0).setType(type);
    rewriter.replaceOp(op, after->getResults());
    return success();
  }

private:
  /// Whether a kernel makes the value, which may take the op as its last step.
  static bool isComputed(Value value) {
    Operation *op = value.getDefiningOp();
    return op && value.hasOneUse() &&
           (op->hasTrait<pith::OpTrait::Elementwise>() ||
            isa<MatMulOp, ConvOp, MaxPoolOp, AveragePoolOp, LayerNormOp, RmsNormOp>(op));
  }

  /// The operand as it goes with the unreshaped value.
  static Value moveOperand(Value operand, Operation *rename, Value source,
                           PatternRewriter &rewriter) {
    if (operand.getDefiningOp() == rename)
      return source;
    auto own = tensorType(operand), from = tensorType(source);
    auto to = tensorType(rename->getResult(0));
    // The same reshape of a value with the same sizes.
    if (Operation *other = operand.getDefiningOp();
        other && other->getName() == rename->getName() && own.getShape() == to.getShape() &&
        tensorType(other->getOperand(0)).getShape() == from.getShape() &&
        (from.hasStaticShape() || llvm::equal(llvm::drop_begin(other->getOperands()),
                                              llvm::drop_begin(rename->getOperands()))) &&
        other->getAttrs() == rename->getAttrs() && isComputed(other->getOperand(0)))
      return other->getOperand(0);
    // A constant along trailing axes that the reshape keeps.
    if (own.hasStaticShape() && own.getNumElements() == 1 && own.getRank() == 0)
      return operand;
    if (!getConstantTensor(operand))
      return {};
    int64_t kept = commonTail(from, to), needed = 0;
    for (int64_t i = 0; i < own.getRank(); ++i)
      if (own.getDimSize(i) != 1 && needed == 0)
        needed = own.getRank() - i;
    if (needed > kept)
      return {};
    return createReshapedConstant(rewriter, operand, own.getShape().take_back(needed));
  }
};

struct SinkReshapesPass : pith::impl::SinkReshapesPassBase<SinkReshapesPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<SinkReshape>(&getContext());
    if (failed(applyToFixedPoint(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
