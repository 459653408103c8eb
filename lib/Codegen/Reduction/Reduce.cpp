//===- Reduce.cpp - Kernels of pith.reduce --------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Two forms. Where the last axis is reduced, a job makes one result element:
// lanes run along that axis and are combined at the end. Where it is kept, a job
// makes a few vectors of neighbouring results: lanes run along the results.
//
//===----------------------------------------------------------------------===//

#include "Accumulate.h"
#include "Reduction.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace pith;

namespace {

bool isFloat(Value x) { return isa<FloatType>(getElementTypeOrSelf(x.getType())); }

Value product2(OpBuilder &b, Location loc, Value x) {
  return isFloat(x) ? arith::MulFOp::create(b, loc, x, x).getResult()
                    : arith::MulIOp::create(b, loc, x, x).getResult();
}

/// What a kind does to an element before, and to the combined value after.
struct Kind {
  ReduceOp op;
  KernelEmitter &kernel;
  ReduceKind kind;
  Type element, type;
  bool isUnsigned;

  Kind(ReduceOp op, KernelEmitter &kernel)
      : op(op), kernel(kernel), kind(op.getKind()) {
    element = cast<RankedTensorType>(op.getInput().getType()).getElementType();
    type = accumulatorType(element);
    isUnsigned = element.isUnsignedInteger();
  }

  Combiner combiner() const {
    switch (kind) {
    case ReduceKind::Max:
    case ReduceKind::Min:
      return extremeCombiner(kind == ReduceKind::Max, isUnsigned, /*keepNan=*/true);
    case ReduceKind::Prod:
      return productCombiner();
    default:
      return sumCombiner();
    }
  }

  Value before(OpBuilder &b, Value x) const {
    Location loc = kernel.getLoc();
    if (kind == ReduceKind::L2 || kind == ReduceKind::SumSquare)
      return product2(b, loc, x);
    if (kind != ReduceKind::L1 || isUnsigned)
      return x;
    if (isFloat(x))
      return math::AbsFOp::create(b, loc, x);
    return math::AbsIOp::create(b, loc, x);
  }

  Value after(OpBuilder &b, Value x, AffineExpr count) const {
    Location loc = kernel.getLoc();
    if (kind == ReduceKind::Mean) {
      Value n = arith::IndexCastOp::create(b, loc, b.getI64Type(), kernel.size(count));
      if (isFloat(x)) {
        Value real = arith::SIToFPOp::create(b, loc, type, n);
        if (auto vector = dyn_cast<VectorType>(x.getType()))
          real = vector::BroadcastOp::create(b, loc, vector, real);
        return arith::DivFOp::create(b, loc, x, real);
      }
      unsigned width = type.getIntOrFloatBitWidth();
      Value whole = width < 64
                        ? arith::TruncIOp::create(b, loc, type, n).getResult()
                        : n;
      Value one = arith::ConstantOp::create(b, loc, b.getIntegerAttr(type, 1));
      whole = arith::MaxSIOp::create(b, loc, whole, one);
      if (auto vector = dyn_cast<VectorType>(x.getType()))
        whole = vector::BroadcastOp::create(b, loc, vector, whole);
      return isUnsigned ? arith::DivUIOp::create(b, loc, x, whole).getResult()
                        : arith::DivSIOp::create(b, loc, x, whole).getResult();
    }
    if (kind == ReduceKind::L2)
      return isFloat(x) ? math::SqrtOp::create(b, loc, x).getResult() : x;
    if (kind == ReduceKind::LogSum)
      return math::LogOp::create(b, loc, x);
    return x;
  }
};

struct ReduceKernel {
  ReduceOp op;
  KernelEmitter &kernel;
  Kind kind;
  SmallVector<AffineExpr> sizes, keptSizes, reducedSizes;
  SmallVector<unsigned> kept, reduced;

  ReduceKernel(ReduceOp op, KernelEmitter &kernel)
      : op(op), kernel(kernel), kind(op, kernel),
        sizes(kernel.dims(op.getInput())) {
    for (unsigned axis = 0; axis < sizes.size(); ++axis) {
      bool gone = llvm::is_contained(op.getAxes(), int64_t(axis));
      (gone ? reduced : kept).push_back(axis);
      (gone ? reducedSizes : keptSizes).push_back(sizes[axis]);
    }
  }

  /// Input position from the indices of kept and reduced axes.
  SmallVector<LaneIndex> source(ArrayRef<LaneIndex> keptIndex,
                                ArrayRef<LaneIndex> reducedIndex) {
    SmallVector<LaneIndex> position(sizes.size());
    for (auto [axis, index] : llvm::zip(kept, keptIndex))
      position[axis] = index;
    for (auto [axis, index] : llvm::zip(reduced, reducedIndex))
      position[axis] = index;
    return position;
  }
  SmallVector<LaneIndex> target(ArrayRef<LaneIndex> keptIndex) {
    if (!op.getKeepDims())
      return SmallVector<LaneIndex>(keptIndex);
    SmallVector<LaneIndex> position(sizes.size(), {kernel.constantIndex(0), 0});
    for (auto [axis, index] : llvm::zip(kept, keptIndex))
      position[axis] = index;
    return position;
  }
  Value elementAt(ElementEmitter &e, ArrayRef<LaneIndex> position) {
    return e.splat(widen(e.getBuilder(), kernel.getLoc(), e.at(op.getInput(), position)));
  }

