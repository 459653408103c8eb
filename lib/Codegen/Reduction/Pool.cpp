//===- Pool.cpp - Kernels of pooling --------------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A job is one output position; with channels last, lanes run along the channels.
// Windows are clipped to the input, so that no padded copy is needed.
//
//===----------------------------------------------------------------------===//

#include "Accumulate.h"
#include "Reduction.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace pith;

namespace {

/// The part of a window along one axis that lies inside the input.
struct Window {
  Value from, to; ///< window positions
  Value start;    ///< input index of window position 0 (may be negative)
};

template <typename Op>
struct PoolKernel {
  Op op;
  KernelEmitter &kernel;
  Location loc;
  Type element, type;
  SmallVector<AffineExpr> input, result;
  bool channelsLast;

  PoolKernel(Op op, KernelEmitter &kernel)
      : op(op), kernel(kernel), loc(kernel.getLoc()),
        input(kernel.dims(op.getInput())), result(kernel.dims(op.getResult())),
        channelsLast(op.getLayout() == Layout::ChannelsLast) {
    element = cast<RankedTensorType>(op.getInput().getType()).getElementType();
    type = accumulatorType(element);
  }
  size_t spatialAxes() { return op.getKernel().size(); }
  size_t axisOf(size_t spatial) const { return spatial + (channelsLast ? 1 : 2); }

  Combiner combiner() const {
    if constexpr (std::is_same_v<Op, MaxPoolOp>)
      return extremeCombiner(true, element.isUnsignedInteger(), true);
    return sumCombiner();
  }
  Value before(OpBuilder &b, Value x) {
    if constexpr (std::is_same_v<Op, LpPoolOp>) {
      x = math::AbsFOp::create(b, loc, x);
      Value power = x;
      for (int64_t i = 1; i < int64_t(op.getP()); ++i)
        power = arith::MulFOp::create(b, loc, power, x);
      return power;
    }
    return x;
  }

  Value c(int64_t v) { return kernel.constantIndex(v); }
  Window window(OpBuilder &b, size_t s, Value position) {
    int64_t stride = op.getStrides()[s], pad = op.getPadsLow()[s];
    int64_t dilation = op.getDilations()[s], size = op.getKernel()[s];
    Value start = b.createOrFold<arith::MulIOp>(loc, position, c(stride));
    start = b.createOrFold<arith::SubIOp>(loc, start, c(pad));
    // The first k with start + k·dilation ≥ 0, and the first with ≥ size.
    auto firstAtLeast = [&](Value bound) {
      Value gap = b.createOrFold<arith::SubIOp>(loc, bound, start);
      gap = b.createOrFold<arith::MaxSIOp>(loc, gap, c(0));
      if (dilation > 1) {
        gap = b.createOrFold<arith::AddIOp>(loc, gap, c(dilation - 1));
        gap = b.createOrFold<arith::DivUIOp>(loc, gap, c(dilation));
      }
      return b.createOrFold<arith::MinSIOp>(loc, gap, c(size));
    };
    return {firstAtLeast(c(0)), firstAtLeast(kernel.size(input[axisOf(s)])), start};
  }

  /// Number of positions that the sum is divided by.
  Value divisor(OpBuilder &b, ArrayRef<Window> windows, bool includePad) {
    Value count = c(1);
    for (auto [s, w] : llvm::enumerate(windows)) {
      Value n;
      if (includePad) {
        // Positions inside the padded input: a window may still reach beyond it
        // where sizes were rounded up.
        int64_t dilation = op.getDilations()[s];
        Value end = b.createOrFold<arith::AddIOp>(loc, kernel.size(input[axisOf(s)]),
                                                  c(op.getPadsHigh()[s]));
        Value gap = b.createOrFold<arith::SubIOp>(loc, end, w.start);
        gap = b.createOrFold<arith::AddIOp>(loc, gap, c(dilation - 1));
        gap = b.createOrFold<arith::DivSIOp>(loc, gap, c(dilation));
        n = b.createOrFold<arith::MinSIOp>(loc, gap, c(op.getKernel()[s]));
      } else {
        n = b.createOrFold<arith::SubIOp>(loc, w.to, w.from);
      }
      count = b.createOrFold<arith::MulIOp>(loc, count, n);
    }
    return count;
  }

