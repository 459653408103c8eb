//===- ExpandMath.cpp - Math functions as vector arithmetic ---------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// exp after Cody and Waite's argument reduction with a polynomial of degree 6
// (at most 1 ulp down to subnormals); sin and cos likewise, reduced by π/2 in
// three parts (at most 1.5 ulp up to 2·10⁵). Everything here is f32; other types
// go to libm.
//
//===----------------------------------------------------------------------===//

#include "pith/Codegen/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace pith {
#define GEN_PASS_DEF_EXPANDMATHPASS
#include "pith/Codegen/Passes.h.inc"
} // namespace pith

using namespace mlir;

namespace {

/// Arithmetic on f32 scalars or vectors of them.
struct Floats {
  PatternRewriter &b;
  Location loc;
  Type type, intType;

  Floats(PatternRewriter &b, Location loc, Type type) : b(b), loc(loc), type(type) {
    intType = b.getI32Type();
    if (auto vector = dyn_cast<VectorType>(type))
      intType = VectorType::get(vector.getShape(), intType);
  }
  Value splat(TypedAttr scalar, Type of) {
    if (auto vector = dyn_cast<VectorType>(of))
      return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(vector, scalar));
    return arith::ConstantOp::create(b, loc, scalar);
  }
  Value f(double v) { return splat(b.getF32FloatAttr(v), type); }
  Value i(int32_t v) { return splat(b.getI32IntegerAttr(v), intType); }
  Value add(Value x, Value y) { return arith::AddFOp::create(b, loc, x, y); }
  Value mul(Value x, Value y) { return arith::MulFOp::create(b, loc, x, y); }
  Value fma(Value x, Value y, Value z) { return math::FmaOp::create(b, loc, x, y, z); }
  Value addi(Value x, Value y) { return arith::AddIOp::create(b, loc, x, y); }
  Value subi(Value x, Value y) { return arith::SubIOp::create(b, loc, x, y); }
  Value shl(Value x, int32_t n) { return arith::ShLIOp::create(b, loc, x, i(n)); }
  Value sar(Value x, int32_t n) { return arith::ShRSIOp::create(b, loc, x, i(n)); }
  Value andi(Value x, Value y) { return arith::AndIOp::create(b, loc, x, y); }
  Value select(Value c, Value x, Value y) {
    return arith::SelectOp::create(b, loc, c, x, y);
  }
  Value less(Value x, Value y) {
    return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, x, y);
  }
  Value toInt(Value x) { return arith::FPToSIOp::create(b, loc, intType, x); }
  Value asFloat(Value x) { return arith::BitcastOp::create(b, loc, type, x); }
  Value asInt(Value x) { return arith::BitcastOp::create(b, loc, intType, x); }
  Value round(Value x) { return math::RoundEvenOp::create(b, loc, x); }
  /// Horner: coefficients from the highest power down.
  Value polynomial(Value x, ArrayRef<double> coefficients) {
    Value p = f(coefficients.front());
    for (double c : coefficients.drop_front())
      p = fma(p, x, f(c));
    return p;
  }
  /// 2ⁿ · p for n in −150 … 128, in two factors so that neither overflows.
  Value scale(Value p, Value n) {
    Value whole = toInt(n), half = sar(whole, 1);
    Value first = shl(addi(half, i(127)), 23);
    Value second = shl(addi(subi(whole, half), i(127)), 23);
    return mul(mul(p, asFloat(first)), asFloat(second));
  }
  /// eʳ for |r| ≤ ln 2 / 2.
  Value expSmall(Value r) {
    Value p = polynomial(r, {1.98756915e-4, 1.39819995e-3, 8.33345191e-3,
                             4.16657959e-2, 1.66666655e-1, 5.00000012e-1});
    Value square = mul(r, r);
    return add(fma(p, square, r), f(1));
  }
};

bool isF32(Type type) { return getElementTypeOrSelf(type).isF32(); }

struct ExpandExp : OpRewritePattern<math::ExpOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(math::ExpOp op, PatternRewriter &b) const override {
    if (!isF32(op.getType()))
      return b.notifyMatchFailure(op, "not f32");
    Floats m(b, op.getLoc(), op.getType());
    Value x = op.getOperand();
    // Operands in this order keep NaN.
    x = m.select(m.less(x, m.f(-104)), m.f(-104), x);
    x = m.select(m.less(m.f(89), x), m.f(89), x);
    Value n = m.round(m.mul(x, m.f(1.44269504)));
    Value r = m.fma(n, m.f(-0.693145752), x);
    r = m.fma(n, m.f(-1.42860677e-6), r);
    b.replaceOp(op, m.scale(m.expSmall(r), n));
    return success();
  }
};

