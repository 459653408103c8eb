//===- UseChannelsLast.cpp - pith-use-channels-last -----------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ops are nodes of a graph; those that need channels last are tied to the source,
// those that need the model's order to the sink. A value costs its bytes if some
// op uses it in another layout than it is produced in, once however many do:
//
//       producer ──bytes──▶ (some user is first) ──∞──▶ each user
//       each user ──∞──▶ (some user is last) ──bytes──▶ producer
//
// A transpose of the model from "first" to "last" is a user that needs "last"; one
// from "last" to "first" is a producer of "last".
//
//===----------------------------------------------------------------------===//

#include "ChannelsLast.h"
#include "MinimumCut.h"
#include "Rewriting.h"
#include "pith/Dialect/Pith/Transforms/Passes.h"

namespace pith {
#define GEN_PASS_DEF_USECHANNELSLASTPASS
#include "pith/Dialect/Pith/Transforms/Passes.h.inc"
} // namespace pith

using namespace mlir;
using namespace pith;

using Need = LayoutRule::Need;

namespace {

bool hasPermutation(TransposeOp op, ArrayRef<int64_t> permutation) {
  return permutation.size() >= 3 && op.getPermutation() == permutation;
}
/// Of rank 3 both permutations are the same. Behind what is made in the model's
/// order anyway such a transpose makes "last".
bool isMadeFirst(Value value) {
  Operation *op = value.getDefiningOp();
  return !op || (!isa<TransposeOp>(op) && getLayoutRule(op).need == Need::First);
}
bool isToFirst(TransposeOp op) {
  int64_t rank = op.getPermutation().size();
  return hasPermutation(op, channelsToFirst(rank)) &&
         (rank > 3 || isMadeFirst(op.getInput()));
}
bool isToLast(TransposeOp op) {
  return hasPermutation(op, channelsToLast(op.getPermutation().size())) && !isToFirst(op);
}

/// Chooses the layout of every op.
class LayoutAssignment {
public:
  explicit LayoutAssignment(func::FuncOp function);
  /// Whether the op is computed with channels last.
  bool isLast(Operation *op) const {
    auto it = nodes.find(op);
    return it != nodes.end() && cut.isOnSourceSide(it->second);
  }

private:
  int nodeOf(Operation *op);
  int producerOf(Value value);
  void addValue(Value value);
  static int64_t costOf(RankedTensorType type);

  MinimumCut cut;
  llvm::DenseMap<Operation *, int> nodes;
  llvm::DenseMap<Operation *, LayoutRule> rules;
};

} // namespace

/// Bytes to move, and 1 for a change of the type alone.
int64_t LayoutAssignment::costOf(RankedTensorType type) {
  if (keepsElementOrder(type.getShape(), channelsToLast(type.getRank())))
    return 1;
  // A batch of one, and something like an image.
  int64_t count = 1;
  for (auto [axis, size] : llvm::enumerate(type.getShape()))
    count *= !ShapedType::isDynamic(size) ? std::max<int64_t>(size, 1) : axis == 0 ? 1 : 64;
  return 2 + getStorageBytes(type.getElementType(), std::min<int64_t>(count, 1 << 30));
}

int LayoutAssignment::nodeOf(Operation *op) {
  auto [it, isNew] = nodes.try_emplace(op, 0);
  if (!isNew)
    return it->second;
  int node = cut.addNode();
  it->second = node;
  const LayoutRule &rule = rules[op];
  if (rule.need == Need::Last)
    cut.addEdge(MinimumCut::kSource, node, MinimumCut::kInfinite);
  else if (rule.need == Need::First)
    cut.addEdge(node, MinimumCut::kSink, MinimumCut::kInfinite);
  return node;
}

/// The node that says in which layout a value is made.
int LayoutAssignment::producerOf(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op)
    return MinimumCut::kSink;
  if (auto transpose = dyn_cast<TransposeOp>(op))
    return isToFirst(transpose) ? MinimumCut::kSource : MinimumCut::kSink;
  return rules[op].resultFollows ? nodeOf(op) : MinimumCut::kSink;
}