  Value after(ElementEmitter &e, Value x, ArrayRef<Window> windows) {
    OpBuilder &b = e.getBuilder();
    if constexpr (std::is_same_v<Op, AveragePoolOp>) {
      Value count = divisor(b, windows, op.getCountIncludePad());
      Value wide = arith::IndexCastOp::create(b, loc, b.getI64Type(), count);
      Value real = arith::SIToFPOp::create(b, loc, type, wide);
      return arith::DivFOp::create(b, loc, x, e.splat(real));
    }
    if constexpr (std::is_same_v<Op, LpPoolOp>) {
      if (op.getP() == 1)
        return x;
      if (op.getP() == 2)
        return math::SqrtOp::create(b, loc, x);
      Value exponent = arith::ConstantOp::create(
          b, loc, b.getFloatAttr(type, 1.0 / double(op.getP())));
      return math::PowFOp::create(b, loc, x, e.splat(exponent));
    }
    return x;
  }

  LogicalResult run() {
    MLIRContext *context = op.getContext();
    SmallVector<AffineExpr> jobSpace;
    for (size_t axis = 0; axis < result.size(); ++axis)
      if (!channelsLast || axis + 1 < result.size())
        jobSpace.push_back(result[axis]);
    SmallVector<AffineExpr> channels{channelsLast ? result.back()
                                                  : getAffineConstantExpr(1, context)};
    int64_t taps = 1;
    for (int64_t k : op.getKernel())
      taps *= k;
    int64_t lanes = lanesFor(kernel, channels.back());
    Combiner combine = combiner();
    return kernel.addTask(
        product(context, jobSpace), costOf(context, channels, taps * 4, lanes),
        [&](OpBuilder &b, Value lo, Value hi) {
          KernelEmitter::loop(b, loc, lo, hi, 1, [&](OpBuilder &at, Value job) {
            SmallVector<Value> outer = kernel.delinearize(at, job, jobSpace);
            SmallVector<Window> windows;
            for (size_t s = 0; s < spatialAxes(); ++s)
              windows.push_back(window(at, s, outer[axisOf(s)]));
            forAxes(kernel, at, channels, [&](ElementEmitter &e, ArrayRef<LaneIndex> c) {
              SmallVector<LaneIndex> source(input.size()), target;
              for (Value i : outer)
                target.push_back({i, 0});
              if (channelsLast)
                target.push_back(c[0]);
              source = target;
              std::function<Value(OpBuilder &, size_t, Value)> nest =
                  [&](OpBuilder &in, size_t s, Value sum) -> Value {
                if (s == spatialAxes()) {
                  ElementEmitter inner(kernel, in, e.lanes());
                  Value x = inner.splat(widen(in, loc, inner.at(op.getInput(), source)));
                  return combine.combine(in, loc, sum, before(in, x));
                }
                return carriedLoop(
                           in, loc, windows[s].from, windows[s].to, 1, sum,
                           [&](OpBuilder &next, Value k, ValueRange sums) {
                             Value step = next.createOrFold<arith::MulIOp>(
                                 loc, k, kernel.constantIndex(op.getDilations()[s]));
                             source[axisOf(s)] = {
                                 arith::AddIOp::create(next, loc, windows[s].start, step),
                                 0};
                             return SmallVector<Value>{nest(next, s + 1, sums[0])};
                           })
                    .front();
              };
              Value init = neutralValue(e.getBuilder(), loc, combine, type, e.lanes());
              Value all = after(e, nest(e.getBuilder(), 0, init), windows);
              kernel.store(e, target, narrow(e.getBuilder(), loc, all, element));
            });
          });
          return success();
        });
  }
};

template <typename Op>
struct PoolModel : KernelOpInterface::ExternalModel<PoolModel<Op>, Op> {
  KernelRole getKernelRole(Operation *) const { return KernelRole::Root; }
  bool acceptsEpilogue(Operation *) const { return true; }
  LogicalResult emitKernel(Operation *op, KernelEmitter &kernel) const {
    return PoolKernel<Op>(cast<Op>(op), kernel).run();
  }
};

} // namespace

void pith::attachPoolModels(MLIRContext *context) {
  MaxPoolOp::attachInterface<PoolModel<MaxPoolOp>>(*context);
  AveragePoolOp::attachInterface<PoolModel<AveragePoolOp>>(*context);
  LpPoolOp::attachInterface<PoolModel<LpPoolOp>>(*context);
}
