//===- Conv.cpp - Convolutions --------------------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Both kinds walk through the pairs (input position, result position) that a
// kernel position connects, along the last spatial axis in a plain loop.
// Everything is brought into the form [n, c, spatial…] first.
//
//===----------------------------------------------------------------------===//

#include "Elements.h"
#include "Models.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace pith;
using namespace pith::reference;

namespace {

/// The spatial axes of a convolution. Input position `x` and result position `y`
/// meet at kernel position `k` where `y · stride + k · dilation − pad = x`; the
/// transposed convolution swaps their roles.
struct Geometry {
  Sizes fine, coarse, kernel; ///< coarse: the side that is multiplied by strides
  Sizes strides, dilations, pads;
  Sizes fineStrides, coarseStrides;

  template <typename Op>
  Geometry(Op op, Shape fine, Shape coarse, Shape kernel)
      : fine(fine), coarse(coarse), kernel(kernel), strides(op.getStrides()),
        dilations(op.getDilations()), pads(op.getPadsLow()) {
    dropTrivialAxes();
    fineStrides = getStrides(this->fine);
    coarseStrides = getStrides(this->coarse);
  }

  /// Axes of size 1 change no offset; without them runs are longer.
  void dropTrivialAxes() {
    for (size_t axis = fine.size(); axis-- > 0 && fine.size() > 1;)
      if (fine[axis] == 1 && coarse[axis] == 1 && kernel[axis] == 1 && pads[axis] == 0)
        for (Sizes *list : {&fine, &coarse, &kernel, &strides, &dilations, &pads})
          list->erase(list->begin() + axis);
  }

  /// Calls `body(fine offset, coarse offset, count, step)` for all runs of pairs
  /// that kernel position `k` connects: `count` pairs, `step` apart on the fine
  /// side and 1 on the coarse side.
  template <typename Body>
  void forEachRun(Shape k, Body body) const {
    size_t last = fine.size() - 1;
    int64_t shift = k[last] * dilations[last] - pads[last], stride = strides[last];
    int64_t from = std::max<int64_t>(0, llvm::divideCeilSigned(-shift, stride));
    int64_t to = std::min(coarse[last],
                          llvm::divideFloorSigned(fine[last] - 1 - shift, stride) + 1);
    if (from >= to)
      return;
    forEachIndex(Shape(coarse).drop_back(), [&](int64_t, Shape y) {
      int64_t fineOffset = from * stride + shift, coarseOffset = from;
      for (size_t axis = 0; axis < last; ++axis) {
        int64_t x = y[axis] * strides[axis] + k[axis] * dilations[axis] - pads[axis];
        if (x < 0 || x >= fine[axis])
          return;
        fineOffset += x * fineStrides[axis];
        coarseOffset += y[axis] * coarseStrides[axis];
      }
      body(fineOffset, coarseOffset, to - from, stride);
    });
  }
};

} // namespace

/// [n, spatial…, c] ↔ [n, c, spatial…] as permutations.
static Sizes toChannelsFirst(size_t rank) {
  Sizes order{0, int64_t(rank) - 1};
  for (size_t axis = 1; axis + 1 < rank; ++axis)
    order.push_back(axis);
  return order;
}
static Sizes toChannelsLast(size_t rank) {
  Sizes order{0};
  for (size_t axis = 2; axis < rank; ++axis)
    order.push_back(axis);
  order.push_back(1);
  return order;
}

static Sizes reorder(Shape shape, Shape order) {
  Sizes result;
  for (int64_t axis : order)
    result.push_back(shape[axis]);
  return result;
}

/// Fills the result with the bias of each channel ([n, c, spatial…]).
template <typename T>
static std::vector<T> startWithBias(Inputs inputs, Shape shape) {
  std::vector<T> values(product(shape));
  if (inputs.size() < 3)
    return values;
  std::vector<T> bias = toValues<T>(inputs[2]);
  int64_t plane = product(shape.drop_front(2));
  for (int64_t i = 0; i < int64_t(values.size()); ++i)
    values[i] = bias[i / plane % shape[1]];
  return values;
}

