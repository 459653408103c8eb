//===- Movement.cpp - The same elements elsewhere -------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For every position of the result: where its element comes from.
//
//===----------------------------------------------------------------------===//

#include "Elements.h"
#include "Models.h"

using namespace mlir;
using namespace pith;
using namespace pith::reference;

//===----------------------------------------------------------------------===//
// Places that strides describe
//===----------------------------------------------------------------------===//

static Results transpose(TransposeOp op, Inputs inputs, Types types) {
  Sizes all = getStrides(inputs[0].getShape()), strides;
  for (int64_t axis : op.getPermutation())
    strides.push_back(all[axis]);
  return one(takeStrided(types[0], inputs[0], 0, strides));
}

static Results expand(ExpandOp op, Inputs inputs, Types types) {
  return one(takeStrided(types[0], inputs[0], 0,
                         getBroadcastStrides(inputs[0].getShape(), types[0].getShape())));
}

/// The first element along an axis, and how many there are, as in ONNX Slice.
static std::pair<int64_t, int64_t> getRun(int64_t start, int64_t end, int64_t step,
                                          int64_t size) {
  auto resolve = [&](int64_t bound) {
    if (bound < 0)
      bound += size;
    return step > 0 ? std::clamp<int64_t>(bound, 0, size)
                    : std::clamp<int64_t>(bound, -1, size - 1);
  };
  int64_t from = resolve(start), to = resolve(end);
  int64_t distance = step > 0 ? to - from : from - to;
  if (distance <= 0)
    return {0, 0};
  uint64_t stride = step > 0 ? uint64_t(step) : -uint64_t(step);
  return {from, int64_t((uint64_t(distance) - 1) / stride + 1)};
}

static Results slice(SliceOp op, Inputs inputs, Types types) {
  const HostTensor &input = inputs[0];
  Integers starts = toIntegers(inputs[1]), ends = toIntegers(inputs[2]);
  size_t count = op.getAxes().size();
  if (starts.size() != count || ends.size() != count)
    return op.emitOpError("expects ") << count << " starts and ends (C2), found "
                                      << starts.size() << " and " << ends.size(),
           failure();
  Sizes sizes(input.getShape()), strides = getStrides(input.getShape());
  int64_t first = 0;
  for (size_t i = 0; i < count; ++i) {
    int64_t axis = op.getAxes()[i], step = op.getSteps()[i];
    auto [from, length] = getRun(starts[i], ends[i], step, sizes[axis]);
    first += from * strides[axis];
    sizes[axis] = length;
    strides[axis] = length > 1 ? strides[axis] * step : 0;
  }
  return one(takeStrided(RankedTensorType::get(sizes, input.getElementType()), input,
                         first, strides));
}

//===----------------------------------------------------------------------===//
// Other places
//===----------------------------------------------------------------------===//

/// `offsetOf(index)` is where the element at `index` comes from; nowhere (it stays
/// 0) if negative.
template <typename OffsetOf>
static HostTensor move(RankedTensorType type, const HostTensor &source,
                       OffsetOf offsetOf) {
  HostTensor result(type);
  ElementCopy copy(result, source);
  forEachIndex(type.getShape(), [&](int64_t target, Shape index) {
    if (int64_t offset = offsetOf(index); offset >= 0)
      copy(target, offset);
  });
  return result;
}

static Results tile(TileOp op, Inputs inputs, Types types) {
  Shape shape = inputs[0].getShape();
  Sizes strides = getStrides(shape);
  return one(move(types[0], inputs[0], [&](Shape index) {
    int64_t offset = 0;
    for (size_t axis = 0; axis < index.size(); ++axis)
      offset += index[axis] % shape[axis] * strides[axis];
    return offset;
  }));
}

static Results concat(ConcatOp op, Inputs inputs, Types types) {
  HostTensor result(types[0]);
  Shape shape = types[0].getShape();
  int64_t axis = op.getAxis(), inner = product(shape.drop_front(axis + 1));
  int64_t outer = product(shape.take_front(axis)), position = 0;
  for (const HostTensor &input : inputs) {
    ElementCopy copy(result, input);
    int64_t run = input.getShape()[axis] * inner;
    for (int64_t i = 0; i < outer; ++i)
      for (int64_t j = 0; j < run; ++j)
        copy(i * shape[axis] * inner + position + j, i * run + j);
    position += run;
  }
  return one(result);
}

/// Where a position outside `[0, size)` finds its element; −1: in the constant.
static int64_t reflect(PadMode mode, int64_t x, int64_t size) {
  if (x >= 0 && x < size)
    return x;
  if (size == 0)
    return -1;
  int64_t period;
  switch (mode) {
  case PadMode::Constant:
    return -1;
  case PadMode::Edge:
    return x < 0 ? 0 : size - 1;
  case PadMode::Wrap:
    return (x % size + size) % size;
  case PadMode::Reflect:
    period = std::max<int64_t>(1, 2 * (size - 1));
    x = (x % period + period) % period;
    return x < size ? x : period - x;
  }
  return -1;
}

