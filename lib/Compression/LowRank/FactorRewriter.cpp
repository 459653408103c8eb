//===- FactorRewriter.cpp - Ops by two factors ----------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The ops themselves say how they factorize; here their factors become constants
// of the shape and order that passes and kernels expect.
//
//===----------------------------------------------------------------------===//

#include "FactorRewriter.h"

#include "FactorStatistics.h"

#include "pith/Compression/Codec.h"
#include "pith/Compression/WeightStatistics.h"
#include "pith/Dialect/Pith/IR/PithOps.h"

using namespace mlir;
using namespace pith;

/// A tensor of the given type from floats.
static HostTensor makeTensor(ArrayRef<int64_t> shape, Type element,
                             ArrayRef<float> values) {
  Type f32 = Float32Type::get(element.getContext());
  HostTensor tensor(RankedTensorType::get(shape, f32));
  llvm::copy(values, tensor.asMutable<float>().begin());
  return tensor.converted(element);
}

FactorRewriter::FactorRewriter(const Weight &weight, const LowRankFactors &factors,
                               StringRef suffix, Value shared)
    : weight(weight), factors(factors), builder(weight.value.getContext()), b(shared),
      isShared(bool(shared)) {
  builder.setInsertionPointAfterValue(weight.value);
  RankedTensorType type = weight.getType();
  Location loc = weight.value.getLoc();
  SmallVector<int64_t> bShape(type.getShape());
  bShape.front() = factors.rank;
  std::string name = (weight.name + suffix).str();
  Type element = type.getElementType();
  a = createConstant(
      builder, loc,
      makeTensor({type.getShape().front(), factors.rank}, element, factors.a),
      name + ".a");
  if (!isShared)
    b = createConstant(builder, loc, makeTensor(bShape, element, factors.b),
                       name + ".b");
}

/// Replaces an op on a constant that only reorders it by a constant.
static Operation *replaceByConstant(Operation *op, const HostTensor &tensor,
                                    Value original) {
  OpBuilder builder(original.getContext());
  builder.setInsertionPointAfterValue(original);
  Value constant = createConstant(builder, original.getLoc(), tensor,
                                  getTensorName(original));
  op->getResult(0).replaceAllUsesWith(constant);
  op->erase();
  return constant.getDefiningOp();
}

/// Folds reshapes of the factors, and makes products by them output-major, as
/// simplified IR has them: nothing runs between here and the next pass.
void FactorRewriter::normalize() {
  for (Value factor : {a, b}) {
    std::optional<HostTensor> tensor = getConstantTensor(factor);
    Value turned; // of all products
    for (OpOperand &use : llvm::make_early_inc_range(factor.getUses())) {
      Operation *op = use.getOwner();
      if (isa<ReshapeOp>(op) && use.getOperandNumber() == 0) {
        auto type = cast<RankedTensorType>(op->getResult(0).getType());
        Operation *shape = op->getOperand(1).getDefiningOp();
        constants.push_back(
            replaceByConstant(op, tensor->reshaped(type.getShape()), factor));
        if (shape && shape->use_empty())
          shape->erase();
        continue;
      }
      auto product = dyn_cast<MatMulOp>(op);
      if (product && use.getOperandNumber() == 1 && !product.getTransposeRhs() &&
          tensor->getRank() == 2) {
        if (!turned) {
          OpBuilder::InsertionGuard guard(builder);
          builder.setInsertionPointAfterValue(factor);
          turned = createConstant(builder, factor.getLoc(), transpose(*tensor, {1, 0}),
                                  getTensorName(factor));
          constants.push_back(turned.getDefiningOp());
        }
        use.set(turned);
        product.setTransposeRhs(true);
      }
    }
    if (factor.use_empty())
      factor.getDefiningOp()->erase();
    else
      constants.push_back(factor.getDefiningOp());
  }
}

