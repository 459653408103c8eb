//===- Select.cpp - Kernels of arg max, cumulative sum and top k ----------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Walks along one axis in order, one element at a time; a job is one such walk.
//
//===----------------------------------------------------------------------===//

#include "Accumulate.h"
#include "Reduction.h"
#include "pith/Dialect/Pith/IR/PithOps.h"

using namespace mlir;
using namespace pith;

namespace {

/// One walk along `axis` of `input` per position of the other axes.
struct Walk {
  KernelEmitter &kernel;
  Value input;
  unsigned axis;
  SmallVector<AffineExpr> sizes, others;
  Location loc;

  Walk(KernelEmitter &kernel, Value input, unsigned axis)
      : kernel(kernel), input(input), axis(axis), sizes(kernel.dims(input)),
        loc(kernel.getLoc()) {
    for (unsigned i = 0; i < sizes.size(); ++i)
      if (i != axis)
        others.push_back(sizes[i]);
  }
  SmallVector<LaneIndex> at(ArrayRef<Value> outer, Value index) const {
    SmallVector<LaneIndex> position;
    for (Value i : outer)
      position.push_back({i, 0});
    position.insert(position.begin() + axis, LaneIndex{index, 0});
    return position;
  }
  Value load(OpBuilder &b, ArrayRef<LaneIndex> position) const {
    ElementEmitter e(kernel, b, 1);
    return e.at(input, position);
  }
  LogicalResult run(int64_t perElement, function_ref<void(OpBuilder &, ArrayRef<Value>)> body) {
    MLIRContext *context = kernel.getContext();
    return kernel.addTask(
        product(context, others), costOf(context, {sizes[axis]}, perElement, 1),
        [&](OpBuilder &b, Value lo, Value hi) {
          KernelEmitter::loop(b, loc, lo, hi, 1, [&](OpBuilder &inner, Value job) {
            body(inner, kernel.delinearize(inner, job, others));
          });
          return success();
        });
  }
};

bool isUnsigned(Value tensor) {
  return cast<RankedTensorType>(tensor.getType()).getElementType().isUnsignedInteger();
}

/// x before y in the order asked for; a NaN comes first.
Value precedes(OpBuilder &b, Location loc, Value x, Value y, bool larger,
               bool isUnsigned, bool orEqual) {
  if (isa<FloatType>(x.getType())) {
    auto predicate = larger ? (orEqual ? arith::CmpFPredicate::OGE : arith::CmpFPredicate::OGT)
                            : (orEqual ? arith::CmpFPredicate::OLE : arith::CmpFPredicate::OLT);
    Value better = arith::CmpFOp::create(b, loc, predicate, x, y);
    Value nanX = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNO, x, x);
    if (orEqual)
      return arith::OrIOp::create(b, loc, better, nanX);
    Value ordY = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::ORD, y, y);
    Value first = arith::AndIOp::create(b, loc, nanX, ordY);
    return arith::OrIOp::create(b, loc, better, first);
  }
  using P = arith::CmpIPredicate;
  P predicate = larger ? (isUnsigned ? (orEqual ? P::uge : P::ugt) : (orEqual ? P::sge : P::sgt))
                       : (isUnsigned ? (orEqual ? P::ule : P::ult) : (orEqual ? P::sle : P::slt));
  return arith::CmpIOp::create(b, loc, predicate, x, y);
}

template <typename Op>
LogicalResult emitArg(Op op, KernelEmitter &kernel, bool larger) {
  Walk walk(kernel, op.getInput(), op.getAxis());
  return walk.run(4, [&](OpBuilder &b, ArrayRef<Value> outer) {
    Location loc = walk.loc;
    Value zero = kernel.constantIndex(0), one = kernel.constantIndex(1);
    Value first = walk.load(b, walk.at(outer, zero));
    auto best = carriedLoop(
        b, loc, one, kernel.size(walk.sizes[walk.axis]), 1, {first, zero},
        [&](OpBuilder &in, Value i, ValueRange state) {
          Value x = walk.load(in, walk.at(outer, i));
          Value better = precedes(in, loc, x, state[0], larger, isUnsigned(op.getInput()),
                                  op.getLastIndex());
          return SmallVector<Value>{arith::SelectOp::create(in, loc, better, x, state[0]),
                                    arith::SelectOp::create(in, loc, better, i, state[1])};
        });
    ElementEmitter e(kernel, b, 1);
    Value number = arith::IndexCastOp::create(b, loc, b.getI64Type(), best[1]);
    SmallVector<LaneIndex> target;
    for (Value i : outer)
      target.push_back({i, 0});
    if (op.getKeepDims())
      target.insert(target.begin() + walk.axis, LaneIndex{zero, 0});
    kernel.store(e, target, number);
  });
}

LogicalResult emit(ArgMaxOp op, KernelEmitter &kernel) { return emitArg(op, kernel, true); }
LogicalResult emit(ArgMinOp op, KernelEmitter &kernel) { return emitArg(op, kernel, false); }

