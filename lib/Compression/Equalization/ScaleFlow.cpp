//===- ScaleFlow.cpp - Factors of channels and who absorbs them -----------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Closes a flow under the rules of all ops that it reaches, trying the ways that ops
// with a choice offer, in order.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Equalization/ScaleFlow.h"

#include "pith/Compression/Codec.h"
#include "pith/Compression/Weights.h"
#include "pith/Dialect/Pith/IR/PithOps.h"

#include <numeric>

using namespace mlir;
using namespace pith;

#include "pith/Compression/Equalization/ScaleFlowInterface.cpp.inc"

/// How often other ways are tried.
static constexpr unsigned kMaxTrials = 64;
/// A constant that others use too is copied only up to this size.
static constexpr int64_t kMaxCopiedElements = 4096;

int64_t pith::countChannels(ArrayRef<int64_t> axes, ArrayRef<int64_t> shape) {
  int64_t count = 1;
  for (int64_t axis : axes) {
    if (ShapedType::isDynamic(shape[axis]))
      return 0;
    count *= shape[axis];
  }
  return count;
}

ChannelLabels pith::expandLabels(const ChannelLabels &labels, ArrayRef<int64_t> axes,
                                 ArrayRef<int64_t> shape) {
  ChannelLabels result;
  result.axes.assign(axes.begin(), axes.end());
  result.inverse = labels.inverse;
  int64_t count = countChannels(axes, shape);
  result.labels.resize(count);
  for (int64_t i = 0; i < count; ++i) {
    // The index along each axis, last one first, gathered into one of `labels`.
    int64_t rest = i, from = 0, stride = 1;
    size_t known = labels.axes.size();
    for (size_t a = axes.size(); a-- > 0;) {
      int64_t size = shape[axes[a]], index = rest % size;
      rest /= size;
      if (known == 0 || labels.axes[known - 1] != axes[a])
        continue;
      from += index * stride;
      stride *= size;
      --known;
    }
    result.labels[i] = labels.labels[from];
  }
  return result;
}

std::vector<ScaleFlow::Label> pith::getElementLabels(const ChannelLabels &labels,
                                                     ArrayRef<int64_t> shape) {
  SmallVector<int64_t> all(shape.size());
  std::iota(all.begin(), all.end(), 0);
  return expandLabels(labels, all, shape).labels;
}

ScaleFlow::Label ScaleFlow::createLabel() {
  parents.push_back(parents.size());
  return parents.back();
}

ScaleFlow::Label ScaleFlow::find(Label label) const {
  while (parents[label] != label)
    label = parents[label] = parents[parents[label]];
  return label;
}

void ScaleFlow::unify(Label a, Label b) {
  a = find(a), b = find(b);
  parents[std::max(a, b)] = std::min(a, b);
}

const ChannelLabels *ScaleFlow::get(Value value) const {
  auto it = values.find(value);
  return it == values.end() ? nullptr : &it->second;
}

void ScaleFlow::block(const Twine &reason) {
  if (obstacle.empty())
    obstacle = reason.str();
}

unsigned ScaleFlow::choose(Operation *op, unsigned count) {
  return choices.insert({op, {0u, count}}).first->second.first;
}

/// Unifies labels of `shape`; `known` gets the axes of both.
bool ScaleFlow::agree(ChannelLabels &known, const ChannelLabels &labels,
                      ArrayRef<int64_t> shape, Operation *op) {
  if (known.inverse != labels.inverse) {
    block("'" + getNodeName(op) + "' would be scaled both ways");
    return false;
  }
  SmallVector<int64_t, 2> axes(known.axes);
  for (int64_t axis : labels.axes)
    if (!llvm::is_contained(axes, axis))
      axes.push_back(axis);
  llvm::sort(axes);
  ChannelLabels a = expandLabels(known, axes, shape), b = expandLabels(labels, axes, shape);
  bool changed = axes.size() != known.axes.size();
  for (auto [x, y] : llvm::zip_equal(a.labels, b.labels)) {
    changed |= find(x) != find(y);
    unify(x, y);
  }
  known = std::move(a);
  return changed;
}

void ScaleFlow::scaleValue(Value value, const ChannelLabels &labels) {
  if (isExplicit())
    return block("only constants take factors back");
  Operation *op = value.getDefiningOp();
  if (!op)
    return block("an input of the model would be scaled");
  auto type = tensorType(value);
  if (!isa<FloatType>(type.getElementType()))
    return block("'" + getNodeName(op) + "' has integers");
  if (countChannels(labels.axes, type.getShape()) == 0)
    return block("'" + getNodeName(op) + "' has channels whose number is not known");
  auto [it, isNew] = values.insert({value, labels});
  if (!isNew && !agree(it->second, labels, type.getShape(), op))
    return;
  pending.insert(op);
  for (Operation *user : value.getUsers())
    pending.insert(user);
}

