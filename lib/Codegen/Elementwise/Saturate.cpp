//===- Saturate.cpp - Real numbers to the nearest integers ----------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Limits are the type's, as far as the real type can hold them: beyond 53 bits
// the upper one is the largest representable number below it.
//
//===----------------------------------------------------------------------===//

#include "Saturate.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace pith;

static Type withLanes(Type type, Value like) {
  if (auto vector = dyn_cast<VectorType>(like.getType()))
    return VectorType::get(vector.getShape(), type);
  return type;
}

static Value constantLike(OpBuilder &b, Location loc, Value like, double value) {
  TypedAttr scalar = b.getFloatAttr(getElementTypeOrSelf(like.getType()), value);
  if (auto vector = dyn_cast<VectorType>(like.getType()))
    scalar = DenseElementsAttr::get(vector, Attribute(scalar));
  return arith::ConstantOp::create(b, loc, scalar);
}

/// `limit` where `x` is beyond it; NaN stays.
static Value bounded(OpBuilder &b, Location loc, Value x, double limit, bool above) {
  Value bound = constantLike(b, loc, x, limit);
  auto predicate = above ? arith::CmpFPredicate::OGT : arith::CmpFPredicate::OLT;
  Value beyond = arith::CmpFOp::create(b, loc, predicate, x, bound);
  return arith::SelectOp::create(b, loc, beyond, bound, x);
}

Value pith::saturatedInteger(OpBuilder &b, Location loc, Value x, Type target,
                             unsigned range) {
  unsigned bits = target.getIntOrFloatBitWidth();
  if (range == 0)
    range = bits;
  Type real = getElementTypeOrSelf(x.getType());
  bool isUnsigned = target.isUnsignedInteger() || bits == 1;
  APInt low = isUnsigned ? APInt::getMinValue(range) : APInt::getSignedMinValue(range);
  APInt high = isUnsigned ? APInt::getMaxValue(range) : APInt::getSignedMaxValue(range);
  APFloat limit(cast<FloatType>(real).getFloatSemantics());
  limit.convertFromAPInt(high, !isUnsigned, APFloat::rmTowardZero);
  bool lost = false;
  limit.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &lost);
  x = bounded(b, loc, x, isUnsigned ? 0 : low.signedRoundToDouble(), false);
  x = bounded(b, loc, x, limit.convertToDouble(), true);
  Value nan = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNO, x, x);
  x = arith::SelectOp::create(b, loc, nan, constantLike(b, loc, x, 0), x);
  Type plain = withLanes(IntegerType::get(b.getContext(), bits), x);
  if (bits == 64)
    return isUnsigned ? arith::FPToUIOp::create(b, loc, plain, x).getResult()
                      : arith::FPToSIOp::create(b, loc, plain, x).getResult();
  Type wide = withLanes(b.getIntegerType(bits < 32 ? 32 : 64), x);
  Value code = arith::FPToSIOp::create(b, loc, wide, x);
  return wide == plain ? code : arith::TruncIOp::create(b, loc, plain, code).getResult();
}
