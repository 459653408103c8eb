//===- ReductionOps.cpp - Many elements to one ------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Shape rules of reductions along axes.
//
//===----------------------------------------------------------------------===//

#include "ShapeExpressions.h"
#include "pith/Dialect/Pith/IR/PithOps.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace pith;

#define GET_OP_CLASSES
#include "pith/Dialect/Pith/IR/ReductionOps.cpp.inc"

LogicalResult ReduceOp::inferSymbolicShapes(ShapeContext &context) {
  SymbolicShape input(context.dims(getInput())), result;
  int64_t last = -1;
  for (int64_t axis : getAxes()) {
    if (axis <= last || axis >= int64_t(input.size()))
      return context.emitError() << "expects sorted axes without repeats below the rank "
                                 << input.size() << " (C1), found " << axis;
    last = axis;
  }
  for (int64_t axis = 0; axis < int64_t(input.size()); ++axis) {
    if (!llvm::is_contained(getAxes(), axis))
      result.push_back(input[axis]);
    else if (getKeepDims())
      result.push_back(context.constant(1));
  }
  context.setDims(0, result);
  // Products and maxima of sizes.
  if (input.size() == 1 && getAxes().size() == 1 &&
      isa<IntegerType>(getElementTypeOrSelf(getInput().getType()))) {
    auto contents = context.contents(getInput());
    if (contents && !contents->empty()) {
      if (getKind() == ReduceKind::Prod)
        context.setContents(0, {product(getContext(), *contents)});
      AffineExpr sum = context.constant(0);
      for (AffineExpr e : *contents)
        sum = sum + e;
      if (getKind() == ReduceKind::Sum)
        context.setContents(0, {simplify(sum)});
    }
  }
  return success();
}

/// C1 of ops with one axis.
static LogicalResult checkAxis(ShapeContext &context, int64_t axis, size_t rank) {
  if (axis < 0 || axis >= int64_t(rank))
    return context.emitError() << "expects 0 ≤ axis < " << rank << " (C1), found " << axis;
  return success();
}

template <typename Op>
static LogicalResult inferArg(Op op, ShapeContext &context) {
  SymbolicShape shape(context.dims(op.getInput()));
  if (failed(checkAxis(context, op.getAxis(), shape.size())))
    return failure();
  if (op.getKeepDims())
    shape[op.getAxis()] = context.constant(1);
  else
    shape.erase(shape.begin() + op.getAxis());
  context.setDims(0, shape);
  return success();
}
LogicalResult ArgMaxOp::inferSymbolicShapes(ShapeContext &c) { return inferArg(*this, c); }
LogicalResult ArgMinOp::inferSymbolicShapes(ShapeContext &c) { return inferArg(*this, c); }

template <typename Op>
static LogicalResult inferSame(Op op, ShapeContext &context) {
  SymbolicShape shape(context.dims(op.getInput()));
  if (failed(checkAxis(context, op.getAxis(), shape.size())))
    return failure();
  context.setDims(0, shape);
  return success();
}
LogicalResult SoftmaxOp::inferSymbolicShapes(ShapeContext &c) { return inferSame(*this, c); }
LogicalResult LogSoftmaxOp::inferSymbolicShapes(ShapeContext &c) { return inferSame(*this, c); }
LogicalResult CumSumOp::inferSymbolicShapes(ShapeContext &c) { return inferSame(*this, c); }

LogicalResult TopKOp::inferSymbolicShapes(ShapeContext &context) {
  SymbolicShape shape(context.dims(getInput()));
  if (failed(checkAxis(context, getAxis(), shape.size())))
    return failure();
  auto k = context.contents(getK());
  if (!k || k->size() != 1)
    shape[getAxis()] = context.dataDependent(0, getAxis());
  else
    shape[getAxis()] = (*k)[0];
  auto extent = getConstant(context.dims(getInput())[getAxis()]);
  auto count = getConstant(shape[getAxis()]);
  if (count && (*count < 0 || (extent && *count > *extent)))
    return context.emitError() << "expects k of at most the size of the axis, found "
                               << *count;
  context.setDims(0, shape);
  context.setDims(1, shape);
  return success();
}
