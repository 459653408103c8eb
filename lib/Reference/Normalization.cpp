//===- Normalization.cpp - Mean, variance and scale -----------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Statistics of a run of elements that lie side by side, then scale and shift.
//
//===----------------------------------------------------------------------===//

#include "Elements.h"
#include "Models.h"

#include <cmath>

using namespace mlir;
using namespace pith;
using namespace pith::reference;

/// `(x − μ) / √(σ² + epsilon)` for each of the runs of `size` elements.
static void standardize(Reals &values, int64_t size, double epsilon) {
  for (int64_t first = 0; first < int64_t(values.size()); first += size) {
    double mean = 0, variance = 0;
    for (int64_t i = first; i < first + size; ++i)
      mean += values[i];
    mean /= double(size);
    for (int64_t i = first; i < first + size; ++i)
      variance += (values[i] - mean) * (values[i] - mean);
    double factor = 1 / std::sqrt(variance / double(size) + epsilon);
    for (int64_t i = first; i < first + size; ++i)
      values[i] = (values[i] - mean) * factor;
  }
}

/// Multiplies (or adds) a parameter that broadcasts to the values.
template <typename Combine>
static void combineWith(Reals &values, Shape shape, const HostTensor &parameter,
                        Combine combine) {
  Reals factors = toReals(parameter);
  forEachOffset<1>(shape, {getBroadcastStrides(parameter.getShape(), shape)},
                   [&](int64_t i, auto &at) { combine(values[i], factors[at[0]]); });
}
static void scaleBy(double &value, double factor) { value *= factor; }
static void shiftBy(double &value, double amount) { value += amount; }

static Results layerNorm(LayerNormOp op, Inputs inputs, Types types) {
  Shape shape = types[0].getShape();
  Reals values = toReals(inputs[0]);
  standardize(values, product(shape.drop_front(op.getAxis())),
              op.getEpsilon().convertToDouble());
  unsigned next = 1;
  if (op.getScale())
    combineWith(values, shape, inputs[next++], scaleBy);
  if (op.getBias())
    combineWith(values, shape, inputs[next++], shiftBy);
  return one(fromReals(types[0], values));
}

static Results rmsNorm(RmsNormOp op, Inputs inputs, Types types) {
  Shape shape = types[0].getShape();
  Reals values = toReals(inputs[0]);
  int64_t size = product(shape.drop_front(op.getAxis()));
  double epsilon = op.getEpsilon().convertToDouble();
  for (int64_t first = 0; first < int64_t(values.size()); first += size) {
    double squares = 0;
    for (int64_t i = first; i < first + size; ++i)
      squares += values[i] * values[i];
    double root = std::sqrt(squares / double(size) + epsilon);
    for (int64_t i = first; i < first + size; ++i)
      values[i] /= root;
  }
  if (op.getScale())
    combineWith(values, shape, inputs[1], scaleBy);
  return one(fromReals(types[0], values));
}

static Results groupNorm(GroupNormOp op, Inputs inputs, Types types) {
  Shape shape = types[0].getShape();
  int64_t groups = op.getGroups(), channels = shape[1];
  if (channels % groups != 0)
    return op.emitOpError("expects groups to divide ")
               << channels << " channels (C1), got " << groups,
           failure();
  Reals values = toReals(inputs[0]), scale = toReals(inputs[1]),
        bias = toReals(inputs[2]);
  int64_t plane = product(shape.drop_front(2));
  standardize(values, channels / groups * plane, op.getEpsilon().convertToDouble());
  for (int64_t i = 0; i < int64_t(values.size()); ++i) {
    int64_t channel = i / plane % channels;
    values[i] = values[i] * scale[channel] + bias[channel];
  }
  return one(fromReals(types[0], values));
}

static Results batchNorm(BatchNormOp op, Inputs inputs, Types types) {
  Shape shape = types[0].getShape();
  size_t axis = op.getLayout() == Layout::ChannelsLast ? shape.size() - 1 : 1;
  int64_t inner = product(shape.drop_front(axis + 1));
  Reals values = toReals(inputs[0]), scale = toReals(inputs[1]),
        bias = toReals(inputs[2]), mean = toReals(inputs[3]),
        variance = toReals(inputs[4]);
  double epsilon = op.getEpsilon().convertToDouble();
  for (int64_t i = 0; i < int64_t(values.size()); ++i) {
    int64_t c = i / inner % shape[axis];
    values[i] =
        (values[i] - mean[c]) / std::sqrt(variance[c] + epsilon) * scale[c] + bias[c];
  }
  return one(fromReals(types[0], values));
}

static Results lrn(LrnOp op, Inputs inputs, Types types) {
  Shape shape = types[0].getShape();
  if (shape.size() < 2)
    return op.emitOpError("expects an input of rank 2 or more, found rank ")
               << shape.size(),
           failure();
  double alpha = op.getAlpha().convertToFloat(), beta = op.getBeta().convertToFloat();
  double bias = op.getBias().convertToFloat();
  int64_t size = op.getSize(), channels = shape[1];
  int64_t before = (size - 1) / 2, behind = size - 1 - before;
  Reals input = toReals(inputs[0]), values(input.size());
  forEachLine(shape, 1, [&](int64_t first, int64_t stride) {
    for (int64_t c = 0; c < channels; ++c) {
      double squares = 0;
      int64_t last = behind < channels - c ? c + behind : channels - 1;
      for (int64_t i = std::max<int64_t>(0, c - before); i <= last; ++i)
        squares += input[first + i * stride] * input[first + i * stride];
      values[first + c * stride] = input[first + c * stride] /
                                   std::pow(bias + alpha / double(size) * squares, beta);
    }
  });
  return one(fromReals(types[0], values));
}

void pith::reference::attachNormalization(MLIRContext *context) {
  attach<LayerNormOp, layerNorm>(context);
  attach<RmsNormOp, rmsNorm>(context);
  attach<GroupNormOp, groupNorm>(context);
  attach<BatchNormOp, batchNorm>(context);
  attach<LrnOp, lrn>(context);
}
