//===- DynamicQuantize.cpp - The kernel of pith.dynamic_quantize ----------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A job is a row, or a few groups of one: each group is walked twice, for its
// largest magnitude and for its codes. The quotient is a true division, so that
// codes are those of the definition, bit for bit.
//
//===----------------------------------------------------------------------===//

#include "Kernels.h"
#include "pith/Codegen/CPU/Contraction/RegisterTile.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace pith;

namespace {
class Quantizer {
public:
  Quantizer(KernelEmitter &kernel, Value in, Value codes, Value scales, int64_t bits)
      : kernel(kernel), loc(kernel.getLoc()), in(in), codes(codes), scales(scales),
        limit((1 << (bits - 1)) - 1) {}

  /// Elements [start, start + length) become codes with scale number `group`.
  void emitGroup(OpBuilder &builder, Value start, Value length, Value group) {
    TileCode code(builder, loc);
    Value largest = emitLargest(builder, start, length);
    Value most = code.constant(builder.getF32Type(), limit);
    Value scale = arith::DivFOp::create(builder, loc, largest, most);
    Value isZero = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OEQ,
                                         largest,
                                         code.constant(builder.getF32Type(), 0));
    scale = arith::SelectOp::create(builder, loc, isZero,
                                    code.constant(builder.getF32Type(), 1), scale);
    code.store(scale, scales, group);
    pieces(builder, length, [&](OpBuilder &b, Value k, int64_t lanes) {
      TileCode inner(b, loc);
      Value at = inner.add(start, k);
      Value x = loadFloat(inner, at, lanes);
      Value divisor = lanes == 1 ? scale : inner.splat(scale, lanes);
      x = arith::DivFOp::create(b, loc, x, divisor);
      inner.store(toCode(inner, x), codes, at);
    });
  }

private:
  Value loadFloat(TileCode &code, Value at, int64_t lanes) {
    Value x = lanes == 1 ? code.loadScalar(in, at) : code.load(in, at, lanes);
    return code.toFloat(x);
  }

  /// Loops over [0, length): whole vectors, then single elements.
  void pieces(OpBuilder &builder, Value length,
              function_ref<void(OpBuilder &, Value, int64_t)> body) {
    TileCode code(builder, loc);
    int64_t lanes = kernel.getLanes();
    Value zero = kernel.constantIndex(0);
    Value middle = code.sub(length, code.rem(length, lanes));
    if (auto known = getConstantIntValue(middle); known && *known <= 8 * lanes) {
      for (int64_t k = 0; k < *known; k += lanes)
        body(builder, kernel.constantIndex(k), lanes);
    } else {
      KernelEmitter::loop(builder, loc, zero, middle, lanes,
                          [&](OpBuilder &b, Value k) { body(b, k, lanes); });
    }
    if (lanes > 1)
      KernelEmitter::loop(builder, loc, middle, length, 1,
                          [&](OpBuilder &b, Value k) { body(b, k, 1); });
  }

  static Value larger(TileCode &code, Value x, Value y) {
    Value isLarger = arith::CmpFOp::create(code.b, code.loc,
                                           arith::CmpFPredicate::OGT, x, y);
    return arith::SelectOp::create(code.b, code.loc, isLarger, x, y);
  }

