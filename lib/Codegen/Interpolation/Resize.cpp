//===- Resize.cpp - Kernel of pith.resize ---------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Lanes run along the last axis. Where it keeps its size, vectors of the input are
// weighted and added. Where it changes, the lines in front are added up into one
// line on the stack first, from which elements are then gathered; a line that is
// too long, or of unknown length, is gathered from directly.
//
//===----------------------------------------------------------------------===//

#include "Resize.h"

#include "../Elementwise/Saturate.h"
#include "../Reduction/Accumulate.h"
#include "pith/Codegen/CPU/Contraction/RegisterTile.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace pith;

/// Elements of a line on the stack.
static constexpr int64_t kLine = 16384;

namespace {

class ResizeKernel {
public:
  ResizeKernel(KernelEmitter &kernel, ResizeOp op)
      : kernel(kernel), op(op), loc(kernel.getLoc()),
        element(cast<RankedTensorType>(op.getInput().getType()).getElementType()),
        real(realType()), input(kernel.dims(op.getInput())),
        result(kernel.dims(op.getResult())), tables(kernel, op, real) {}
  LogicalResult emit();

private:
  Type realType() const;
  Value toReal(ElementEmitter &e, Value x);
  Value fromReal(ElementEmitter &e, Value x);
  bool isNearest() { return op.getMode() == ResizeMode::Nearest; }
  const ResizedAxis *lastAxis() const {
    ArrayRef<ResizedAxis> axes = tables.getAxes();
    return !axes.empty() && axes.back().number + 1 == result.size() ? &axes.back()
                                                                    : nullptr;
  }
  Value tablePosition(ElementEmitter &e, const ResizedAxis &axis, Value tap, Value at);
  /// Adds up `body(position, weight)` over the taps of all resized axes in front of
  /// the last; `position` is that of the input, `weight` null if it is 1.
  Value overTaps(OpBuilder &b, ArrayRef<Value> outer, Value sum,
                 function_ref<Value(OpBuilder &, ArrayRef<Value>, Value, Value)> body);
  Value elementAt(ElementEmitter &e, ArrayRef<Value> front, Value index, bool isAlong);
  void emitKept(OpBuilder &b, ArrayRef<Value> outer);
  void emitNearest(OpBuilder &b, ArrayRef<Value> outer);
  void emitInterpolated(OpBuilder &b, ArrayRef<Value> outer, Value line);
  void fillLine(OpBuilder &b, ArrayRef<Value> outer, Value line);
  void storeAt(ElementEmitter &e, ArrayRef<Value> outer, Value at, Value x);
  /// Runs `body` along an axis of `extent`, with vectors and what is left.
  void along(OpBuilder &b, AffineExpr extent, int64_t lanes,
             function_ref<void(ElementEmitter &, Value)> body);

  KernelEmitter &kernel;
  ResizeOp op;
  Location loc;
  Type element, real;
  SmallVector<AffineExpr> input, result;
  ResizeTables tables;
  bool good = true;
};

} // namespace

Type ResizeKernel::realType() const {
  // Integers are rounded once, so halves must come out as halves.
  bool isWide = element.isF64() || isa<IntegerType>(element);
  return isWide ? Type(Float64Type::get(kernel.getContext()))
                : Type(Float32Type::get(kernel.getContext()));
}

Value ResizeKernel::toReal(ElementEmitter &e, Value x) {
  OpBuilder &b = e.getBuilder();
  Type type = e.laneType(real), own = getElementTypeOrSelf(x.getType());
  if (own == real)
    return x;
  if (isa<FloatType>(own))
    return arith::ExtFOp::create(b, loc, type, x);
  if (element.isUnsignedInteger() || own.isInteger(1))
    return arith::UIToFPOp::create(b, loc, type, x);
  return arith::SIToFPOp::create(b, loc, type, x);
}

