//===- Rows.cpp - Softmax over one row of scores --------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A row's scores lie on the stack, whole vectors of them. Keys that the row does
// not see count as −∞ and become 0. A maximum of −∞ (nothing seen so far) is
// replaced by 0 where it is subtracted, so that no NaN arises; the sum of such a
// row stays 0, and so does its result.
//
//===----------------------------------------------------------------------===//

#include "Attention.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <limits>

using namespace mlir;
using namespace pith;

static constexpr double kNothing = -std::numeric_limits<double>::infinity();

void AttentionKernel::startRows(OpBuilder &b, int64_t count) {
  TileCode code(b, loc);
  for (int64_t row = 0; row < count; ++row) {
    code.store(code.constant(b.getF32Type(), kNothing), buffers.state, code.index(row));
    code.store(code.constant(b.getF32Type(), 0), buffers.state, code.index(rows + row));
  }
  if (isOneBlock())
    return;
  KernelEmitter::loop(b, loc, kernel.constantIndex(0),
                      kernel.constantIndex(count * padded(valueSize)), lanes,
                      [&](OpBuilder &in, Value at) {
                        TileCode c(in, loc);
                        c.store(c.constant(vectorType(), 0), buffers.sums, at);
                      });
}

Value AttentionKernel::visible(OpBuilder &b, Value row, Value from, Value to) {
  TileCode code(b, loc);
  Value count = code.sub(to, from);
  if (!op.getCausal())
    return count;
  // Keys up to row + keys − queries.
  Value end = code.add(row, kernel.size(keys - queries + 1));
  return code.max(code.index(0), code.min(code.sub(end, from), count));
}

void AttentionKernel::addMask(OpBuilder &b, const Job &job, Value row, Value from,
                              Value count, Value line) {
  SmallVector<AffineExpr> shape{batch, heads, queries, keys};
  auto piece = [&](OpBuilder &in, Value at, int64_t width) {
    TileCode c(in, loc);
    ElementEmitter emitter(kernel, in, width);
    SmallVector<LaneIndex> position{{job.batch, 0},
                                    {job.head, 0},
                                    {row, 0},
                                    {c.add(from, at), width > 1 ? 1 : 0}};
    Value mask = emitter.atBroadcast(op.getMask(), shape, position);
    if (!mask) {
      good = false;
      return;
    }
    mask = c.toFloat(emitter.splat(mask));
    Value where = c.add(line, at);
    Value x = width > 1 ? c.load(buffers.scores, where, width)
                        : c.loadScalar(buffers.scores, where);
    c.store(arith::AddFOp::create(in, loc, x, mask), buffers.scores, where);
  };
  TileCode code(b, loc);
  Value middle = kernel.constantIndex(0);
  if (lanes > 1) {
    middle = code.sub(count, code.rem(count, lanes));
    KernelEmitter::loop(b, loc, kernel.constantIndex(0), middle, lanes,
                        [&](OpBuilder &in, Value at) { piece(in, at, lanes); });
  }
  KernelEmitter::loop(b, loc, middle, count, 1,
                      [&](OpBuilder &in, Value at) { piece(in, at, 1); });
}

static Value larger(OpBuilder &b, Location loc, Value x, Value y) {
  Value better = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, x, y);
  return arith::SelectOp::create(b, loc, better, x, y);
}

AttentionKernel::ScoreLine AttentionKernel::lineAt(OpBuilder &b, Value start,
                                                   Value count) {
  TileCode code(b, loc);
  ScoreLine line;
  line.start = start;
  line.count = count;
  line.whole = code.sub(count, code.rem(count, lanes));
  Value rest = code.sub(count, line.whole);
  line.mask = vector::CreateMaskOp::create(
      b, loc, VectorType::get({lanes}, b.getI1Type()), ValueRange{rest});
  line.hasRest = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sgt, rest,
                                       kernel.constantIndex(0));
  return line;
}

