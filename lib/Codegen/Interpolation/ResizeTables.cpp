//===- ResizeTables.cpp - Where an output position comes from -------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Coordinates are computed in double precision, as the definition of the op has
// them. Taps that do not count have weight 0.
//
//===----------------------------------------------------------------------===//

#include "Resize.h"

#include "../Reduction/Accumulate.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <cmath>

using namespace mlir;
using namespace pith;

namespace {
/// Double precision arithmetic.
struct Real {
  OpBuilder &b;
  Location loc;
  Value f(double value) {
    return arith::ConstantOp::create(b, loc, b.getF64FloatAttr(value));
  }
  Value fromIndex(Value index) {
    Value whole = arith::IndexCastOp::create(b, loc, b.getI64Type(), index);
    return arith::SIToFPOp::create(b, loc, b.getF64Type(), whole);
  }
  Value add(Value x, Value y) { return arith::AddFOp::create(b, loc, x, y); }
  Value sub(Value x, Value y) { return arith::SubFOp::create(b, loc, x, y); }
  Value mul(Value x, Value y) { return arith::MulFOp::create(b, loc, x, y); }
  Value div(Value x, Value y) { return arith::DivFOp::create(b, loc, x, y); }
  Value floor(Value x) { return math::FloorOp::create(b, loc, x); }
  Value is(arith::CmpFPredicate p, Value x, Value y) {
    return arith::CmpFOp::create(b, loc, p, x, y);
  }
  Value select(Value c, Value x, Value y) {
    return arith::SelectOp::create(b, loc, c, x, y);
  }
  /// The smaller one; `x` where it is NaN.
  Value min(Value x, Value y) { return select(is(arith::CmpFPredicate::OGT, x, y), y, x); }
  /// `x` as a position of an axis, at most `last`; 0 where it is NaN.
  Value position(Value x, Value last) {
    x = select(is(arith::CmpFPredicate::OGT, x, f(0)), x, f(0));
    return arith::FPToSIOp::create(b, loc, b.getI64Type(), min(x, last));
  }
};
} // namespace

ResizeTables::ResizeTables(KernelEmitter &kernel, ResizeOp op, Type real)
    : kernel(kernel), op(op), loc(kernel.getLoc()), real(real) {
  SmallVector<AffineExpr> from(kernel.dims(op.getInput())), to(kernel.dims(op.getResult()));
  for (unsigned i = 0; i < from.size(); ++i) {
    ResizedAxis axis;
    axis.number = i;
    axis.input = from[i];
    axis.output = to[i];
    if (auto scales = op.getScales())
      axis.scale = (*scales)[i];
    bool same = from[i] == to[i];
    if (same && (!axis.scale || std::fabs(*axis.scale - 1) <= 1e-9))
      continue;
    axis.taps = countTaps(axis);
    AffineExpr entries = axis.taps * axis.output;
    axis.positions = kernel.addScratch(entries * 8 + 64);
    if (op.getMode() != ResizeMode::Nearest)
      axis.weights = kernel.addScratch(entries * (real.getIntOrFloatBitWidth() / 8) + 64);
    axes.push_back(axis);
  }
}

AffineExpr ResizeTables::countTaps(const ResizedAxis &axis) {
  MLIRContext *context = op.getContext();
  if (op.getMode() == ResizeMode::Nearest)
    return getAffineConstantExpr(1, context);
  int64_t full = op.getMode() == ResizeMode::Cubic ? 4 : 2;
  if (!op.getAntialias())
    return getAffineConstantExpr(full, context);
  std::optional<double> scale = axis.scale;
  auto in = getConstant(axis.input), out = getConstant(axis.output);
  if (!scale && in && out && *in > 0 && *out > 0)
    scale = double(*out) / double(*in);
  if (scale && *scale > 0)
    return getAffineConstantExpr(
        int64_t(std::ceil(double(full) / std::min(*scale, 1.0))), context);
  return (axis.input * full).ceilDiv(axis.output) + full;
}

Value ResizeTables::coordinate(OpBuilder &b, const ResizedAxis &axis, Value x, Value scale) {
  Real r{b, loc};
  Value input = r.fromIndex(kernel.size(axis.input));
  Value output = r.fromIndex(kernel.size(axis.output));
  Value length = axis.scale ? r.mul(scale, input) : output;
  auto centred = [&] { return r.div(r.add(x, r.f(0.5)), scale); };
  Value isOne = r.is(arith::CmpFPredicate::OEQ, length, r.f(1));
  switch (op.getCoordinateMode()) {
  case CoordinateMode::HalfPixel:
    return r.sub(centred(), r.f(0.5));
  case CoordinateMode::PytorchHalfPixel:
    return r.select(isOne, r.f(-0.5), r.sub(centred(), r.f(0.5)));
  case CoordinateMode::AlignCorners: {
    Value last = r.sub(input, r.f(1)), end = r.sub(length, r.f(1));
    return r.select(isOne, r.f(0), r.div(r.mul(x, last), end));
  }
  case CoordinateMode::Asymmetric:
    return r.div(x, scale);
  case CoordinateMode::HalfPixelSymmetric: {
    Value centre = r.div(input, r.f(2));
    Value offset = r.mul(centre, r.sub(r.f(1), r.div(output, length)));
    return r.sub(r.add(offset, centred()), r.f(0.5));
  }
  case CoordinateMode::TfHalfPixelForNn:
    return centred();
  }
  return x;
}

