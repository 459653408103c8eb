//===- RefineShapes.cpp - pith-refine-shapes ------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One run of the shape analysis; everything else reads its results: which sizes
// are constant, which equal each other.
//
//===----------------------------------------------------------------------===//

#include "Rewriting.h"
#include "pith/Dialect/Pith/Transforms/Passes.h"

namespace pith {
#define GEN_PASS_DEF_REFINESHAPESPASS
#include "pith/Dialect/Pith/Transforms/Passes.h.inc"
} // namespace pith

using namespace mlir;
using namespace pith;

namespace {

class ShapeRefiner {
public:
  explicit ShapeRefiner(func::FuncOp function)
      : function(function), shapes(function), builder(function.getContext()) {}

  LogicalResult run();

private:
  ArrayRef<AffineExpr> dims(Value value) { return shapes.getDims(value); }
  bool sameDims(Value a, Value b) { return dims(a) == dims(b); }

  bool replaceByConstant(Operation &op);
  bool removeRename(Operation &op);
  bool removeExpand(ExpandOp op);
  void skipExpands(Operation &op);
  void simplifyReshape(ReshapeOp op);
  void simplifyExpand(ExpandOp op);
  void simplifySlice(SliceOp op);
  void setList(Operation &op, OpOperand &operand, ArrayRef<int64_t> list);

  func::FuncOp function;
  ShapeAnalysis shapes;
  OpBuilder builder;
};

} // namespace

/// Replaces the only result by a constant if its elements are known.
bool ShapeRefiner::replaceByConstant(Operation &op) {
  if (op.getNumResults() != 1 || isa<ConstantOp>(op))
    return false;
  auto type = tensorType(op.getResult(0));
  auto integer = dyn_cast<IntegerType>(type.getElementType());
  if (!integer || integer.getWidth() == 1 || !type.hasStaticShape() ||
      type.getNumElements() > 64)
    return false;
  std::optional<SymbolicShape> contents = shapes.getContents(op.getResult(0));
  if (!contents || int64_t(contents->size()) != type.getNumElements())
    return false;
  HostTensor tensor(type);
  for (auto [i, element] : llvm::enumerate(*contents)) {
    std::optional<int64_t> value = getConstant(element);
    if (!value)
      return false;
    tensor.setInt(i, *value);
  }
  builder.setInsertionPoint(&op);
  Value constant = createConstant(builder, op.getLoc(), tensor);
  if (failed(shapes.infer(constant.getDefiningOp())))
    return false;
  op.getResult(0).replaceAllUsesWith(constant);
  return true;
}

/// Removes an op that renames bytes if the sizes were there before.
bool ShapeRefiner::removeRename(Operation &op) {
  if (!isa<ReshapeOp, SqueezeOp, UnsqueezeOp, FlattenOp>(op))
    return false;
  Value source = op.getOperand(0), result = op.getResult(0);
  while (true) {
    if (sameDims(source, result) && source.getType() == result.getType()) {
      result.replaceAllUsesWith(source);
      return true;
    }
    Operation *producer = source.getDefiningOp();
    if (!isa_and_nonnull<ReshapeOp, SqueezeOp, UnsqueezeOp, FlattenOp>(producer))
      return false;
    source = producer->getOperand(0);
  }
}

bool ShapeRefiner::removeExpand(ExpandOp op) {
  if (!sameDims(op.getInput(), op.getResult()) ||
      op.getInput().getType() != op.getResult().getType())
    return false;
  op.getResult().replaceAllUsesWith(op.getInput());
  return true;
}

/// Elementwise ops broadcast by themselves: uses the unexpanded operand where the
/// other operands give the result its sizes.
void ShapeRefiner::skipExpands(Operation &op) {
  if (!op.hasTrait<pith::OpTrait::Elementwise>() || op.getNumOperands() < 2)
    return;
  ArrayRef<AffineExpr> result = dims(op.getResult(0));
  for (OpOperand &operand : op.getOpOperands()) {
    auto expand = operand.get().getDefiningOp<ExpandOp>();
    if (!expand)
      continue;
    bool given = llvm::any_of(op.getOpOperands(), [&](OpOperand &other) {
      return &other != &operand && dims(other.get()) == result;
    });
    if (given)
      operand.set(expand.getInput());
  }
}