  LogicalResult run() {
    if (reduced.empty())
      return emitCopy();
    // The form with two passes has lanes along the reduced axis only.
    if (!kept.empty() && kept.back() + 1 == sizes.size() &&
        kind.kind != ReduceKind::LogSumExp)
      return emitKeptLast();
    return emitReducedLast();
  }

  /// Nothing is reduced: still `before` and `after`.
  LogicalResult emitCopy();
  LogicalResult emitKeptLast();
  LogicalResult emitReducedLast();
};

} // namespace

LogicalResult ReduceKernel::emitCopy() {
  MLIRContext *context = op.getContext();
  AffineExpr one = getAffineConstantExpr(1, context);
  return kernel.addTask(
      product(context, sizes), one, [&](OpBuilder &b, Value lo, Value hi) {
        KernelEmitter::loop(b, kernel.getLoc(), lo, hi, 1, [&](OpBuilder &at, Value job) {
          ElementEmitter e(kernel, at, 1);
          SmallVector<LaneIndex> position;
          for (Value i : kernel.delinearize(at, job, sizes))
            position.push_back({i, 0});
          Value x = kind.after(at, kind.before(at, elementAt(e, position)), one);
          kernel.store(e, position, narrow(at, kernel.getLoc(), x, kind.element));
        });
        return success();
      });
}

LogicalResult ReduceKernel::emitReducedLast() {
  MLIRContext *context = op.getContext();
  AffineExpr count = product(context, reducedSizes);
  int64_t lanes = lanesFor(kernel, reducedSizes.back());
  return kernel.addTask(
      product(context, keptSizes), costOf(context, reducedSizes, 4, lanes),
      [&](OpBuilder &b, Value lo, Value hi) {
        Location loc = kernel.getLoc();
        KernelEmitter::loop(b, loc, lo, hi, 1, [&](OpBuilder &at, Value job) {
          SmallVector<LaneIndex> keptIndex;
          for (Value i : kernel.delinearize(at, job, keptSizes))
            keptIndex.push_back({i, 0});
          Value peak;
          if (kind.kind == ReduceKind::LogSumExp) {
            peak = reduceAxes(kernel, at, reducedSizes,
                              extremeCombiner(true, false, true), kind.type,
                              [&](ElementEmitter &e, ArrayRef<LaneIndex> index) {
                                return elementAt(e, source(keptIndex, index));
                              });
            // e^(−∞ − (−∞)) would be NaN; so would ∞ − ∞.
            Value zero = arith::ConstantOp::create(at, loc, at.getZeroAttr(kind.type));
            Value size = math::AbsFOp::create(at, loc, peak);
            Value infinite = arith::ConstantOp::create(
                at, loc,
                at.getFloatAttr(kind.type, std::numeric_limits<double>::infinity()));
            Value bad = arith::CmpFOp::create(at, loc, arith::CmpFPredicate::OEQ, size,
                                              infinite);
            peak = arith::SelectOp::create(at, loc, bad, zero, peak);
          }
          Value all = reduceAxes(
              kernel, at, reducedSizes, kind.combiner(), kind.type,
              [&](ElementEmitter &e, ArrayRef<LaneIndex> index) -> Value {
                Value x = elementAt(e, source(keptIndex, index));
                if (peak) {
                  x = arith::SubFOp::create(e.getBuilder(), loc, x, e.splat(peak));
                  return math::ExpOp::create(e.getBuilder(), loc, x);
                }
                return kind.before(e.getBuilder(), x);
              });
          all = kind.after(at, all, count);
          if (peak) {
            all = math::LogOp::create(at, loc, all);
            all = arith::AddFOp::create(at, loc, all, peak);
          }
          ElementEmitter single(kernel, at, 1);
          kernel.store(single, target(keptIndex), narrow(at, loc, all, kind.element));
        });
        return success();
      });
}