Value ResizeKernel::fromReal(ElementEmitter &e, Value x) {
  OpBuilder &b = e.getBuilder();
  if (isa<FloatType>(element))
    return narrow(b, loc, x, element);
  return saturatedInteger(b, loc, math::RoundEvenOp::create(b, loc, x), element);
}

void ResizeKernel::along(OpBuilder &b, AffineExpr extent, int64_t lanes,
                         function_ref<void(ElementEmitter &, Value)> body) {
  Value zero = kernel.constantIndex(0), end = kernel.size(extent), middle = zero;
  auto piece = [&](Value from, Value to, int64_t width) {
    KernelEmitter::loop(b, loc, from, to, width, [&](OpBuilder &in, Value at) {
      ElementEmitter e(kernel, in, width);
      body(e, at);
    });
  };
  if (lanes > 1) {
    TileCode code(b, loc);
    middle = code.sub(end, code.rem(end, lanes));
    piece(zero, middle, lanes);
  }
  auto fixed = getConstant(extent);
  if (lanes == 1 || !fixed || *fixed % lanes)
    piece(middle, end, 1);
}

Value ResizeKernel::tablePosition(ElementEmitter &e, const ResizedAxis &axis, Value tap,
                                  Value at) {
  OpBuilder &b = e.getBuilder();
  KernelBuffer table = kernel.scratch(axis.positions, b.getI64Type());
  Value entry = e.add(e.mul(tap, kernel.size(axis.output)), at);
  Value x = e.load(table, {entry, e.lanes() > 1 ? 1 : 0});
  return arith::IndexCastOp::create(b, loc, e.laneType(b.getIndexType()), x);
}

Value ResizeKernel::overTaps(
    OpBuilder &b, ArrayRef<Value> outer, Value init,
    function_ref<Value(OpBuilder &, ArrayRef<Value>, Value, Value)> body) {
  SmallVector<Value> position(outer);
  ArrayRef<ResizedAxis> axes = tables.getAxes();
  if (lastAxis())
    axes = axes.drop_back();
  std::function<Value(OpBuilder &, size_t, Value, Value)> nest =
      [&](OpBuilder &at, size_t number, Value weight, Value sum) -> Value {
    if (number == axes.size())
      return body(at, position, weight, sum);
    const ResizedAxis &axis = axes[number];
    auto step = [&](OpBuilder &in, Value tap, Value state) {
      ElementEmitter e(kernel, in, 1);
      position[axis.number] = tablePosition(e, axis, tap, outer[axis.number]);
      Value own = weight;
      if (axis.weights >= 0) {
        Value entry =
            e.add(e.mul(tap, kernel.size(axis.output)), outer[axis.number]);
        own = e.load(kernel.scratch(axis.weights, real), {entry, 0});
        if (weight)
          own = arith::MulFOp::create(in, loc, weight, own);
      }
      return nest(in, number + 1, own, state);
    };
    auto taps = getConstant(axis.taps);
    if (taps && *taps <= 4) {
      for (int64_t tap = 0; tap < *taps; ++tap)
        sum = step(at, kernel.constantIndex(tap), sum);
      return sum;
    }
    return carriedLoop(at, loc, kernel.constantIndex(0), kernel.size(axis.taps), 1, sum,
                       [&](OpBuilder &in, Value tap, ValueRange state) {
                         return SmallVector<Value>{step(in, tap, state[0])};
                       })
        .front();
  };
  return nest(b, 0, {}, init);
}

/// The element(s) of the input at `front` and `index`, which is where lane 0 is
/// (lanes then run along), or has one index per lane.
Value ResizeKernel::elementAt(ElementEmitter &e, ArrayRef<Value> front, Value index,
                              bool isAlong) {
  SmallVector<LaneIndex> position;
  for (Value i : front)
    position.push_back({i, 0});
  if (e.lanes() == 1 || isAlong) {
    position.push_back({index, e.lanes() > 1 ? 1 : 0});
    Value x = e.at(op.getInput(), position);
    good &= bool(x);
    return x ? e.splat(x)
             : arith::ConstantOp::create(
                   e.getBuilder(), loc,
                   cast<TypedAttr>(e.getBuilder().getZeroAttr(e.laneType(element))));
  }
  position.push_back({kernel.constantIndex(0), 0});
  auto base = kernel.linearize(e, input, position);
  Value offsets =
      arith::AddIOp::create(e.getBuilder(), loc, e.splat(base->base), index);
  unsigned number = cast<BlockArgument>(op.getInput()).getArgNumber();
  return e.loadLanes(kernel.argument(number), offsets);
}

