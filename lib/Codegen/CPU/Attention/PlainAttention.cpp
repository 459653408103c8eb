//===- PlainAttention.cpp - Attention, one element at a time --------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A job is one query row. Its weights wait in a scratch buffer of [batch, heads,
// queries, keys]; everything runs element by element in f32, or f64 if that is
// the type of the operands.
//
//===----------------------------------------------------------------------===//

#include "Attention.h"

#include "../../Reduction/Accumulate.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace pith;

namespace {
struct PlainRow {
  KernelEmitter &kernel;
  AttentionOp op;
  Location loc;
  Type type;
  SmallVector<AffineExpr> q, k, v;
  bool good = true;

  PlainRow(KernelEmitter &kernel, AttentionOp op)
      : kernel(kernel), op(op), loc(kernel.getLoc()), q(kernel.dims(op.getQuery())),
        k(kernel.dims(op.getKey())), v(kernel.dims(op.getValue())) {
    type = accumulatorType(
        cast<RankedTensorType>(op.getQuery().getType()).getElementType());
  }

  Value number(OpBuilder &b, double value) {
    return arith::ConstantOp::create(b, loc, b.getFloatAttr(type, value));
  }
  Value load(OpBuilder &b, Value tensor, ArrayRef<Value> at) {
    ElementEmitter e(kernel, b, 1);
    SmallVector<LaneIndex> position;
    for (Value index : at)
      position.push_back({index, 0});
    Value x = e.at(tensor, position);
    good &= bool(x);
    return x ? widen(b, loc, x) : number(b, 0);
  }
  Value score(OpBuilder &b, ArrayRef<Value> at, Value keyHead, Value key);
  Value overKeys(OpBuilder &b, Value count, Value init,
                 function_ref<Value(OpBuilder &, Value, Value)> body) {
    return carriedLoop(b, loc, kernel.constantIndex(0), count, 1, init,
                       [&](OpBuilder &in, Value j, ValueRange state) {
                         return SmallVector<Value>{body(in, j, state[0])};
                       })
        .front();
  }
  void emit(OpBuilder &b, Value job, ArrayRef<Value> at, KernelBuffer weights);
};
} // namespace

Value PlainRow::score(OpBuilder &b, ArrayRef<Value> at, Value keyHead, Value key) {
  Value sum = carriedLoop(b, loc, kernel.constantIndex(0), kernel.size(q[3]), 1,
                          number(b, 0),
                          [&](OpBuilder &in, Value d, ValueRange state) {
                            Value x = load(in, op.getQuery(), {at[0], at[1], at[2], d});
                            Value y = load(in, op.getKey(), {at[0], keyHead, key, d});
                            x = arith::MulFOp::create(in, loc, x, y);
                            return SmallVector<Value>{
                                arith::AddFOp::create(in, loc, state[0], x)};
                          })
                  .front();
  sum = arith::MulFOp::create(b, loc, sum, number(b, op.getScale().convertToDouble()));
  if (!op.getMask())
    return sum;
  ElementEmitter e(kernel, b, 1);
  SmallVector<AffineExpr> shape{q[0], q[1], q[2], k[2]};
  Value mask = e.atBroadcast(op.getMask(), shape,
                             {{at[0], 0}, {at[1], 0}, {at[2], 0}, {key, 0}});
  good &= bool(mask);
  if (!mask)
    return sum;
  mask = widen(b, loc, mask);
  if (mask.getType() != type)
    mask = arith::ExtFOp::create(b, loc, type, mask);
  return arith::AddFOp::create(b, loc, sum, mask);
}

void PlainRow::emit(OpBuilder &b, Value job, ArrayRef<Value> at, KernelBuffer weights) {
  TileCode code(b, loc);
  Value count = kernel.size(k[2]);
  Value line = code.mul(job, count);
  if (op.getCausal()) {
    Value end = code.add(at[2], kernel.size(k[2] - q[2] + 1));
    count = code.max(code.index(0), code.min(end, count));
  }
  Value keyHead = arith::DivUIOp::create(b, loc, code.mul(at[1], kernel.size(k[1])),
                                         kernel.size(q[1]));
  Combiner larger = extremeCombiner(true, false, true);
  double nothing = -std::numeric_limits<double>::infinity();
  Value peak = overKeys(b, count, number(b, nothing), [&](OpBuilder &in, Value j, Value m) {
    Value x = score(in, at, keyHead, j);
    ElementEmitter e(kernel, in, 1);
    e.store(weights, {e.add(line, j), 0}, x);
    return larger.combine(in, loc, m, x);
  });
  Value none = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, peak,
                                     number(b, nothing));
  peak = arith::SelectOp::create(b, loc, none, number(b, 0), peak);
  Value sum = overKeys(b, count, number(b, 0), [&](OpBuilder &in, Value j, Value s) -> Value {
    ElementEmitter e(kernel, in, 1);
    Value x = e.load(weights, {e.add(line, j), 0});
    x = math::ExpOp::create(in, loc, arith::SubFOp::create(in, loc, x, peak));
    e.store(weights, {e.add(line, j), 0}, x);
    return arith::AddFOp::create(in, loc, s, x);
  });
  Value empty =
      arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, sum, number(b, 0));
  Value safe = arith::SelectOp::create(b, loc, empty, number(b, 1), sum);
  Type element = cast<RankedTensorType>(op.getResult().getType()).getElementType();
  KernelEmitter::loop(b, loc, kernel.constantIndex(0), kernel.size(v[3]), 1,
                      [&](OpBuilder &out, Value d) {
                        Value x = overKeys(
                            out, count, number(out, 0),
                            [&](OpBuilder &in, Value j, Value s) -> Value {
                              ElementEmitter e(kernel, in, 1);
                              Value w = e.load(weights, {e.add(line, j), 0});
                              Value y = load(in, op.getValue(), {at[0], keyHead, j, d});
                              w = arith::MulFOp::create(in, loc, w, y);
                              return arith::AddFOp::create(in, loc, s, w);
                            });
                        x = arith::DivFOp::create(out, loc, x, safe);
                        ElementEmitter e(kernel, out, 1);
                        kernel.store(e, {{at[0], 0}, {at[1], 0}, {at[2], 0}, {d, 0}},
                                     narrow(out, loc, x, element));
                      });
}

LogicalResult pith::emitPlainAttention(KernelEmitter &kernel, AttentionOp op) {
  PlainRow row(kernel, op);
  SmallVector<AffineExpr> space{row.q[0], row.q[1], row.q[2]};
  AffineExpr jobs = product(kernel.getContext(), space);
  int64_t scratch =
      kernel.addScratch(jobs * row.k[2] * (row.type.getIntOrFloatBitWidth() / 8) + 64);
  AffineExpr one = getAffineConstantExpr(500, kernel.getContext());
  LogicalResult made = kernel.addTask(
      jobs, row.k[2] * 200 + one, [&](OpBuilder &builder, Value lo, Value hi) -> LogicalResult {
        KernelBuffer weights = kernel.scratch(scratch, row.type);
        KernelEmitter::loop(builder, row.loc, lo, hi, 1, [&](OpBuilder &b, Value job) {
          row.emit(b, job, kernel.delinearize(b, job, space), weights);
        });
        return success();
      });
  if (succeeded(made) && !row.good)
    return op.emitError("operand of attention cannot be computed element by element");
  return made;
}