/// Replaces an operand by a constant list, unless it is that list already.
void ShapeRefiner::setList(Operation &op, OpOperand &operand, ArrayRef<int64_t> list) {
  if (getConstantList(operand.get()) == SmallVector<int64_t>(list))
    return;
  builder.setInsertionPoint(&op);
  Value constant = createList(builder, op.getLoc(), list);
  if (succeeded(shapes.infer(constant.getDefiningOp())))
    operand.set(constant);
}

/// Constants, 0 for sizes that stay in their place, −1 for one other.
void ShapeRefiner::simplifyReshape(ReshapeOp op) {
  if (getConstantTensor(op.getShape()))
    return;
  ArrayRef<AffineExpr> from = dims(op.getInput()), to = dims(op.getResult());
  SmallVector<int64_t> list;
  bool rest = false;
  for (auto [axis, size] : llvm::enumerate(to)) {
    std::optional<int64_t> constant = getConstant(size);
    if (constant && *constant != 0) {
      list.push_back(*constant);
    } else if (axis < from.size() && from[axis] == size) {
      list.push_back(0);
    } else if (!constant && !rest) {
      list.push_back(-1);
      rest = true;
    } else {
      return;
    }
  }
  op.setAllowZero(false);
  setList(*op, op.getShapeMutable(), list);
}

/// Constants, and 1 where the input has the size already.
void ShapeRefiner::simplifyExpand(ExpandOp op) {
  if (getConstantTensor(op.getShape()))
    return;
  ArrayRef<AffineExpr> from = dims(op.getInput()), to = dims(op.getResult());
  SmallVector<int64_t> list;
  for (auto [axis, size] : llvm::enumerate(to)) {
    int64_t own = int64_t(axis) - int64_t(to.size() - from.size());
    std::optional<int64_t> constant = getConstant(size);
    if (constant)
      list.push_back(*constant);
    else if (own >= 0 && from[own] == size)
      list.push_back(1);
    else
      return;
  }
  setList(*op, op.getShapeMutable(), list);
}

/// Drops axes that are taken whole. An end at the axis's own size is "to the end".
void ShapeRefiner::simplifySlice(SliceOp op) {
  ArrayRef<AffineExpr> from = dims(op.getInput()), to = dims(op.getResult());
  std::optional<SmallVector<int64_t>> starts = getConstantList(op.getStarts());
  if (!starts)
    return;
  std::optional<SymbolicShape> known = shapes.getContents(op.getEnds());
  if (!known)
    return;
  SmallVector<int64_t> newStarts, newEnds, axes, steps;
  for (auto [i, axis] : llvm::enumerate(op.getAxes())) {
    bool whole = (*starts)[i] == 0 && op.getSteps()[i] == 1 && from[axis] == to[axis];
    if (whole)
      continue;
    std::optional<int64_t> end = getConstant((*known)[i]);
    if (!end && (*known)[i] == from[axis] && op.getSteps()[i] > 0)
      end = std::numeric_limits<int64_t>::max();
    if (!end)
      return;
    newStarts.push_back((*starts)[i]);
    newEnds.push_back(*end);
    axes.push_back(axis);
    steps.push_back(op.getSteps()[i]);
  }
  if (axes.empty() && op.getInput().getType() == op.getType()) {
    op.getResult().replaceAllUsesWith(op.getInput());
    return;
  }
  op.setAxes(axes);
  op.setSteps(steps);
  setList(*op, op.getStartsMutable(), newStarts);
  setList(*op, op.getEndsMutable(), newEnds);
}

LogicalResult ShapeRefiner::run() {
  if (failed(shapes.run(/*refineTypes=*/true)))
    return failure();
  Block &block = function.getBody().front();
  for (Operation &op : llvm::make_early_inc_range(block.without_terminator())) {
    if (replaceByConstant(op) || removeRename(op))
      continue;
    if (auto expand = dyn_cast<ExpandOp>(op)) {
      if (!removeExpand(expand))
        simplifyExpand(expand);
    } else if (auto reshape = dyn_cast<ReshapeOp>(op)) {
      simplifyReshape(reshape);
    } else if (auto slice = dyn_cast<SliceOp>(op)) {
      simplifySlice(slice);
    } else {
      skipExpands(op);
    }
  }
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (isOpTriviallyDead(&op))
      op.erase();
  return success();
}

namespace {
struct RefineShapesPass : pith::impl::RefineShapesPassBase<RefineShapesPass> {
  void runOnOperation() override {
    if (!getOperation().isExternal() && failed(ShapeRefiner(getOperation()).run()))
      signalPassFailure();
  }
};
} // namespace
