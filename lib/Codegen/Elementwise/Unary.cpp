//===- Unary.cpp - Code of elementwise functions of one operand -----------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each `emit` follows the formula in the op's description.
//
//===----------------------------------------------------------------------===//

#include "Code.h"
#include "Registration.h"

using namespace mlir;
using namespace pith;

// Functions that upstream's math dialect has as they are.
#define PITH_MATH(OP, MATH)                                                    \
  template <>                                                                  \
  Value pith::emit<OP>(OP, Code & c) {                                         \
    return c.make<math::MATH>(c[0]);                                           \
  }
PITH_MATH(CeilOp, CeilOp)
PITH_MATH(FloorOp, FloorOp)
PITH_MATH(RoundOp, RoundEvenOp)
PITH_MATH(SqrtOp, SqrtOp)
PITH_MATH(ExpOp, ExpOp)
PITH_MATH(LogOp, LogOp)
PITH_MATH(SinOp, SinOp)
PITH_MATH(CosOp, CosOp)
PITH_MATH(TanOp, TanOp)
PITH_MATH(AsinOp, AsinOp)
PITH_MATH(AcosOp, AcosOp)
PITH_MATH(AtanOp, AtanOp)
PITH_MATH(SinhOp, SinhOp)
PITH_MATH(CoshOp, CoshOp)
PITH_MATH(TanhOp, TanhOp)
PITH_MATH(AsinhOp, AsinhOp)
PITH_MATH(AcoshOp, AcoshOp)
PITH_MATH(AtanhOp, AtanhOp)
PITH_MATH(ErfOp, ErfOp)
#undef PITH_MATH

