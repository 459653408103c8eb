//===- Resize.cpp - Interpolation -----------------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Interpolation is separable: one axis after the other, each result position a
// weighted sum of input positions. Outside the input its edge continues.
//
//===----------------------------------------------------------------------===//

#include "Elements.h"
#include "Models.h"

#include <cmath>

using namespace mlir;
using namespace pith;
using namespace pith::reference;

namespace {

/// One axis of a resize.
struct Axis {
  mutable ResizeOp op; ///< whose accessors are not const
  int64_t input, output;
  double scale;
  bool isExact; ///< the scale was given; else it is the ratio of sizes

  Axis(ResizeOp op, int64_t axis, int64_t input, int64_t output)
      : op(op), input(input), output(output),
        scale(input ? double(output) / double(input) : 1), isExact(false) {
    if (auto scales = op.getScales()) {
      scale = (*scales)[axis];
      isExact = true;
    }
  }

  /// Whether the axis stays as it is.
  bool isIdentity() const { return input == output && std::abs(scale - 1) <= 1e-9; }

  /// The input coordinate of an output position.
  double getCoordinate(int64_t position) const {
    double x = double(position);
    double length = isExact ? scale * double(input) : double(output);
    switch (op.getCoordinateMode()) {
    case CoordinateMode::HalfPixel:
      return (x + 0.5) / scale - 0.5;
    case CoordinateMode::PytorchHalfPixel:
      return length == 1 ? -0.5 : (x + 0.5) / scale - 0.5;
    case CoordinateMode::AlignCorners:
      return length == 1 ? 0 : x * double(input - 1) / (length - 1);
    case CoordinateMode::Asymmetric:
      return x / scale;
    case CoordinateMode::HalfPixelSymmetric: {
      double centre = double(input) / 2;
      double offset = centre * (1 - double(output) / length);
      return offset + (x + 0.5) / scale - 0.5;
    }
    case CoordinateMode::TfHalfPixelForNn:
      return (x + 0.5) / scale;
    }
    return x;
  }

  int64_t clamp(double x) const {
    return x > 0 ? int64_t(std::min(x, double(input - 1))) : 0; // a NaN is no position
  }
};

struct Tap {
  int64_t position;
  double weight;
};

} // namespace

static int64_t getNearest(const Axis &axis, int64_t position) {
  double x = axis.getCoordinate(position);
  double below = std::floor(x), part = x - below;
  bool isUp = false;
  switch (axis.op.getNearestMode()) {
  case NearestMode::RoundPreferFloor:
    isUp = part > 0.5;
    break;
  case NearestMode::RoundPreferCeil:
    isUp = part >= 0.5;
    break;
  case NearestMode::Floor:
    break;
  case NearestMode::Ceil:
    isUp = part > 0;
    break;
  }
  return axis.clamp(isUp ? below + 1 : below);
}

/// The filter at distance `x`: a triangle, or a cubic with parameter `a`.
static double getFilter(ResizeMode mode, double a, double x) {
  x = std::abs(x);
  if (mode == ResizeMode::Linear)
    return std::max(0.0, 1 - x);
  if (x <= 1)
    return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2)
    return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return 0;
}

/// The input positions that make an output position. `antialias` widens the filter
/// as the axis shrinks.
static SmallVector<Tap> getTaps(const Axis &axis, int64_t position) {
  ResizeOp op = axis.op;
  double x = axis.getCoordinate(position), a = op.getCubicCoeff().convertToDouble();
  double squeeze = op.getAntialias() ? std::min(axis.scale, 1.0) : 1;
  double reach = (op.getMode() == ResizeMode::Cubic ? 2 : 1) / squeeze;
  SmallVector<Tap> taps;
  double sum = 0;
  for (double i = std::floor(x - reach) + 1; i < x + reach; ++i) {
    double weight = getFilter(op.getMode(), a, (i - x) * squeeze);
    if (op.getExcludeOutside() && (i < 0 || i >= double(axis.input)))
      continue;
    taps.push_back({axis.clamp(i), weight});
    sum += weight;
  }
  if ((op.getAntialias() || op.getExcludeOutside()) && sum != 0)
    for (Tap &tap : taps)
      tap.weight /= sum;
  return taps;
}

static HostTensor takeNearest(ResizeOp op, const HostTensor &input,
                              RankedTensorType type) {
  Shape from = input.getShape(), to = type.getShape();
  std::vector<Sizes> positions;
  for (size_t i = 0; i < to.size(); ++i) {
    Axis axis(op, i, from[i], to[i]);
    Sizes &list = positions.emplace_back();
    for (int64_t position = 0; position < to[i]; ++position)
      list.push_back(axis.isIdentity() ? position : getNearest(axis, position));
  }
  HostTensor result(type);
  ElementCopy copy(result, input);
  Sizes strides = getStrides(from);
  forEachIndex(to, [&](int64_t target, Shape index) {
    int64_t source = 0;
    for (size_t i = 0; i < index.size(); ++i)
      source += positions[i][index[i]] * strides[i];
    copy(target, source);
  });
  return result;
}

/// Resizes one axis; `shape` becomes the new one.
static Reals interpolate(const Axis &axis, size_t number, const Reals &values,
                         Sizes &shape) {
  int64_t inner = product(Shape(shape).drop_front(number + 1));
  int64_t outer = product(Shape(shape).take_front(number));
  Reals result(outer * axis.output * inner);
  for (int64_t position = 0; position < axis.output; ++position)
    for (Tap tap : getTaps(axis, position))
      for (int64_t o = 0; o < outer; ++o) {
        const double *from = values.data() + (o * axis.input + tap.position) * inner;
        double *to = result.data() + (o * axis.output + position) * inner;
        for (int64_t i = 0; i < inner; ++i)
          to[i] += tap.weight * from[i];
      }
  shape[number] = axis.output;
  return result;
}

static Results evaluate(ResizeOp op, Inputs inputs, Types types) {
  RankedTensorType type = types[0];
  if (auto scales = op.getScales())
    for (double scale : *scales)
      if (!(scale >= 1e-6 && std::isfinite(scale)))
        return op.emitOpError("expects scales of at least 1e-6, found ") << scale,
               failure();
  if (type.getNumElements() == 0)
    return one(HostTensor(type));
  if (inputs[0].getNumElements() == 0)
    return op.emitOpError("expects an input that is not empty"), failure();
  if (op.getMode() == ResizeMode::Nearest)
    return one(takeNearest(op, inputs[0], type));
  Reals values = toReals(inputs[0]);
  Sizes shape(inputs[0].getShape());
  for (size_t number = 0; number < shape.size(); ++number) {
    Axis axis(op, number, shape[number], type.getShape()[number]);
    if (!axis.isIdentity())
      values = interpolate(axis, number, values, shape);
  }
  if (isReal(inputs[0]))
    return one(fromReals(type, values));
  Integers rounded;
  for (double value : values)
    rounded.push_back(saturate(value, type.getElementType()));
  return one(fromIntegers(type, rounded));
}

void pith::reference::attachResize(MLIRContext *context) {
  attach<ResizeOp, evaluate>(context);
}
