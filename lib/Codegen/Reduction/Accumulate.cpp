//===- Accumulate.cpp - Loops that carry accumulators ---------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Lanes are combined at the very end only; up to four independent accumulators
// hide the latency of the combining operation.
//
//===----------------------------------------------------------------------===//

#include "Accumulate.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace pith;

static Type signless(Type type) {
  if (auto integer = dyn_cast<IntegerType>(type))
    return IntegerType::get(type.getContext(), integer.getWidth());
  return type;
}

Type pith::accumulatorType(Type element) {
  if (isa<FloatType>(element) && element.getIntOrFloatBitWidth() < 32)
    return Float32Type::get(element.getContext());
  return signless(element);
}

static Type lanesOf(Type type, Value like) {
  if (auto vector = dyn_cast<VectorType>(like.getType()))
    return VectorType::get(vector.getShape(), type);
  return type;
}

Value pith::widen(OpBuilder &b, Location loc, Value x) {
  Type element = getElementTypeOrSelf(x.getType());
  Type wide = accumulatorType(element);
  if (wide == element)
    return x;
  return arith::ExtFOp::create(b, loc, lanesOf(wide, x), x);
}

Value pith::narrow(OpBuilder &b, Location loc, Value x, Type element) {
  if (getElementTypeOrSelf(x.getType()) == element || !isa<FloatType>(element))
    return x;
  return arith::TruncFOp::create(b, loc, lanesOf(element, x), x);
}

Combiner pith::sumCombiner() {
  return {[](Builder &b, Type type) { return b.getZeroAttr(type); },
          [](OpBuilder &b, Location loc, Value x, Value y) -> Value {
            if (isa<FloatType>(getElementTypeOrSelf(x.getType())))
              return arith::AddFOp::create(b, loc, x, y);
            return arith::AddIOp::create(b, loc, x, y);
          }};
}

Combiner pith::productCombiner() {
  return {[](Builder &b, Type type) { return b.getOneAttr(type); },
          [](OpBuilder &b, Location loc, Value x, Value y) -> Value {
            if (isa<FloatType>(getElementTypeOrSelf(x.getType())))
              return arith::MulFOp::create(b, loc, x, y);
            return arith::MulIOp::create(b, loc, x, y);
          }};
}

Combiner pith::extremeCombiner(bool larger, bool isUnsigned, bool keepNan) {
  auto neutral = [=](Builder &b, Type type) -> TypedAttr {
    if (isa<FloatType>(type)) {
      double infinity = std::numeric_limits<double>::infinity();
      return b.getFloatAttr(type, larger ? -infinity : infinity);
    }
    unsigned width = type.getIntOrFloatBitWidth();
    if (width == 1 || isUnsigned)
      return b.getIntegerAttr(type, larger ? APInt::getMinValue(width)
                                           : APInt::getMaxValue(width));
    return b.getIntegerAttr(type, larger ? APInt::getSignedMinValue(width)
                                         : APInt::getSignedMaxValue(width));
  };
  auto combine = [=](OpBuilder &b, Location loc, Value x, Value y) -> Value {
    Type type = getElementTypeOrSelf(x.getType());
    if (isa<FloatType>(type)) {
      if (keepNan)
        return larger ? arith::MaximumFOp::create(b, loc, x, y).getResult()
                      : arith::MinimumFOp::create(b, loc, x, y).getResult();
      auto predicate = larger ? arith::CmpFPredicate::OGT : arith::CmpFPredicate::OLT;
      Value better = arith::CmpFOp::create(b, loc, predicate, x, y);
      return arith::SelectOp::create(b, loc, better, x, y);
    }
    if (type.isInteger(1) || isUnsigned)
      return larger ? arith::MaxUIOp::create(b, loc, x, y).getResult()
                    : arith::MinUIOp::create(b, loc, x, y).getResult();
    return larger ? arith::MaxSIOp::create(b, loc, x, y).getResult()
                  : arith::MinSIOp::create(b, loc, x, y).getResult();
  };
  return {neutral, combine};
}

