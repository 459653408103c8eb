//===- KernelGrouping.cpp - Which ops are computed together ---------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelGrouping.h"

#include "pith/Dialect/Pith/IR/PithOps.h"
#include "pith/Profile/ProfileOps.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace pith;

/// Kernels with more ops take longer to compile than they save.
static constexpr size_t kMaxOps = 48;

KernelRole KernelGrouping::roleOf(Operation *op) const {
  if (auto kernelOp = dyn_cast<KernelOpInterface>(op))
    return kernelOp.getKernelRole();
  return KernelRole::None;
}

/// Whether all results are integers made of sizes alone.
bool KernelGrouping::isHostComputable(Operation *op) {
  for (Value result : op->getResults()) {
    auto type = dyn_cast<RankedTensorType>(result.getType());
    if (!type || !isa<IntegerType>(type.getElementType()) ||
        type.getElementType().isInteger(1))
      return false;
    auto contents = shapes.getContents(result);
    if (!contents)
      return false;
    // Elements or sizes that only the op itself can tell.
    bool readsItself = false;
    auto visit = [&](AffineExpr part) {
      if (auto symbol = dyn_cast<AffineSymbolExpr>(part)) {
        const RuntimeSymbol &what = shapes.getSymbols()[symbol.getPosition()];
        readsItself |= (what.kind == RuntimeSymbol::Kind::Element ||
                        what.kind == RuntimeSymbol::Kind::DataDependent) &&
                       what.value == result;
      }
    };
    for (AffineExpr expr : *contents)
      expr.walk(visit);
    for (AffineExpr dim : shapes.getDims(result))
      dim.walk(visit);
    if (readsItself)
      return false;
  }
  return op->getNumResults() > 0;
}

void KernelGrouping::addEpilogue(Draft &draft) {
  if (!draft.root || !cast<KernelOpInterface>(draft.root).acceptsEpilogue() ||
      draft.root->getNumResults() != 1)
    return;
  auto sizes = [&](Value v) { return shapes.getDims(v); };
  while (draft.ops.size() < kMaxOps) {
    Value current = draft.last->getResult(0);
    // All uses by one op, and that one elementwise with the root's sizes.
    Operation *user = nullptr;
    for (Operation *candidate : current.getUsers()) {
      if (user && user != candidate)
        return addCodes(draft);
      user = candidate;
    }
    if (!user || roleOf(user) != KernelRole::Pointwise || draftOf.count(user) ||
        user->getNumResults() != 1 || isHostComputable(user) ||
        sizes(user->getResult(0)) != sizes(draft.root->getResult(0)))
      return;
    draft.ops.push_back(user);
    draft.last = user;
    draftOf[user] = &draft;
  }
}

/// Codes of the draft's result that are made of it and constants alone, right behind
/// it: the value need not be read again for them.
void KernelGrouping::addCodes(Draft &draft) {
  Value current = draft.last->getResult(0);
  for (Operation *next = draft.last->getNextNode(); next; next = next->getNextNode()) {
    if (next->hasTrait<mlir::OpTrait::ConstantLike>() ||
        isa<WeightCodecOpInterface>(next))
      continue;
    auto op = dyn_cast<QuantizeOp>(next);
    if (!op || roleOf(op) != KernelRole::Pointwise || op.getInput() != current ||
        draft.ops.size() >= kMaxOps)
      return;
    draft.ops.push_back(op);
    draft.codes.push_back(op);
    draftOf[op] = &draft;
  }
}