  /// max|x| as a scalar.
  Value emitLargest(OpBuilder &builder, Value start, Value length) {
    TileCode code(builder, loc);
    int64_t lanes = kernel.getLanes();
    // Maxima wait for each other: several at once.
    int64_t chains = 4;
    if (auto known = getConstantIntValue(length))
      chains = *known < 2 * lanes ? 1 : *known < 4 * lanes ? 2 : 4;
    Type single = builder.getF32Type();
    auto vector = VectorType::get({lanes}, single);
    auto walk = [&](Value from, Value to, int64_t width, SmallVector<Value> peaks) {
      int64_t chains = peaks.size();
      auto loop = scf::ForOp::create(builder, loc, from, to,
                                     kernel.constantIndex(width * chains), peaks);
      OpBuilder b(builder.getContext());
      b.setInsertionPointToStart(loop.getBody());
      TileCode inner(b, loc);
      Value base = inner.add(start, loop.getInductionVar());
      SmallVector<Value> next;
      for (int64_t i = 0; i < chains; ++i) {
        Value x = loadFloat(inner, inner.add(base, i * width), width);
        x = math::AbsFOp::create(b, loc, x);
        next.push_back(larger(inner, x, loop.getRegionIterArgs()[i]));
      }
      scf::YieldOp::create(b, loc, next);
      return SmallVector<Value>(loop.result_begin(), loop.result_end());
    };
    Value done = kernel.constantIndex(0), peak;
    if (lanes > 1) {
      Value many = code.sub(length, code.rem(length, lanes * chains));
      Value whole = code.sub(length, code.rem(length, lanes));
      SmallVector<Value> peaks(chains, code.constant(vector, 0));
      peaks = walk(done, many, lanes, peaks);
      for (size_t count = peaks.size(); count > 1; count /= 2)
        for (size_t i = 0; i < count / 2; ++i)
          peaks[i] = larger(code, peaks[i], peaks[i + count / 2]);
      Value all = walk(many, whole, lanes, {peaks[0]})[0];
      all = code.fold(all, [&](Value x, Value y) { return larger(code, x, y); });
      peak = vector::ExtractOp::create(builder, loc, all, ArrayRef<int64_t>{0});
      done = whole;
    } else {
      peak = code.constant(single, 0);
    }
    return walk(done, length, 1, {peak})[0];
  }

  Value toCode(TileCode &code, Value x) {
    OpBuilder &b = code.b;
    Type type = x.getType();
    auto like = [&](Type element) -> Type {
      if (auto vector = dyn_cast<VectorType>(type))
        return VectorType::get(vector.getShape(), element);
      return element;
    };
    x = math::RoundEvenOp::create(b, loc, x);
    // Not a number becomes −limit, rather than what the conversion leaves open.
    Value low = code.constant(type, -limit), high = code.constant(type, limit);
    x = larger(code, x, low);
    Value tooHigh =
        arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, x, high);
    x = arith::SelectOp::create(b, loc, tooHigh, high, x);
    Value word = arith::FPToSIOp::create(b, loc, like(b.getI32Type()), x);
    return arith::TruncIOp::create(b, loc, like(b.getI8Type()), word);
  }

  KernelEmitter &kernel;
  Location loc;
  Value in, codes, scales;
  double limit; ///< the largest code
};
} // namespace

LogicalResult pith::emitDynamicQuantize(KernelEmitter &kernel, DynamicQuantizeOp op) {
  auto argument = dyn_cast<BlockArgument>(op.getInput());
  if (!argument)
    return op.emitError("expected the input of a dynamic quantization in memory");
  SmallVector<AffineExpr> dims(kernel.dims(op.getInput()));
  AffineExpr last = dims.pop_back_val();
  AffineExpr rows = product(kernel.getContext(), dims);
  int64_t size = op.getGroupSize();
  AffineExpr groups = size ? last.ceilDiv(size)
                           : getAffineConstantExpr(1, kernel.getContext());
  AffineExpr cost = last.floorDiv(4 * kernel.getLanes()) + groups * 10;
  return kernel.addTask(
      rows, cost, [&](OpBuilder &builder, Value lo, Value hi) -> LogicalResult {
        Location loc = kernel.getLoc();
        Quantizer quantizer(kernel, kernel.argument(argument.getArgNumber()).memref,
                            kernel.result(0).memref, kernel.result(1).memref,
                            op.getBits());
        KernelEmitter::loop(builder, loc, lo, hi, 1, [&](OpBuilder &b, Value row) {
          TileCode code(b, loc);
          Value length = kernel.size(last);
          Value start = code.mul(row, length);
          if (!size)
            return quantizer.emitGroup(b, start, length, row);
          Value first = code.mul(row, kernel.size(groups));
          auto group = [&](OpBuilder &at, Value number, Value count) {
            TileCode inner(at, loc);
            quantizer.emitGroup(at, inner.add(start, inner.mul(number, size)), count,
                                inner.add(first, number));
          };
          Value whole = code.div(length, size);
          KernelEmitter::loop(b, loc, kernel.constantIndex(0), whole, 1,
                              [&](OpBuilder &inner, Value number) {
                                group(inner, number, kernel.constantIndex(size));
                              });
          auto fixed = getConstant(last);
          if (!fixed || *fixed % size)
            KernelEmitter::loop(b, loc, whole, kernel.size(groups), 1,
                                [&](OpBuilder &inner, Value number) {
                                  group(inner, number,
                                        TileCode(inner, loc).rem(length, size));
                                });
        });
        return success();
      });
}
