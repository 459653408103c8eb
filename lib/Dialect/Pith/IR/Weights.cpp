//===- Weights.cpp - Ops that have weights --------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// CompressibleOpInterface of products, convolutions and look-ups.
//
//===----------------------------------------------------------------------===//

#include "pith/Dialect/Pith/IR/PithOps.h"
#include "pith/Dialect/Pith/IR/Weights.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace pith;

bool pith::isWeight(Value value) {
  if (matchPattern(value, m_Constant()))
    return true;
  Operation *op = value.getDefiningOp();
  if (!op || !isa<WeightCodecOpInterface>(op))
    return false;
  return llvm::all_of(op->getOperands(), isWeight);
}

std::optional<ActivationRows> pith::getLastAxisRows(OpOperand *activation,
                                                    OpOperand &weight) {
  auto type = dyn_cast<RankedTensorType>(weight.get().getType());
  auto read = activation ? dyn_cast<RankedTensorType>(activation->get().getType())
                         : RankedTensorType();
  if (!type || !type.hasStaticShape() || type.getRank() < 1 || !read ||
      read.getRank() == 0)
    return std::nullopt;
  ActivationRows rows;
  rows.reduction = ShapedType::getNumElements(type.getShape().drop_front());
  if (read.getShape().back() != rows.reduction)
    return std::nullopt;
  return rows;
}

/// A new op's result type from its own shape rule.
template <typename Op, typename... Args>
static Op createInferred(OpBuilder &b, Location loc, Type element, int64_t rank,
                         Args &&...args) {
  SmallVector<int64_t> unknown(rank, ShapedType::kDynamic);
  auto op = Op::create(b, loc, RankedTensorType::get(unknown, element),
                       std::forward<Args>(args)...);
  SmallVector<SmallVector<int64_t>> shapes;
  if (succeeded(inferStaticShapes(op, shapes)))
    op->getResult(0).setType(RankedTensorType::get(shapes[0], element));
  return op;
}

//===----------------------------------------------------------------------===//
// matmul
//===----------------------------------------------------------------------===//

SmallVector<OpOperand *> MatMulOp::getWeightOperands() {
  SmallVector<OpOperand *> weights;
  for (OpOperand &operand : getOperation()->getOpOperands())
    if (isWeight(operand.get()))
      weights.push_back(&operand);
  return weights;
}

bool MatMulOp::isWeightOutputMajor(OpOperand &weight) {
  return weight.getOperandNumber() == 1 && getTransposeRhs() &&
         cast<RankedTensorType>(weight.get().getType()).getRank() == 2;
}

OpOperand *MatMulOp::getActivationOperand(OpOperand &weight) {
  return &getOperation()->getOpOperand(1 - weight.getOperandNumber());
}

std::optional<ActivationRows> MatMulOp::getActivationRows(OpOperand &weight) {
  ArrayRef<int64_t> shape = cast<RankedTensorType>(weight.get().getType()).getShape();
  ActivationRows rows;
  if (weight.getOperandNumber() == 1) {
    rows.reduction = shape[shape.size() - (getTransposeRhs() ? 1 : 2)];
    return rows;
  }
  rows.reduction = shape.back();
  if (!getTransposeRhs() && getRhs().getType().getRank() != 1)
    rows.kind = ActivationRows::Kind::SecondLastAxis;
  return rows;
}

void MatMulOp::setBiasOf(OpOperand &, Value) {}

Value MatMulOp::factorizeWeight(OpBuilder &builder, OpOperand &weight, Value a, Value b) {
  if (!isWeightOutputMajor(weight))
    return {};
  Type element = getType().getElementType();
  int64_t rank = cast<RankedTensorType>(getType()).getRank();
  auto inner = createInferred<MatMulOp>(builder, getLoc(), element, rank, getLhs(), b,
                                        /*transpose_rhs=*/true);
  auto outer = createInferred<MatMulOp>(builder, getLoc(), element, rank,
                                        inner.getResult(), a, /*transpose_rhs=*/true);
  return outer.getResult();
}

//===----------------------------------------------------------------------===//
// conv
//===----------------------------------------------------------------------===//

SmallVector<OpOperand *> ConvOp::getWeightOperands() {
  OpOperand &weight = getOperation()->getOpOperand(1);
  if (!isWeight(weight.get()))
    return {};
  return {&weight};
}

bool ConvOp::isWeightOutputMajor(OpOperand &weight) {
  return weight.getOperandNumber() == 1 && getLayout() == Layout::ChannelsLast;
}

OpOperand *ConvOp::getActivationOperand(OpOperand &) {
  return &getOperation()->getOpOperand(0);
}