Value AttentionKernel::withRest(OpBuilder &b, const ScoreLine &line, Value other,
                                function_ref<Value(OpBuilder &)> body) {
  if (lanes == 1)
    return other;
  auto choice = scf::IfOp::create(b, loc, TypeRange{vectorType()}, line.hasRest, true);
  OpBuilder then(b.getContext());
  then.setInsertionPointToStart(&choice.getThenRegion().front());
  scf::YieldOp::create(then, loc, body(then));
  OpBuilder otherwise(b.getContext());
  otherwise.setInsertionPointToStart(&choice.getElseRegion().front());
  scf::YieldOp::create(otherwise, loc, other);
  return choice.getResult(0);
}

/// The greatest score of a line.
Value AttentionKernel::findPeak(OpBuilder &b, const ScoreLine &line) {
  TileCode code(b, loc);
  Value nothing = code.constant(vectorType(), kNothing);
  SmallVector<Value> peaks = emitUnrolledLoop(
      b, loc, {kernel.constantIndex(0), -1, code.div(line.whole, lanes)}, 4, {nothing},
      [&](OpBuilder &in, TilePosition at, MutableArrayRef<Value> state) {
        TileCode c(in, loc);
        Value where = c.add(line.start, c.mul(c.add(at.base, at.offset), lanes));
        state[0] = larger(in, loc, c.load(buffers.scores, where, lanes), state[0]);
      });
  Value peak = withRest(b, line, peaks[0], [&](OpBuilder &in) {
    TileCode c(in, loc);
    Value x = c.load(buffers.scores, c.add(line.start, line.whole), lanes);
    x = arith::SelectOp::create(in, loc, line.mask, x, nothing);
    return larger(in, loc, x, peaks[0]);
  });
  peak = code.fold(peak, [&](Value x, Value y) { return larger(b, loc, x, y); });
  return vector::ExtractOp::create(b, loc, peak, ArrayRef<int64_t>{0});
}

/// Replaces the scores x of a line by e^(x − shift); the vector of sums, one a lane.
Value AttentionKernel::exponentiate(OpBuilder &b, const ScoreLine &line, Value shift) {
  TileCode code(b, loc);
  Value shifts = code.splat(shift, lanes);
  auto power = [&](OpBuilder &in, Value where) -> Value {
    TileCode c(in, loc);
    Value x = c.load(buffers.scores, where, lanes);
    x = arith::SubFOp::create(in, loc, x, shifts);
    return math::ExpOp::create(in, loc, x);
  };
  Value zero = code.constant(vectorType(), 0);
  SmallVector<Value> totals = emitUnrolledLoop(
      b, loc, {kernel.constantIndex(0), -1, code.div(line.whole, lanes)}, 2, {zero},
      [&](OpBuilder &in, TilePosition at, MutableArrayRef<Value> state) {
        TileCode c(in, loc);
        Value where = c.add(line.start, c.mul(c.add(at.base, at.offset), lanes));
        Value y = power(in, where);
        c.store(y, buffers.scores, where);
        state[0] = arith::AddFOp::create(in, loc, state[0], y);
      });
  return withRest(b, line, totals[0], [&](OpBuilder &in) -> Value {
    TileCode c(in, loc);
    Value where = c.add(line.start, line.whole);
    Value y = arith::SelectOp::create(in, loc, line.mask, power(in, where), zero);
    c.store(y, buffers.scores, where);
    return arith::AddFOp::create(in, loc, totals[0], y);
  });
}

/// Multiplies row `number` of O by `factor`.
void AttentionKernel::rescale(OpBuilder &b, Value number, Value factor) {
  TileCode code(b, loc);
  Value factors = code.splat(factor, lanes);
  Value start = code.mul(number, padded(valueSize));
  KernelEmitter::loop(b, loc, kernel.constantIndex(0),
                      kernel.constantIndex(padded(valueSize)), lanes,
                      [&](OpBuilder &in, Value at) {
                        TileCode c(in, loc);
                        Value where = c.add(start, at);
                        Value x = c.load(buffers.sums, where, lanes);
                        x = arith::MulFOp::create(in, loc, x, factors);
                        c.store(x, buffers.sums, where);
                      });
}

