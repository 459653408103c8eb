//===- ElementwiseUnary.cpp - Functions of one element --------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Functions of reals in double precision, those that integers have too on
// integers as well.
//
//===----------------------------------------------------------------------===//

#include "Elements.h"
#include "Models.h"

#include <cmath>

using namespace mlir;
using namespace pith;
using namespace pith::reference;

static double toDouble(const llvm::APFloat &value) { return value.convertToFloat(); }

/// ln(1 + eˣ) without overflow.
static double softplus(double x) {
  return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
}

//===----------------------------------------------------------------------===//
// Functions of reals
//===----------------------------------------------------------------------===//

/// `functionOf(op)` is the op's function of a real, attributes read once.
#define PITH_REAL(OP, ...)                                                               \
  static auto functionOf(OP) {                                                           \
    return [](double x) -> double { return __VA_ARGS__; };                               \
  }
PITH_REAL(CeilOp, std::ceil(x))
PITH_REAL(FloorOp, std::floor(x))
PITH_REAL(RoundOp, std::nearbyint(x))
PITH_REAL(SqrtOp, std::sqrt(x))
PITH_REAL(ReciprocalOp, 1 / x)
PITH_REAL(ExpOp, std::exp(x))
PITH_REAL(LogOp, std::log(x))
PITH_REAL(SinOp, std::sin(x))
PITH_REAL(CosOp, std::cos(x))
PITH_REAL(TanOp, std::tan(x))
PITH_REAL(AsinOp, std::asin(x))
PITH_REAL(AcosOp, std::acos(x))
PITH_REAL(AtanOp, std::atan(x))
PITH_REAL(SinhOp, std::sinh(x))
PITH_REAL(CoshOp, std::cosh(x))
PITH_REAL(TanhOp, std::tanh(x))
PITH_REAL(AsinhOp, std::asinh(x))
PITH_REAL(AcoshOp, std::acosh(x))
PITH_REAL(AtanhOp, std::atanh(x))
PITH_REAL(ErfOp, std::erf(x))
PITH_REAL(SigmoidOp, 1 / (1 + std::exp(-x)))
PITH_REAL(SoftplusOp, softplus(x))
PITH_REAL(SoftsignOp, x / (1 + std::abs(x)))
PITH_REAL(HardSwishOp, x *std::max(0.0, std::min(1.0, x / 6 + 0.5)))
PITH_REAL(MishOp, x *std::tanh(softplus(x)))
PITH_REAL(AbsOp, std::abs(x))
PITH_REAL(NegOp, -x)
PITH_REAL(SignOp, std::isnan(x) ? x : (x > 0) - (x < 0))
PITH_REAL(ReluOp, std::isnan(x) || x > 0 ? x : 0)
PITH_REAL(IsNanOp, std::isnan(x))
#undef PITH_REAL

static auto functionOf(IsInfOp op) {
  return [positive = op.getDetectPositive(),
          negative = op.getDetectNegative()](double x) -> double {
    return std::isinf(x) && (x > 0 ? positive : negative);
  };
}
static auto functionOf(LeakyReluOp op) {
  return [alpha = toDouble(op.getAlpha())](double x) { return x < 0 ? alpha * x : x; };
}
static auto functionOf(EluOp op) {
  return [alpha = toDouble(op.getAlpha())](double x) {
    return x < 0 ? alpha * std::expm1(x) : x;
  };
}
static auto functionOf(SeluOp op) {
  return [alpha = toDouble(op.getAlpha()), gamma = toDouble(op.getGamma())](double x) {
    return x > 0 ? gamma * x : gamma * alpha * std::expm1(x);
  };
}
static auto functionOf(CeluOp op) {
  return [alpha = toDouble(op.getAlpha())](double x) {
    return x > 0 ? x : alpha * std::expm1(x / alpha);
  };
}
static auto functionOf(HardSigmoidOp op) {
  return [alpha = toDouble(op.getAlpha()), beta = toDouble(op.getBeta())](double x) {
    double value = alpha * x + beta; // a NaN stays
    return value < 0 ? 0.0 : value > 1 ? 1.0 : value;
  };
}
static auto functionOf(ThresholdedReluOp op) {
  return [alpha = toDouble(op.getAlpha())](double x) { return x > alpha ? x : 0.0; };
}
static auto functionOf(SwishOp op) {
  return [alpha = toDouble(op.getAlpha())](double x) {
    return x / (1 + std::exp(-alpha * x));
  };
}
static auto functionOf(ShrinkOp op) {
  return [bias = toDouble(op.getBias()), limit = toDouble(op.getLambd())](double x) {
    return x < -limit ? x + bias : x > limit ? x - bias : 0.0;
  };
}
static auto functionOf(GeluOp op) {
  constexpr double pi = 3.14159265358979323846;
  return [approximate = op.getApproximate()](double x) {
    if (approximate)
      return x / 2 * (1 + std::tanh(std::sqrt(2 / pi) * (x + 0.044715 * x * x * x)));
    return x / 2 * (1 + std::erf(x / std::sqrt(2.0)));
  };
}