Value pith::neutralValue(OpBuilder &b, Location loc, const Combiner &combiner,
                         Type type, int64_t lanes) {
  TypedAttr scalar = combiner.neutral(b, type);
  if (lanes == 1)
    return arith::ConstantOp::create(b, loc, scalar);
  auto vector = VectorType::get({lanes}, type);
  return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(vector, scalar));
}

Value pith::combineLanes(OpBuilder &b, Location loc, const Combiner &combiner,
                         Value vector) {
  auto type = dyn_cast<VectorType>(vector.getType());
  if (!type)
    return vector;
  int64_t lanes = type.getNumElements();
  for (int64_t distance = lanes / 2; distance >= 1; distance /= 2) {
    SmallVector<int64_t> order;
    for (int64_t lane = 0; lane < lanes; ++lane)
      order.push_back(lane ^ distance);
    Value moved = vector::ShuffleOp::create(b, loc, vector, vector, order);
    vector = combiner.combine(b, loc, vector, moved);
  }
  return vector::ExtractOp::create(b, loc, vector, ArrayRef<int64_t>{0});
}

SmallVector<Value>
pith::carriedLoop(OpBuilder &b, Location loc, Value lo, Value hi, int64_t step,
                  ValueRange init,
                  function_ref<SmallVector<Value>(OpBuilder &, Value, ValueRange)> body) {
  Value by = arith::ConstantIndexOp::create(b, loc, step);
  auto loop = scf::ForOp::create(
      b, loc, lo, hi, by, init,
      [&](OpBuilder &inner, Location, Value i, ValueRange carried) {
        SmallVector<Value> next = body(inner, i, carried);
        scf::YieldOp::create(inner, loc, next);
      });
  return SmallVector<Value>(loop.getResults());
}

int64_t pith::lanesFor(KernelEmitter &kernel, AffineExpr extent) {
  int64_t lanes = kernel.getLanes();
  if (auto constant = getConstant(extent))
    while (lanes > *constant)
      lanes /= 2;
  return lanes < 4 ? 1 : lanes;
}

AffineExpr pith::costOf(MLIRContext *context, ArrayRef<AffineExpr> axes,
                        int64_t perVector, int64_t lanes) {
  AffineExpr elements = product(context, axes);
  if (auto constant = getConstant(elements))
    return getAffineConstantExpr(5 + *constant * perVector / (lanes * 4), context);
  return (elements * perVector).floorDiv(lanes * 4) + 5;
}