void LayoutAssignment::addValue(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || type.getRank() < 3 || value.getDefiningOp<ConstantOp>() || value.use_empty())
    return;
  int producer = producerOf(value);
  int64_t cost = costOf(type);
  int someFirst = cut.addNode(), someLast = cut.addNode();
  cut.addEdge(producer, someFirst, cost);
  cut.addEdge(someLast, producer, cost);
  for (OpOperand &use : value.getUses()) {
    Operation *user = use.getOwner();
    int node = MinimumCut::kSink;
    if (auto transpose = dyn_cast<TransposeOp>(user)) {
      // Any other transpose takes the value as it is.
      if (!isToLast(transpose) && !isToFirst(transpose))
        continue;
      node = isToLast(transpose) ? MinimumCut::kSource : MinimumCut::kSink;
    } else if (llvm::is_contained(rules[user].operands, &use)) {
      node = nodeOf(user);
    }
    cut.addEdge(someFirst, node, MinimumCut::kInfinite);
    cut.addEdge(node, someLast, MinimumCut::kInfinite);
  }
}

LayoutAssignment::LayoutAssignment(func::FuncOp function) {
  Block &block = function.getBody().front();
  for (Operation &op : block)
    rules[&op] = op.hasTrait<mlir::OpTrait::IsTerminator>() || isa<TransposeOp>(op)
                     ? LayoutRule()
                     : getLayoutRule(&op);
  for (BlockArgument argument : block.getArguments())
    addValue(argument);
  for (Operation &op : block)
    for (Value result : op.getResults())
      addValue(result);
  cut.solve();
}

namespace {

/// Rewrites ops one after the other. Every value that exists with channels last
/// has also its form in the model's order, as a transpose that may end up unused.
class ChannelsLastRewriter {
public:
  explicit ChannelsLastRewriter(func::FuncOp function)
      : function(function), builder(function.getContext()), assignment(function) {}
  void run();

private:
  Value toLast(Value value);
  void replace(Operation *op, Value last);
  void rewriteTranspose(TransposeOp op);

  func::FuncOp function;
  OpBuilder builder;
  LayoutAssignment assignment;
  llvm::DenseMap<Value, Value> lastOf;
};

} // namespace

Value ChannelsLastRewriter::toLast(Value value) {
  Value &last = lastOf[value];
  if (last)
    return last;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointAfterValue(value);
  last = createTranspose(builder, value.getLoc(), value,
                         channelsToLast(tensorType(value).getRank()));
  return last;
}

/// `last` is the op's result with channels last.
void ChannelsLastRewriter::replace(Operation *op, Value last) {
  Value first = createTranspose(builder, op->getLoc(), last,
                                channelsToFirst(tensorType(last).getRank()));
  lastOf[first] = last;
  op->getResult(0).replaceAllUsesWith(first);
  op->erase();
}

/// A transpose of the model, put together with that from "last" to "first" in
/// front of it.
void ChannelsLastRewriter::rewriteTranspose(TransposeOp op) {
  int64_t rank = op.getPermutation().size();
  Value last = lastOf.lookup(op.getInput());
  if (last && hasPermutation(op, channelsToLast(rank)) && last.getType() == op.getType()) {
    if (rank == 3)
      lastOf.try_emplace(last, op.getInput());
    op.getResult().replaceAllUsesWith(last);
    op.erase();
    return;
  }
  if (hasPermutation(op, channelsToFirst(rank)))
    lastOf[op.getResult()] = op.getInput();
  if (!last)
    return;
  builder.setInsertionPoint(op);
  SmallVector<int64_t> both = permute(channelsToFirst(rank), op.getPermutation());
  op.getInputMutable().assign(last);
  op.setPermutation(both);
}

void ChannelsLastRewriter::run() {
  Block &block = function.getBody().front();
  for (Operation &op : llvm::make_early_inc_range(block.without_terminator())) {
    if (auto transpose = dyn_cast<TransposeOp>(op)) {
      rewriteTranspose(transpose);
      continue;
    }
    if (!assignment.isLast(&op))
      continue;
    LayoutRule rule = getLayoutRule(&op);
    builder.setInsertionPoint(&op);
    Value result = rewriteChannelsLast(builder, &op, [&](Value v) { return toLast(v); });
    if (rule.resultFollows) {
      replace(&op, result);
    } else {
      op.getResult(0).replaceAllUsesWith(result);
      op.erase();
    }
  }
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (isOpTriviallyDead(&op))
      op.erase();
}

namespace {
struct UseChannelsLastPass : pith::impl::UseChannelsLastPassBase<UseChannelsLastPass> {
  void runOnOperation() override {
    if (getOperation().isExternal())
      return;
    bool needed = llvm::any_of(getOperation().getBody().front(), [](Operation &op) {
      return !op.hasTrait<mlir::OpTrait::IsTerminator>() &&
             getLayoutRule(&op).need == Need::Last;
    });
    if (needed)
      ChannelsLastRewriter(getOperation()).run();
  }
};
} // namespace