/// Whether computing `op` inside `draft` makes its result needless elsewhere and
/// costs no more than loading it.
bool KernelGrouping::joinsAsProducer(Operation *op, Draft &draft) {
  if (draft.ops.size() >= kMaxOps || op->getNumResults() != 1)
    return false;
  KernelRole role = roleOf(op);
  auto kernelOp = cast<KernelOpInterface>(op);
  if (role != KernelRole::Pointwise && role != KernelRole::Movement)
    return false;
  // Such an op makes its whole kernel scalar.
  bool breaksLanes = role == KernelRole::Movement && !kernelOp.keepsLanes();
  if (breaksLanes)
    return false;
  Value result = op->getResult(0);
  unsigned movingUses = 0, uses = 0;
  for (OpOperand &use : result.getUses()) {
    Operation *user = use.getOwner();
    ++uses;
    if (user == draft.root &&
        !cast<KernelOpInterface>(user).acceptsPrologue(use.getOperandNumber()))
      return false;
    if (roleOf(user) == KernelRole::Movement) {
      // Only the element operand is computed; indices are read as they are.
      if (use.getOperandNumber() != 0 && !isa<ConcatOp>(user))
        return false;
      if (!cast<KernelOpInterface>(user).keepsLanes() &&
          role == KernelRole::Pointwise)
        return false;
      ++movingUses;
    }
    // Fewer elements than the user's: computed once is cheaper.
    if (role == KernelRole::Pointwise && user != draft.root &&
        shapes.getNumElements(result) !=
            shapes.getNumElements(user->getResult(0)))
      return false;
  }
  if (draft.root && role == KernelRole::Movement && uses > 1)
    return false;
  return movingUses <= 1 || role == KernelRole::Movement;
}

/// Whether a codec's values are asked for as they are, outside of any kernel.
bool KernelGrouping::isValueNeeded(Operation *codec) const {
  return llvm::any_of(codec->getUsers(), [&](Operation *user) {
    return user->getNumResults() == 0 || roleOf(user) == KernelRole::Alias;
  });
}

LogicalResult KernelGrouping::run() {
  Block &block = main.getBody().front();
  SmallVector<Operation *> ops;
  llvm::MapVector<StringRef, SmallVector<Operation *>> missing;
  for (Operation &op : block.without_terminator()) {
    order[&op] = ops.size();
    if (op.hasTrait<mlir::OpTrait::ConstantLike>() || isa<func::CallOp>(op))
      continue;
    if (isa<WeightCodecOpInterface>(op)) {
      if (isValueNeeded(&op)) {
        ops.push_back(&op);
        order[&op] = ops.size();
      }
      continue;
    }
    KernelRole role = roleOf(&op);
    if (role == KernelRole::Alias || role == KernelRole::Host || isa<ObserveOp>(op) ||
        isHostComputable(&op))
      continue;
    if (role == KernelRole::None)
      missing[op.getName().getStringRef()].push_back(&op);
    ops.push_back(&op);
    order[&op] = ops.size();
  }
  if (!missing.empty()) {
    for (auto &[name, where] : missing) {
      auto diagnostic = where.front()->emitError("no kernel for '")
                        << name << "' (" << where.size()
                        << (where.size() == 1 ? " op)" : " ops)");
      (void)diagnostic;
    }
    return failure();
  }

  // Roots and what follows them.
  for (Operation *op : ops) {
    if (roleOf(op) != KernelRole::Root)
      continue;
    Draft &draft = drafts.emplace_back();
    draft.ops.push_back(op);
    draft.root = draft.last = op;
    draftOf[op] = &draft;
    addEpilogue(draft);
  }
  // Everything else, from the back: into the group of its users, or a new one.
  for (Operation *op : llvm::reverse(ops)) {
    if (draftOf.count(op))
      continue;
    Draft *home = nullptr;
    bool one = !op->use_empty();
    for (Operation *user : op->getUsers()) {
      Draft *draft = draftOf.lookup(user);
      one &= draft && (!home || home == draft);
      home = draft;
    }
    if (one && joinsAsProducer(op, *home)) {
      home->ops.push_back(op);
      draftOf[op] = home;
      continue;
    }
    Draft &draft = drafts.emplace_back();
    draft.ops.push_back(op);
    draft.last = op;
    draftOf[op] = &draft;
  }
  finish();
  return success();
}

void KernelGrouping::finish() {
  for (Draft &draft : drafts) {
    KernelGroup group;
    group.root = draft.root;
    group.ops = draft.ops;
    llvm::sort(group.ops,
               [&](Operation *a, Operation *b) { return order[a] < order[b]; });
    group.ops.erase(llvm::unique(group.ops), group.ops.end());
    for (Value result : draft.last->getResults())
      group.results.push_back(result);
    for (Operation *op : draft.codes)
      group.results.push_back(op->getResult(0));
    groups.push_back(std::move(group));
  }
  llvm::sort(groups, [&](const KernelGroup &a, const KernelGroup &b) {
    return order[a.ops.back()] < order[b.ops.back()];
  });
}