Value pith::reduceAxes(
    KernelEmitter &kernel, OpBuilder &b, ArrayRef<AffineExpr> axes,
    const Combiner &combiner, Type type,
    function_ref<Value(ElementEmitter &, ArrayRef<LaneIndex>)> element) {
  Location loc = kernel.getLoc();
  AffineExpr last = axes.back();
  int64_t lanes = lanesFor(kernel, last);
  auto extent = getConstant(last);
  int64_t unroll = 1;
  if (lanes > 1 && extent)
    unroll = *extent % (4 * lanes) == 0 ? 4 : *extent % (2 * lanes) == 0 ? 2 : 1;
  bool hasVectors = lanes > 1;
  bool hasTail = !hasVectors || !extent || *extent % lanes != 0;

  // Carried: `unroll` vectors, then one scalar.
  SmallVector<Value> init;
  if (hasVectors)
    for (int64_t u = 0; u < unroll; ++u)
      init.push_back(neutralValue(b, loc, combiner, type, lanes));
  if (hasTail)
    init.push_back(neutralValue(b, loc, combiner, type, 1));

  SmallVector<LaneIndex> index(axes.size());
  std::function<SmallVector<Value>(OpBuilder &, size_t, ValueRange)> nest =
      [&](OpBuilder &at, size_t axis, ValueRange carried) -> SmallVector<Value> {
    Value zero = kernel.constantIndex(0), end = kernel.size(axes[axis]);
    if (axis + 1 < axes.size())
      return carriedLoop(at, loc, zero, end, 1, carried,
                         [&](OpBuilder &inner, Value i, ValueRange values) {
                           index[axis] = {i, 0};
                           return nest(inner, axis + 1, values);
                         });
    SmallVector<Value> values(carried);
    Value middle = zero;
    if (hasVectors) {
      if (hasTail) {
        Value rest = arith::RemUIOp::create(at, loc, end, kernel.constantIndex(lanes));
        middle = arith::SubIOp::create(at, loc, end, rest);
      } else {
        middle = end;
      }
      auto vectors = carriedLoop(
          at, loc, zero, middle, lanes * unroll, ArrayRef(values).take_front(unroll),
          [&](OpBuilder &inner, Value i, ValueRange sums) {
            SmallVector<Value> next;
            for (int64_t u = 0; u < unroll; ++u) {
              ElementEmitter emitter(kernel, inner, lanes);
              index[axis] = {emitter.add(i, kernel.constantIndex(u * lanes)), 1};
              Value x = element(emitter, index);
              next.push_back(combiner.combine(inner, loc, sums[u], x));
            }
            return next;
          });
      llvm::copy(vectors, values.begin());
    }
    if (hasTail)
      values.back() = carriedLoop(at, loc, middle, end, 1, values.back(),
                                  [&](OpBuilder &inner, Value i, ValueRange sums) {
                                    ElementEmitter emitter(kernel, inner, 1);
                                    index[axis] = {i, 0};
                                    Value x = element(emitter, index);
                                    return SmallVector<Value>{
                                        combiner.combine(inner, loc, sums[0], x)};
                                  })
                          .front();
    return values;
  };
  SmallVector<Value> values = nest(b, 0, init);
  Value result;
  auto fold = [&](Value x) {
    result = result ? combiner.combine(b, loc, result, x) : x;
  };
  if (hasVectors) {
    Value all = values[0];
    for (int64_t u = 1; u < unroll; ++u)
      all = combiner.combine(b, loc, all, values[u]);
    fold(combineLanes(b, loc, combiner, all));
  }
  if (hasTail)
    fold(values.back());
  return result;
}

void pith::forAxes(KernelEmitter &kernel, OpBuilder &b, ArrayRef<AffineExpr> axes,
                   function_ref<void(ElementEmitter &, ArrayRef<LaneIndex>)> body) {
  Location loc = kernel.getLoc();
  int64_t lanes = lanesFor(kernel, axes.back());
  auto extent = getConstant(axes.back());
  bool hasTail = lanes == 1 || !extent || *extent % lanes != 0;
  SmallVector<LaneIndex> index(axes.size());
  std::function<void(OpBuilder &, size_t)> nest = [&](OpBuilder &at, size_t axis) {
    Value zero = kernel.constantIndex(0), end = kernel.size(axes[axis]);
    if (axis + 1 < axes.size()) {
      KernelEmitter::loop(at, loc, zero, end, 1, [&](OpBuilder &inner, Value i) {
        index[axis] = {i, 0};
        nest(inner, axis + 1);
      });
      return;
    }
    Value middle = zero;
    if (lanes > 1) {
      middle = end;
      if (hasTail) {
        Value rest = arith::RemUIOp::create(at, loc, end, kernel.constantIndex(lanes));
        middle = arith::SubIOp::create(at, loc, end, rest);
      }
      KernelEmitter::loop(at, loc, zero, middle, lanes, [&](OpBuilder &inner, Value i) {
        ElementEmitter emitter(kernel, inner, lanes);
        index[axis] = {i, 1};
        body(emitter, index);
      });
    }
    if (hasTail)
      KernelEmitter::loop(at, loc, middle, end, 1, [&](OpBuilder &inner, Value i) {
        ElementEmitter emitter(kernel, inner, 1);
        index[axis] = {i, 0};
        body(emitter, index);
      });
  };
  nest(b, 0);
}
