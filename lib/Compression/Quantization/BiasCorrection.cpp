//===- BiasCorrection.cpp - Constants added to an op's outputs ------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BiasCorrection.h"

#include "pith/Compression/WeightStatistics.h"
#include "pith/Dialect/Pith/IR/Constants.h"
#include "pith/Dialect/Pith/IR/PithOps.h"

using namespace mlir;
using namespace pith;

bool pith::canHaveBias(OpOperand &use) {
  Operation *op = use.getOwner();
  if (auto conv = dyn_cast<ConvOp>(op))
    return !conv.getBias() || getConstantTensor(conv.getBias());
  // Outputs of a product with a weight on the right are the last axis.
  auto product = dyn_cast<MatMulOp>(op);
  return product && product.getTransposeRhs() && use.getOperandNumber() == 1 &&
         isa<FloatType>(product.getResult().getType().getElementType());
}

/// A constant plus a change of as many elements; 0 if there is no constant.
static HostTensor getSum(const std::optional<HostTensor> &constant, RankedTensorType type,
                         ArrayRef<float> change) {
  HostTensor sum(type);
  for (auto [index, value] : llvm::enumerate(change))
    sum.setDouble(index, (constant ? constant->getDouble(index) : 0.0) + value);
  return sum;
}

static void addToConv(ConvOp conv, ArrayRef<float> change, StringRef name) {
  OpBuilder builder(conv);
  std::optional<HostTensor> old;
  auto type = RankedTensorType::get({int64_t(change.size())},
                                    conv.getResult().getType().getElementType());
  if (conv.getBias()) {
    old = getConstantTensor(conv.getBias());
    type = old->getType();
  }
  Value bias = createConstant(builder, conv.getLoc(), getSum(old, type, change),
                              builder.getStringAttr(name));
  conv.getBiasMutable().assign(bias);
}

/// The constant with one element per output that only the op behind the product adds.
static OpOperand *findAddedConstant(MatMulOp product, int64_t outputs) {
  if (!product->hasOneUse())
    return nullptr;
  auto add = dyn_cast<AddOp>(*product->user_begin());
  if (!add || add.getResult().getType() != product.getResult().getType())
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
  if (auto conv = dyn_cast<ConvOp>(use.getOwner()))
    return conv.getBias() != nullptr;
  auto type = cast<RankedTensorType>(use.get().getType());
  return findAddedConstant(cast<MatMulOp>(use.getOwner()), type.getDimSize(0));
}

static void addToBias(OpOperand &use, ArrayRef<float> change, StringRef name) {
  if (auto conv = dyn_cast<ConvOp>(use.getOwner()))
    return addToConv(conv, change, name);
  auto product = cast<MatMulOp>(use.getOwner());
  const int64_t outputs = change.size();
  OpOperand *added = findAddedConstant(product, outputs);
  OpBuilder builder(product);
  if (added) {
    builder.setInsertionPoint(added->getOwner());
    HostTensor old = *getConstantTensor(added->get());
    added->set(createConstant(builder, product.getLoc(),
                              getSum(old, old.getType(), change),
                              builder.getStringAttr(name)));
    return;
  }
  builder.setInsertionPointAfter(product);
  RankedTensorType result = product.getResult().getType();
  auto type = RankedTensorType::get({outputs}, result.getElementType());
  Value bias = createConstant(builder, product.getLoc(), getSum({}, type, change),
                              builder.getStringAttr(name));
  auto sum = AddOp::create(builder, product.getLoc(), result, product.getResult(), bias);
  product.getResult().replaceAllUsesExcept(sum, sum);
}

void pith::correctBias(OpOperand &use, ArrayRef<float> error, StringRef name) {
  Operation *op = use.getOwner();
  Type f32 = Float32Type::get(op->getContext());
  HostTensor total(RankedTensorType::get({int64_t(error.size())}, f32));
  llvm::copy(error, total.asMutable<float>().begin());
  std::vector<float> change = error.vec();
  auto attr = op->getAttrOfType<ElementsAttr>(kMeanErrorAttr);
  std::optional<HostTensor> before = attr ? HostTensor::get(attr) : std::nullopt;
  if (before && before->getType() == total.getType())
    for (auto [left, right] : llvm::zip_equal(change, before->as<float>()))
      left -= right;
  if (llvm::all_of(change, [](float x) { return x == 0; }))
    return;
  op->setAttr(kMeanErrorAttr, total.toAttribute((name + ".mean_error").str()));
  addToBias(use, change, (name + ".bias").str());
}

std::vector<float> pith::getMeanError(const ActivationStatistics &statistics,
                                      ArrayRef<float> original,
                                      ArrayRef<float> rewritten) {
  const int64_t K = statistics.getReductionSize(), outputs = original.size() / K;
  const int64_t perGroup = std::max<int64_t>(outputs / statistics.getGroups(), 1);
  ArrayRef<float> mean = statistics.mean.as<float>();
  std::vector<float> error(outputs);
  for (int64_t row = 0; row < outputs; ++row) {
    double sum = 0;
    for (int64_t k = 0; k < K; ++k)
      sum += (double(original[row * K + k]) - rewritten[row * K + k]) *
             mean[row / perGroup * K + k];
    error[row] = static_cast<float>(sum);
  }
  return error;
}

void pith::removeMean(ActivationStatistics &statistics) {
  const int64_t groups = statistics.getGroups(), K = statistics.getReductionSize();
  ArrayRef<float> mean = statistics.mean.as<float>();
  MutableArrayRef<float> gram = statistics.gram.asMutable<float>();
  for (int64_t i = 0; i < groups * K; ++i) {
    const int64_t group = i / K;
    for (int64_t j = 0; j < K; ++j) {
      double product = double(statistics.rows) * mean[i] * mean[group * K + j];
      float &value = gram[i * K + j];
      value = static_cast<float>(value - product);
      // Rounding may leave a variance that is not positive.
      if (i == group * K + j)
        value = std::max(value, 0.0f);
    }
  }
}