void ResizeKernel::storeAt(ElementEmitter &e, ArrayRef<Value> outer, Value at, Value x) {
  SmallVector<LaneIndex> position;
  for (Value i : outer)
    position.push_back({i, 0});
  position.push_back({at, e.lanes() > 1 ? 1 : 0});
  kernel.store(e, position, x);
}

static Value addWeighted(ElementEmitter &e, Value sum, Value x, Value weight) {
  OpBuilder &b = e.getBuilder();
  if (weight)
    x = arith::MulFOp::create(b, e.getLoc(), x, e.splat(weight));
  return sum ? arith::AddFOp::create(b, e.getLoc(), sum, x).getResult() : x;
}

static Value zeroLanes(ElementEmitter &e, Type real) {
  return arith::ConstantOp::create(
      e.getBuilder(), e.getLoc(),
      cast<TypedAttr>(e.getBuilder().getZeroAttr(e.laneType(real))));
}

/// The last axis keeps its size.
void ResizeKernel::emitKept(OpBuilder &b, ArrayRef<Value> outer) {
  along(b, result.back(), lanesFor(kernel, result.back()), [&](ElementEmitter &e, Value at) {
    if (isNearest()) {
      Value x;
      overTaps(e.getBuilder(), outer, {},
               [&](OpBuilder &, ArrayRef<Value> front, Value, Value) {
                 return x = elementAt(e, front, at, true);
               });
      return storeAt(e, outer, at, x);
    }
    Value sum = overTaps(
        e.getBuilder(), outer, zeroLanes(e, real),
        [&](OpBuilder &in, ArrayRef<Value> front, Value weight, Value total) {
          ElementEmitter inner(kernel, in, e.lanes());
          Value x = toReal(inner, elementAt(inner, front, at, true));
          return addWeighted(inner, total, x, weight);
        });
    storeAt(e, outer, at, fromReal(e, sum));
  });
}

void ResizeKernel::emitNearest(OpBuilder &b, ArrayRef<Value> outer) {
  int64_t lanes = isa<BlockArgument>(op.getInput()) ? lanesFor(kernel, result.back()) : 1;
  SmallVector<Value> front;
  overTaps(b, outer, {}, [&](OpBuilder &, ArrayRef<Value> position, Value, Value) {
    front.assign(position.begin(), position.end());
    return Value();
  });
  along(b, result.back(), lanes, [&](ElementEmitter &e, Value at) {
    Value index = tablePosition(e, *lastAxis(), kernel.constantIndex(0), at);
    storeAt(e, outer, at, elementAt(e, front, index, false));
  });
}

void ResizeKernel::fillLine(OpBuilder &b, ArrayRef<Value> outer, Value line) {
  along(b, input.back(), lanesFor(kernel, input.back()), [&](ElementEmitter &e, Value at) {
    Value sum = overTaps(
        e.getBuilder(), outer, zeroLanes(e, real),
        [&](OpBuilder &in, ArrayRef<Value> front, Value weight, Value total) {
          ElementEmitter inner(kernel, in, e.lanes());
          Value x = toReal(inner, elementAt(inner, front, at, true));
          return addWeighted(inner, total, x, weight);
        });
    e.store({line, real}, {at, e.lanes() > 1 ? 1 : 0}, sum);
  });
}

