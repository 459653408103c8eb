//===- RotatedRegion.cpp - Values that are rotated together ---------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Grows a region over ops that commute with orthogonal matrices, and rewrites constants
// and boundaries. Rotations are applied in double precision and rounded once.
//
//===----------------------------------------------------------------------===//

#include "RotatedRegion.h"

#include "pith/Compression/Codec.h"
#include "pith/Compression/Equalization/EqualizationOps.h"
#include "pith/Compression/WeightStatistics.h"
#include "mlir/IR/Builders.h"

#include <cmath>

using namespace mlir;
using namespace pith;

/// A dense float constant at this use alone, whose last axis has `size` elements.
static bool isOwnConstant(OpOperand &operand, int64_t size) {
  Value value = operand.get();
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && value.getDefiningOp<ConstantOp>() && value.hasOneUse() &&
         type.getElementType().isF32() && type.getRank() >= 1 &&
         type.getShape().back() == size;
}

/// A weight `[outputs, reduction]` at an op that contracts an activation.
static OpOperand *getProductWeight(Operation *op, OpOperand *activation) {
  auto compressible = dyn_cast_if_present<CompressibleOpInterface>(op);
  if (!compressible)
    return nullptr;
  for (OpOperand *weight : compressible.getWeightOperands()) {
    OpOperand *own = compressible.getActivationOperand(*weight);
    if (own && (!activation || own == activation) &&
        compressible.isWeightOutputMajor(*weight))
      return weight;
  }
  return nullptr;
}

OpOperand *pith::getRotatableWeight(OpOperand &activation) {
  OpOperand *weight = getProductWeight(activation.getOwner(), &activation);
  auto type = dyn_cast<RankedTensorType>(activation.get().getType());
  // Groups of a convolution see a part of the channels: sizes differ.
  return weight && type && isOwnConstant(*weight, type.getShape().back()) ? weight : nullptr;
}

/// Whether a norm commutes with rotations of the last axis.
static bool isPlainNorm(Operation *op) {
  auto norm = dyn_cast_if_present<RmsNormOp>(op);
  return norm && !norm.getScale() &&
         norm.getAxis() + 1 == uint64_t(tensorType(norm.getResult()).getRank());
}

/// The operand beside a rotated one, if the sum commutes with rotations.
static bool isPlainSum(Operation *op, Type type) {
  if (!isa_and_present<AddOp>(op) || op->getResult(0).getType() != type)
    return false;
  int64_t size = cast<RankedTensorType>(type).getShape().back();
  return llvm::all_of(op->getOpOperands(), [&](OpOperand &operand) {
    return operand.get().getType() == type || isOwnConstant(operand, size);
  });
}

void RotatedRegion::visitProducer(Value value, llvm::SetVector<Value> &pending) {
  Operation *op = value.getDefiningOp();
  if (isPlainSum(op, value.getType())) {
    for (OpOperand &operand : op->getOpOperands())
      if (isOwnConstant(operand, tensorType(value).getShape().back()))
        addends.push_back(&operand);
      else
        pending.insert(operand.get());
    return;
  }
  if (isPlainNorm(op)) {
    pending.insert(op->getOperand(0));
    return;
  }
  if (auto gather = dyn_cast_if_present<GatherOp>(op);
      gather && gather.getAxis() == 0 && tensorType(gather.getInput()).getRank() == 2 &&
      isOwnConstant(gather.getInputMutable(), tensorType(value).getShape().back()))
    return tables.push_back(&gather.getInputMutable());
  // Only products: an output of theirs is an element of the last axis, without bias.
  OpOperand *weight = isa_and_present<MatMulOp>(op) ? getProductWeight(op, nullptr) : nullptr;
  if (weight && isOwnConstant(*weight, tensorType(weight->get()).getShape().back()) &&
      tensorType(weight->get()).getShape().front() == tensorType(value).getShape().back())
    return writers.push_back(weight);
  entries.insert(value);
}

