//===- Binary.cpp - Code of elementwise functions of several operands -----===//
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
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace pith;

Value pith::widenHalf(OpBuilder &b, Location loc, Value x) {
  Type type = getElementTypeOrSelf(x.getType());
  if (!isa<FloatType>(type) || type.getIntOrFloatBitWidth() >= 32)
    return x;
  return arith::ExtFOp::create(b, loc, Code::withLanes(b.getF32Type(), x.getType()),
                               x);
}

Value pith::narrowTo(OpBuilder &b, Location loc, Value x, Type element) {
  Type type = getElementTypeOrSelf(x.getType());
  if (!isa<FloatType>(element) || !isa<FloatType>(type) || type == element ||
      type.getIntOrFloatBitWidth() < element.getIntOrFloatBitWidth())
    return x;
  return arith::TruncFOp::create(b, loc, Code::withLanes(element, x.getType()), x);
}

template <>
Value pith::emit<AddOp>(AddOp, Code &c) {
  return c.add(c[0], c[1]);
}
template <>
Value pith::emit<SubOp>(SubOp, Code &c) {
  return c.sub(c[0], c[1]);
}
template <>
Value pith::emit<MulOp>(MulOp, Code &c) {
  return c.mul(c[0], c[1]);
}

/// A divisor that cannot trap: 1 in place of 0, and of −1 under the smallest
/// number (whose quotient wraps to itself).
static Value safeDivisor(Code &c, Value x, Value y, bool isUnsigned) {
  Value bad = c.equal(y, c.i(0));
  if (!isUnsigned) {
    unsigned width = Code::element(x.getType()).getIntOrFloatBitWidth();
    Value smallest = c.equal(x, c.i(APInt::getSignedMinValue(width).getSExtValue()));
    Value overflow = c.make<arith::AndIOp>(c.equal(y, c.i(-1)), smallest);
    bad = c.make<arith::OrIOp>(bad, overflow);
  }
  return c.select(bad, c.i(1), y);
}

template <>
Value pith::emit<DivOp>(DivOp, Code &c) {
  if (c.isFloat())
    return c.div(c[0], c[1]);
  Value y = safeDivisor(c, c[0], c[1], c.isUnsigned());
  return c.isUnsigned() ? c.make<arith::DivUIOp>(c[0], y)
                        : c.make<arith::DivSIOp>(c[0], y);
}

template <>
Value pith::emit<ModOp>(ModOp op, Code &c) {
  if (c.isFloat())
    return c.make<arith::RemFOp>(c[0], c[1]);
  Value y = safeDivisor(c, c[0], c[1], c.isUnsigned());
  if (c.isUnsigned())
    return c.make<arith::RemUIOp>(c[0], y);
  Value rest = c.make<arith::RemSIOp>(c[0], y);
  if (op.getFmod())
    return rest;
  // The sign of the divisor: a rest of the other sign moves by one divisor.
  Value differs = c.less(c.make<arith::XOrIOp>(rest, y), c.i(0));
  Value moves = c.make<arith::AndIOp>(
      differs, c.make<arith::CmpIOp>(arith::CmpIPredicate::ne, rest, c.i(0)));
  return c.select(moves, c.add(rest, y), rest);
}

/// x to a small constant power, by products and roots; null for others.
static Value constantPower(Code &c, Value x, double exponent) {
  if (exponent == 0.5)
    return c.make<math::SqrtOp>(x);
  if (exponent == -0.5)
    return c.div(c.f(1, x), c.make<math::SqrtOp>(x));
  double whole = std::fabs(exponent);
  if (whole != std::floor(whole) || whole > 16)
    return {};
  Value result = c.f(1, x), factor = x;
  bool started = false;
  for (unsigned bits = unsigned(whole); bits; bits >>= 1) {
    if (bits & 1) {
      result = started ? c.mul(result, factor) : factor;
      started = true;
    }
    if (bits > 1)
      factor = c.mul(factor, factor);
  }
  return exponent < 0 ? c.div(c.f(1, x), result) : result;
}