//===----------------------------------------------------------------------===//
// Functions of integers
//===----------------------------------------------------------------------===//

static int64_t wrapNegate(int64_t x) { return int64_t(-uint64_t(x)); }

static int64_t ofInteger(AbsOp, int64_t x, bool isUnsigned) {
  return isUnsigned || x >= 0 ? x : wrapNegate(x);
}
static int64_t ofInteger(NegOp, int64_t x, bool) { return wrapNegate(x); }
static int64_t ofInteger(SignOp, int64_t x, bool isUnsigned) {
  return isUnsigned ? x != 0 : (x > 0) - (x < 0);
}
static int64_t ofInteger(ReluOp, int64_t x, bool isUnsigned) {
  return isUnsigned || x > 0 ? x : 0;
}
static int64_t ofInteger(NotOp, int64_t x, bool) { return x == 0; }
static int64_t ofInteger(BitwiseNotOp, int64_t x, bool) { return ~x; }

//===----------------------------------------------------------------------===//
// Models
//===----------------------------------------------------------------------===//

template <typename Op>
static Results mapReals(Op op, Inputs inputs, Types types) {
  Reals values = toReals(inputs[0]);
  auto function = functionOf(op);
  for (double &value : values)
    value = function(value);
  return one(fromReals(types[0], values));
}

template <typename Op>
static Results mapIntegers(Op op, Inputs inputs, Types types) {
  if (isReal(inputs[0]))
    return op.emitOpError("expects integers, found ") << inputs[0].getType(), failure();
  Integers values = toIntegers(inputs[0]);
  for (int64_t &value : values)
    value = ofInteger(op, value, isUnsigned(inputs[0]));
  return one(fromIntegers(types[0], values));
}

template <typename Op>
static Results mapNumbers(Op op, Inputs inputs, Types types) {
  return isReal(inputs[0]) ? mapReals(op, inputs, types) : mapIntegers(op, inputs, types);
}

template <typename... Ops>
static void attachReal(MLIRContext *context) {
  (attach<Ops, mapReals<Ops>>(context), ...);
}

void pith::reference::attachElementwiseUnary(MLIRContext *context) {
  attachReal<CeilOp, FloorOp, RoundOp, SqrtOp, ReciprocalOp, ExpOp, LogOp, SinOp, CosOp,
             TanOp, AsinOp, AcosOp, AtanOp, SinhOp, CoshOp, TanhOp, AsinhOp, AcoshOp,
             AtanhOp, ErfOp, SigmoidOp, SoftplusOp, SoftsignOp, HardSwishOp, MishOp,
             IsNanOp, IsInfOp, LeakyReluOp, EluOp, SeluOp, CeluOp, HardSigmoidOp,
             ThresholdedReluOp, SwishOp, ShrinkOp, GeluOp>(context);
  attach<AbsOp, mapNumbers<AbsOp>>(context);
  attach<NegOp, mapNumbers<NegOp>>(context);
  attach<SignOp, mapNumbers<SignOp>>(context);
  attach<ReluOp, mapNumbers<ReluOp>>(context);
  attach<NotOp, mapIntegers<NotOp>>(context);
  attach<BitwiseNotOp, mapIntegers<BitwiseNotOp>>(context);
}