void RotatedRegion::visitUser(OpOperand &use, llvm::SetVector<Value> &pending) {
  Operation *op = use.getOwner();
  if (OpOperand *weight = getRotatableWeight(use))
    return readers.push_back(weight);
  if (isPlainSum(op, use.get().getType()) || isPlainNorm(op)) {
    pending.insert(op->getResult(0));
    return;
  }
  exits.push_back(&use);
}

RotatedRegion RotatedRegion::grow(Value activation) {
  RotatedRegion region;
  llvm::SetVector<Value> pending;
  pending.insert(activation);
  for (size_t i = 0; i < pending.size(); ++i) {
    Value value = pending[i];
    region.values.insert(value);
    region.visitProducer(value, pending);
    for (OpOperand &use : value.getUses())
      region.visitUser(use, pending);
  }
  return region;
}

RotatedRegion RotatedRegion::isolate(Value activation) {
  RotatedRegion region;
  region.values.insert(activation);
  region.entries.insert(activation);
  for (OpOperand &use : activation.getUses())
    if (OpOperand *weight = getRotatableWeight(use))
      region.readers.push_back(weight);
    else
      region.exits.push_back(&use);
  return region;
}

static Value getActivation(OpOperand *weight) {
  return cast<CompressibleOpInterface>(weight->getOwner())
      .getActivationOperand(*weight)
      ->get();
}

int64_t RotatedRegion::countActivations() const {
  llvm::SetVector<Value> read;
  for (OpOperand *weight : readers)
    read.insert(getActivation(weight));
  return read.size();
}

int64_t RotatedRegion::countExplicitOps() const {
  llvm::SetVector<Value> left;
  for (OpOperand *use : exits)
    if (!entries.contains(use->get()))
      left.insert(use->get());
  return entries.size() + left.size();
}

/// Rows of the last axis, each rotated.
static HostTensor rotateRows(const Rotation &rotation, const HostTensor &tensor) {
  int64_t size = rotation.getSize(), rows = tensor.getNumElements() / size;
  HostTensor result(tensor.getType());
  ArrayRef<float> from = tensor.as<float>();
  MutableArrayRef<float> to = result.asMutable<float>();
  forRowRuns(tensor.getType().getContext(), rows, size, [&](int64_t begin, int64_t end) {
    std::vector<double> row(size);
    for (int64_t r = begin; r < end; ++r) {
      llvm::copy(from.slice(r * size, size), row.begin());
      rotation.apply(row);
      llvm::transform(row, to.begin() + r * size, [](double x) { return float(x); });
    }
  });
  return result;
}

/// Axes 0 and the rest change places.
static HostTensor turn(const HostTensor &tensor) {
  int64_t rows = tensor.getShape().front(), columns = tensor.getNumElements() / rows;
  return transpose(tensor.reshaped({rows, columns}), {1, 0});
}

static LogicalResult replaceConstant(OpOperand &operand,
                                     function_ref<HostTensor(const HostTensor &)> f) {
  Value old = operand.get();
  std::optional<HostTensor> tensor = getConstantTensor(old);
  if (!tensor)
    return emitError(old.getLoc()) << "expected a constant with data";
  OpBuilder builder(old.getContext());
  builder.setInsertionPointAfterValue(old);
  Value changed = pith::createConstant(builder, old.getLoc(),
                                       f(*tensor).reshaped(tensor->getShape()),
                                       getTensorName(old));
  operand.set(changed);
  eraseStoredValue(old);
  return success();
}

