//===- ChannelNorms.cpp - Kernels of norms over channels ------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Simplified IR has none of these ops; the kernels are for IR that is compiled as
// it is. Batch norm is elementwise but for its parameters; a job of group norm is
// a group, one of local response norm a line.
//
//===----------------------------------------------------------------------===//

#include "Accumulate.h"
#include "Reduction.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace pith;

namespace {

Type elementOf(Value tensor) {
  return cast<RankedTensorType>(tensor.getType()).getElementType();
}

Value constant(ElementEmitter &e, Type type, double value) {
  OpBuilder &b = e.getBuilder();
  return e.splat(arith::ConstantOp::create(b, e.getLoc(), b.getFloatAttr(type, value)));
}

/// Elements of `tensor` in the type of sums; null if they cannot be computed.
Value wide(ElementEmitter &e, Value tensor, ArrayRef<LaneIndex> position) {
  Value x = e.at(tensor, position);
  return x ? e.splat(widen(e.getBuilder(), e.getLoc(), x)) : Value();
}

struct BatchNormModel : KernelOpInterface::ExternalModel<BatchNormModel, BatchNormOp> {
  // Not pointwise: parameters are aligned at the channel axis.
  KernelRole getKernelRole(Operation *) const { return KernelRole::Movement; }
  Value emitAt(Operation *operation, ElementEmitter &e, unsigned,
               ArrayRef<LaneIndex> position) const {
    auto op = cast<BatchNormOp>(operation);
    OpBuilder &b = e.getBuilder();
    Location loc = e.getLoc();
    bool last = op.getLayout() == Layout::ChannelsLast;
    LaneIndex channel = position[last ? position.size() - 1 : 1];
    Value x = wide(e, op.getInput(), position);
    Value scale = wide(e, op.getScale(), {channel});
    Value bias = wide(e, op.getBias(), {channel});
    Value mean = wide(e, op.getMean(), {channel});
    Value variance = wide(e, op.getVariance(), {channel});
    if (!x || !scale || !bias || !mean || !variance)
      return {};
    Type type = accumulatorType(elementOf(op.getInput()));
    Value epsilon = constant(e, type, op.getEpsilon().convertToDouble());
    Value root =
        math::SqrtOp::create(b, loc, arith::AddFOp::create(b, loc, variance, epsilon));
    Value factor = arith::DivFOp::create(b, loc, scale, root);
    x = arith::SubFOp::create(b, loc, x, mean);
    x = arith::MulFOp::create(b, loc, x, factor);
    x = arith::AddFOp::create(b, loc, x, bias);
    return narrow(b, loc, x, elementOf(op.getResult()));
  }
};

struct GroupNormModel : KernelOpInterface::ExternalModel<GroupNormModel, GroupNormOp> {
  KernelRole getKernelRole(Operation *) const { return KernelRole::Root; }
  bool acceptsEpilogue(Operation *) const { return true; }
  LogicalResult emitKernel(Operation *operation, KernelEmitter &kernel) const {
    auto op = cast<GroupNormOp>(operation);
    MLIRContext *context = op.getContext();
    Location loc = kernel.getLoc();
    Type element = elementOf(op.getInput()), type = accumulatorType(element);
    SmallVector<AffineExpr> sizes(kernel.dims(op.getInput()));
    AffineExpr groups = getAffineConstantExpr(op.getGroups(), context);
    AffineExpr each = sizes[1].floorDiv(op.getGroups());
    // The channels of a group, then the spatial axes.
    SmallVector<AffineExpr> inner{each};
    inner.append(sizes.begin() + 2, sizes.end());
    AffineExpr count = product(context, inner);
    SmallVector<AffineExpr> space{sizes[0], groups};
    int64_t lanes = lanesFor(kernel, inner.back());
    bool good = true;
    LogicalResult made = kernel.addTask(
        product(context, space), costOf(context, inner, 12, lanes),
        [&](OpBuilder &builder, Value lo, Value hi) {
          KernelEmitter::loop(builder, loc, lo, hi, 1, [&](OpBuilder &b, Value job) {
            SmallVector<Value> at = kernel.delinearize(b, job, space);
            Value first = b.createOrFold<arith::MulIOp>(loc, at[1], kernel.size(each));
            auto place = [&](ElementEmitter &e, ArrayRef<LaneIndex> index) {
              SmallVector<LaneIndex> position{{at[0], 0}};
              llvm::append_range(position, index);
              position[1].base = e.add(position[1].base, first);
              return position;
            };
            auto input = [&](ElementEmitter &e, ArrayRef<LaneIndex> position) {
              Value x = wide(e, op.getInput(), position);
              good &= bool(x);
              return x ? x : constant(e, type, 0);
            };
            Value n = arith::IndexCastOp::create(b, loc, b.getI64Type(), kernel.size(count));
            n = arith::SIToFPOp::create(b, loc, type, n);
            Value sum = reduceAxes(kernel, b, inner, sumCombiner(), type,
                                   [&](ElementEmitter &e, ArrayRef<LaneIndex> index) {
                                     return input(e, place(e, index));
                                   });
            Value mean = arith::DivFOp::create(b, loc, sum, n);
            Value squares = reduceAxes(
                kernel, b, inner, sumCombiner(), type,
                [&](ElementEmitter &e, ArrayRef<LaneIndex> index) -> Value {
                  Value x = input(e, place(e, index));
                  x = arith::SubFOp::create(e.getBuilder(), loc, x, e.splat(mean));
                  return arith::MulFOp::create(e.getBuilder(), loc, x, x);
                });
            ElementEmitter single(kernel, b, 1);
            Value variance = arith::DivFOp::create(b, loc, squares, n);
            variance = arith::AddFOp::create(
                b, loc, variance, constant(single, type, op.getEpsilon().convertToDouble()));
            Value inverse = arith::DivFOp::create(b, loc, constant(single, type, 1),
                                                  math::SqrtOp::create(b, loc, variance));
            forAxes(kernel, b, inner, [&](ElementEmitter &e, ArrayRef<LaneIndex> index) {
              OpBuilder &in = e.getBuilder();
              SmallVector<LaneIndex> position = place(e, index);
              Value scale = wide(e, op.getScale(), {position[1]});
              Value bias = wide(e, op.getBias(), {position[1]});
              if (!scale || !bias) {
                good = false;
                return;
              }
              Value x = arith::SubFOp::create(in, loc, input(e, position), e.splat(mean));
              x = arith::MulFOp::create(in, loc, x, e.splat(inverse));
              x = arith::MulFOp::create(in, loc, x, scale);
              x = arith::AddFOp::create(in, loc, x, bias);
              kernel.store(e, position, narrow(in, loc, x, element));
            });
          });
          return success();
        });
    if (succeeded(made) && !good)
      return op.emitError("operand of group_norm cannot be computed element by element");
    return made;
  }
};

struct LrnModel : KernelOpInterface::ExternalModel<LrnModel, LrnOp> {
  KernelRole getKernelRole(Operation *) const { return KernelRole::Root; }
  bool acceptsEpilogue(Operation *) const { return true; }
  LogicalResult emitKernel(Operation *operation, KernelEmitter &kernel) const {
    auto op = cast<LrnOp>(operation);
    Location loc = kernel.getLoc();
    Type element = elementOf(op.getInput()), type = accumulatorType(element);
    SmallVector<AffineExpr> sizes(kernel.dims(op.getInput()));
    if (sizes.size() < 2)
      return op.emitError("expected an input with channels, found rank ") << sizes.size();
    // Lines along the last axis, unless that counts the channels.
    AffineExpr one = getAffineConstantExpr(1, op.getContext());
    bool hasLine = sizes.size() > 2;
    SmallVector<AffineExpr> space(sizes.begin(), sizes.end() - (hasLine ? 1 : 0));
    SmallVector<AffineExpr> line{hasLine ? sizes.back() : one};
    int64_t low = (int64_t(op.getSize()) - 1) / 2, high = int64_t(op.getSize()) / 2;
    bool good = true;
    LogicalResult made = kernel.addTask(
        product(op.getContext(), space),
        costOf(op.getContext(), line, int64_t(op.getSize()) * 2 + 20,
               lanesFor(kernel, line[0])),
        [&](OpBuilder &builder, Value lo, Value hi) {
          KernelEmitter::loop(builder, loc, lo, hi, 1, [&](OpBuilder &b, Value job) {
            SmallVector<Value> outer = kernel.delinearize(b, job, space);
            Value zero = kernel.constantIndex(0);
            Value from = b.createOrFold<arith::SubIOp>(loc, outer[1],
                                                       kernel.constantIndex(low));
            from = b.createOrFold<arith::MaxSIOp>(loc, from, zero);
            Value to = b.createOrFold<arith::AddIOp>(loc, outer[1],
                                                     kernel.constantIndex(high + 1));
            to = b.createOrFold<arith::MinSIOp>(loc, to, kernel.size(sizes[1]));
            forAxes(kernel, b, line, [&](ElementEmitter &e, ArrayRef<LaneIndex> index) {
              SmallVector<LaneIndex> position;
              for (Value i : outer)
                position.push_back({i, 0});
              if (hasLine)
                position.push_back(index[0]);
              auto input = [&](ElementEmitter &at, ArrayRef<LaneIndex> where) {
                Value x = wide(at, op.getInput(), where);
                good &= bool(x);
                return x ? x : constant(at, type, 0);
              };
              Value sum =
                  carriedLoop(e.getBuilder(), loc, from, to, 1, constant(e, type, 0),
                              [&](OpBuilder &in, Value channel, ValueRange state) {
                                ElementEmitter inner(kernel, in, e.lanes());
                                SmallVector<LaneIndex> where(position);
                                where[1] = {channel, 0};
                                Value x = input(inner, where);
                                x = arith::MulFOp::create(in, loc, x, x);
                                return SmallVector<Value>{
                                    arith::AddFOp::create(in, loc, state[0], x)};
                              })
                      .front();
              OpBuilder &in = e.getBuilder();
              double alpha = op.getAlpha().convertToFloat();
              Value base = arith::MulFOp::create(
                  in, loc, sum, constant(e, type, alpha / double(op.getSize())));
              base = arith::AddFOp::create(in, loc, base,
                                           constant(e, type, op.getBias().convertToFloat()));
              Value power = math::PowFOp::create(
                  in, loc, base, constant(e, type, op.getBeta().convertToFloat()));
              Value x = arith::DivFOp::create(in, loc, input(e, position), power);
              kernel.store(e, position, narrow(in, loc, x, element));
            });
          });
          return success();
        });
    if (succeeded(made) && !good)
      return op.emitError("operand of lrn cannot be computed element by element");
    return made;
  }
};

} // namespace

void pith::attachChannelNormModels(MLIRContext *context) {
  BatchNormOp::attachInterface<BatchNormModel>(*context);
  GroupNormOp::attachInterface<GroupNormModel>(*context);
  LrnOp::attachInterface<LrnModel>(*context);
}
