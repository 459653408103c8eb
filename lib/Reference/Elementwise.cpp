//===- Elementwise.cpp - Conversion and choice of elements ----------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// pith.cast, pith.clip and pith.where.
//
//===----------------------------------------------------------------------===//

#include "Elements.h"
#include "Models.h"

#include "llvm/ADT/APFloat.h"
#include <cmath>

using namespace mlir;
using namespace pith;
using namespace pith::reference;

/// Doubles do not hold all 64-bit integers: those are rounded in one step.
static HostTensor roundIntegers(RankedTensorType type, const HostTensor &input) {
  Integers values = toIntegers(input);
  HostTensor result(type);
  const llvm::fltSemantics &semantics =
      cast<FloatType>(type.getElementType()).getFloatSemantics();
  for (auto [i, value] : llvm::enumerate(values)) {
    llvm::APFloat real(semantics);
    real.convertFromAPInt(llvm::APInt(64, uint64_t(value)), !isUnsigned(input),
                          llvm::APFloat::rmNearestTiesToEven);
    bool lossy;
    real.convert(llvm::APFloat::IEEEdouble(), llvm::APFloat::rmNearestTiesToEven, &lossy);
    result.setDouble(i, real.convertToDouble());
  }
  return result;
}

static Results convert(CastOp op, Inputs inputs, Types types) {
  const HostTensor &input = inputs[0];
  Type target = types[0].getElementType();
  if (input.getElementType() == target)
    return one(input);
  if (isReal(input))
    return one(fromReals(types[0], toReals(input)));
  if (isa<IntegerType>(target))
    return one(fromIntegers(types[0], toIntegers(input)));
  if (input.getElementType().getIntOrFloatBitWidth() > 32)
    return one(roundIntegers(types[0], input));
  Integers values = toIntegers(input);
  return one(fromReals(types[0], Reals(values.begin(), values.end())));
}

static std::array<Sizes, 3> getStridesOfThree(Inputs inputs, Shape shape) {
  return {getBroadcastStrides(inputs[0].getShape(), shape),
          getBroadcastStrides(inputs[1].getShape(), shape),
          getBroadcastStrides(inputs[2].getShape(), shape)};
}

static Results clip(ClipOp op, Inputs inputs, Types types) {
  Shape shape = types[0].getShape();
  auto strides = getStridesOfThree(inputs, shape);
  // min(max(x, low), high): the upper limit wins where they cross.
  auto limit = [](auto x, auto low, auto high) {
    auto lifted = x < low ? low : x;
    return lifted > high ? high : lifted;
  };
  if (isReal(inputs[0])) {
    Reals x = toReals(inputs[0]), low = toReals(inputs[1]), high = toReals(inputs[2]);
    Reals values(types[0].getNumElements());
    forEachOffset<3>(shape, strides, [&](int64_t i, auto &at) {
      values[i] = limit(x[at[0]], low[at[1]], high[at[2]]);
    });
    return one(fromReals(types[0], values));
  }
  Integers x = toIntegers(inputs[0]), low = toIntegers(inputs[1]),
           high = toIntegers(inputs[2]), values(types[0].getNumElements());
  forEachOffset<3>(shape, strides, [&](int64_t i, auto &at) {
    if (isUnsigned(inputs[0]))
      values[i] = limit(uint64_t(x[at[0]]), uint64_t(low[at[1]]), uint64_t(high[at[2]]));
    else
      values[i] = limit(x[at[0]], low[at[1]], high[at[2]]);
  });
  return one(fromIntegers(types[0], values));
}

static Results choose(WhereOp op, Inputs inputs, Types types) {
  for (const HostTensor &choice : inputs.drop_front())
    if (choice.getElementType() != types[0].getElementType())
      return op.emitOpError("expects choices of type ")
                 << types[0].getElementType() << ", found " << choice.getElementType(),
             failure();
  if (isReal(inputs[0]))
    return op.emitOpError("expects a boolean condition, found ") << inputs[0].getType(),
           failure();
  Integers condition = toIntegers(inputs[0]);
  HostTensor result(types[0]);
  ElementCopy left(result, inputs[1]), right(result, inputs[2]);
  Shape shape = types[0].getShape();
  forEachOffset<3>(shape, getStridesOfThree(inputs, shape), [&](int64_t i, auto &at) {
    if (condition[at[0]])
      left(i, at[1]);
    else
      right(i, at[2]);
  });
  return one(result);
}

void pith::reference::attachElementwise(MLIRContext *context) {
  attach<CastOp, convert>(context);
  attach<ClipOp, clip>(context);
  attach<WhereOp, choose>(context);
}