/// `number` counts rows of the tile, `row` queries.
void AttentionKernel::softmaxRow(OpBuilder &b, const Job &job, Value number, Value row,
                                 Value from, Value to) {
  TileCode code(b, loc);
  Type f32 = b.getF32Type();
  Value start = code.mul(number, block);
  Value count = visible(b, row, from, to);
  if (op.getMask())
    addMask(b, job, row, from, count, start);
  ScoreLine line = lineAt(b, start, count);

  Value before = code.loadScalar(buffers.state, number);
  Value top = larger(b, loc, findPeak(b, line), before);
  code.store(top, buffers.state, number);
  Value isNothing = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, top,
                                          code.constant(f32, kNothing));
  Value shift = arith::SelectOp::create(b, loc, isNothing, code.constant(f32, 0), top);

  Value total = exponentiate(b, line, shift);
  if (op.getCausal()) {
    // Keys that other rows of the tile see, but not this one.
    Value zero = code.constant(vectorType(), 0);
    Value next = code.mul(code.div(code.add(count, lanes - 1), lanes), lanes);
    KernelEmitter::loop(b, loc, next, code.sub(to, from), lanes,
                        [&](OpBuilder &in, Value at) {
                          TileCode c(in, loc);
                          c.store(zero, buffers.scores, c.add(start, at));
                        });
  }
  total = code.fold(total, [&](Value x, Value y) -> Value {
    return arith::AddFOp::create(b, loc, x, y);
  });
  Value sum = vector::ExtractOp::create(b, loc, total, ArrayRef<int64_t>{0});
  Value slot = code.add(number, rows);
  if (!isOneBlock()) {
    Value change = arith::SubFOp::create(b, loc, before, shift);
    change = math::ExpOp::create(b, loc, change);
    Value old = code.loadScalar(buffers.state, slot);
    old = arith::MulFOp::create(b, loc, old, change);
    sum = arith::AddFOp::create(b, loc, old, sum);
    rescale(b, number, change);
  }
  code.store(sum, buffers.state, slot);
}

void AttentionKernel::storeRow(OpBuilder &b, const Job &job, Value number, Value row) {
  TileCode code(b, loc);
  Type element = cast<RankedTensorType>(op.getResult().getType()).getElementType();
  Value sum = code.loadScalar(buffers.state, code.add(number, rows));
  Value zero = code.constant(b.getF32Type(), 0);
  Value empty = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, sum, zero);
  Value inverse =
      arith::DivFOp::create(b, loc, code.constant(b.getF32Type(), 1), sum);
  inverse = arith::SelectOp::create(b, loc, empty, zero, inverse);
  Value start = code.mul(number, padded(valueSize));
  auto piece = [&](OpBuilder &in, Value at, int64_t width) {
    TileCode c(in, loc);
    ElementEmitter emitter(kernel, in, width);
    Value where = c.add(start, at);
    Value x = width > 1 ? c.load(buffers.sums, where, width)
                        : c.loadScalar(buffers.sums, where);
    x = arith::MulFOp::create(in, loc, x, emitter.splat(inverse));
    if (!element.isF32())
      x = arith::TruncFOp::create(in, loc, emitter.laneType(element), x);
    kernel.store(emitter,
                 {{job.batch, 0}, {job.head, 0}, {row, 0}, {at, width > 1 ? 1 : 0}}, x);
  };
  int64_t whole = lanes > 1 ? valueSize / lanes * lanes : 0;
  if (whole)
    KernelEmitter::loop(b, loc, kernel.constantIndex(0), kernel.constantIndex(whole),
                        lanes, [&](OpBuilder &in, Value at) { piece(in, at, lanes); });
  if (whole < valueSize)
    KernelEmitter::loop(b, loc, kernel.constantIndex(whole),
                        kernel.constantIndex(valueSize), 1,
                        [&](OpBuilder &in, Value at) { piece(in, at, 1); });
}
