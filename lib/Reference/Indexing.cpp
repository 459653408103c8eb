//===- Indexing.cpp - Elements chosen by value ----------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Indices are checked: one that is outside its axis is an error.
//
//===----------------------------------------------------------------------===//

#include "Elements.h"
#include "Models.h"

using namespace mlir;
using namespace pith;
using namespace pith::reference;

FailureOr<int64_t> pith::reference::resolveIndex(Operation *op, int64_t index,
                                                 int64_t size) {
  int64_t position = index < 0 ? index + size : index;
  if (position < 0 || position >= size)
    return op->emitOpError("expects indices from ")
               << -size << " to " << size - 1 << ", found " << index,
           failure();
  return position;
}

static Results gather(GatherOp op, Inputs inputs, Types types) {
  Shape shape = inputs[0].getShape();
  int64_t axis = op.getAxis(), size = shape[axis];
  int64_t inner = product(shape.drop_front(axis + 1));
  int64_t outer = product(shape.take_front(axis));
  Integers indices = toIntegers(inputs[1]);
  for (int64_t &index : indices) {
    auto position = resolveIndex(op, index, size);
    if (failed(position))
      return failure();
    index = *position;
  }
  HostTensor result(types[0]);
  ElementCopy copy(result, inputs[0]);
  int64_t target = 0;
  for (int64_t i = 0; i < outer; ++i)
    for (int64_t index : indices)
      for (int64_t k = 0; k < inner; ++k)
        copy(target++, (i * size + index) * inner + k);
  return one(result);
}

static Results gatherElements(GatherElementsOp op, Inputs inputs, Types types) {
  Shape shape = inputs[0].getShape(), chosen = types[0].getShape();
  int64_t axis = op.getAxis();
  Integers indices = toIntegers(inputs[1]);
  for (int64_t other = 0; other < int64_t(shape.size()); ++other)
    if (other != axis && chosen[other] > shape[other])
      return op.emitOpError("expects indices of at most size ")
                 << shape[other] << " along axis " << other << ", found "
                 << chosen[other],
             failure();
  HostTensor result(types[0]);
  ElementCopy copy(result, inputs[0]);
  Sizes strides = getStrides(shape);
  for (int64_t &index : indices) {
    auto position = resolveIndex(op, index, shape[axis]);
    if (failed(position))
      return failure();
    index = *position;
  }
  forEachIndex(chosen, [&](int64_t i, Shape at) {
    copy(i, getOffset(at, strides) + (indices[i] - at[axis]) * strides[axis]);
  });
  return one(result);
}

static Results gatherNd(GatherNdOp op, Inputs inputs, Types types) {
  Shape shape = inputs[0].getShape(), tuples = inputs[1].getShape();
  int64_t batch = op.getBatchDims(), length = tuples.back();
  if (batch < 0 || batch >= int64_t(tuples.size()) ||
      shape.take_front(batch) != tuples.take_front(batch))
    return op.emitOpError("expects ") << batch << " equal leading sizes, found [" << shape
                                      << "] and [" << tuples << "]",
           failure();
  Integers indices = toIntegers(inputs[1]);
  Sizes strides = getStrides(shape);
  int64_t inner = product(shape.drop_front(batch + length));
  int64_t perBatch = product(tuples.drop_front(batch).drop_back());
  int64_t batchSize = product(shape.drop_front(batch));
  HostTensor result(types[0]);
  ElementCopy copy(result, inputs[0]);
  for (int64_t tuple = 0; tuple < product(tuples.drop_back()); ++tuple) {
    int64_t source = tuple / perBatch * batchSize;
    for (int64_t i = 0; i < length; ++i) {
      auto position = resolveIndex(op, indices[tuple * length + i], shape[batch + i]);
      if (failed(position))
        return failure();
      source += *position * strides[batch + i];
    }
    for (int64_t k = 0; k < inner; ++k)
      copy(tuple * inner + k, source + k);
  }
  return one(result);
}

static Results oneHot(OneHotOp op, Inputs inputs, Types types) {
  int64_t axis = op.getAxis();
  if (inputs[2].getNumElements() != 2 ||
      inputs[2].getElementType() != types[0].getElementType())
    return op.emitOpError("expects 2 values (C1) of type ")
               << types[0].getElementType() << ", found " << inputs[2].getType(),
           failure();
  Shape shape = types[0].getShape();
  int64_t depth = shape[axis];
  // Indices of float type may have a fraction, which never matches a position.
  Reals indices = toReals(inputs[0]);
  for (double &index : indices)
    index += index < 0 ? double(depth) : 0;
  Sizes own = getStrides(inputs[0].getShape());
  own.insert(own.begin() + axis, 0);
  HostTensor result(types[0]);
  ElementCopy copy(result, inputs[2]);
  forEachIndex(shape, [&](int64_t i, Shape at) {
    copy(i, indices[getOffset(at, own)] == double(at[axis]));
  });
  return one(result);
}

static Results nonZero(NonZeroOp op, Inputs inputs, Types types) {
  Shape shape = inputs[0].getShape();
  std::vector<Sizes> found;
  Reals values = toReals(inputs[0]);
  forEachIndex(shape, [&](int64_t i, Shape at) {
    if (values[i] != 0)
      found.push_back(Sizes(at));
  });
  int64_t count = found.size();
  HostTensor result(
      RankedTensorType::get({int64_t(shape.size()), count}, types[0].getElementType()));
  for (int64_t i = 0; i < count; ++i)
    for (size_t axis = 0; axis < shape.size(); ++axis)
      result.setInt(int64_t(axis) * count + i, found[i][axis]);
  return one(result);
}

void pith::reference::attachIndexing(MLIRContext *context) {
  attach<GatherOp, gather>(context);
  attach<GatherElementsOp, gatherElements>(context);
  attach<GatherNdOp, gatherNd>(context);
  attach<OneHotOp, oneHot>(context);
  attach<NonZeroOp, nonZero>(context);
}
