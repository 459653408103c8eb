//===- ElementwiseBinary.cpp - Functions of two elements ------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Operands broadcast. Reals in double precision; integers of 64 bits that wrap
// around, of which results keep the low bits. What a division by zero gives is
// not specified: here it is 0.
//
//===----------------------------------------------------------------------===//

#include "Elements.h"
#include "Models.h"

#include <cmath>

using namespace mlir;
using namespace pith;
using namespace pith::reference;

/// What an integer function needs to know of its operands' type.
struct IntegerKind {
  bool isUnsigned;
  unsigned width;
};

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

static double ofReals(AddOp, double a, double b) { return a + b; }
static double ofReals(SubOp, double a, double b) { return a - b; }
static double ofReals(MulOp, double a, double b) { return a * b; }
static double ofReals(DivOp, double a, double b) { return a / b; }
static double ofReals(PreluOp, double a, double b) { return a < 0 ? a * b : a; }
static double ofReals(MinOp, double a, double b) {
  return std::isnan(a) || a < b ? a : b; // a NaN `b` is not larger
}
static double ofReals(MaxOp, double a, double b) {
  return std::isnan(a) || a > b ? a : b;
}

using Kind = IntegerKind;
static int64_t ofIntegers(AddOp, int64_t a, int64_t b, Kind) { return wrapAdd(a, b); }
static int64_t ofIntegers(SubOp, int64_t a, int64_t b, Kind) {
  return int64_t(uint64_t(a) - uint64_t(b));
}
static int64_t ofIntegers(MulOp, int64_t a, int64_t b, Kind) { return wrapMul(a, b); }
static int64_t ofIntegers(DivOp, int64_t a, int64_t b, Kind kind) {
  if (b == 0)
    return 0;
  if (kind.isUnsigned)
    return int64_t(uint64_t(a) / uint64_t(b));
  return b == -1 ? int64_t(-uint64_t(a)) : a / b;
}
static int64_t ofIntegers(PreluOp, int64_t a, int64_t b, Kind kind) {
  return kind.isUnsigned || a >= 0 ? a : wrapMul(a, b);
}
static bool isLess(int64_t a, int64_t b, Kind kind) {
  return kind.isUnsigned ? uint64_t(a) < uint64_t(b) : a < b;
}
static int64_t ofIntegers(MinOp, int64_t a, int64_t b, Kind kind) {
  return isLess(b, a, kind) ? b : a;
}
static int64_t ofIntegers(MaxOp, int64_t a, int64_t b, Kind kind) {
  return isLess(a, b, kind) ? b : a;
}

/// Remainders. With the sign of `a` as the division truncates, else of `b`.
static double ofReals(ModOp op, double a, double b) {
  double rest = std::fmod(a, b);
  return !op.getFmod() && rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}
