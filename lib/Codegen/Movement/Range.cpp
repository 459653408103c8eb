//===- Range.cpp - Kernel of ranges of unknown length ---------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A first task finds out how many elements there are, for where host code does not
// know; a second one writes them.
//
//===----------------------------------------------------------------------===//

#include "Range.h"

#include "pith/Codegen/CPU/Contraction/RegisterTile.h"
#include "pith/Codegen/CPU/KernelEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace pith;

static constexpr int64_t kPiece = 4096;

/// A scalar operand; null if it cannot be computed.
static Value scalar(ElementEmitter &e, Value tensor) {
  SmallVector<LaneIndex> where(cast<RankedTensorType>(tensor.getType()).getRank(),
                               {e.constantIndex(0), 0});
  return e.at(tensor, where);
}

/// `max(0, ⌈(limit − start) / delta⌉)` as i64.
static Value countElements(RangeOp op, KernelEmitter &kernel, OpBuilder &b) {
  Location loc = kernel.getLoc();
  ElementEmitter e(kernel, b, 1);
  Value start = scalar(e, op.getStart()), limit = scalar(e, op.getLimit());
  Value delta = scalar(e, op.getDelta());
  if (!start || !limit || !delta)
    return {};
  Type element = cast<RankedTensorType>(op.getStart().getType()).getElementType();
  Type i64 = b.getI64Type(), f64 = b.getF64Type();
  Value zero = arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(0));
  Value count, isZero;
  if (isa<FloatType>(element)) {
    auto wide = [&](Value x) -> Value {
      return element.isF64() ? x : arith::ExtFOp::create(b, loc, f64, x).getResult();
    };
    Value by = wide(delta);
    Value length = arith::SubFOp::create(b, loc, wide(limit), wide(start));
    Value real = math::CeilOp::create(b, loc, arith::DivFOp::create(b, loc, length, by));
    count = arith::FPToSIOp::create(b, loc, i64, real);
    isZero = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, by,
                                   arith::ConstantOp::create(b, loc, b.getF64FloatAttr(0)));
  } else {
    auto wide = [&](Value x) -> Value {
      if (element.getIntOrFloatBitWidth() == 64)
        return x;
      return element.isUnsignedInteger()
                 ? arith::ExtUIOp::create(b, loc, i64, x).getResult()
                 : arith::ExtSIOp::create(b, loc, i64, x).getResult();
    };
    Value by = wide(delta);
    Value length = arith::SubIOp::create(b, loc, wide(limit), wide(start));
    isZero = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, by, zero);
    Value one = arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(1));
    by = arith::SelectOp::create(b, loc, isZero, one, by);
    count = arith::CeilDivSIOp::create(b, loc, length, by);
  }
  scf::IfOp::create(b, loc, isZero, [&](OpBuilder &in, Location) {
    kernel.trap(in, "range with a delta of 0", kernel.constantIndex(0));
    scf::YieldOp::create(in, loc);
  });
  count = arith::MaxSIOp::create(b, loc, count, zero);
  return arith::SelectOp::create(b, loc, isZero, zero, count);
}

LogicalResult pith::emitRange(RangeOp op, KernelEmitter &kernel) {
  MLIRContext *context = op.getContext();
  Location loc = kernel.getLoc();
  AffineExpr one = getAffineConstantExpr(1, context);
  int64_t found = kernel.addScratch(getAffineConstantExpr(64, context));
  bool good = true;
  LogicalResult counted =
      kernel.addTask(one, one, [&](OpBuilder &builder, Value lo, Value hi) {
        KernelBuffer shape = kernel.scratch(found, builder.getI64Type());
        KernelEmitter::loop(builder, loc, lo, hi, 1, [&](OpBuilder &b, Value) {
          Value count = countElements(op, kernel, b);
          good &= bool(count);
          if (!count)
            return;
          ElementEmitter e(kernel, b, 1);
          e.store(shape, {kernel.constantIndex(0), 0}, count);
        });
        return success();
      });
  if (failed(counted))
    return failure();
  kernel.getPlan().sizeScratch[0] = found;
  kernel.getPlan().sizeTasks = 1;

  AffineExpr size = kernel.dims(op.getResult())[0];
  int64_t lanes = kernel.getLanes();
  LogicalResult made = kernel.addTask(
      size.ceilDiv(kPiece), getAffineConstantExpr(kPiece / lanes, context),
      [&](OpBuilder &builder, Value lo, Value hi) {
        KernelEmitter::loop(builder, loc, lo, hi, 1, [&](OpBuilder &b, Value job) {
          TileCode code(b, loc);
          Value start = code.mul(job, kPiece);
          Value end = code.min(code.add(start, kPiece), kernel.size(size));
          auto part = [&](Value first, Value last, int64_t width) {
            KernelEmitter::loop(b, loc, first, last, width, [&](OpBuilder &in, Value i) {
              ElementEmitter e(kernel, in, width);
              LaneIndex at{i, width > 1 ? 1 : 0};
              Value x = cast<KernelOpInterface>(op.getOperation()).emitAt(e, 0, {at});
              good &= bool(x);
              if (x)
                kernel.store(e, {at}, x);
            });
          };
          Value middle = start;
          if (lanes > 1) {
            middle = code.sub(end, code.rem(code.sub(end, start), lanes));
            part(start, middle, lanes);
          }
          part(middle, end, 1);
        });
        return success();
      });
  if (succeeded(made) && !good)
    return op.emitError("operand cannot be computed element by element");
  return made;
}
