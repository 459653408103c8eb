//===- ContractionFlow.cpp - Channels of products and look-ups ------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// ChannelFlowOpInterface of the ops that have weights, and of attention.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Structured/ChannelFlow.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "pith/Dialect/Pith/IR/Weights.h"

using namespace mlir;
using namespace pith;

static int64_t getRank(Value value) {
  return cast<RankedTensorType>(value.getType()).getRank();
}

/// Extends what is removed of an axis to whole blocks of `size` indices.
static void removeBlocks(ChannelFlow &flow, Value value, int64_t axis,
                         const llvm::BitVector &blocks, int64_t size) {
  llvm::BitVector all(blocks.size() * size);
  for (unsigned block : blocks.set_bits())
    all.set(block * size, (block + 1) * size);
  flow.remove(value, axis, all);
}

/// Which blocks of `size` indices something is removed of.
static void findBlocks(const ChannelFlow &flow, Value value, int64_t axis, int64_t size,
                       llvm::BitVector &blocks) {
  if (const llvm::BitVector *gone = flow.getRemoved(value, axis))
    for (unsigned i : gone->set_bits())
      blocks.set(i / size);
}

namespace {
struct MatMulFlow : ChannelFlowOpInterface::ExternalModel<MatMulFlow, MatMulOp> {
  void coupleChannels(Operation *operation, ChannelFlow &flow) const {
    auto op = cast<MatMulOp>(operation);
    Value lhs = op.getLhs(), rhs = op.getRhs(), result = op.getResult();
    int64_t left = getRank(lhs), right = getRank(rhs), rank = getRank(result);
    bool row = left == 1, column = right == 1;
    int64_t inner = column ? 0 : op.getTransposeRhs() ? right - 1 : right - 2;
    flow.couple(lhs, left - 1, rhs, inner);
    if (!row)
      flow.couple(lhs, left - 2, result, rank - (column ? 1 : 2));
    if (!column)
      flow.couple(rhs, op.getTransposeRhs() ? right - 2 : right - 1, result, rank - 1);
    int64_t batch = rank - !row - !column;
    coupleBatch(flow, lhs, std::max<int64_t>(left - 2, 0), result, batch);
    coupleBatch(flow, rhs, std::max<int64_t>(right - 2, 0), result, batch);
  }

  SmallVector<ChannelSeed> getChannelSeeds(Operation *operation) const {
    auto op = cast<MatMulOp>(operation);
    SmallVector<ChannelSeed> seeds;
    if (isWeight(op.getRhs())) {
      if (op.getTransposeRhs() && getRank(op.getRhs()) == 2)
        seeds.push_back({ChannelSeed::Kind::Outputs, op.getRhs(), 0});
      return seeds;
    }
    int64_t batch = std::min(getRank(op.getLhs()), getRank(op.getRhs())) - 2;
    int64_t left = getRank(op.getLhs());
    for (int64_t axis = 0; axis < batch && !isWeight(op.getLhs()); ++axis)
      if (getChannels(op.getLhs(), left - 2 - batch + axis) > 1)
        seeds.push_back({ChannelSeed::Kind::Heads, op.getLhs(),
                         unsigned(left - 2 - batch + axis)});
    return seeds;
  }

private:
  static void coupleBatch(ChannelFlow &flow, Value operand, int64_t axes, Value result,
                          int64_t batch) {
    for (int64_t axis = 0; axis < axes; ++axis) {
      int64_t target = batch - axes + axis;
      if (getChannels(operand, axis) != 1 || getChannels(result, target) == 1)
        flow.couple(operand, axis, result, target);
    }
  }
};

struct ConvFlow : ChannelFlowOpInterface::ExternalModel<ConvFlow, ConvOp> {
  void coupleChannels(Operation *operation, ChannelFlow &flow) const {
    auto op = cast<ConvOp>(operation);
    bool last = op.getLayout() == Layout::ChannelsLast;
    int64_t rank = getRank(op.getInput()), channel = last ? rank - 1 : 1;
    Value input = op.getInput(), weight = op.getWeight(), result = op.getResult();
    flow.couple(input, 0, result, 0);
    for (int64_t axis = 1; axis < rank; ++axis)
      if (axis != channel)
        for (Value value : {input, weight, result})
          flow.keep(value, axis, "it is a place in the plane of a convolution");
    if (op.getBias())
      flow.couple(op.getBias(), 0, result, channel);
    flow.couple(weight, 0, result, channel);
    if (op.getGroup() == 1)
      flow.couple(input, channel, weight, channel);
    else
      coupleGroups(op, flow, channel);
  }

  void dropChannels(Operation *operation, const ChannelFlow &flow, OpBuilder &) const {
    auto op = cast<ConvOp>(operation);
    bool last = op.getLayout() == Layout::ChannelsLast;
    int64_t channel = last ? getRank(op.getInput()) - 1 : 1;
    if (op.getGroup() == 1 || !flow.isRemoved(op.getInput(), channel))
      return;
    op.setGroup(flow.getRemaining(op.getInput(), channel) /
                getChannels(op.getWeight(), channel));
  }

