//===- Shape.cpp - Constants, sizes, and new sizes for the same elements --===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ops whose result elements are the input's in order, or none of them at all.
//
//===----------------------------------------------------------------------===//

#include "Elements.h"
#include "Models.h"

#include <cmath>

using namespace mlir;
using namespace pith;
using namespace pith::reference;

static Results constant(ConstantOp op, Inputs, Types) {
  auto tensor = HostTensor::get(op.getValue());
  if (!tensor)
    return op.emitOpError("expects a value with data"), failure();
  return one(*tensor);
}

static Results sizes(ShapeOp op, Inputs inputs, Types types) {
  int64_t rank = inputs[0].getRank();
  int64_t start = std::clamp<int64_t>(op.getStart(), 0, rank);
  HostTensor result(types[0]);
  for (int64_t i = 0; i < types[0].getNumElements(); ++i)
    result.setInt(i, inputs[0].getShape()[start + i]);
  return one(result);
}

/// squeeze, unsqueeze, flatten: the shape rule has said it all.
template <typename Op>
static Results rename(Op op, Inputs inputs, Types types) {
  if (types[0].getNumElements() != inputs[0].getNumElements())
    return op.emitOpError("expects equal element counts, found ")
               << inputs[0].getType() << " and " << types[0],
           failure();
  return one(inputs[0].reshaped(types[0].getShape()));
}

static Sizes toSizes(const HostTensor &tensor) {
  Integers values = toIntegers(tensor);
  return Sizes(values.begin(), values.end());
}

/// Sizes as reshape's operand gives them: −1 is what is left, 0 the input's size.
static FailureOr<Sizes> resolve(ReshapeOp op, const HostTensor &input, Sizes shape) {
  std::optional<size_t> rest;
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    if (shape[axis] == 0 && !op.getAllowZero()) {
      if (int64_t(axis) >= input.getRank())
        return op.emitOpError("expects an input axis for the 0 at position ")
                   << axis << " of shape (C2), found rank " << input.getRank(),
               failure();
      shape[axis] = input.getShape()[axis];
    } else if (shape[axis] == -1) {
      if (rest)
        return op.emitOpError("expects at most one −1 in shape (C2)"), failure();
      rest = axis;
      shape[axis] = 1;
    } else if (shape[axis] < -1) {
      return op.emitOpError("expects sizes of at least −1 (C2), found ") << shape[axis],
             failure();
    }
  }
  if (failed(checkSize(op, shape, input.getElementType())))
    return failure();
  int64_t all = input.getNumElements(), known = product(shape);
  if (rest) {
    if (known == 0 ? all != 0 : all % known != 0)
      return op.emitOpError("expects ")
                 << all << " elements to be a multiple of " << known << " (C2)",
             failure();
    shape[*rest] = known == 0 ? 0 : all / known;
  } else if (all != known) {
    return op.emitOpError("expects equal element counts (C2), found ")
               << all << " and " << known,
           failure();
  }
  return shape;
}

static Results reshape(ReshapeOp op, Inputs inputs, Types) {
  auto shape = resolve(op, inputs[0], toSizes(inputs[1]));
  if (failed(shape))
    return failure();
  return one(inputs[0].reshaped(*shape));
}

static Results fill(FillOp op, Inputs inputs, Types) {
  if (inputs[0].getRank() != 1 || inputs[1].getNumElements() != 1)
    return op.emitOpError("expects a shape of rank 1 and one value (C1), found ")
               << inputs[0].getType() << " and " << inputs[1].getType(),
           failure();
  Sizes shape = toSizes(inputs[0]);
  Type element = inputs[1].getElementType();
  if (failed(checkSize(op, shape, element)))
    return failure();
  return one(takeStrided(RankedTensorType::get(shape, element), inputs[1], 0,
                         Sizes(shape.size(), 0)));
}

static Results range(RangeOp op, Inputs inputs, Types types) {
  for (const HostTensor &operand : inputs)
    if (operand.getNumElements() != 1 ||
        operand.getElementType() != types[0].getElementType())
      return op.emitOpError("expects operands with one element and one type (C1), found ")
                 << operand.getType(),
             failure();
  double count;
  if (isReal(inputs[0]))
    count = std::ceil((inputs[1].getDouble(0) - inputs[0].getDouble(0)) /
                      inputs[2].getDouble(0));
  else // exact for all sizes that fit memory
    count = std::ceil((double(inputs[1].getInt(0)) - double(inputs[0].getInt(0))) /
                      double(inputs[2].getInt(0)));
  if (!(count < 1e15))
    return op.emitOpError("expects a range that ends"), failure();
  int64_t size = std::max<int64_t>(0, int64_t(std::max(count, 0.0)));
  auto type = RankedTensorType::get({size}, types[0].getElementType());
  if (failed(checkSize(op, type.getShape(), type.getElementType())))
    return failure();
  if (isReal(inputs[0])) {
    HostTensor result(type);
    for (int64_t i = 0; i < size; ++i)
      result.setDouble(i, inputs[0].getDouble(0) + double(i) * inputs[2].getDouble(0));
    return one(result);
  }
  Integers values(size);
  for (int64_t i = 0; i < size; ++i)
    values[i] = wrapAdd(inputs[0].getInt(0), wrapMul(i, inputs[2].getInt(0)));
  return one(fromIntegers(type, values));
}

void pith::reference::attachShape(MLIRContext *context) {
  attach<ConstantOp, constant>(context);
  attach<ShapeOp, sizes>(context);
  attach<SqueezeOp, rename<SqueezeOp>>(context);
  attach<UnsqueezeOp, rename<UnsqueezeOp>>(context);
  attach<FlattenOp, rename<FlattenOp>>(context);
  attach<ReshapeOp, reshape>(context);
  attach<FillOp, fill>(context);
  attach<RangeOp, range>(context);
}