/// The last axis is resized; `line` is null if there is none on the stack.
void ResizeKernel::emitInterpolated(OpBuilder &b, ArrayRef<Value> outer, Value line) {
  const ResizedAxis &axis = *lastAxis();
  bool gathers = line || isa<BlockArgument>(op.getInput());
  int64_t lanes = gathers ? lanesFor(kernel, result.back()) : 1;
  along(b, result.back(), lanes, [&](ElementEmitter &e, Value at) {
    int64_t width = e.lanes();
    auto tap = [&](OpBuilder &in, Value number, Value sum) {
      ElementEmitter own(kernel, in, width);
      Value index = tablePosition(own, axis, number, at);
      Value entry = own.add(own.mul(number, kernel.size(axis.output)), at);
      Value weight =
          own.load(kernel.scratch(axis.weights, real), {entry, width > 1 ? 1 : 0});
      if (line)
        return addWeighted(own, sum, own.loadLanes({line, real}, index), weight);
      return overTaps(in, outer, sum,
                      [&](OpBuilder &at, ArrayRef<Value> front, Value factor, Value total) {
                        ElementEmitter inner(kernel, at, width);
                        Value x = toReal(inner, elementAt(inner, front, index, false));
                        x = addWeighted(inner, {}, x, factor);
                        return addWeighted(inner, total, x, weight);
                      });
    };
    Value sum = zeroLanes(e, real);
    auto taps = getConstant(axis.taps);
    if (taps && *taps <= 4)
      for (int64_t number = 0; number < *taps; ++number)
        sum = tap(e.getBuilder(), kernel.constantIndex(number), sum);
    else
      sum = carriedLoop(e.getBuilder(), loc, kernel.constantIndex(0),
                        kernel.size(axis.taps), 1, sum,
                        [&](OpBuilder &in, Value number, ValueRange state) {
                          return SmallVector<Value>{tap(in, number, state[0])};
                        })
                .front();
    storeAt(e, outer, at, fromReal(e, sum));
  });
}

LogicalResult ResizeKernel::emit() {
  if (failed(tables.emit()))
    return failure();
  MLIRContext *context = op.getContext();
  if (result.empty())
    return op.emitError("expected a tensor to resize, found a scalar");
  SmallVector<AffineExpr> space(ArrayRef(result).drop_back());
  int64_t work = isNearest() ? 2 : 4;
  for (const ResizedAxis &axis : tables.getAxes())
    work *= getConstant(axis.taps).value_or(4);
  AffineExpr cost = result.back() * work + 10;
  auto width = getConstant(input.back());
  bool hasLine = lastAxis() && !isNearest() && width && *width <= kLine;
  LogicalResult made = kernel.addTask(
      product(context, space), cost.floorDiv(lastAxis() ? 2 : 8) + 5,
      [&](OpBuilder &builder, Value lo, Value hi) {
        Value line = hasLine ? makeStackBuffer(builder, loc, *width, real) : Value();
        KernelEmitter::loop(builder, loc, lo, hi, 1, [&](OpBuilder &b, Value job) {
          SmallVector<Value> outer = kernel.delinearize(b, job, space);
          if (!lastAxis())
            return emitKept(b, outer);
          if (isNearest())
            return emitNearest(b, outer);
          if (line)
            fillLine(b, outer, line);
          emitInterpolated(b, outer, line);
        });
        return success();
      });
  if (succeeded(made) && !good)
    return op.emitError("operand of a resize cannot be computed element by element");
  return made;
}

namespace {
struct ResizeModel : KernelOpInterface::ExternalModel<ResizeModel, ResizeOp> {
  KernelRole getKernelRole(Operation *) const { return KernelRole::Root; }
  bool acceptsEpilogue(Operation *) const { return true; }
  LogicalResult emitKernel(Operation *op, KernelEmitter &kernel) const {
    return ResizeKernel(kernel, cast<ResizeOp>(op)).emit();
  }
};
} // namespace

void pith::attachResizeModel(MLIRContext *context) {
  ResizeOp::attachInterface<ResizeModel>(*context);
}
