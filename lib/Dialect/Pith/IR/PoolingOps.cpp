//===- PoolingOps.cpp - Windows and interpolation ---------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Shape rules of pooling and resize.
//
//===----------------------------------------------------------------------===//

#include "ShapeExpressions.h"
#include "pith/Dialect/Pith/IR/PithOps.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace pith;

#define GET_OP_CLASSES
#include "pith/Dialect/Pith/IR/PoolingOps.cpp.inc"

template <typename Op>
static LogicalResult inferPool(Op op, ShapeContext &context) {
  SymbolicShape input(context.dims(op.getInput()));
  size_t spatial = op.getKernel().size();
  if (input.size() < 3 || input.size() - 2 != spatial)
    return context.emitError() << "expects one kernel size per spatial axis (C1), found "
                               << spatial << " for rank " << input.size();
  for (auto [name, list] :
       {std::pair<StringRef, ArrayRef<int64_t>>{"kernel", op.getKernel()},
        {"strides", op.getStrides()},
        {"dilations", op.getDilations()},
        {"pads_low", op.getPadsLow()},
        {"pads_high", op.getPadsHigh()}}) {
    if (list.size() != spatial)
      return context.emitError() << "expects " << spatial << " " << name
                                 << " (C1), found " << list.size();
    for (int64_t v : list)
      if (v < (name.starts_with("pads") ? 0 : 1))
        return context.emitError() << "expects " << name
                                   << (name.starts_with("pads") ? " of at least 0"
                                                                : " above 0")
                                   << " (C1), found " << v;
  }
  size_t first = op.getLayout() == Layout::ChannelsLast ? 1 : 2;
  SymbolicShape result(input);
  for (size_t s = 0; s < spatial; ++s) {
    int64_t stride = op.getStrides()[s], low = op.getPadsLow()[s];
    int64_t high = op.getPadsHigh()[s];
    int64_t reach = (op.getKernel()[s] - 1) * op.getDilations()[s];
    if (low > reach || high > reach)
      return context.emitError() << "expects pads smaller than the kernel (C2), found "
                                 << std::max(low, high) << " for a reach of " << reach + 1;
    AffineExpr room = simplify(input[first + s] + low + high - reach - 1);
    AffineExpr size;
    if (auto fixed = getConstant(room)) {
      int64_t steps = *fixed < 0 ? 0
                      : (op.getCeilMode() ? (*fixed + stride - 1) / stride : *fixed / stride) + 1;
      // No window starts in the high padding.
      if (op.getCeilMode() && steps > 0 &&
          (steps - 1) * stride >= *getConstant(input[first + s]) + low)
        --steps;
      size = context.constant(steps);
    } else if (!op.getCeilMode() || stride == 1) {
      size = simplify(room.floorDiv(stride) + 1);
    } else {
      // ⌈room / stride⌉ + 1, but no more than windows starting before the end.
      AffineExpr starts = simplify((input[first + s] + low).ceilDiv(stride));
      size = context.minimum(simplify(room.ceilDiv(stride) + 1), starts);
    }
    result[first + s] = size;
  }
  context.setDims(0, result);
  return success();
}
LogicalResult MaxPoolOp::inferSymbolicShapes(ShapeContext &c) { return inferPool(*this, c); }
LogicalResult AveragePoolOp::inferSymbolicShapes(ShapeContext &c) { return inferPool(*this, c); }
LogicalResult LpPoolOp::inferSymbolicShapes(ShapeContext &context) {
  if (int64_t(getP()) < 1)
    return context.emitError() << "expects a positive p (C1), found " << getP();
  return inferPool(*this, context);
}

LogicalResult ResizeOp::inferSymbolicShapes(ShapeContext &context) {
  SymbolicShape input(context.dims(getInput()));
  auto sizes = needContents(context, getSizes(), "sizes");
  if (failed(sizes))
    return failure();
  if (sizes->size() != input.size())
    return context.emitError() << "expects " << input.size() << " sizes (C1), found "
                               << sizes->size();
  if (getScales() && getScales()->size() != input.size())
    return context.emitError() << "expects " << input.size() << " scales (C1), found "
                               << getScales()->size();
  context.setDims(0, *sizes);
  return success();
}