static Results pad(PadOp op, Inputs inputs, Types types) {
  const HostTensor &input = inputs[0];
  Shape shape = input.getShape();
  Integers low = toIntegers(inputs[1]), high = toIntegers(inputs[2]);
  Sizes strides = getStrides(shape), sizes;
  if (low.size() != shape.size() || high.size() != shape.size())
    return op.emitOpError("expects ") << shape.size() << " low and high pads (C1), found "
                                      << low.size() << " and " << high.size(),
           failure();
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    int64_t most = std::max(low[axis], high[axis]);
    sizes.push_back(wrapAdd(wrapAdd(shape[axis], low[axis]), high[axis]));
    if (op.getMode() != PadMode::Constant && shape[axis] == 0 && most > 0)
      return op.emitOpError("expects pads of 0 for the empty axis ") << axis << " (C2)",
             failure();
    if (op.getMode() == PadMode::Reflect && most > 0 && most >= shape[axis])
      return op.emitOpError("expects reflected pads below the size (C2), found ")
                 << most << " for " << shape[axis],
             failure();
  }
  if (failed(checkSize(op, sizes, input.getElementType())))
    return failure();
  HostTensor result(RankedTensorType::get(sizes, input.getElementType()));
  ElementCopy copy(result, input);
  HostTensor zero(RankedTensorType::get({}, input.getElementType()));
  const HostTensor &value = inputs.size() > 3 ? inputs[3] : zero;
  if (value.getNumElements() != 1 || value.getElementType() != input.getElementType())
    return op.emitOpError("expects one value of type ")
               << input.getElementType() << ", found " << value.getType(),
           failure();
  ElementCopy copyValue(result, value);
  forEachIndex(sizes, [&](int64_t target, Shape index) {
    int64_t source = 0;
    for (size_t axis = 0; axis < index.size() && source >= 0; ++axis) {
      int64_t x = reflect(op.getMode(), index[axis] - low[axis], shape[axis]);
      source = x < 0 ? -1 : source + x * strides[axis];
    }
    if (source >= 0)
      copy(target, source);
    else
      copyValue(target, 0);
  });
  return one(result);
}

static Results depthToSpace(DepthToSpaceOp op, Inputs inputs, Types types) {
  int64_t block = op.getBlock(), channels = types[0].getShape()[1];
  if (inputs[0].getShape()[1] % (block * block) != 0)
    return op.emitOpError("expects block² to divide ")
               << inputs[0].getShape()[1] << " channels (C1)",
           failure();
  Sizes strides = getStrides(inputs[0].getShape());
  return one(move(types[0], inputs[0], [&](Shape index) {
    int64_t k = index[1], i = index[2] % block, j = index[3] % block;
    int64_t channel = op.getColumnRowDepth() ? (k * block + i) * block + j
                                             : (i * block + j) * channels + k;
    return getOffset({index[0], channel, index[2] / block, index[3] / block}, strides);
  }));
}

static Results spaceToDepth(SpaceToDepthOp op, Inputs inputs, Types types) {
  int64_t block = op.getBlock();
  Shape shape = inputs[0].getShape();
  if (shape[2] % block != 0 || shape[3] % block != 0)
    return op.emitOpError("expects block to divide ")
               << shape[2] << " and " << shape[3] << " (C1), got " << block,
           failure();
  Sizes strides = getStrides(shape);
  return one(move(types[0], inputs[0], [&](Shape index) {
    int64_t k = index[1] % shape[1], i = index[1] / shape[1] / block,
            j = index[1] / shape[1] % block;
    return getOffset({index[0], k, index[2] * block + i, index[3] * block + j}, strides);
  }));
}

static Results trilu(TriluOp op, Inputs inputs, Types types) {
  int64_t rank = types[0].getRank(), k = op.getK();
  Sizes strides = getStrides(types[0].getShape());
  return one(move(types[0], inputs[0], [&](Shape index) -> int64_t {
    int64_t distance = index[rank - 1] - index[rank - 2];
    bool isKept = op.getUpper() ? distance >= k : distance <= k;
    return isKept ? getOffset(index, strides) : -1;
  }));
}

static Results reverseSequence(ReverseSequenceOp op, Inputs inputs, Types types) {
  Shape shape = types[0].getShape();
  int64_t batch = op.getBatchAxis(), time = op.getTimeAxis();
  Integers lengths = toIntegers(inputs[1]);
  if (int64_t(lengths.size()) != shape[batch])
    return op.emitOpError("expects ")
               << shape[batch] << " lengths, found " << lengths.size(),
           failure();
  for (int64_t length : lengths)
    if (length < 0 || length > shape[time])
      return op.emitOpError("expects lengths from 0 to ")
                 << shape[time] << ", found " << length,
             failure();
  Sizes strides = getStrides(shape);
  return one(move(types[0], inputs[0], [&](Shape index) {
    int64_t length = lengths[index[batch]], at = index[time];
    int64_t from = at < length ? length - 1 - at : at;
    return getOffset(index, strides) + (from - at) * strides[time];
  }));
}

void pith::reference::attachMovement(MLIRContext *context) {
  attach<TransposeOp, transpose>(context);
  attach<ExpandOp, expand>(context);
  attach<SliceOp, slice>(context);
  attach<TileOp, tile>(context);
  attach<ConcatOp, concat>(context);
  attach<PadOp, pad>(context);
  attach<DepthToSpaceOp, depthToSpace>(context);
  attach<SpaceToDepthOp, spaceToDepth>(context);
  attach<TriluOp, trilu>(context);
  attach<ReverseSequenceOp, reverseSequence>(context);
}