/// Statistics of rotated rows: what is linear or quadratic is exact, the rest is as if
/// elements were normally distributed.
static void rotateStatistics(const Rotation &rotation, Operation *op, StringRef name) {
  std::optional<ActivationStatistics> seen = ActivationStatistics::get(op);
  if (!seen)
    return;
  if (!seen->gram || seen->rows == 0) {
    op->removeAttr(kStatisticsAttr);
    return;
  }
  int64_t G = seen->getGroups(), K = seen->getReductionSize(), size = rotation.getSize();
  seen->mean = rotateRows(rotation, seen->mean);
  HostTensor gram = rotateRows(rotation, seen->gram);
  // G is symmetric: rotating columns is rotating rows of the transposed.
  for (int64_t g = 0; g < G; ++g) {
    HostTensor one(RankedTensorType::get({K, K}, gram.getElementType()));
    llvm::copy(gram.as<float>().slice(g * K * K, K * K), one.asMutable<float>().begin());
    one = rotateRows(rotation, transpose(one, {1, 0}));
    llvm::copy(one.as<float>(), gram.asMutable<float>().begin() + g * K * K);
  }
  seen->gram = gram;
  MutableArrayRef<float> magnitude = seen->magnitude.asMutable<float>();
  MutableArrayRef<float> largest = seen->largest.asMutable<float>();
  float reach = 0;
  for (int64_t start = 0; start < G * K; start += size) {
    double energy = 0;
    for (float x : largest.slice(start, size))
      energy += double(x) * x;
    // |x · r| ≤ ‖x‖ for a column r of a rotation.
    for (int64_t i = start; i < start + size; ++i) {
      double square = std::max(0.0, seen->getSquareSum(i / K, i % K)) / double(seen->rows);
      magnitude[i] = float(std::sqrt(2 / 3.14159265358979 * square));
      double normal = std::sqrt(2 * std::log(2 + double(seen->rows) * size) * square);
      largest[i] = float(std::min(std::sqrt(energy), normal));
      reach = std::max(reach, largest[i]);
    }
  }
  seen->minimum = -reach;
  seen->maximum = reach;
  seen->histogram = HostTensor();
  seen->set(op, name);
}

/// The value rotated, or back, as ops behind its definition.
static Value createRotation(OpBuilder &builder, Location loc, Value value,
                            const Rotation &rotation, bool isInverse) {
  auto type = tensorType(value);
  HostTensor signs(RankedTensorType::get({rotation.getSize()}, type.getElementType()));
  for (auto [i, sign] : llvm::enumerate(rotation.signs))
    signs.setDouble(i, sign);
  Value constant = pith::createConstant(builder, loc, signs, "signs");
  if (!isInverse)
    value = MulOp::create(builder, loc, type, value, constant);
  value = HadamardOp::create(builder, loc, type, value, rotation.block,
                             isInverse ? rotation.getInverseOffsets() : rotation.offsets);
  if (isInverse)
    value = MulOp::create(builder, loc, type, value, constant);
  return value;
}

LogicalResult RotatedRegion::apply(const Rotation &rotation) const {
  for (OpOperand *weight : readers) {
    if (failed(replaceConstant(*weight, [&](const HostTensor &tensor) {
          return rotateRows(rotation, tensor);
        })))
      return failure();
    rotateStatistics(rotation, weight->getOwner(), getTensorName(weight->get()));
  }
  for (OpOperand *weight : writers)
    if (failed(replaceConstant(*weight, [&](const HostTensor &tensor) {
          return turn(rotateRows(rotation, turn(tensor)));
        })))
      return failure();
  for (OpOperand *operand : llvm::concat<OpOperand *const>(tables, addends))
    if (failed(replaceConstant(*operand, [&](const HostTensor &tensor) {
          return rotateRows(rotation, tensor);
        })))
      return failure();
  OpBuilder builder(values.front().getContext());
  llvm::MapVector<Value, SmallVector<OpOperand *>> left;
  for (OpOperand *use : exits)
    if (!entries.contains(use->get()))
      left[use->get()].push_back(use);
  for (auto &[value, uses] : left) {
    builder.setInsertionPointAfterValue(value);
    Value back = createRotation(builder, uses.front()->getOwner()->getLoc(), value,
                                rotation, /*isInverse=*/true);
    for (OpOperand *use : uses)
      use->set(back);
  }
  for (Value value : entries) {
    SmallVector<OpOperand *> uses;
    for (OpOperand &use : value.getUses())
      if (!llvm::is_contained(exits, &use))
        uses.push_back(&use);
    builder.setInsertionPointAfterValue(value);
    Value rotated = createRotation(builder, uses.front()->getOwner()->getLoc(), value,
                                   rotation, /*isInverse=*/false);
    for (OpOperand *use : uses)
      use->set(rotated);
  }
  return success();
}