void ScaleFlow::scale(OpResult result, const ChannelLabels &labels) {
  scaleValue(result, labels);
}

void ScaleFlow::scale(OpOperand &operand, const ChannelLabels &labels,
                      ArrayRef<int64_t> shape) {
  Value value = operand.get();
  if (isStoredWeight(value))
    return absorb(operand, labels, shape.empty() ? tensorType(value).getShape() : shape);
  scaleValue(value, labels);
}

void ScaleFlow::absorb(OpOperand &operand, const ChannelLabels &labels,
                       ArrayRef<int64_t> shape) {
  auto constant = operand.get().getDefiningOp<ConstantOp>();
  if (!constant)
    return block("the weight of '" + getNodeName(operand.getOwner()) +
                 "' is compressed already");
  auto type = tensorType(constant.getResult());
  if (!isa<FloatType>(type.getElementType()))
    return block("'" + getNodeName(operand.getOwner()) + "' has integers");
  if (countChannels(labels.axes, shape) == 0)
    return block("'" + getNodeName(operand.getOwner()) +
                 "' has channels whose number is not known");
  for (Absorption &known : absorptions)
    // A weight's rows and columns may both be scaled.
    if (known.operand == &operand && known.labels.inverse == labels.inverse) {
      // Shapes of two visits are equal: rules give the same one each time.
      agree(known.labels, labels, shape, operand.getOwner());
      return;
    }
  absorptions.push_back({&operand, SmallVector<int64_t, 4>(shape), labels});
}

/// A constant that is used in several places changes in all of them alike, or is small
/// enough for a copy.
LogicalResult ScaleFlow::checkConstants() {
  llvm::MapVector<OpOperand *, SmallVector<Absorption *, 2>> ofOperand;
  for (Absorption &absorption : absorptions)
    ofOperand[absorption.operand].push_back(&absorption);
  for (auto &[operand, all] : ofOperand) {
    Value constant = operand->get();
    if (constant.hasOneUse() ||
        tensorType(constant).getNumElements() <= kMaxCopiedElements)
      continue;
    for (OpOperand &use : constant.getUses()) {
      auto other = ofOperand.find(&use);
      if (other == ofOperand.end() || other->second.size() != all.size())
        return block("'" + getTensorName(constant) + "' is used elsewhere too"), failure();
      for (auto [a, b] : llvm::zip_equal(all, other->second)) {
        if (a->labels.axes != b->labels.axes || a->labels.inverse != b->labels.inverse ||
            a->shape != b->shape)
          return block("'" + getTensorName(constant) + "' is used in another way elsewhere"),
                 failure();
        for (auto [x, y] : llvm::zip_equal(a->labels.labels, b->labels.labels))
          unify(x, y);
      }
    }
  }
  return success();
}

LogicalResult ScaleFlow::trySolve() {
  values.clear();
  absorptions.clear();
  pending.clear();
  parents.clear();
  obstacle.clear();
  ChannelLabels labels;
  auto type = tensorType(seed);
  labels.axes.push_back(type.getRank() - 1);
  for (int64_t i = 0, e = countChannels(labels.axes, type.getShape()); i < e; ++i)
    labels.labels.push_back(createLabel());
  if (isExplicit()) {
    values.insert({seed, labels});
    pending.insert(only.begin(), only.end());
  } else {
    scaleValue(seed, labels);
  }
  while (!pending.empty() && obstacle.empty()) {
    Operation *op = pending.pop_back_val();
    if (auto rule = dyn_cast<ScaleFlowOpInterface>(op))
      rule.followScales(*this);
    else if (op->hasTrait<mlir::OpTrait::IsTerminator>())
      block("an output of the model would be scaled");
    else
      block("'" + getNodeName(op) + "' (" + op->getName().getStringRef() +
            ") lets no factor through");
  }
  if (!obstacle.empty())
    return failure();
  return checkConstants();
}

LogicalResult ScaleFlow::solve(Value value, ArrayRef<Operation *> users) {
  seed = value;
  only.assign(users.begin(), users.end());
  choices.clear();
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || type.getRank() == 0 || type.isDynamicDim(type.getRank() - 1) ||
      type.getShape().back() == 0)
    return block("the number of channels is not known"), failure();
  std::string first;
  for (unsigned trial = 0; trial < kMaxTrials; ++trial) {
    if (succeeded(trySolve())) {
      // Factors in the order of labels.
      factorOf.assign(parents.size(), 0);
      numFactors = 0;
      for (Label label = 0; label < parents.size(); ++label)
        if (find(label) == label)
          factorOf[label] = numFactors++;
      return success();
    }
    if (first.empty())
      first = obstacle;
    // The next combination, the last choice first.
    while (!choices.empty() && choices.back().second.first + 1 >= choices.back().second.second)
      choices.pop_back();
    if (choices.empty())
      break;
    ++choices.back().second.first;
  }
  obstacle = first;
  return failure();
}
