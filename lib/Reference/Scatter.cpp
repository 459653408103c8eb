//===- Scatter.cpp - Elements put where indices say -----------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A list of places is made first, then the updates go there one after the
// other; floats round once, at the end.
//
//===----------------------------------------------------------------------===//

#include "Elements.h"
#include "Models.h"

#include <cmath>

using namespace mlir;
using namespace pith;
using namespace pith::reference;

static double combine(ScatterKind kind, double old, double update, bool) {
  switch (kind) {
  case ScatterKind::Add:
    return old + update;
  case ScatterKind::Mul:
    return old * update;
  case ScatterKind::Max:
    return std::isnan(old) || old > update ? old : update;
  case ScatterKind::Min:
    return std::isnan(old) || old < update ? old : update;
  case ScatterKind::None:
    break;
  }
  return update;
}

static int64_t combine(ScatterKind kind, int64_t old, int64_t update, bool isUnsigned) {
  bool isLess = isUnsigned ? uint64_t(old) < uint64_t(update) : old < update;
  switch (kind) {
  case ScatterKind::Add:
    return wrapAdd(old, update);
  case ScatterKind::Mul:
    return wrapMul(old, update);
  case ScatterKind::Max:
    return isLess ? update : old;
  case ScatterKind::Min:
    return isLess ? old : update;
  case ScatterKind::None:
    break;
  }
  return update;
}

/// Update `i` goes to element `places[i]`.
template <typename T>
static HostTensor combineAll(ScatterKind kind, const HostTensor &input,
                             const HostTensor &updates, const Integers &places) {
  std::vector<T> values = toValues<T>(input), changes = toValues<T>(updates);
  for (size_t i = 0; i < places.size(); ++i)
    values[places[i]] = combine(kind, values[places[i]], changes[i], isUnsigned(input));
  return fromValues(input.getType(), values);
}

static HostTensor scatter(ScatterKind kind, const HostTensor &input,
                          const HostTensor &updates, const Integers &places) {
  if (kind != ScatterKind::None)
    return isReal(input) ? combineAll<double>(kind, input, updates, places)
                         : combineAll<int64_t>(kind, input, updates, places);
  HostTensor result = input;
  ElementCopy copy(result, updates);
  for (size_t i = 0; i < places.size(); ++i)
    copy(places[i], i);
  return result;
}

template <typename Op>
static LogicalResult checkUpdates(Op op, Inputs inputs, int64_t count) {
  if (inputs[2].getElementType() != inputs[0].getElementType() ||
      inputs[2].getNumElements() != count)
    return op.emitOpError("expects ")
           << count << " updates of type " << inputs[0].getElementType() << ", found "
           << inputs[2].getType();
  return success();
}

static Results scatterElements(ScatterElementsOp op, Inputs inputs, Types types) {
  Shape shape = inputs[0].getShape(), chosen = inputs[1].getShape();
  int64_t axis = op.getAxis();
  if (failed(checkUpdates(op, inputs, inputs[1].getNumElements())))
    return failure();
  for (int64_t other = 0; other < int64_t(shape.size()); ++other)
    if (other != axis && chosen[other] > shape[other])
      return op.emitOpError("expects indices of at most size ")
                 << shape[other] << " along axis " << other << ", found "
                 << chosen[other],
             failure();
  Integers places = toIntegers(inputs[1]);
  Sizes strides = getStrides(shape);
  for (int64_t &index : places) {
    auto position = resolveIndex(op, index, shape[axis]);
    if (failed(position))
      return failure();
    index = *position;
  }
  forEachIndex(chosen, [&](int64_t i, Shape at) {
    places[i] = getOffset(at, strides) + (places[i] - at[axis]) * strides[axis];
  });
  return one(scatter(op.getKind(), inputs[0], inputs[2], places));
}

static Results scatterNd(ScatterNdOp op, Inputs inputs, Types types) {
  Shape shape = inputs[0].getShape(), tuples = inputs[1].getShape();
  int64_t length = tuples.back(), count = product(tuples.drop_back());
  int64_t inner = product(shape.drop_front(length));
  if (failed(checkUpdates(op, inputs, count * inner)))
    return failure();
  Integers indices = toIntegers(inputs[1]), places;
  Sizes strides = getStrides(shape);
  for (int64_t tuple = 0; tuple < count; ++tuple) {
    int64_t target = 0;
    for (int64_t i = 0; i < length; ++i) {
      auto position = resolveIndex(op, indices[tuple * length + i], shape[i]);
      if (failed(position))
        return failure();
      target += *position * strides[i];
    }
    for (int64_t k = 0; k < inner; ++k)
      places.push_back(target + k);
  }
  return one(scatter(op.getKind(), inputs[0], inputs[2], places));
}

void pith::reference::attachScatter(MLIRContext *context) {
  attach<ScatterElementsOp, scatterElements>(context);
  attach<ScatterNdOp, scatterNd>(context);
}