struct ExpandExp2 : OpRewritePattern<math::Exp2Op> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(math::Exp2Op op, PatternRewriter &b) const override {
    if (!isF32(op.getType()))
      return b.notifyMatchFailure(op, "not f32");
    Floats m(b, op.getLoc(), op.getType());
    Value x = op.getOperand();
    x = m.select(m.less(x, m.f(-150)), m.f(-150), x);
    x = m.select(m.less(m.f(128), x), m.f(128), x);
    Value n = m.round(x);
    Value r = m.mul(arith::SubFOp::create(b, op.getLoc(), x, n), m.f(0.69314718056));
    b.replaceOp(op, m.scale(m.expSmall(r), n));
    return success();
  }
};

/// sin (Shift = 0) and cos (Shift = 1).
template <typename Op, int Shift>
struct ExpandSine : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &b) const override {
    if (!isF32(op.getType()))
      return b.notifyMatchFailure(op, "not f32");
    Floats m(b, op.getLoc(), op.getType());
    Value x = op.getOperand();
    Value n = m.round(m.mul(x, m.f(0.636619772)));
    Value r = m.fma(n, m.f(-1.57079637), x);
    r = m.fma(n, m.f(4.37113900e-8), r);
    r = m.fma(n, m.f(1.71512449e-15), r);
    Value r2 = m.mul(r, r);
    Value s = m.polynomial(r2, {2.86567956e-6, -1.98559923e-4, 8.33338592e-3,
                                -1.66666672e-1});
    s = m.fma(m.mul(r, r2), s, r);
    Value c = m.polynomial(r2, {2.44677067e-5, -1.38877297e-3, 4.16666567e-2,
                                -0.5, 1.0});
    Value quadrant = m.addi(m.toInt(n), m.i(Shift));
    Value odd = arith::CmpIOp::create(b, op.getLoc(), arith::CmpIPredicate::ne,
                                      m.andi(quadrant, m.i(1)), m.i(0));
    Value value = m.select(odd, c, s);
    Value sign = m.shl(m.andi(quadrant, m.i(2)), 30);
    Value flipped = arith::XOrIOp::create(b, op.getLoc(), m.asInt(value), sign);
    b.replaceOp(op, m.asFloat(flipped));
    return success();
  }
};

/// Powers that are not constant: libm's pow in double precision, lane by lane,
/// which is right in all special cases.
struct ExpandPow : OpRewritePattern<math::PowFOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(math::PowFOp op, PatternRewriter &b) const override {
    if (!isF32(op.getType()))
      return b.notifyMatchFailure(op, "not f32");
    Location loc = op.getLoc();
    auto vector = dyn_cast<VectorType>(op.getType());
    Type wide = b.getF64Type();
    if (!vector) {
      Value x = arith::ExtFOp::create(b, loc, wide, op.getLhs());
      Value y = arith::ExtFOp::create(b, loc, wide, op.getRhs());
      Value p = math::PowFOp::create(b, loc, x, y);
      b.replaceOpWithNewOp<arith::TruncFOp>(op, op.getType(), p);
      return success();
    }
    SmallVector<Value> lanes;
    for (int64_t lane = 0; lane < vector.getNumElements(); ++lane) {
      Value x = vector::ExtractOp::create(b, loc, op.getLhs(), ArrayRef<int64_t>{lane});
      Value y = vector::ExtractOp::create(b, loc, op.getRhs(), ArrayRef<int64_t>{lane});
      lanes.push_back(math::PowFOp::create(b, loc, x, y));
    }
    b.replaceOpWithNewOp<vector::FromElementsOp>(op, vector, lanes);
    return success();
  }
};

/// What only libm has: lane by lane. Upstream's conversion to libm would do the
/// same, but too late for the ops it makes.
template <typename Op>
struct ScalarLanes : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &b) const override {
    auto vector = dyn_cast<VectorType>(op.getType());
    if (!vector)
      return b.notifyMatchFailure(op, "a scalar");
    SmallVector<Value> lanes;
    for (int64_t lane = 0; lane < vector.getNumElements(); ++lane) {
      Value x = vector::ExtractOp::create(b, op.getLoc(), op.getOperand(),
                                          ArrayRef<int64_t>{lane});
      lanes.push_back(Op::create(b, op.getLoc(), x));
    }
    b.replaceOpWithNewOp<vector::FromElementsOp>(op, vector, lanes);
    return success();
  }
};

