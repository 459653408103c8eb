//===- AxisFlow.cpp - Channels of normalizations, windows, reductions -----===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// ChannelFlowOpInterface of ops that do something along some axes and treat the others
// in parallel.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Structured/ChannelFlow.h"
#include "pith/Dialect/Pith/IR/Constants.h"
#include "pith/Dialect/Pith/IR/PithOps.h"

#include <cmath>

using namespace mlir;
using namespace pith;

static int64_t getRank(Value value) {
  return cast<RankedTensorType>(value.getType()).getRank();
}

namespace {
/// Ops that need one axis whole.
template <typename Op>
struct WholeAxisFlow : ChannelFlowOpInterface::ExternalModel<WholeAxisFlow<Op>, Op> {
  void coupleChannels(Operation *operation, ChannelFlow &flow) const {
    auto op = cast<Op>(operation);
    int64_t axis = op.getAxis();
    flow.coupleAllBut(op.getInput(), op->getResult(0), {axis});
    for (Value value : {Value(op.getInput()), Value(op->getResult(0))})
      flow.keep(value, axis,
                "'" + operation->getName().getStringRef() + "' runs along all of it");
  }
};

/// Windows over the plane; channels are independent.
template <typename Op>
struct PoolFlow : ChannelFlowOpInterface::ExternalModel<PoolFlow<Op>, Op> {
  void coupleChannels(Operation *operation, ChannelFlow &flow) const {
    auto op = cast<Op>(operation);
    int64_t rank = getRank(op.getInput());
    int64_t channel = op.getLayout() == Layout::ChannelsLast ? rank - 1 : 1;
    for (int64_t axis : {int64_t(0), channel})
      flow.couple(op.getInput(), axis, op.getResult(), axis);
    for (int64_t axis = 1; axis < rank; ++axis)
      if (axis != channel)
        for (Value value : {Value(op.getInput()), Value(op.getResult())})
          flow.keep(value, axis, "it is a place in the plane of windows");
  }
};

struct ReduceFlow : ChannelFlowOpInterface::ExternalModel<ReduceFlow, ReduceOp> {
  void coupleChannels(Operation *operation, ChannelFlow &flow) const {
    auto op = cast<ReduceOp>(operation);
    // What sums up treats missing elements as zeros.
    bool sums = llvm::is_contained({ReduceKind::Sum, ReduceKind::L1, ReduceKind::L2,
                                    ReduceKind::SumSquare},
                                   op.getKind());
    int64_t target = 0;
    for (int64_t axis = 0; axis < getRank(op.getInput()); ++axis) {
      if (!llvm::is_contained(op.getAxes(), axis)) {
        flow.couple(op.getInput(), axis, op.getResult(), target++);
        continue;
      }
      if (!sums)
        flow.keep(op.getInput(), axis, "a reduction over it is no sum");
      target += op.getKeepDims();
    }
  }
};

struct BatchNormFlow : ChannelFlowOpInterface::ExternalModel<BatchNormFlow, BatchNormOp> {
  void coupleChannels(Operation *operation, ChannelFlow &flow) const {
    auto op = cast<BatchNormOp>(operation);
    int64_t channel =
        op.getLayout() == Layout::ChannelsLast ? getRank(op.getInput()) - 1 : 1;
    flow.coupleAllBut(op.getInput(), op.getResult(), {});
    for (Value parameter : {op.getScale(), op.getBias(), op.getMean(), op.getVariance()})
      flow.couple(parameter, 0, op.getResult(), channel);
  }
};

struct LayerNormFlow : ChannelFlowOpInterface::ExternalModel<LayerNormFlow, LayerNormOp> {
  void coupleChannels(Operation *operation, ChannelFlow &flow) const {
    auto op = cast<LayerNormOp>(operation);
    flow.coupleAllBut(op.getInput(), op.getResult(), {});
    flow.coupleBroadcast(op.getScale(), op.getResult());
    flow.coupleBroadcast(op.getBias(), op.getResult());
    for (int64_t axis = op.getAxis(); axis < getRank(op.getInput()); ++axis)
      flow.keep(op.getInput(), axis, "a mean is formed over all of it");
  }
};

struct RmsNormFlow : ChannelFlowOpInterface::ExternalModel<RmsNormFlow, RmsNormOp> {
  void coupleChannels(Operation *operation, ChannelFlow &flow) const {
    auto op = cast<RmsNormOp>(operation);
    flow.coupleAllBut(op.getInput(), op.getResult(), {});
    flow.coupleBroadcast(op.getScale(), op.getResult());
    for (int64_t axis = op.getAxis(); axis < getRank(op.getInput()); ++axis)
      if (flow.isRemoved(op.getInput(), axis) &&
          !(op.getScale() && getConstantTensor(op.getScale())))
        flow.block("a mean of squares is formed over all of it");
  }