/// Integer power by squaring; negative exponents give 0, except for bases 1, −1.
static Value integerPower(Code &c, Value x, Value y) {
  Value result = c.i(1, x), factor = x, bits = y;
  // Beyond 6 bits of exponent only the bases 0, 1 and −1 do not wrap to a value
  // that more squarings would still change, so all bits are walked.
  unsigned width = Code::element(y.getType()).getIntOrFloatBitWidth();
  for (unsigned bit = 0; bit + 1 < width; ++bit) {
    Value odd = c.make<arith::CmpIOp>(arith::CmpIPredicate::ne,
                                      c.make<arith::AndIOp>(bits, c.i(1, y)),
                                      c.i(0, y));
    result = c.select(odd, c.mul(result, factor), result);
    factor = c.mul(factor, factor);
    bits = c.make<arith::ShRUIOp>(bits, c.i(1, y));
  }
  Value negative = c.less(y, c.i(0, y));
  Value isOne = c.equal(x, c.i(1, x)), isMinus = c.equal(x, c.i(-1, x));
  Value odd = c.make<arith::CmpIOp>(arith::CmpIPredicate::ne,
                                    c.make<arith::AndIOp>(y, c.i(1, y)), c.i(0, y));
  Value unit = c.select(isMinus, c.select(odd, c.i(-1, x), c.i(1, x)),
                        c.select(isOne, c.i(1, x), c.i(0, x)));
  return c.select(negative, unit, result);
}

template <>
Value pith::emit<PowOp>(PowOp op, Code &c) {
  Value x = c[0], y = c[1];
  bool realBase = c.isFloat(0), realExponent = c.isFloat(1);
  DenseElementsAttr attr;
  if (realBase && matchPattern(op.getRhs(), m_Constant(&attr)) && attr.isSplat()) {
    double exponent = realExponent
                          ? attr.getSplatValue<APFloat>().convertToDouble()
                          : double(attr.getSplatValue<APInt>().getSExtValue());
    if (Value direct = constantPower(c, x, exponent))
      return direct;
  }
  if (!realBase && !realExponent)
    return integerPower(c, x, y);
  Type wide = Code::withLanes(c.b.getF64Type(), x.getType());
  if (!realBase) {
    Value base = c.make<arith::SIToFPOp>(wide, x);
    Value power = y.getType() == wide ? y : c.make<arith::ExtFOp>(wide, y);
    return c.make<arith::FPToSIOp>(x.getType(), c.make<math::PowFOp>(base, power));
  }
  if (!realExponent)
    y = c.make<arith::SIToFPOp>(x.getType(), y);
  else if (Code::element(y.getType()) != Code::element(x.getType()))
    y = Code::element(y.getType()).getIntOrFloatBitWidth() <
                Code::element(x.getType()).getIntOrFloatBitWidth()
            ? c.make<arith::ExtFOp>(x.getType(), y)
            : c.make<arith::TruncFOp>(x.getType(), y);
  return c.make<math::PowFOp>(x, y);
}

template <>
Value pith::emit<MinOp>(MinOp, Code &c) {
  if (c.isFloat())
    return c.make<arith::MinimumFOp>(c[0], c[1]);
  return c.isUnsigned() ? c.make<arith::MinUIOp>(c[0], c[1])
                        : c.make<arith::MinSIOp>(c[0], c[1]);
}
template <>
Value pith::emit<MaxOp>(MaxOp, Code &c) {
  if (c.isFloat())
    return c.make<arith::MaximumFOp>(c[0], c[1]);
  return c.isUnsigned() ? c.make<arith::MaxUIOp>(c[0], c[1])
                        : c.make<arith::MaxSIOp>(c[0], c[1]);
}

#define PITH_BITS(OP, ARITH)                                                   \
  template <>                                                                  \
  Value pith::emit<OP>(OP, Code & c) {                                         \
    return c.make<arith::ARITH>(c[0], c[1]);                                   \
  }
PITH_BITS(AndOp, AndIOp)
PITH_BITS(OrOp, OrIOp)
PITH_BITS(XorOp, XOrIOp)
PITH_BITS(BitwiseAndOp, AndIOp)
PITH_BITS(BitwiseOrOp, OrIOp)
PITH_BITS(BitwiseXorOp, XOrIOp)
#undef PITH_BITS

