//===- IndexingOps.cpp - Elements chosen by value ---------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Shape rules of look-ups, scatters and quantization of activations.
//
//===----------------------------------------------------------------------===//

#include "ShapeExpressions.h"
#include "pith/Dialect/Pith/IR/PithOps.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace pith;

#define GET_OP_CLASSES
#include "pith/Dialect/Pith/IR/IndexingOps.cpp.inc"

static LogicalResult checkAxis(ShapeContext &context, int64_t axis, int64_t rank) {
  if (axis < 0 || axis >= rank)
    return context.emitError() << "expects 0 ≤ axis < " << rank << " (C1), found " << axis;
  return success();
}

LogicalResult GatherOp::inferSymbolicShapes(ShapeContext &context) {
  SymbolicShape input(context.dims(getInput())), indices(context.dims(getIndices()));
  if (failed(checkAxis(context, getAxis(), input.size())))
    return failure();
  SymbolicShape result(ArrayRef(input).take_front(getAxis()));
  llvm::append_range(result, indices);
  llvm::append_range(result, ArrayRef(input).drop_front(getAxis() + 1));
  context.setDims(0, result);
  if (input.size() != 1 || indices.size() > 1 ||
      !isa<IntegerType>(getElementTypeOrSelf(getType())))
    return success();
  auto contents = context.contents(getInput()), where = context.contents(getIndices());
  if (!contents || !where)
    return success();
  SymbolicShape chosen;
  for (AffineExpr index : *where) {
    auto i = getConstant(index);
    if (!i)
      return success();
    int64_t position = *i < 0 ? *i + int64_t(contents->size()) : *i;
    if (position < 0 || position >= int64_t(contents->size()))
      return context.emitError() << "expects indices below " << contents->size()
                                 << ", found " << *i;
    chosen.push_back((*contents)[position]);
  }
  context.setContents(0, chosen);
  return success();
}

LogicalResult GatherElementsOp::inferSymbolicShapes(ShapeContext &context) {
  SymbolicShape input(context.dims(getInput())), indices(context.dims(getIndices()));
  if (input.size() != indices.size())
    return context.emitError() << "expects equal ranks (C1), found " << input.size()
                               << " and " << indices.size();
  if (failed(checkAxis(context, getAxis(), input.size())))
    return failure();
  context.setDims(0, indices);
  return success();
}

/// The static length of index tuples, or −1 with an error.
static int64_t tupleLength(ShapeContext &context, ArrayRef<AffineExpr> indices,
                           int64_t limit) {
  auto tuple = indices.empty() ? std::nullopt : getConstant(indices.back());
  if (!tuple || *tuple < 0 || *tuple > limit) {
    context.emitError() << "expects index tuples of a static length of at most " << limit
                        << " (C1)";
    return -1;
  }
  return *tuple;
}

LogicalResult GatherNdOp::inferSymbolicShapes(ShapeContext &context) {
  SymbolicShape input(context.dims(getInput())), indices(context.dims(getIndices()));
  int64_t batch = getBatchDims();
  if (batch < 0 || batch >= int64_t(indices.size()) || batch > int64_t(input.size()))
    return context.emitError() << "expects batch_dims from 0 to below the ranks "
                               << input.size() << " and " << indices.size()
                               << " (C1), found " << batch;
  for (int64_t axis = 0; axis < batch; ++axis)
    if (failed(context.requireEqual(input[axis], indices[axis])))
      return context.emitError() << "expects equal sizes along batch axis " << axis
                                 << " (C1), found " << input[axis] << " and "
                                 << indices[axis];
  int64_t tuple = tupleLength(context, indices, int64_t(input.size()) - batch);
  if (tuple < 0)
    return failure();
  SymbolicShape result(ArrayRef(indices).drop_back());
  llvm::append_range(result, ArrayRef(input).drop_front(batch + tuple));
  context.setDims(0, result);
  return success();
}