  /// The mean is over fewer elements, of the same sum: with r = left / all,
  /// √(Σx²/all + ε) = √r · √(Σx²/left + ε/r).
  void dropChannels(Operation *operation, const ChannelFlow &flow, OpBuilder &) const {
    auto op = cast<RmsNormOp>(operation);
    double ratio = 1;
    for (int64_t axis = op.getAxis(); axis < getRank(op.getInput()); ++axis)
      if (const llvm::BitVector *gone = flow.getRemoved(op.getInput(), axis))
        ratio *= 1 - double(gone->count()) / gone->size();
    if (ratio == 1)
      return;
    op.setEpsilon(llvm::APFloat(op.getEpsilon().convertToDouble() / ratio));
    auto constant = op.getScale().getDefiningOp<ConstantOp>();
    HostTensor scale = *getConstantTensor(op.getScale());
    HostTensor scaled(scale.getType());
    for (int64_t i = 0, e = scale.getNumElements(); i < e; ++i)
      scaled.setDouble(i, scale.getDouble(i) / std::sqrt(ratio));
    constant.setValueAttr(
        scaled.toAttribute(constant.getName().value_or("scale")));
  }
};

struct GroupNormFlow : ChannelFlowOpInterface::ExternalModel<GroupNormFlow, GroupNormOp> {
  void coupleChannels(Operation *operation, ChannelFlow &flow) const {
    auto op = cast<GroupNormOp>(operation);
    Value input = op.getInput(), result = op.getResult();
    flow.couple(input, 0, result, 0);
    flow.couple(input, 1, result, 1);
    for (int64_t axis = 2; axis < getRank(input); ++axis)
      flow.keep(input, axis, "a mean is formed over all of it");
    // Groups of equal size must be left, so that they go as a whole.
    int64_t channels = getChannels(input, 1), size = channels / op.getGroups();
    if (const llvm::BitVector *gone = flow.getRemoved(input, 1); gone && size > 1) {
      llvm::BitVector whole(channels);
      for (unsigned i : gone->set_bits())
        whole.set(i / size * size, (i / size + 1) * size);
      flow.remove(input, 1, whole);
    }
    flow.couple(op.getScale(), 0, result, 1);
    flow.couple(op.getBias(), 0, result, 1);
  }

  void dropChannels(Operation *operation, const ChannelFlow &flow, OpBuilder &) const {
    auto op = cast<GroupNormOp>(operation);
    if (const llvm::BitVector *gone = flow.getRemoved(op.getInput(), 1))
      op.setGroups((gone->size() - gone->count()) * op.getGroups() / gone->size());
  }
};

struct LrnFlow : ChannelFlowOpInterface::ExternalModel<LrnFlow, LrnOp> {
  void coupleChannels(Operation *op, ChannelFlow &flow) const {
    flow.coupleAllBut(op->getOperand(0), op->getResult(0), {1});
    for (Value value : {op->getOperand(0), Value(op->getResult(0))})
      flow.keep(value, 1, "neighbouring channels are summed up");
  }
};

struct TriluFlow : ChannelFlowOpInterface::ExternalModel<TriluFlow, TriluOp> {
  void coupleChannels(Operation *op, ChannelFlow &flow) const {
    int64_t rank = getRank(op->getOperand(0));
    flow.coupleAllBut(op->getOperand(0), op->getResult(0), {rank - 2, rank - 1});
    for (Value value : {op->getOperand(0), Value(op->getResult(0))})
      for (int64_t axis : {rank - 2, rank - 1})
        flow.keep(value, axis, "it is a side of triangles");
  }
};
} // namespace

void pith::registerAxisFlow(MLIRContext *context) {
  SoftmaxOp::attachInterface<WholeAxisFlow<SoftmaxOp>>(*context);
  LogSoftmaxOp::attachInterface<WholeAxisFlow<LogSoftmaxOp>>(*context);
  CumSumOp::attachInterface<WholeAxisFlow<CumSumOp>>(*context);
  MaxPoolOp::attachInterface<PoolFlow<MaxPoolOp>>(*context);
  AveragePoolOp::attachInterface<PoolFlow<AveragePoolOp>>(*context);
  LpPoolOp::attachInterface<PoolFlow<LpPoolOp>>(*context);
  ReduceOp::attachInterface<ReduceFlow>(*context);
  BatchNormOp::attachInterface<BatchNormFlow>(*context);
  LayerNormOp::attachInterface<LayerNormFlow>(*context);
  RmsNormOp::attachInterface<RmsNormFlow>(*context);
  GroupNormOp::attachInterface<GroupNormFlow>(*context);
  LrnOp::attachInterface<LrnFlow>(*context);
  TriluOp::attachInterface<TriluFlow>(*context);
}