/// Sets what `op` adds besides the weight's part to zero. Fails if that is not
/// known when compiling.
static LogicalResult clearOtherOperands(OpBuilder &builder, Operation *op,
                                        OpOperand &weight, OpOperand *activation) {
  for (OpOperand &operand : op->getOpOperands()) {
    if (operand.getOperandNumber() == weight.getOperandNumber() ||
        (activation &&
         operand.getOperandNumber() == activation->getOperandNumber()))
      continue;
    auto type = dyn_cast<RankedTensorType>(operand.get().getType());
    if (!type || !isa<FloatType>(type.getElementType()))
      continue;
    if (!type.hasStaticShape())
      return failure();
    operand.set(createConstant(builder, op->getLoc(), HostTensor(type), ""));
  }
  return success();
}

Value FactorRewriter::rewriteUse(OpOperand &use, bool residual) {
  Operation *op = use.getOwner();
  builder.setInsertionPoint(op);
  if (!residual)
    return cast<CompressibleOpInterface>(op).factorizeWeight(builder, use, a, b);
  Operation *copy = op->clone();
  op->getBlock()->getOperations().insert(op->getIterator(), copy);
  OpOperand &copied = copy->getOpOperand(use.getOperandNumber());
  auto compressible = cast<CompressibleOpInterface>(copy);
  builder.setInsertionPoint(copy);
  Value result;
  if (succeeded(clearOtherOperands(builder, copy, copied,
                                   compressible.getActivationOperand(copied))))
    result = compressible.factorizeWeight(builder, copied, a, b);
  copy->erase();
  return result;
}

/// The first op sees the same activation; the second what that makes of it. An error of
/// the second is one of the old op, one of the first counts after A.
void FactorRewriter::carryProfile(OpOperand &use, Value result, bool residual) {
  Operation *old = use.getOwner(), *second = result.getDefiningOp();
  Operation *first = second ? second->getOperand(0).getDefiningOp() : nullptr;
  auto contracting = dyn_cast<CompressibleOpInterface>(old);
  if (!first || !contracting.getActivationOperand(use))
    return;
  OpBuilder attributes(old->getContext());
  if (Attribute seen = old->getAttr(kStatisticsAttr))
    first->setAttr(kStatisticsAttr, seen);
  std::optional<ActivationStatistics> seen = ActivationStatistics::get(old);
  if (seen && seen->getGroups() == 1 &&
      int64_t(factors.b.size()) == seen->getReductionSize() * factors.rank)
    transformStatistics(old->getContext(), *seen, factors.b, factors.rank)
        .set(second, weight.name + ".a");
  if (auto sensitivity = old->getAttrOfType<FloatAttr>(kSensitivityAttr)) {
    second->setAttr(kSensitivityAttr, sensitivity);
    double squares = 0;
    for (float x : factors.a)
      squares += double(x) * x;
    first->setAttr(kSensitivityAttr,
                   attributes.getF64FloatAttr(sensitivity.getValueAsDouble() * squares /
                                              double(factors.rank)));
  }
  // A choice of bits for the weight is one for its factors, not for a correction.
  if (Attribute bits = old->getAttr(kBitsAttr); bits && !residual)
    for (Operation *op : {first, second})
      op->setAttr(kBitsAttr, bits);
}

namespace {
/// Remembers new ops so that they can be taken back.
struct CreatedOps : OpBuilder::Listener {
  SmallVector<Operation *> ops;
  void notifyOperationInserted(Operation *op, OpBuilder::InsertPoint previous) override {
    ops.push_back(op);
  }
  void erase() {
    for (Operation *op : llvm::reverse(ops)) {
      op->dropAllUses();
      op->erase();
    }
  }
};
} // namespace

std::optional<SmallVector<Value>> FactorRewriter::rewriteUses(bool residual) {
  CreatedOps created;
  SmallVector<Value> results;
  for (OpOperand *use : weight.uses) {
    builder.setListener(&created);
    Value result = rewriteUse(*use, residual);
    builder.setListener(nullptr);
    if (!result) {
      created.erase();
      a.getDefiningOp()->erase();
      if (!isShared)
        b.getDefiningOp()->erase();
      return std::nullopt;
    }
    result.setType(use->getOwner()->getResult(0).getType());
    carryProfile(*use, result, residual);
    results.push_back(result);
  }
  normalize();
  return results;
}