std::optional<ActivationRows> ConvOp::getActivationRows(OpOperand &weight) {
  ArrayRef<int64_t> shape = cast<RankedTensorType>(weight.get().getType()).getShape();
  ActivationRows rows;
  rows.kind = ActivationRows::Kind::Windows;
  rows.channelsLast = getLayout() == Layout::ChannelsLast;
  rows.groups = getGroup();
  rows.reduction = ShapedType::getNumElements(shape.drop_front());
  ArrayRef<int64_t> kernel = shape.slice(rows.channelsLast ? 1 : 2, shape.size() - 2);
  rows.kernel.assign(kernel.begin(), kernel.end());
  rows.strides.assign(getStrides().begin(), getStrides().end());
  rows.dilations.assign(getDilations().begin(), getDilations().end());
  rows.padsLow.assign(getPadsLow().begin(), getPadsLow().end());
  rows.padsHigh.assign(getPadsHigh().begin(), getPadsHigh().end());
  return rows;
}

bool ConvOp::canAddBias(OpOperand &) { return true; }
Value ConvOp::getBiasOf(OpOperand &) { return getBias(); }
void ConvOp::setBiasOf(OpOperand &, Value bias) { getBiasMutable().assign(bias); }

Value ConvOp::factorizeWeight(OpBuilder &builder, OpOperand &weight, Value a, Value b) {
  auto shape = cast<RankedTensorType>(weight.get().getType()).getShape();
  if (!isWeightOutputMajor(weight) || getGroup() != 1)
    return {};
  auto aType = cast<RankedTensorType>(a.getType());
  auto bType = cast<RankedTensorType>(b.getType());
  int64_t rank = shape.size(), inner = bType.getShape()[0];
  auto reshape = [&](Value matrix, ArrayRef<int64_t> sizes) -> Value {
    auto type = RankedTensorType::get(
        sizes, cast<RankedTensorType>(matrix.getType()).getElementType());
    auto list = DenseElementsAttr::get(
        RankedTensorType::get({int64_t(sizes.size())}, builder.getI64Type()), sizes);
    Value target = ConstantOp::create(builder, getLoc(), list.getType(), list, StringAttr());
    return ReshapeOp::create(builder, getLoc(), type, matrix, target, false);
  };
  SmallVector<int64_t> first(shape), second(rank, 1);
  first[0] = inner;
  second.front() = aType.getShape()[0];
  second.back() = inner;
  Value firstWeight = bType.getShape() == ArrayRef(first) ? b : reshape(b, first);
  Value secondWeight = reshape(a, second);
  Type element = getType().getElementType();
  SmallVector<int64_t> ones(rank - 2, 1), zeros(rank - 2, 0);
  auto narrow = createInferred<ConvOp>(builder, getLoc(), element, rank, getInput(),
                                       firstWeight, Value(), getStrides(), getDilations(),
                                       getPadsLow(), getPadsHigh(), 1, getLayout());
  auto wide = createInferred<ConvOp>(builder, getLoc(), element, rank, narrow.getResult(),
                                     secondWeight, getBias(), ones, ones, zeros, zeros, 1,
                                     getLayout());
  return wide.getResult();
}

//===----------------------------------------------------------------------===//
// gather
//===----------------------------------------------------------------------===//

SmallVector<OpOperand *> GatherOp::getWeightOperands() {
  OpOperand &table = getOperation()->getOpOperand(0);
  auto type = cast<RankedTensorType>(table.get().getType());
  // Lists of sizes are no weights.
  if (!isWeight(table.get()) || type.getRank() < 2 ||
      !isa<FloatType>(type.getElementType()))
    return {};
  return {&table};
}

bool GatherOp::isWeightOutputMajor(OpOperand &weight) {
  return weight.getOperandNumber() == 0 && getAxis() == 0;
}

void GatherOp::setBiasOf(OpOperand &, Value) {}

Value GatherOp::factorizeWeight(OpBuilder &builder, OpOperand &weight, Value a, Value b) {
  // Rows of A, then the product with B ([rank, columns]).
  if (!isWeightOutputMajor(weight) ||
      cast<RankedTensorType>(weight.get().getType()).getRank() != 2)
    return {};
  Type element = getType().getElementType();
  int64_t rank = cast<RankedTensorType>(getType()).getRank();
  auto rows = createInferred<GatherOp>(builder, getLoc(), element, rank, a, getIndices(), 0);
  auto result = createInferred<MatMulOp>(builder, getLoc(), element, rank,
                                         rows.getResult(), b, /*transpose_rhs=*/false);
  return result.getResult();
}