template <typename T>
static HostTensor convolve(ConvOp op, Inputs inputs, RankedTensorType type) {
  bool isLast = op.getLayout() == Layout::ChannelsLast;
  size_t rank = type.getRank();
  Sizes inputShape(inputs[0].getShape()), weightShape(inputs[1].getShape()),
      resultShape(type.getShape());
  std::vector<T> input = toValues<T>(inputs[0]), weight = toValues<T>(inputs[1]);
  if (isLast) {
    Sizes order = toChannelsFirst(rank);
    input = permute(input, inputShape, order);
    weight = permute(weight, weightShape, order);
    for (Sizes *shape : {&inputShape, &weightShape, &resultShape})
      *shape = reorder(*shape, order);
  }
  auto spatial = [](const Sizes &shape) { return Shape(shape).drop_front(2); };
  Geometry geometry(op, spatial(inputShape), spatial(resultShape), spatial(weightShape));
  int64_t outputs = resultShape[1], channels = weightShape[1];
  int64_t perGroup = outputs / int64_t(op.getGroup());
  int64_t inPlane = product(geometry.fine), outPlane = product(geometry.coarse);
  std::vector<T> result = startWithBias<T>(inputs, resultShape);
  const T *factor = weight.data();
  for (int64_t o = 0; o < outputs; ++o)
    for (int64_t i = 0; i < channels; ++i)
      forEachIndex(geometry.kernel, [&](int64_t, Shape k) {
        T w = *factor++;
        geometry.forEachRun(k, [&](int64_t x, int64_t y, int64_t count, int64_t step) {
          int64_t channel = o / perGroup * channels + i;
          for (int64_t n = 0; n < resultShape[0]; ++n) {
            const T *from = input.data() + (n * inputShape[1] + channel) * inPlane + x;
            T *to = result.data() + (n * outputs + o) * outPlane + y;
            if (step == 1)
              for (int64_t j = 0; j < count; ++j)
                to[j] = wrapAdd(to[j], wrapMul(w, from[j]));
            else
              for (int64_t j = 0; j < count; ++j)
                to[j] = wrapAdd(to[j], wrapMul(w, from[j * step]));
          }
        });
      });
  if (isLast)
    result = permute(result, resultShape, toChannelsLast(rank));
  return fromValues(type, result);
}

template <typename T>
static HostTensor transposed(ConvTransposeOp op, Inputs inputs, RankedTensorType type) {
  Shape inputShape = inputs[0].getShape(), weightShape = inputs[1].getShape(),
        resultShape = type.getShape();
  Geometry geometry(op, resultShape.drop_front(2), inputShape.drop_front(2),
                    weightShape.drop_front(2));
  int64_t channels = inputShape[1], outputs = resultShape[1], perGroup = weightShape[1];
  int64_t inGroup = channels / int64_t(op.getGroup());
  int64_t inPlane = product(geometry.coarse), outPlane = product(geometry.fine);
  std::vector<T> input = toValues<T>(inputs[0]), weight = toValues<T>(inputs[1]);
  std::vector<T> result = startWithBias<T>(inputs, resultShape);
  const T *factor = weight.data();
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t o = 0; o < perGroup; ++o)
      forEachIndex(geometry.kernel, [&](int64_t, Shape k) {
        T w = *factor++;
        geometry.forEachRun(k, [&](int64_t y, int64_t x, int64_t count, int64_t step) {
          int64_t output = c / inGroup * perGroup + o;
          for (int64_t n = 0; n < resultShape[0]; ++n) {
            const T *from = input.data() + (n * channels + c) * inPlane + x;
            T *to = result.data() + (n * outputs + output) * outPlane + y;
            for (int64_t j = 0; j < count; ++j)
              to[j * step] = wrapAdd(to[j * step], wrapMul(w, from[j]));
          }
        });
      });
  return fromValues(type, result);
}

/// Sizes that the shape rule leaves to run time.
template <typename Op>
static LogicalResult checkGroup(Op op, Inputs inputs, int64_t outputs) {
  int64_t group = op.getGroup();
  if (outputs % group != 0)
    return op.emitOpError("expects group to divide ")
           << outputs << " outputs (C3), got " << group;
  if (inputs[0].getElementType() != inputs[1].getElementType())
    return op.emitOpError("expects equal element types, found ")
           << inputs[0].getElementType() << " and " << inputs[1].getElementType();
  return success();
}

static Results evaluateConv(ConvOp op, Inputs inputs, Types types) {
  if (failed(checkGroup(op, inputs, inputs[1].getShape()[0])))
    return failure();
  return one(isReal(inputs[0]) ? convolve<double>(op, inputs, types[0])
                               : convolve<int64_t>(op, inputs, types[0]));
}

static Results evaluateTransposed(ConvTransposeOp op, Inputs inputs, Types types) {
  int64_t outputs = types[0].getShape()[1];
  if (failed(checkGroup(op, inputs, outputs)))
    return failure();
  if (inputs.size() > 2 && inputs[2].getNumElements() != outputs)
    return op.emitOpError("expects a bias of size ")
               << outputs << ", found " << inputs[2].getNumElements(),
           failure();
  return one(isReal(inputs[0]) ? transposed<double>(op, inputs, types[0])
                               : transposed<int64_t>(op, inputs, types[0]));
}

void pith::reference::attachConv(MLIRContext *context) {
  attach<ConvOp, evaluateConv>(context);
  attach<ConvTransposeOp, evaluateTransposed>(context);
}