template <>
Value pith::emit<ReciprocalOp>(ReciprocalOp, Code &c) {
  return c.div(c.f(1), c[0]);
}
template <>
Value pith::emit<SigmoidOp>(SigmoidOp, Code &c) {
  return c.sigmoid(c[0]);
}
template <>
Value pith::emit<SoftplusOp>(SoftplusOp, Code &c) {
  return c.softplus(c[0]);
}
template <>
Value pith::emit<SoftsignOp>(SoftsignOp, Code &c) {
  return c.div(c[0], c.add(c.f(1), c.make<math::AbsFOp>(c[0])));
}
template <>
Value pith::emit<HardSwishOp>(HardSwishOp, Code &c) {
  Value gate = c.add(c.mul(c[0], c.f(1.0 / 6)), c.f(0.5));
  gate = c.larger(c.f(0), c.smaller(c.f(1), gate));
  return c.mul(c[0], gate);
}
template <>
Value pith::emit<MishOp>(MishOp, Code &c) {
  return c.mul(c[0], c.make<math::TanhOp>(c.softplus(c[0])));
}
template <>
Value pith::emit<AbsOp>(AbsOp, Code &c) {
  if (c.isFloat())
    return c.make<math::AbsFOp>(c[0]);
  if (c.isUnsigned())
    return c[0];
  return c.select(c.less(c[0], c.i(0)), c.sub(c.i(0), c[0]), c[0]);
}
template <>
Value pith::emit<NegOp>(NegOp, Code &c) {
  return c.isFloat() ? c.neg(c[0]) : c.sub(c.i(0), c[0]);
}
template <>
Value pith::emit<SignOp>(SignOp, Code &c) {
  Value zero = c.c(0), one = c.c(1);
  Value negative = c.isFloat() ? c.f(-1) : c.i(-1);
  Value sign = c.select(c.less(zero, c[0], c.isUnsigned()), one, zero);
  if (!c.isUnsigned())
    sign = c.select(c.less(c[0], zero), negative, sign);
  return c.isFloat() ? c.select(c.isNan(c[0]), c[0], sign) : sign;
}
template <>
Value pith::emit<ReluOp>(ReluOp, Code &c) {
  if (!c.isFloat() && c.isUnsigned())
    return c[0];
  return c.larger(c.c(0), c[0]);
}
template <>
Value pith::emit<NotOp>(NotOp, Code &c) {
  return c.make<arith::XOrIOp>(c[0], c.i(1));
}
template <>
Value pith::emit<BitwiseNotOp>(BitwiseNotOp, Code &c) {
  return c.make<arith::XOrIOp>(c[0], c.i(-1));
}
template <>
Value pith::emit<IsNanOp>(IsNanOp, Code &c) {
  return c.isNan(c[0]);
}
template <>
Value pith::emit<IsInfOp>(IsInfOp op, Code &c) {
  double infinity = std::numeric_limits<double>::infinity();
  Value positive = c.equal(c[0], c.f(infinity));
  Value negative = c.equal(c[0], c.f(-infinity));
  if (op.getDetectPositive() && op.getDetectNegative())
    return c.make<arith::OrIOp>(positive, negative);
  if (op.getDetectPositive())
    return positive;
  if (op.getDetectNegative())
    return negative;
  return c.make<arith::AndIOp>(positive, negative);
}
template <>
Value pith::emit<LeakyReluOp>(LeakyReluOp op, Code &c) {
  Value scaled = c.mul(c[0], c.f(op.getAlpha().convertToFloat()));
  return c.select(c.less(c[0], c.f(0)), scaled, c[0]);
}
template <>
Value pith::emit<EluOp>(EluOp op, Code &c) {
  Value below = c.mul(c.f(op.getAlpha().convertToFloat()),
                      c.make<math::ExpM1Op>(c[0]));
  return c.select(c.less(c[0], c.f(0)), below, c[0]);
}
template <>
Value pith::emit<SeluOp>(SeluOp op, Code &c) {
  double alpha = op.getAlpha().convertToFloat();
  double gamma = op.getGamma().convertToFloat();
  Value below = c.mul(c.f(alpha * gamma), c.make<math::ExpM1Op>(c[0]));
  Value above = c.mul(c.f(gamma), c[0]);
  return c.select(c.less(c.f(0), c[0]), above, below);
}
template <>
Value pith::emit<CeluOp>(CeluOp op, Code &c) {
  double alpha = op.getAlpha().convertToFloat();
  Value below = c.mul(c.f(alpha), c.make<math::ExpM1Op>(c.div(c[0], c.f(alpha))));
  return c.select(c.less(c[0], c.f(0)), below, c[0]);
}
template <>
Value pith::emit<HardSigmoidOp>(HardSigmoidOp op, Code &c) {
  Value line = c.add(c.mul(c[0], c.f(op.getAlpha().convertToFloat())),
                     c.f(op.getBeta().convertToFloat()));
  return c.larger(c.f(0), c.smaller(c.f(1), line));
}
template <>
Value pith::emit<ThresholdedReluOp>(ThresholdedReluOp op, Code &c) {
  return c.select(c.less(c.f(op.getAlpha().convertToFloat()), c[0]), c[0], c.f(0));
}
template <>
Value pith::emit<SwishOp>(SwishOp op, Code &c) {
  Value scaled = c[0];
  if (op.getAlpha().convertToFloat() != 1.0f)
    scaled = c.mul(c[0], c.f(op.getAlpha().convertToFloat()));
  return c.div(c[0], c.add(c.f(1), c.exp(c.neg(scaled))));
}
template <>
Value pith::emit<ShrinkOp>(ShrinkOp op, Code &c) {
  double bias = op.getBias().convertToFloat(), limit = op.getLambd().convertToFloat();
  Value low = c.less(c[0], c.f(-limit)), high = c.less(c.f(limit), c[0]);
  Value inner = c.select(high, c.sub(c[0], c.f(bias)), c.f(0));
  return c.select(low, c.add(c[0], c.f(bias)), inner);
}
template <>
Value pith::emit<GeluOp>(GeluOp op, Code &c) {
  Value half = c.mul(c.f(0.5), c[0]);
  Value bent;
  if (op.getApproximate()) {
    Value cube = c.mul(c.mul(c[0], c[0]), c[0]);
    Value line = c.fma(c.f(0.044715), cube, c[0]);
    bent = c.make<math::TanhOp>(c.mul(c.f(0.7978845608028654), line));
  } else {
    bent = c.make<math::ErfOp>(c.mul(c[0], c.f(0.7071067811865476)));
  }
  return c.fma(half, bent, half);
}