LogicalResult ScatterElementsOp::inferSymbolicShapes(ShapeContext &context) {
  SymbolicShape input(context.dims(getInput())), indices(context.dims(getIndices())),
      updates(context.dims(getUpdates()));
  if (input.size() != indices.size() || input.size() != updates.size())
    return context.emitError() << "expects equal ranks (C1)";
  if (failed(checkAxis(context, getAxis(), input.size())))
    return failure();
  for (auto [a, b] : llvm::zip(indices, updates))
    if (failed(context.requireEqual(a, b)))
      return context.emitError() << "expects indices and updates of equal size (C1), found "
                                 << a << " and " << b;
  context.setDims(0, input);
  return success();
}

LogicalResult ScatterNdOp::inferSymbolicShapes(ShapeContext &context) {
  SymbolicShape input(context.dims(getInput())), indices(context.dims(getIndices())),
      updates(context.dims(getUpdates()));
  int64_t tuple = tupleLength(context, indices, input.size());
  if (tuple < 0)
    return failure();
  SymbolicShape expected(ArrayRef(indices).drop_back());
  llvm::append_range(expected, ArrayRef(input).drop_front(tuple));
  if (expected.size() != updates.size())
    return context.emitError() << "expects updates of rank " << expected.size()
                               << " (C1), found " << updates.size();
  for (auto [a, b] : llvm::zip(expected, updates))
    if (failed(context.requireEqual(a, b)))
      return context.emitError() << "expects updates that fit (C1), found " << b << " for "
                                 << a;
  context.setDims(0, input);
  return success();
}

LogicalResult OneHotOp::inferSymbolicShapes(ShapeContext &context) {
  SymbolicShape shape(context.dims(getIndices()));
  int64_t axis = getAxis();
  if (axis < 0 || axis > int64_t(shape.size()))
    return context.emitError() << "expects 0 ≤ axis ≤ " << shape.size() << " (C1), found "
                               << axis;
  auto depth = needContents(context, getDepth(), "depth");
  if (failed(depth) || depth->size() != 1)
    return context.emitError() << "expects one depth (C1)";
  shape.insert(shape.begin() + axis, (*depth)[0]);
  context.setDims(0, shape);
  return success();
}

LogicalResult NonZeroOp::inferSymbolicShapes(ShapeContext &context) {
  context.setDims(0, {context.constant(context.dims(getInput()).size()),
                      context.dataDependent(0, 1)});
  return success();
}

LogicalResult QuantizeOp::inferSymbolicShapes(ShapeContext &context) {
  SymbolicShape shape(context.dims(getInput()));
  for (Value parameter : {Value(getScale()), Value(getZeroPoint())}) {
    if (!parameter)
      continue;
    AffineExpr count = product(getContext(), context.dims(parameter));
    if (getConstant(count) == 1)
      continue;
    if (int64_t(getAxis()) < 0 || int64_t(getAxis()) >= int64_t(shape.size()) ||
        failed(context.requireEqual(count, shape[getAxis()])))
      return context.emitError() << "expects 1 scale, or one per element of axis "
                                 << getAxis() << " (C1), found " << count;
  }
  int64_t width = getResult().getType().getElementTypeBitWidth(), bits = getBits();
  if (bits != 0 && (bits < 2 || bits > width))
    return context.emitError() << "expects bits of 0, or from 2 to " << width
                               << " (C2), found " << bits;
  context.setDims(0, shape);
  return success();
}

LogicalResult DynamicQuantizeOp::inferSymbolicShapes(ShapeContext &context) {
  SymbolicShape shape(context.dims(getInput()));
  int64_t group = getGroupSize();
  if (shape.empty() || group < 0)
    return context.emitError() << "expects rank 1 or more and group_size of at least 0 (C1)";
  if (int64_t(getBits()) < 2 || int64_t(getBits()) > 8)
    return context.emitError() << "expects bits from 2 to 8 (C2), found " << getBits();
  context.setDims(0, shape);
  AffineExpr last = shape.pop_back_val();
  shape.push_back(group == 0 ? context.constant(1) : simplify(last.ceilDiv(group)));
  context.setDims(1, shape);
  return success();
}
