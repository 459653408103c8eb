//===- Bias.cpp - Constants added to outputs ------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Bias.h"

#include "pith/Dialect/Pith/IR/Constants.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace pith;

bool pith::canHaveBias(OpOperand &use) {
  auto op = dyn_cast<CompressibleOpInterface>(use.getOwner());
  if (!op || !op.getActivationOperand(use))
    return false;
  if (op.canAddBias(use))
    return !op.getBiasOf(use) || getConstantTensor(op.getBiasOf(use));
  return op.isWeightOutputMajor(use) && op->getNumResults() == 1 &&
         isa<FloatType>(getElementTypeOrSelf(op->getResult(0).getType()));
}

/// A constant plus a change of as many elements; 0 if there is no constant.
static HostTensor getSum(const std::optional<HostTensor> &constant, RankedTensorType type,
                         ArrayRef<float> change) {
  HostTensor sum(type);
  for (auto [index, value] : llvm::enumerate(change))
    sum.setDouble(index, (constant ? constant->getDouble(index) : 0.0) + value);
  return sum;
}

/// The constant with one element per output that only the op behind `op` adds.
static OpOperand *findAddedConstant(Operation *op, int64_t outputs) {
  if (!op->getResult(0).hasOneUse())
    return nullptr;
  auto add = dyn_cast<AddOp>(*op->user_begin());
  if (!add || add.getResult().getType() != op->getResult(0).getType())
    return nullptr;
  for (OpOperand &operand : add->getOpOperands()) {
    auto type = dyn_cast<RankedTensorType>(operand.get().getType());
    if (type && type.hasStaticShape() && type.getRank() > 0 &&
        type.getNumElements() == outputs && type.getShape().back() == outputs &&
        getConstantTensor(operand.get()))
      return &operand;
  }
  return nullptr;
}

bool pith::hasBias(OpOperand &use) {
  if (!canHaveBias(use))
    return false;
  auto op = cast<CompressibleOpInterface>(use.getOwner());
  if (op.canAddBias(use))
    return op.getBiasOf(use) != nullptr;
  auto type = cast<RankedTensorType>(use.get().getType());
  return findAddedConstant(op, type.getDimSize(0));
}

void pith::addToBias(OpOperand &use, ArrayRef<float> change, StringRef name) {
  auto op = cast<CompressibleOpInterface>(use.getOwner());
  Location loc = op.getLoc();
  auto result = cast<RankedTensorType>(op->getResult(0).getType());
  auto type = RankedTensorType::get({int64_t(change.size())}, result.getElementType());
  OpBuilder builder(op);
  // A constant of the sum of `old`, if there is such, and the change.
  auto makeSum = [&](Value old) -> Value {
    std::optional<HostTensor> tensor;
    if (old)
      tensor = getConstantTensor(old);
    return createConstant(builder, loc,
                          getSum(tensor, tensor ? tensor->getType() : type, change),
                          builder.getStringAttr(name));
  };
  if (op.canAddBias(use))
    return op.setBiasOf(use, makeSum(op.getBiasOf(use)));
  if (OpOperand *added = findAddedConstant(op, change.size())) {
    builder.setInsertionPoint(added->getOwner());
    added->set(makeSum(added->get()));
    return;
  }
  builder.setInsertionPointAfter(op);
  auto sum = AddOp::create(builder, loc, result, op->getResult(0), makeSum({}));
  op->getResult(0).replaceAllUsesExcept(sum, sum);
}