/// f64 to half precision by way of f32, without rounding twice: where f32 is not
/// exact, it is truncated and its last bit set, so that the second step sees on
/// which side of the middle the number was. (As one step it would be a call of
/// compiler support functions, which programs do without.)
struct NarrowDouble : OpRewritePattern<arith::TruncFOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(arith::TruncFOp op, PatternRewriter &b) const override {
    Value x = op.getIn();
    if (!getElementTypeOrSelf(x.getType()).isF64() ||
        getElementTypeOrSelf(op.getType()).getIntOrFloatBitWidth() != 16)
      return b.notifyMatchFailure(op, "not f64 to half precision");
    Location loc = op.getLoc();
    Type single = b.getF32Type();
    if (auto vector = dyn_cast<VectorType>(x.getType()))
      single = VectorType::get(vector.getShape(), single);
    Floats m(b, loc, single);
    Value y = arith::TruncFOp::create(b, loc, single, x);
    Value back = arith::ExtFOp::create(b, loc, x.getType(), y);
    Value size = math::AbsFOp::create(b, loc, x);
    Value backSize = math::AbsFOp::create(b, loc, back);
    Value inexact = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::ONE, back, x);
    Value larger = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, backSize, size);
    Value bits = m.asInt(y);
    bits = m.subi(bits, arith::ExtUIOp::create(b, loc, m.intType, larger));
    bits = arith::OrIOp::create(b, loc, bits,
                                arith::ExtUIOp::create(b, loc, m.intType, inexact));
    b.replaceOpWithNewOp<arith::TruncFOp>(op, op.getType(), m.asFloat(bits));
    return success();
  }
};

/// Integers to half precision by way of a type that holds them.
template <typename Op>
struct NarrowInteger : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &b) const override {
    if (getElementTypeOrSelf(op.getType()).getIntOrFloatBitWidth() != 16)
      return b.notifyMatchFailure(op, "not to half precision");
    Type from = getElementTypeOrSelf(op.getIn().getType());
    Type wide = from.getIntOrFloatBitWidth() > 24 ? Type(b.getF64Type()) : b.getF32Type();
    if (auto vector = dyn_cast<VectorType>(op.getType()))
      wide = VectorType::get(vector.getShape(), wide);
    Value x = Op::create(b, op.getLoc(), wide, op.getIn());
    b.replaceOpWithNewOp<arith::TruncFOp>(op, op.getType(), x);
    return success();
  }
};

/// Half precision compared as f32, and bf16 to f64 by way of f32.
struct WideCompare : OpRewritePattern<arith::CmpFOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(arith::CmpFOp op, PatternRewriter &b) const override {
    Type type = op.getLhs().getType();
    if (getElementTypeOrSelf(type).getIntOrFloatBitWidth() != 16)
      return b.notifyMatchFailure(op, "not half precision");
    Type single = b.getF32Type();
    if (auto vector = dyn_cast<VectorType>(type))
      single = VectorType::get(vector.getShape(), single);
    Value x = arith::ExtFOp::create(b, op.getLoc(), single, op.getLhs());
    Value y = arith::ExtFOp::create(b, op.getLoc(), single, op.getRhs());
    b.replaceOpWithNewOp<arith::CmpFOp>(op, op.getPredicate(), x, y);
    return success();
  }
};
struct WidenTwice : OpRewritePattern<arith::ExtFOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(arith::ExtFOp op, PatternRewriter &b) const override {
    if (!getElementTypeOrSelf(op.getIn().getType()).isBF16() ||
        !getElementTypeOrSelf(op.getType()).isF64())
      return b.notifyMatchFailure(op, "not bf16 to f64");
    Type single = b.getF32Type();
    if (auto vector = dyn_cast<VectorType>(op.getType()))
      single = VectorType::get(vector.getShape(), single);
    Value x = arith::ExtFOp::create(b, op.getLoc(), single, op.getIn());
    b.replaceOpWithNewOp<arith::ExtFOp>(op, op.getType(), x);
    return success();
  }
};

struct ExpandMathPass : pith::impl::ExpandMathPassBase<ExpandMathPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<ExpandExp, ExpandExp2, ExpandSine<math::SinOp, 0>,
                 ExpandSine<math::CosOp, 1>, ExpandPow>(&getContext(), 10);
    populateMathPolynomialApproximationPatterns(patterns);
    patterns.add<ScalarLanes<math::AsinhOp>, ScalarLanes<math::AcoshOp>,
                 ScalarLanes<math::AtanhOp>, ScalarLanes<math::ErfOp>,
                 ScalarLanes<math::ErfcOp>, ScalarLanes<math::CbrtOp>>(&getContext(), 0);
    // Not every processor has the conversion, and some flush small numbers.
    patterns.add<WideCompare, WidenTwice, NarrowDouble, NarrowInteger<arith::SIToFPOp>,
                 NarrowInteger<arith::UIToFPOp>>(&getContext(), 10);
    arith::populateExpandBFloat16Patterns(patterns);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