  SmallVector<ChannelSeed> getChannelSeeds(Operation *operation) const {
    auto op = cast<ConvOp>(operation);
    if (!isWeight(op.getWeight()))
      return {};
    return {{ChannelSeed::Kind::Outputs, op.getWeight(), 0}};
  }

private:
  /// Groups of equal size must be left, so that they go as a whole.
  static void coupleGroups(ConvOp op, ChannelFlow &flow, int64_t channel) {
    Value input = op.getInput(), weight = op.getWeight();
    flow.keep(weight, channel, "groups of a convolution must stay of equal size");
    int64_t groups = op.getGroup();
    if (getChannels(input, channel) == 0 || getChannels(weight, 0) == 0)
      return;
    int64_t in = getChannels(input, channel) / groups;
    int64_t out = getChannels(weight, 0) / groups;
    llvm::BitVector gone(groups);
    findBlocks(flow, input, channel, in, gone);
    findBlocks(flow, weight, 0, out, gone);
    removeBlocks(flow, input, channel, gone, in);
    removeBlocks(flow, weight, 0, gone, out);
  }
};

struct ConvTransposeFlow
    : ChannelFlowOpInterface::ExternalModel<ConvTransposeFlow, ConvTransposeOp> {
  void coupleChannels(Operation *operation, ChannelFlow &flow) const {
    auto op = cast<ConvTransposeOp>(operation);
    Value input = op.getInput(), weight = op.getWeight(), result = op.getResult();
    flow.couple(input, 0, result, 0);
    for (Value value : {input, weight, result})
      for (int64_t axis = 2; axis < getRank(value); ++axis)
        flow.keep(value, axis, "it is a place in the plane of a convolution");
    if (op.getGroup() != 1) {
      for (Value value : {input, weight, result})
        flow.keepAll(value, "a transposed convolution has groups");
      return;
    }
    flow.couple(input, 1, weight, 0);
    flow.couple(weight, 1, result, 1);
    if (op.getBias())
      flow.couple(op.getBias(), 0, result, 1);
  }
};

struct AttentionFlow : ChannelFlowOpInterface::ExternalModel<AttentionFlow, AttentionOp> {
  void coupleChannels(Operation *operation, ChannelFlow &flow) const {
    auto op = cast<AttentionOp>(operation);
    Value query = op.getQuery(), key = op.getKey(), value = op.getValue();
    Value mask = op.getMask(), result = op.getResult();
    // Sizes: along those of query and key sums run, as along the key's length.
    flow.couple(query, 3, key, 3);
    flow.couple(value, 3, result, 3);
    for (Value other : {key, value, result})
      flow.couple(query, 0, other, 0);
    flow.couple(query, 2, result, 2);
    flow.couple(key, 2, value, 2);
    coupleHeads(flow, query, key, {value}, {result});
    if (!mask)
      return;
    int64_t rank = getRank(mask);
    for (auto [back, other] : {std::pair<int64_t, Value>{1, key}, {2, query}})
      if (rank >= back && getChannels(mask, rank - back) != 1)
        flow.couple(mask, rank - back, other, 2);
    if (rank >= 3 && getChannels(mask, rank - 3) != 1)
      flow.couple(mask, rank - 3, query, 1);
    if (rank >= 4 && getChannels(mask, rank - 4) != 1)
      flow.couple(mask, rank - 4, query, 0);
  }

  SmallVector<ChannelSeed> getChannelSeeds(Operation *operation) const {
    return {{ChannelSeed::Kind::Heads, cast<AttentionOp>(operation).getKey(), 1}};
  }

private:
  /// Query heads that share a head of keys and values go together with it.
  static void coupleHeads(ChannelFlow &flow, Value query, Value key,
                          ArrayRef<Value> likeKey, ArrayRef<Value> likeQuery) {
    int64_t heads = getChannels(query, 1), groups = getChannels(key, 1);
    if (heads == 0 || groups == 0) {
      flow.keep(query, 1, "the number of heads is not known in advance");
      flow.keep(key, 1, "the number of heads is not known in advance");
      return;
    }
    int64_t shared = heads / groups;
    llvm::BitVector gone(groups);
    findBlocks(flow, query, 1, shared, gone);
    findBlocks(flow, key, 1, 1, gone);
    for (Value value : likeQuery)
      findBlocks(flow, value, 1, shared, gone);
    for (Value value : likeKey)
      findBlocks(flow, value, 1, 1, gone);
    removeBlocks(flow, query, 1, gone, shared);
    removeBlocks(flow, key, 1, gone, 1);
    for (Value value : likeQuery)
      removeBlocks(flow, value, 1, gone, shared);
    for (Value value : likeKey)
      removeBlocks(flow, value, 1, gone, 1);
  }
};

struct GatherFlow : ChannelFlowOpInterface::ExternalModel<GatherFlow, GatherOp> {
  void coupleChannels(Operation *operation, ChannelFlow &flow) const {
    auto op = cast<GatherOp>(operation);
    Value input = op.getInput(), indices = op.getIndices(), result = op.getResult();
    int64_t chosen = op.getAxis(), added = getRank(indices);
    flow.keep(input, chosen, "'" + op.getOperationName() + "' chooses from it");
    for (int64_t axis = 0; axis < getRank(input); ++axis)
      if (axis != chosen)
        flow.couple(input, axis, result, axis < chosen ? axis : axis - 1 + added);
    for (int64_t axis = 0; axis < added; ++axis)
      flow.couple(indices, axis, result, chosen + axis);
  }

  SmallVector<ChannelSeed> getChannelSeeds(Operation *operation) const {
    auto op = cast<GatherOp>(operation);
    auto type = cast<RankedTensorType>(op.getInput().getType());
    if (op.getAxis() != 0 || type.getRank() < 2 || !isWeight(op.getInput()) ||
        !isa<FloatType>(type.getElementType()))
      return {};
    return {{ChannelSeed::Kind::Outputs, op.getInput(), unsigned(type.getRank() - 1)}};
  }
};
} // namespace

void pith::registerContractionFlow(MLIRContext *context) {
  MatMulOp::attachInterface<MatMulFlow>(*context);
  ConvOp::attachInterface<ConvFlow>(*context);
  ConvTransposeOp::attachInterface<ConvTransposeFlow>(*context);
  AttentionOp::attachInterface<AttentionFlow>(*context);
  GatherOp::attachInterface<GatherFlow>(*context);
}
