//===- FoldConstants.cpp - pith-fold-constants ----------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Rewriting.h"
#include "pith/Dialect/Pith/Transforms/Passes.h"

namespace pith {
#define GEN_PASS_DEF_FOLDCONSTANTSPASS
#include "pith/Dialect/Pith/Transforms/Passes.h.inc"
} // namespace pith

using namespace mlir;
using namespace pith;

/// Results up to this size may be bigger than what they are computed from.
static constexpr int64_t kSmallBytes = 64 << 10;

static int64_t bytesOf(RankedTensorType type) {
  return getStorageBytes(type.getElementType(), type.getNumElements());
}

namespace {

struct FoldConstantsPass : pith::impl::FoldConstantsPassBase<FoldConstantsPass> {
  using FoldConstantsPassBase::FoldConstantsPassBase;

  void runOnOperation() override {
    if (getOperation().isExternal())
      return;
    Block &block = getOperation().getBody().front();
    for (Operation &op : llvm::make_early_inc_range(block.without_terminator()))
      fold(op);
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
      if (isOpTriviallyDead(&op))
        op.erase();
  }

private:
  void fold(Operation &op);
  bool isTooBig(Operation &op, ArrayRef<HostTensor> operands);
  bool foldRename(Operation &op);
};

} // namespace

/// Remarks why if so.
bool FoldConstantsPass::isTooBig(Operation &op, ArrayRef<HostTensor> operands) {
  int64_t from = 0, to = 0;
  for (const HostTensor &operand : operands)
    from += bytesOf(operand.getType());
  for (Value result : op.getResults()) {
    auto type = tensorType(result);
    if (!type.hasStaticShape()) {
      // Small operands make small results, but for these.
      if (isa<ExpandOp, FillOp, TileOp, RangeOp, ResizeOp, PadOp>(op))
        return true;
      continue;
    }
    to += bytesOf(type);
  }
  if (to <= maxBytes && to <= std::max(from, kSmallBytes))
    return false;
  remarkMissed(&op, getArgumentName(), "ConstantTooBig",
               "the constant result would take " + Twine(to) + " bytes, its operands take " +
                   Twine(from));
  return true;
}

/// The same bytes under another type need no copy.
bool FoldConstantsPass::foldRename(Operation &op) {
  if (!isa<ReshapeOp, SqueezeOp, UnsqueezeOp, FlattenOp>(op))
    return false;
  auto type = tensorType(op.getResult(0));
  if (!getConstantTensor(op.getOperand(0)) || !type.hasStaticShape())
    return false;
  OpBuilder builder(&op);
  Value constant = createReshapedConstant(builder, op.getOperand(0), type.getShape());
  op.getResult(0).replaceAllUsesWith(constant);
  return true;
}

void FoldConstantsPass::fold(Operation &op) {
  auto evaluable = dyn_cast<EvaluableOpInterface>(op);
  if (isa<ConstantOp, WeightCodecOpInterface>(op) || foldRename(op))
    return;
  if (!evaluable || op.getNumOperands() == 0 || isOpTriviallyDead(&op))
    return;
  SmallVector<HostTensor> operands;
  StringAttr name;
  for (Value operand : op.getOperands()) {
    std::optional<HostTensor> tensor = getConstantTensor(operand);
    if (!tensor)
      return;
    if (!name)
      name = getConstantName(operand);
    operands.push_back(std::move(*tensor));
  }
  if (isTooBig(op, operands))
    return;
  FailureOr<SmallVector<HostTensor>> results = failure();
  if (auto transposeOp = dyn_cast<TransposeOp>(op))
    results = SmallVector<HostTensor>{
        transpose(operands[0], transposeOp.getPermutation())};
  else
    results = evaluable.evaluate(operands);
  // The evaluator has said what is wrong; the program will say it again.
  if (failed(results))
    return signalPassFailure();
  OpBuilder builder(&op);
  for (auto [result, tensor] : llvm::zip(op.getResults(), *results)) {
    auto type = tensorType(result);
    bool needsType = llvm::any_of(result.getUsers(), [&](Operation *user) {
      return user->getDialect() != op.getDialect();
    });
    if (tensor.getType() != type && needsType)
      continue;
    result.replaceAllUsesWith(createConstant(builder, op.getLoc(), tensor, name));
  }
}
