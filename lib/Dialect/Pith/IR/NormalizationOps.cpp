//===- NormalizationOps.cpp - Mean, variance and scale ----------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Results have the input's sizes.
//
//===----------------------------------------------------------------------===//

#include "ShapeExpressions.h"
#include "pith/Dialect/Pith/IR/PithOps.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace pith;

#define GET_OP_CLASSES
#include "pith/Dialect/Pith/IR/NormalizationOps.cpp.inc"

static LogicalResult checkAxis(ShapeContext &context, int64_t axis, size_t rank) {
  if (axis < 0 || axis >= int64_t(rank))
    return context.emitError() << "expects 0 ≤ axis < " << rank << " (C1), found " << axis;
  return success();
}

/// A vector with one element per channel.
static LogicalResult checkChannels(ShapeContext &context, Value vector,
                                   AffineExpr channels, StringRef name,
                                   StringRef constraint) {
  SymbolicShape shape(context.dims(vector));
  if (shape.size() != 1 || failed(context.requireEqual(shape[0], channels)))
    return context.emitError() << "expects one element of " << name
                               << " per channel (" << constraint << "), that is "
                               << channels;
  return success();
}

LogicalResult BatchNormOp::inferSymbolicShapes(ShapeContext &context) {
  SymbolicShape shape(context.dims(getInput()));
  size_t axis = getLayout() == Layout::ChannelsLast ? shape.size() - 1 : 1;
  if (shape.size() <= axis)
    return context.emitError() << "expects an input of rank 2 or more, found rank "
                               << shape.size();
  for (auto [name, value] : {std::pair<StringRef, Value>{"scale", getScale()},
                             {"bias", getBias()},
                             {"mean", getMean()},
                             {"variance", getVariance()}})
    if (failed(checkChannels(context, value, shape[axis], name, "C1")))
      return failure();
  context.setDims(0, shape);
  return success();
}

/// Parameters broadcast to the input, and leave it as it is.
static LogicalResult checkParameter(ShapeContext &context, Value value,
                                    ArrayRef<AffineExpr> shape) {
  if (!value)
    return success();
  SymbolicShape own(context.dims(value));
  auto all = broadcastShapes(context, {shape, own});
  if (failed(all))
    return failure();
  bool fits = all->size() == shape.size();
  for (size_t axis = 0; fits && axis < shape.size(); ++axis)
    fits = succeeded(context.requireEqual(shape[axis], (*all)[axis]));
  if (!fits)
    return context.emitError() << "expects parameters that broadcast to the input";
  return success();
}

LogicalResult LayerNormOp::inferSymbolicShapes(ShapeContext &context) {
  SymbolicShape shape(context.dims(getInput()));
  if (failed(checkAxis(context, getAxis(), shape.size())) ||
      failed(checkParameter(context, getScale(), shape)) ||
      failed(checkParameter(context, getBias(), shape)))
    return failure();
  context.setDims(0, shape);
  return success();
}

LogicalResult RmsNormOp::inferSymbolicShapes(ShapeContext &context) {
  SymbolicShape shape(context.dims(getInput()));
  if (failed(checkAxis(context, getAxis(), shape.size())) ||
      failed(checkParameter(context, getScale(), shape)))
    return failure();
  context.setDims(0, shape);
  return success();
}

LogicalResult GroupNormOp::inferSymbolicShapes(ShapeContext &context) {
  SymbolicShape shape(context.dims(getInput()));
  if (shape.size() < 2)
    return context.emitError() << "expects an input of rank 2 or more, found rank "
                               << shape.size();
  auto channels = getConstant(shape[1]);
  int64_t groups = getGroups();
  if (groups < 1 || (channels && *channels % groups != 0))
    return context.emitError() << "expects groups to divide " << shape[1]
                               << " channels (C1), got " << groups;
  if (failed(checkChannels(context, getScale(), shape[1], "scale", "C2")) ||
      failed(checkChannels(context, getBias(), shape[1], "bias", "C2")))
    return failure();
  context.setDims(0, shape);
  return success();
}

LogicalResult LrnOp::inferSymbolicShapes(ShapeContext &context) {
  if (int64_t(getSize()) < 1)
    return context.emitError() << "expects a positive size (C1), found " << getSize();
  context.setDims(0, SymbolicShape(context.dims(getInput())));
  return success();
}