LogicalResult emit(CumSumOp op, KernelEmitter &kernel) {
  Walk walk(kernel, op.getInput(), op.getAxis());
  Type element = cast<RankedTensorType>(op.getInput().getType()).getElementType();
  Combiner sum = sumCombiner();
  return walk.run(4, [&](OpBuilder &b, ArrayRef<Value> outer) {
    Location loc = walk.loc;
    Value length = kernel.size(walk.sizes[walk.axis]);
    Value zero = neutralValue(b, loc, sum, accumulatorType(element), 1);
    carriedLoop(b, loc, kernel.constantIndex(0), length, 1, zero,
                [&](OpBuilder &in, Value i, ValueRange state) {
                  Value where = i;
                  if (op.getReverse()) {
                    where = arith::SubIOp::create(in, loc, length, i);
                    where = arith::SubIOp::create(in, loc, where, kernel.constantIndex(1));
                  }
                  auto position = walk.at(outer, where);
                  ElementEmitter e(kernel, in, 1);
                  Value x = widen(in, loc, e.at(op.getInput(), position));
                  Value next = sum.combine(in, loc, state[0], x);
                  kernel.store(e, position,
                               narrow(in, loc, op.getExclusive() ? state[0] : next, element));
                  return SmallVector<Value>{next};
                });
  });
}

/// Repeated selection: round r finds the element that comes right behind the last
/// one found, in the order (value, position). k · n steps and no memory.
LogicalResult emit(TopKOp op, KernelEmitter &kernel) {
  Walk walk(kernel, op.getInput(), op.getAxis());
  bool larger = op.getLargest(), uns = isUnsigned(op.getInput());
  SmallVector<AffineExpr> resultSizes(kernel.dims(op.getValues()));
  for (Value result : op.getResults())
    if (!llvm::is_contained(kernel.getReturned(), result))
      return op.emitError("results of top_k must leave the kernel");
  return walk.run(40, [&](OpBuilder &b, ArrayRef<Value> outer) {
    Location loc = walk.loc;
    Value zero = kernel.constantIndex(0), minus = kernel.constantIndex(-1);
    Value length = kernel.size(walk.sizes[walk.axis]);
    Value start = walk.load(b, walk.at(outer, zero));
    carriedLoop(
        b, loc, zero, kernel.size(resultSizes[walk.axis]), 1, {start, minus},
        [&](OpBuilder &round, Value r, ValueRange last) {
          Value none = arith::CmpIOp::create(round, loc, arith::CmpIPredicate::eq, r, zero);
          auto found = carriedLoop(
              round, loc, zero, length, 1, {start, minus},
              [&](OpBuilder &in, Value i, ValueRange best) {
                Value x = walk.load(in, walk.at(outer, i));
                // Behind the last one found: worse, or equal at a later position.
                Value worse = precedes(in, loc, last[0], x, larger, uns, false);
                Value notBetter = precedes(in, loc, last[0], x, larger, uns, true);
                Value later = arith::CmpIOp::create(in, loc, arith::CmpIPredicate::sgt, i,
                                                    last[1]);
                Value behind = arith::OrIOp::create(
                    in, loc, worse, arith::AndIOp::create(in, loc, notBetter, later));
                behind = arith::OrIOp::create(in, loc, behind, none);
                Value empty = arith::CmpIOp::create(in, loc, arith::CmpIPredicate::slt,
                                                    best[1], zero);
                Value better = precedes(in, loc, x, best[0], larger, uns, false);
                Value take = arith::AndIOp::create(
                    in, loc, behind, arith::OrIOp::create(in, loc, empty, better));
                return SmallVector<Value>{
                    arith::SelectOp::create(in, loc, take, x, best[0]),
                    arith::SelectOp::create(in, loc, take, i, best[1])};
              });
          ElementEmitter e(kernel, round, 1);
          auto target = walk.at(outer, r);
          Value number = arith::IndexCastOp::create(round, loc, round.getI64Type(), found[1]);
          for (auto [i, value] : llvm::enumerate(kernel.getReturned())) {
            auto offset = kernel.linearize(e, resultSizes, target);
            e.store(kernel.result(i), *offset,
                    value == op.getValues() ? found[0] : number);
          }
          return found;
        });
  });
}

template <typename Op>
struct WalkModel : KernelOpInterface::ExternalModel<WalkModel<Op>, Op> {
  KernelRole getKernelRole(Operation *) const { return KernelRole::Root; }
  bool acceptsEpilogue(Operation *) const { return !std::is_same_v<Op, TopKOp>; }
  LogicalResult emitKernel(Operation *op, KernelEmitter &kernel) const {
    return emit(cast<Op>(op), kernel);
  }
};

} // namespace

void pith::attachSelectModels(MLIRContext *context) {
  ArgMaxOp::attachInterface<WalkModel<ArgMaxOp>>(*context);
  ArgMinOp::attachInterface<WalkModel<ArgMinOp>>(*context);
  CumSumOp::attachInterface<WalkModel<CumSumOp>>(*context);
  TopKOp::attachInterface<WalkModel<TopKOp>>(*context);
}