LogicalResult ReduceKernel::emitKeptLast() {
  MLIRContext *context = op.getContext();
  AffineExpr count = product(context, reducedSizes);
  AffineExpr last = keptSizes.back();
  int64_t lanes = lanesFor(kernel, last);
  // A job: a group of vectors along the last axis; the remainder element-wise.
  constexpr int64_t kVectors = 4;
  int64_t group = lanes * kVectors;
  SmallVector<AffineExpr> jobSpace(ArrayRef(keptSizes).drop_back());
  jobSpace.push_back(last.ceilDiv(group));
  Combiner combiner = kind.combiner();
  return kernel.addTask(
      product(context, jobSpace), costOf(context, reducedSizes, kVectors * 3, 1),
      [&](OpBuilder &b, Value lo, Value hi) {
        Location loc = kernel.getLoc();
        KernelEmitter::loop(b, loc, lo, hi, 1, [&](OpBuilder &at, Value job) {
          SmallVector<Value> outer = kernel.delinearize(at, job, jobSpace);
          Value from = arith::MulIOp::create(at, loc, outer.back(),
                                             kernel.constantIndex(group));
          Value left = arith::SubIOp::create(at, loc, kernel.size(last), from);
          SmallVector<LaneIndex> keptIndex;
          for (Value i : ArrayRef(outer).drop_back())
            keptIndex.push_back({i, 0});
          keptIndex.push_back({});
          // `vectors` results of `width` lanes each, from `start` on.
          auto columns = [&](OpBuilder &here, Value start, int64_t vectors,
                             int64_t width) {
            SmallVector<Value> init(vectors,
                                    neutralValue(here, loc, combiner, kind.type, width));
            SmallVector<LaneIndex> reducedIndex(reduced.size());
            auto at1 = [&](ElementEmitter &e, int64_t v) {
              Value i = e.add(start, kernel.constantIndex(v * width));
              keptIndex.back() = {i, width > 1 ? 1 : 0};
            };
            std::function<SmallVector<Value>(OpBuilder &, size_t, ValueRange)> nest =
                [&](OpBuilder &in, size_t axis, ValueRange sums) -> SmallVector<Value> {
              if (axis == reduced.size()) {
                SmallVector<Value> next;
                for (int64_t v = 0; v < vectors; ++v) {
                  ElementEmitter e(kernel, in, width);
                  at1(e, v);
                  Value x = elementAt(e, source(keptIndex, reducedIndex));
                  next.push_back(combiner.combine(in, loc, sums[v], kind.before(in, x)));
                }
                return next;
              }
              return carriedLoop(in, loc, kernel.constantIndex(0),
                                 kernel.size(reducedSizes[axis]), 1, sums,
                                 [&](OpBuilder &inner, Value i, ValueRange values) {
                                   reducedIndex[axis] = {i, 0};
                                   return nest(inner, axis + 1, values);
                                 });
            };
            SmallVector<Value> sums = nest(here, 0, init);
            for (int64_t v = 0; v < vectors; ++v) {
              ElementEmitter e(kernel, here, width);
              at1(e, v);
              Value x = kind.after(here, sums[v], count);
              kernel.store(e, target(keptIndex), narrow(here, loc, x, kind.element));
            }
          };
          Value full = arith::CmpIOp::create(at, loc, arith::CmpIPredicate::sge, left,
                                             kernel.constantIndex(group));
          scf::IfOp::create(
              at, loc, full,
              [&](OpBuilder &in, Location) {
                columns(in, from, kVectors, lanes);
                scf::YieldOp::create(in, loc);
              },
              [&](OpBuilder &in, Location) {
                Value rest = arith::RemUIOp::create(in, loc, left,
                                                    kernel.constantIndex(lanes));
                Value whole = arith::SubIOp::create(in, loc, left, rest);
                if (lanes > 1)
                  KernelEmitter::loop(in, loc, kernel.constantIndex(0), whole, lanes,
                                      [&](OpBuilder &inner, Value i) {
                                        Value start = arith::AddIOp::create(inner, loc,
                                                                            from, i);
                                        columns(inner, start, 1, lanes);
                                      });
                else
                  whole = kernel.constantIndex(0);
                KernelEmitter::loop(in, loc, whole, left, 1,
                                    [&](OpBuilder &inner, Value i) {
                                      Value start = arith::AddIOp::create(inner, loc,
                                                                          from, i);
                                      columns(inner, start, 1, 1);
                                    });
                scf::YieldOp::create(in, loc);
              });
        });
        return success();
      });
}

namespace {
struct ReduceModel : KernelOpInterface::ExternalModel<ReduceModel, ReduceOp> {
  KernelRole getKernelRole(Operation *) const { return KernelRole::Root; }
  bool acceptsEpilogue(Operation *) const { return true; }
  bool acceptsPrologue(Operation *op, unsigned) const {
    // The maximum makes a second pass over the input.
    return cast<ReduceOp>(op).getKind() != ReduceKind::LogSumExp;
  }
  LogicalResult emitKernel(Operation *op, KernelEmitter &kernel) const {
    return ReduceKernel(cast<ReduceOp>(op), kernel).run();
  }
};
} // namespace

void pith::attachReduceModel(MLIRContext *context) {
  ReduceOp::attachInterface<ReduceModel>(*context);
}

void pith::attachReductionModels(MLIRContext *context) {
  attachReduceModel(context);
  attachNormalizeModels(context);
  attachChannelNormModels(context);
  attachPoolModels(context);
  attachSelectModels(context);
}