template <>
Value pith::emit<CastOp>(CastOp op, Code &c) {
  Type from = getElementTypeOrSelf(op.getInput().getType());
  Type to = getElementTypeOrSelf(op.getResult().getType());
  Type plain = to;
  if (auto integer = dyn_cast<IntegerType>(to))
    plain = IntegerType::get(op.getContext(), integer.getWidth());
  Value x = c[0];
  Type lanes = Code::withLanes(plain, x.getType());
  if (from == to)
    return x;
  if (to.isInteger(1)) {
    if (isa<FloatType>(from))
      return c.make<arith::CmpFOp>(arith::CmpFPredicate::UNE, x, c.f(0));
    return c.make<arith::CmpIOp>(arith::CmpIPredicate::ne, x, c.i(0));
  }
  if (isa<FloatType>(from)) {
    if (isa<FloatType>(to)) {
      if (from.getIntOrFloatBitWidth() == to.getIntOrFloatBitWidth()) {
        // f16 and bf16: through f32.
        Value wide = widenHalf(c.b, c.loc, x);
        return narrowTo(c.b, c.loc, wide, to);
      }
      return from.getIntOrFloatBitWidth() < to.getIntOrFloatBitWidth()
                 ? c.make<arith::ExtFOp>(lanes, x)
                 : c.make<arith::TruncFOp>(lanes, x);
    }
    // Through i64 for narrow types: no poison for values beyond the type.
    Type wide = Code::withLanes(
        IntegerType::get(op.getContext(), plain.getIntOrFloatBitWidth() < 32
                                              ? 32
                                              : plain.getIntOrFloatBitWidth()),
        x.getType());
    x = widenHalf(c.b, c.loc, x);
    Value whole = to.isUnsignedInteger(64) ? c.make<arith::FPToUIOp>(wide, x)
                  : to.isUnsignedInteger(32)
                      ? c.make<arith::FPToUIOp>(wide, x)
                      : c.make<arith::FPToSIOp>(wide, x);
    return wide == lanes ? whole : c.make<arith::TruncIOp>(lanes, whole);
  }
  bool fromUnsigned = from.isUnsignedInteger() || from.isInteger(1);
  if (isa<FloatType>(to)) {
    Type single = Code::withLanes(Float32Type::get(op.getContext()), x.getType());
    Type target = to.getIntOrFloatBitWidth() < 32 ? single : lanes;
    Value real = fromUnsigned ? c.make<arith::UIToFPOp>(target, x)
                              : c.make<arith::SIToFPOp>(target, x);
    return narrowTo(c.b, c.loc, real, to);
  }
  unsigned fromBits = from.getIntOrFloatBitWidth();
  unsigned toBits = to.getIntOrFloatBitWidth();
  if (fromBits == toBits)
    return x;
  if (fromBits > toBits)
    return c.make<arith::TruncIOp>(lanes, x);
  return fromUnsigned ? c.make<arith::ExtUIOp>(lanes, x)
                      : c.make<arith::ExtSIOp>(lanes, x);
}

void pith::attachUnaryCode(MLIRContext *context) {
  attachElementwise<CastOp, /*Raw=*/true>(context);
  attachElementwise<NotOp, true>(context);
  attachElementwise<BitwiseNotOp, true>(context);
#define PITH_ATTACH(OP) attachElementwise<OP>(context);
  PITH_ATTACH(CeilOp) PITH_ATTACH(FloorOp) PITH_ATTACH(RoundOp) PITH_ATTACH(SqrtOp)
  PITH_ATTACH(ReciprocalOp) PITH_ATTACH(ExpOp) PITH_ATTACH(LogOp) PITH_ATTACH(SinOp)
  PITH_ATTACH(CosOp) PITH_ATTACH(TanOp) PITH_ATTACH(AsinOp) PITH_ATTACH(AcosOp)
  PITH_ATTACH(AtanOp) PITH_ATTACH(SinhOp) PITH_ATTACH(CoshOp) PITH_ATTACH(TanhOp)
  PITH_ATTACH(AsinhOp) PITH_ATTACH(AcoshOp) PITH_ATTACH(AtanhOp) PITH_ATTACH(ErfOp)
  PITH_ATTACH(SigmoidOp) PITH_ATTACH(SoftplusOp) PITH_ATTACH(SoftsignOp)
  PITH_ATTACH(HardSwishOp) PITH_ATTACH(MishOp) PITH_ATTACH(AbsOp) PITH_ATTACH(NegOp)
  PITH_ATTACH(SignOp) PITH_ATTACH(ReluOp) PITH_ATTACH(IsNanOp) PITH_ATTACH(IsInfOp)
  PITH_ATTACH(LeakyReluOp) PITH_ATTACH(EluOp) PITH_ATTACH(SeluOp) PITH_ATTACH(CeluOp)
  PITH_ATTACH(HardSigmoidOp) PITH_ATTACH(ThresholdedReluOp) PITH_ATTACH(SwishOp)
  PITH_ATTACH(ShrinkOp) PITH_ATTACH(GeluOp)
#undef PITH_ATTACH
}
