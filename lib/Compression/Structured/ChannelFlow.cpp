//===- ChannelFlow.cpp - Removing channels and what depends on them -------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Closes a removal under the rules of all ops that it reaches. Elementwise ops need no
// rule of their own; ops without one keep all their sizes.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Structured/ChannelFlow.h"

#include "pith/Compression/Weights.h"
#include "pith/Dialect/Pith/IR/PithOps.h"

using namespace mlir;
using namespace pith;

#include "pith/Compression/Structured/ChannelFlowInterface.cpp.inc"

int64_t pith::getChannels(Value value, int64_t axis) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || axis >= type.getRank() || type.isDynamicDim(axis))
    return 0;
  return type.getDimSize(axis);
}

const llvm::BitVector *ChannelFlow::getRemoved(Value value, int64_t axis) const {
  auto it = removed.find({value, unsigned(axis)});
  return it == removed.end() ? nullptr : &it->second;
}

int64_t ChannelFlow::getRemaining(Value value, int64_t axis) const {
  const llvm::BitVector *gone = getRemoved(value, axis);
  return gone ? int64_t(gone->size() - gone->count()) : getChannels(value, axis);
}

void ChannelFlow::enqueue(Value value) {
  if (Operation *op = value.getDefiningOp())
    pending.insert(op);
  for (Operation *user : value.getUsers())
    pending.insert(user);
}

void ChannelFlow::remove(Value value, int64_t axis, const llvm::BitVector &indices) {
  if (indices.none())
    return;
  int64_t size = getChannels(value, axis);
  if (size != int64_t(indices.size()))
    return block("a size that is not known in advance depends on it");
  llvm::BitVector &gone = removed[{value, unsigned(axis)}];
  if (gone.empty())
    gone.resize(size);
  else if (!indices.test(gone))
    return;
  gone |= indices;
  enqueue(value);
}

void ChannelFlow::remove(Value value, int64_t axis, int64_t index) {
  llvm::BitVector one(getChannels(value, axis));
  if (index >= int64_t(one.size()))
    return block("a size that is not known in advance depends on it");
  one.set(index);
  remove(value, axis, one);
}

void ChannelFlow::couple(Value a, int64_t axisA, Value b, int64_t axisB, int64_t offset) {
  auto copy = [&](Value from, int64_t fromAxis, Value to, int64_t toAxis, int64_t shift) {
    const llvm::BitVector *gone = getRemoved(from, fromAxis);
    if (!gone)
      return;
    int64_t size = getChannels(to, toAxis);
    if (size == 0)
      return block("a size that is not known in advance depends on it");
    llvm::BitVector moved(size);
    for (unsigned i : gone->set_bits())
      if (int64_t target = int64_t(i) + shift; target >= 0 && target < size)
        moved.set(target);
    remove(to, toAxis, moved);
  };
  copy(a, axisA, b, axisB, offset);
  copy(b, axisB, a, axisA, -offset);
}

void ChannelFlow::coupleAllBut(Value a, Value b, ArrayRef<int64_t> except) {
  int64_t rank = cast<RankedTensorType>(a.getType()).getRank();
  for (int64_t axis = 0; axis < rank; ++axis)
    if (!llvm::is_contained(except, axis))
      couple(a, axis, b, axis);
}

void ChannelFlow::coupleBroadcast(Value operand, Value result) {
  if (!operand)
    return;
  auto type = cast<RankedTensorType>(operand.getType());
  int64_t added = cast<RankedTensorType>(result.getType()).getRank() - type.getRank();
  for (int64_t axis = 0; axis < type.getRank(); ++axis)
    if (type.getDimSize(axis) != 1 || getChannels(result, added + axis) == 1)
      couple(operand, axis, result, added + axis);
}

void ChannelFlow::keep(Value value, int64_t axis, const Twine &reason) {
  if (isRemoved(value, axis) && !permitted.contains({value, unsigned(axis)}))
    block(reason);
}

void ChannelFlow::keepAll(Value value, const Twine &reason) {
  for (int64_t axis = 0, e = cast<RankedTensorType>(value.getType()).getRank(); axis < e;
       ++axis)
    keep(value, axis, reason);
}

void ChannelFlow::block(const Twine &reason) {
  if (obstacle.empty())
    obstacle = reason.str();
}

bool pith::isGrownState(const ShapeAnalysis &sizes, Value before, Value after) {
  ArrayRef<AffineExpr> a = sizes.getDims(before), b = sizes.getDims(after);
  if (a.size() != b.size())
    return false;
  int64_t grown = 0;
  for (auto [x, y] : llvm::zip_equal(a, b))
    grown += x != y;
  return grown == 1;
}

static bool isReturned(Value value) {
  return llvm::any_of(value.getUsers(), [](Operation *user) {
    return user->hasTrait<mlir::OpTrait::IsTerminator>();
  });
}

/// Inputs and outputs keep their sizes, but for state that the program hands back to
/// its caller for the next call.
void ChannelFlow::checkBoundary(Value value) {
  int64_t rank = cast<RankedTensorType>(value.getType()).getRank();
  if (llvm::none_of(llvm::seq<int64_t>(0, rank), [&](int64_t axis) {
        return isRemoved(value, axis) && !permitted.contains({value, unsigned(axis)});
      }))
    return;
  Operation *op = value.getDefiningOp();
  if (isReturned(value) && !outputsPermitted &&
      (!op || llvm::none_of(op->getOperands(), [&](Value operand) {
        return isa<BlockArgument>(operand) && isGrownState(*sizes, operand, value);
      })))
    return block("an output of the model depends on it");
  if (!op && llvm::none_of(value.getUsers(), [&](Operation *user) {
        return llvm::any_of(user->getResults(), [&](Value result) {
          return isReturned(result) && isGrownState(*sizes, value, result);
        });
      }))
    block("an input of the model depends on it");
}

LogicalResult ChannelFlow::complete() {
  for (auto &[axis, gone] : removed)
    enqueue(axis.first);
  while (!pending.empty() && obstacle.empty()) {
    Operation *op = pending.pop_back_val();
    for (Value operand : op->getOperands())
      checkBoundary(operand);
    if (op->hasTrait<mlir::OpTrait::IsTerminator>())
      continue;
    if (auto rule = dyn_cast<ChannelFlowOpInterface>(op))
      rule.coupleChannels(*this);
    else if (op->hasTrait<pith::OpTrait::Elementwise>())
      for (Value operand : op->getOperands())
        coupleBroadcast(operand, op->getResult(0));
    else if (isa<WeightCodecOpInterface>(op))
      block("a weight of '" + getNodeName(*op->getUsers().begin()) +
            "' is compressed already; prune first");
    else
      block("'" + getNodeName(op) + "' (" + op->getName().getStringRef() +
            ") needs all of it");
  }
  if (obstacle.empty())
    for (auto &[axis, gone] : removed)
      if (gone.all())
        block("nothing would be left");
  return success(obstacle.empty());
}