Value ResizeTables::nearest(OpBuilder &b, Value x) {
  Real r{b, loc};
  Value below = r.floor(x), part = r.sub(x, below);
  Value up;
  switch (op.getNearestMode()) {
  case NearestMode::RoundPreferFloor:
    up = r.is(arith::CmpFPredicate::OGT, part, r.f(0.5));
    break;
  case NearestMode::RoundPreferCeil:
    up = r.is(arith::CmpFPredicate::OGE, part, r.f(0.5));
    break;
  case NearestMode::Floor:
    return below;
  case NearestMode::Ceil:
    up = r.is(arith::CmpFPredicate::OGT, part, r.f(0));
    break;
  }
  return r.select(up, r.add(below, r.f(1)), below);
}

/// A triangle, or a cubic with parameter `cubic_coeff`.
Value ResizeTables::filter(OpBuilder &b, Value distance) {
  Real r{b, loc};
  Value x = math::AbsFOp::create(b, loc, distance);
  if (op.getMode() == ResizeMode::Linear) {
    Value rest = r.sub(r.f(1), x);
    return r.select(r.is(arith::CmpFPredicate::OGT, rest, r.f(0)), rest, r.f(0));
  }
  double a = op.getCubicCoeff().convertToDouble();
  Value near = r.sub(r.mul(r.f(a + 2), x), r.f(a + 3));
  near = r.add(r.mul(r.mul(near, x), x), r.f(1));
  Value far = r.add(r.mul(r.sub(r.mul(r.f(a), x), r.f(5 * a)), x), r.f(8 * a));
  far = r.sub(r.mul(far, x), r.f(4 * a));
  Value outside = r.select(r.is(arith::CmpFPredicate::OLT, x, r.f(2)), far, r.f(0));
  return r.select(r.is(arith::CmpFPredicate::OLE, x, r.f(1)), near, outside);
}

void ResizeTables::emitEntry(OpBuilder &b, const ResizedAxis &axis, Value position) {
  Real r{b, loc};
  Value input = r.fromIndex(kernel.size(axis.input));
  Value last = r.sub(input, r.f(1));
  Value scale = axis.scale
                    ? r.f(*axis.scale)
                    : r.div(r.fromIndex(kernel.size(axis.output)), input);
  Value x = coordinate(b, axis, r.fromIndex(position), scale);
  KernelBuffer positions = kernel.scratch(axis.positions, b.getI64Type());
  if (op.getMode() == ResizeMode::Nearest) {
    ElementEmitter e(kernel, b, 1);
    e.store(positions, {position, 0}, r.position(nearest(b, x), last));
    return;
  }
  KernelBuffer weights = kernel.scratch(axis.weights, real);
  double full = op.getMode() == ResizeMode::Cubic ? 2 : 1;
  Value squeeze = op.getAntialias() ? r.min(scale, r.f(1)) : r.f(1);
  Value reach = r.div(r.f(full), squeeze);
  Value first = r.add(r.floor(r.sub(x, reach)), r.f(1));
  Value count = kernel.size(axis.taps);
  Value output = kernel.size(axis.output);
  auto weightOf = [&](OpBuilder &in, Value tap) {
    Real at{in, loc};
    Value i = at.add(first, at.fromIndex(tap));
    Value weight = filter(in, at.mul(at.sub(i, x), squeeze));
    Value beyond = at.is(arith::CmpFPredicate::OGE, i, at.add(x, reach));
    if (op.getExcludeOutside()) {
      Value low = at.is(arith::CmpFPredicate::OLT, i, at.f(0));
      Value high = at.is(arith::CmpFPredicate::OGT, i, last);
      beyond = arith::OrIOp::create(in, loc, beyond,
                                    arith::OrIOp::create(in, loc, low, high));
    }
    return std::make_pair(i, at.select(beyond, at.f(0), weight));
  };
  Value sum = carriedLoop(b, loc, kernel.constantIndex(0), count, 1, r.f(0),
                          [&](OpBuilder &in, Value tap, ValueRange total) {
                            Real at{in, loc};
                            return SmallVector<Value>{
                                at.add(total[0], weightOf(in, tap).second)};
                          })
                  .front();
  Value factor = r.f(1);
  if (op.getAntialias() || op.getExcludeOutside()) {
    Value none = r.is(arith::CmpFPredicate::OEQ, sum, r.f(0));
    factor = r.select(none, r.f(1), sum);
  }
  KernelEmitter::loop(b, loc, kernel.constantIndex(0), count, 1, [&](OpBuilder &in, Value tap) {
    Real at{in, loc};
    ElementEmitter e(kernel, in, 1);
    auto [i, weight] = weightOf(in, tap);
    Value entry = e.add(e.mul(tap, output), position);
    weight = at.div(weight, factor);
    if (!real.isF64())
      weight = arith::TruncFOp::create(in, loc, real, weight);
    e.store(positions, {entry, 0}, at.position(i, last));
    e.store(weights, {entry, 0}, weight);
  });
}

LogicalResult ResizeTables::emit() {
  for (const ResizedAxis &axis : axes) {
    AffineExpr cost = axis.taps * 20 + 20;
    LogicalResult made = kernel.addTask(
        axis.output, cost, [&](OpBuilder &builder, Value lo, Value hi) {
          KernelEmitter::loop(
              builder, loc, lo, hi, 1,
              [&](OpBuilder &b, Value position) { emitEntry(b, axis, position); });
          return success();
        });
    if (failed(made))
      return failure();
  }
  return success();
}