/// Shifts by the width or more give 0 (LLVM's would be poison).
template <typename Shift>
static Value shift(Code &c) {
  unsigned width = Code::element(c[0].getType()).getIntOrFloatBitWidth();
  Value fits = c.less(c[1], c.i(width, c[1]), /*isUnsigned=*/true);
  Value amount = c.select(fits, c[1], c.i(0, c[1]));
  return c.select(fits, c.make<Shift>(c[0], amount), c.i(0));
}
template <>
Value pith::emit<ShiftLeftOp>(ShiftLeftOp, Code &c) {
  return shift<arith::ShLIOp>(c);
}
template <>
Value pith::emit<ShiftRightOp>(ShiftRightOp, Code &c) {
  return shift<arith::ShRUIOp>(c);
}

template <>
Value pith::emit<EqualOp>(EqualOp, Code &c) {
  return c.equal(c[0], c[1]);
}
template <>
Value pith::emit<LessOp>(LessOp, Code &c) {
  return c.less(c[0], c[1], c.isUnsigned());
}
template <>
Value pith::emit<GreaterOp>(GreaterOp, Code &c) {
  return c.less(c[1], c[0], c.isUnsigned());
}
template <>
Value pith::emit<LessEqualOp>(LessEqualOp, Code &c) {
  if (c.isFloat())
    return c.make<arith::CmpFOp>(arith::CmpFPredicate::OLE, c[0], c[1]);
  return c.make<arith::CmpIOp>(c.isUnsigned() ? arith::CmpIPredicate::ule
                                              : arith::CmpIPredicate::sle,
                               c[0], c[1]);
}
template <>
Value pith::emit<GreaterEqualOp>(GreaterEqualOp, Code &c) {
  if (c.isFloat())
    return c.make<arith::CmpFOp>(arith::CmpFPredicate::OGE, c[0], c[1]);
  return c.make<arith::CmpIOp>(c.isUnsigned() ? arith::CmpIPredicate::uge
                                              : arith::CmpIPredicate::sge,
                               c[0], c[1]);
}

template <>
Value pith::emit<ClipOp>(ClipOp, Code &c) {
  bool isUnsigned = !c.isFloat() && c.isUnsigned();
  Value x = c.select(c.less(c[0], c[1], isUnsigned), c[1], c[0]);
  return c.select(c.less(c[2], x, isUnsigned), c[2], x);
}
template <>
Value pith::emit<WhereOp>(WhereOp, Code &c) {
  return c.select(c[0], c[1], c[2]);
}
template <>
Value pith::emit<PreluOp>(PreluOp, Code &c) {
  Value negative = c.less(c[0], c.c(0), !c.isFloat() && c.isUnsigned());
  return c.select(negative, c.mul(c[0], c[1]), c[0]);
}

void pith::attachBinaryCode(MLIRContext *context) {
  attachElementwise<WhereOp, /*Raw=*/true>(context);
#define PITH_ATTACH(OP) attachElementwise<OP>(context);
  PITH_ATTACH(AddOp) PITH_ATTACH(SubOp) PITH_ATTACH(MulOp) PITH_ATTACH(DivOp)
  PITH_ATTACH(ModOp) PITH_ATTACH(PowOp) PITH_ATTACH(MinOp) PITH_ATTACH(MaxOp)
  PITH_ATTACH(AndOp) PITH_ATTACH(OrOp) PITH_ATTACH(XorOp) PITH_ATTACH(BitwiseAndOp)
  PITH_ATTACH(BitwiseOrOp) PITH_ATTACH(BitwiseXorOp) PITH_ATTACH(ShiftLeftOp)
  PITH_ATTACH(ShiftRightOp) PITH_ATTACH(EqualOp) PITH_ATTACH(LessOp)
  PITH_ATTACH(GreaterOp) PITH_ATTACH(LessEqualOp) PITH_ATTACH(GreaterEqualOp)
  PITH_ATTACH(ClipOp) PITH_ATTACH(PreluOp)
#undef PITH_ATTACH
}
