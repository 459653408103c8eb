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

  /// Channels [start, start + vectors · width) of one output position: for each
  /// window position, all of them.
  void emitChannels(OpBuilder &b, ArrayRef<Value> outer, ArrayRef<Window> windows,
                    Value start, int64_t vectors, int64_t width) {
    Combiner combine = combiner();
    SmallVector<LaneIndex> target, source;
    for (Value i : outer)
      target.push_back({i, 0});
    if (channelsLast)
      target.push_back({});
    source = target;
    auto moveTo = [&](ElementEmitter &e, SmallVector<LaneIndex> &position, int64_t v) {
      if (channelsLast)
        position.back() = {e.add(start, c(v * width)), width > 1 ? 1 : 0};
    };
    std::function<SmallVector<Value>(OpBuilder &, size_t, ValueRange)> nest =
        [&](OpBuilder &in, size_t s, ValueRange sums) {
          SmallVector<Value> next;
          if (s < spatialAxes())
            return carriedLoop(in, loc, windows[s].from, windows[s].to, 1, sums,
                               [&](OpBuilder &inner, Value k, ValueRange state) {
                                 Value step = inner.createOrFold<arith::MulIOp>(
                                     loc, k, c(op.getDilations()[s]));
                                 source[axisOf(s)] = {arith::AddIOp::create(
                                                          inner, loc, windows[s].start, step),
                                                      0};
                                 return nest(inner, s + 1, state);
                               });
          for (int64_t v = 0; v < vectors; ++v) {
            ElementEmitter e(kernel, in, width);
            moveTo(e, source, v);
            Value x = e.splat(widen(in, loc, e.at(op.getInput(), source)));
            next.push_back(combine.combine(in, loc, sums[v], before(in, x)));
          }
          return next;
        };
    SmallVector<Value> init(vectors, neutralValue(b, loc, combine, type, width));
    SmallVector<Value> sums = nest(b, 0, init);
    for (int64_t v = 0; v < vectors; ++v) {
      ElementEmitter e(kernel, b, width);
      moveTo(e, target, v);
      Value x = after(e, sums[v], windows);
      kernel.store(e, target, narrow(b, loc, x, element));
    }
  }

  /// All channels: four vectors at a time, one, and what is left.
  void columns(OpBuilder &b, ArrayRef<Value> outer, ArrayRef<Window> windows,
               AffineExpr channels, int64_t lanes) {
    Value from = c(0), end = kernel.size(channels);
    auto fixed = getConstant(channels);
    auto part = [&](int64_t vectors, int64_t width) {
      int64_t step = vectors * width;
      if (fixed && *fixed < step)
        return;
      Value length = b.createOrFold<arith::SubIOp>(loc, end, from);
      Value rest = b.createOrFold<arith::RemUIOp>(loc, length, c(step));
      Value middle = b.createOrFold<arith::SubIOp>(loc, end, rest);
      KernelEmitter::loop(b, loc, from, middle, step, [&](OpBuilder &in, Value start) {
        emitChannels(in, outer, windows, start, vectors, width);
      });
      from = middle;
    };
    if (lanes > 1) {
      part(4, lanes);
      if (!fixed || *fixed % (4 * lanes))
        part(1, lanes);
    }
    if (lanes == 1 || !fixed || *fixed % lanes)
      part(1, 1);
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
    return kernel.addTask(
        product(context, jobSpace), costOf(context, channels, taps * 4, lanes),
        [&](OpBuilder &b, Value lo, Value hi) {
          KernelEmitter::loop(b, loc, lo, hi, 1, [&](OpBuilder &at, Value job) {
            SmallVector<Value> outer = kernel.delinearize(at, job, jobSpace);
            SmallVector<Window> windows;
            for (size_t s = 0; s < spatialAxes(); ++s)
              windows.push_back(window(at, s, outer[axisOf(s)]));
            columns(at, outer, windows, channels.front(), lanes);
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