static int64_t ofIntegers(ModOp op, int64_t a, int64_t b, Kind kind) {
  if (b == 0 || (b == -1 && !kind.isUnsigned))
    return 0;
  if (kind.isUnsigned)
    return int64_t(uint64_t(a) % uint64_t(b));
  int64_t rest = a % b;
  return !op.getFmod() && rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

//===----------------------------------------------------------------------===//
// Bits
//===----------------------------------------------------------------------===//

static int64_t ofIntegers(AndOp, int64_t a, int64_t b, Kind) { return a && b; }
static int64_t ofIntegers(OrOp, int64_t a, int64_t b, Kind) { return a || b; }
static int64_t ofIntegers(XorOp, int64_t a, int64_t b, Kind) { return !a != !b; }
static int64_t ofIntegers(BitwiseAndOp, int64_t a, int64_t b, Kind) { return a & b; }
static int64_t ofIntegers(BitwiseOrOp, int64_t a, int64_t b, Kind) { return a | b; }
static int64_t ofIntegers(BitwiseXorOp, int64_t a, int64_t b, Kind) { return a ^ b; }
static int64_t ofIntegers(ShiftLeftOp, int64_t a, int64_t b, Kind kind) {
  return uint64_t(b) < kind.width ? int64_t(uint64_t(a) << b) : 0;
}
static int64_t ofIntegers(ShiftRightOp, int64_t a, int64_t b, Kind kind) {
  if (uint64_t(b) >= kind.width)
    return 0;
  return kind.isUnsigned ? int64_t(uint64_t(a) >> b) : a >> b;
}

//===----------------------------------------------------------------------===//
// Comparisons
//===----------------------------------------------------------------------===//

#define PITH_COMPARE(OP, REAL, INTEGER)                                                  \
  static double ofReals(OP, double a, double b) { return REAL; }                         \
  static int64_t ofIntegers(OP, int64_t a, int64_t b, Kind kind) { return INTEGER; }
PITH_COMPARE(EqualOp, a == b, ((void)kind, a == b))
PITH_COMPARE(LessOp, a < b, isLess(a, b, kind))
PITH_COMPARE(LessEqualOp, a <= b, !isLess(b, a, kind))
PITH_COMPARE(GreaterOp, a > b, isLess(b, a, kind))
PITH_COMPARE(GreaterEqualOp, a >= b, !isLess(a, b, kind))
#undef PITH_COMPARE

//===----------------------------------------------------------------------===//
// Models
//===----------------------------------------------------------------------===//

/// Calls `body(i, lhs offset, rhs offset)` for every result element.
template <typename Body>
static void forEachPair(Inputs inputs, Shape shape, Body body) {
  std::array<Sizes, 2> strides{getBroadcastStrides(inputs[0].getShape(), shape),
                               getBroadcastStrides(inputs[1].getShape(), shape)};
  forEachOffset<2>(shape, strides, [&](int64_t i, auto &at) { body(i, at[0], at[1]); });
}

template <typename Op>
static Results mapReals(Op op, Inputs inputs, Types types) {
  Reals a = toReals(inputs[0]), b = toReals(inputs[1]), values(types[0].getNumElements());
  forEachPair(inputs, types[0].getShape(), [&](int64_t i, int64_t x, int64_t y) {
    values[i] = ofReals(op, a[x], b[y]);
  });
  return one(fromReals(types[0], values));
}

template <typename Op>
static Results mapIntegers(Op op, Inputs inputs, Types types) {
  if (isReal(inputs[0]) || isReal(inputs[1]))
    return op.emitOpError("expects integers, found ")
               << inputs[0].getType() << " and " << inputs[1].getType(),
           failure();
  Integers a = toIntegers(inputs[0]), b = toIntegers(inputs[1]);
  Integers values(types[0].getNumElements());
  IntegerKind kind{isUnsigned(inputs[0]),
                   inputs[0].getElementType().getIntOrFloatBitWidth()};
  forEachPair(inputs, types[0].getShape(), [&](int64_t i, int64_t x, int64_t y) {
    values[i] = ofIntegers(op, a[x], b[y], kind);
  });
  return one(fromIntegers(types[0], values));
}

template <typename Op>
static Results mapNumbers(Op op, Inputs inputs, Types types) {
  return isReal(inputs[0]) || isReal(inputs[1]) ? mapReals(op, inputs, types)
                                                : mapIntegers(op, inputs, types);
}

/// Integer powers by squaring; of negative exponents the truncated inverse.
static int64_t integerPower(int64_t base, int64_t exponent) {
  if (exponent < 0) {
    if (base == -1)
      return exponent % 2 ? -1 : 1;
    return base == 1;
  }
  int64_t result = 1;
  for (; exponent; exponent >>= 1, base = wrapMul(base, base))
    if (exponent & 1)
      result = wrapMul(result, base);
  return result;
}

/// The one function whose operands may differ in type.
static Results power(PowOp op, Inputs inputs, Types types) {
  if (isReal(inputs[0]) || isReal(inputs[1])) {
    Reals a = toReals(inputs[0]), b = toReals(inputs[1]),
          values(types[0].getNumElements());
    forEachPair(inputs, types[0].getShape(), [&](int64_t i, int64_t x, int64_t y) {
      values[i] = std::pow(a[x], b[y]);
    });
    return one(fromReals(types[0], values));
  }
  Integers a = toIntegers(inputs[0]), b = toIntegers(inputs[1]);
  Integers values(types[0].getNumElements());
  forEachPair(inputs, types[0].getShape(), [&](int64_t i, int64_t x, int64_t y) {
    values[i] = integerPower(a[x], b[y]);
  });
  return one(fromIntegers(types[0], values));
}

template <typename... Ops>
static void attachNumbers(MLIRContext *context) {
  (attach<Ops, mapNumbers<Ops>>(context), ...);
}
template <typename... Ops>
static void attachIntegers(MLIRContext *context) {
  (attach<Ops, mapIntegers<Ops>>(context), ...);
}

void pith::reference::attachElementwiseBinary(MLIRContext *context) {
  attachNumbers<AddOp, SubOp, MulOp, DivOp, PreluOp, MinOp, MaxOp, ModOp, EqualOp, LessOp,
                LessEqualOp, GreaterOp, GreaterEqualOp>(context);
  attachIntegers<AndOp, OrOp, XorOp, BitwiseAndOp, BitwiseOrOp, BitwiseXorOp, ShiftLeftOp,
                 ShiftRightOp>(context);
  attach<PowOp, power>(context);
}
