//===- MovementRules.cpp - Factors of channels of moved elements ----------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ops that move elements, and those that combine elements of one channel (pools,
// reductions): labels move with the elements.
//
//===----------------------------------------------------------------------===//

#include "ScaleRules.h"

#include "pith/Compression/Weights.h"
#include "pith/Dialect/Pith/IR/Constants.h"
#include "pith/Dialect/Pith/IR/PithOps.h"

#include <algorithm>

using namespace mlir;
using namespace pith;

using AxisMap = SmallVector<int64_t>;

/// Labels whose axis i is axis `map[i]` of another value (−1: it is lost), in order.
static std::optional<ChannelLabels> permuteLabels(const ChannelLabels &labels,
                                                  ArrayRef<int64_t> map,
                                                  ArrayRef<int64_t> shape) {
  SmallVector<std::pair<int64_t, int64_t>> order; // new axis, position in `labels`
  for (auto [i, axis] : llvm::enumerate(labels.axes)) {
    if (map[axis] < 0)
      return std::nullopt;
    order.push_back({map[axis], i});
  }
  llvm::sort(order);
  SmallVector<int64_t> strides(labels.axes.size());
  int64_t stride = 1;
  for (size_t i = labels.axes.size(); i-- > 0;) {
    strides[i] = stride;
    stride *= shape[labels.axes[i]];
  }
  ChannelLabels result;
  result.inverse = labels.inverse;
  for (auto [axis, position] : order)
    result.axes.push_back(axis);
  for (size_t i = 0; i < labels.labels.size(); ++i) {
    int64_t rest = i, from = 0;
    for (size_t a = order.size(); a-- > 0;) {
      int64_t size = shape[labels.axes[order[a].second]];
      from += rest % size * strides[order[a].second];
      rest /= size;
    }
    result.labels.push_back(labels.labels[from]);
  }
  return result;
}

/// Labels of the same elements in a tensor of other sizes: those of a run of axes, here
/// and there, behind which as many elements lie.
static std::optional<ChannelLabels> reshapeLabels(const ChannelLabels &labels,
                                                  ArrayRef<int64_t> from,
                                                  ArrayRef<int64_t> to) {
  auto product = [](ArrayRef<int64_t> shape, int64_t begin, int64_t end) {
    int64_t size = 1;
    for (int64_t axis = begin; axis < end; ++axis) {
      if (ShapedType::isDynamic(shape[axis]))
        return int64_t(-1);
      size *= shape[axis];
    }
    return size;
  };
  int64_t first = labels.axes.front(), last = labels.axes.back() + 1;
  for (int64_t end = last; end <= int64_t(from.size()); ++end)
    for (int64_t begin = first; begin >= 0; --begin) {
      int64_t inner = product(from, end, from.size()), block = product(from, begin, end);
      if (inner < 0 || block < 0)
        break;
      for (int64_t e = to.size(); e > 0; --e) {
        int64_t behind = product(to, e, to.size());
        if (behind < 0 || behind > inner)
          break;
        if (behind != inner)
          continue;
        for (int64_t b = e - 1; b >= 0; --b) {
          int64_t size = product(to, b, e);
          if (size < 0 || size > block)
            break;
          if (size != block)
            continue;
          SmallVector<int64_t> axes;
          for (int64_t axis = begin; axis < end; ++axis)
            axes.push_back(axis);
          ChannelLabels moved = expandLabels(labels, axes, from);
          moved.axes.clear();
          for (int64_t axis = b; axis < e; ++axis)
            moved.axes.push_back(axis);
          return moved;
        }
      }
    }
  return std::nullopt;
}

static AxisMap invertMap(ArrayRef<int64_t> map, int64_t rank) {
  AxisMap inverse(rank, -1);
  for (auto [from, to] : llvm::enumerate(map))
    if (to >= 0)
      inverse[to] = from;
  return inverse;
}

/// Labels pass between the first operand and the result of an op whose operand's axis i
/// is the result's axis `map[i]`.
static void followAxes(Operation *op, ScaleFlow &flow, ArrayRef<int64_t> map) {
  OpOperand &input = op->getOpOperand(0);
  OpResult result = op->getResult(0);
  auto lost = [&] { flow.block("'" + getNodeName(op) + "' mixes scaled channels"); };
  ArrayRef<int64_t> from = tensorType(input.get()).getShape();
  ArrayRef<int64_t> to = tensorType(result).getShape();
  if (const ChannelLabels *labels = flow.get(input)) {
    std::optional<ChannelLabels> moved = permuteLabels(*labels, map, from);
    if (!moved)
      return lost();
    flow.scale(result, *moved);
  }
  if (const ChannelLabels *labels = flow.get(result)) {
    auto moved = permuteLabels(*labels, invertMap(map, to.size()), to);
    if (!moved)
      return lost();
    flow.scale(input, *moved);
  }
}

namespace {

struct TransposeRule : ScaleFlowOpInterface::ExternalModel<TransposeRule, TransposeOp> {
  void followScales(Operation *op, ScaleFlow &flow) const {
    ArrayRef<int64_t> permutation = cast<TransposeOp>(op).getPermutation();
    followAxes(op, flow, invertMap(permutation, permutation.size()));
  }
};

/// Reshape, flatten, squeeze and unsqueeze, by sizes alone.
template <typename Op>
struct ReshapeRule : ScaleFlowOpInterface::ExternalModel<ReshapeRule<Op>, Op> {
  void followScales(Operation *op, ScaleFlow &flow) const {
    OpOperand &input = op->getOpOperand(0);
    OpResult result = op->getResult(0);
    ArrayRef<int64_t> from = tensorType(input.get()).getShape();
    ArrayRef<int64_t> to = tensorType(result).getShape();
    auto lost = [&] { flow.block("'" + getNodeName(op) + "' mixes scaled channels"); };
    if (const ChannelLabels *labels = flow.get(input)) {
      std::optional<ChannelLabels> moved = reshapeLabels(*labels, from, to);
      if (!moved)
        return lost();
      flow.scale(result, *moved);
    }
    if (const ChannelLabels *labels = flow.get(result)) {
      std::optional<ChannelLabels> moved = reshapeLabels(*labels, to, from);
      if (!moved)
        return lost();
      flow.scale(input, *moved);
    }
  }
};

/// Sums, means and extremes of elements with one factor.
struct ReduceRule : ScaleFlowOpInterface::ExternalModel<ReduceRule, ReduceOp> {
  void followScales(Operation *op, ScaleFlow &flow) const {
    auto reduce = cast<ReduceOp>(op);
    switch (reduce.getKind()) {
    case ReduceKind::Sum:
    case ReduceKind::Mean:
    case ReduceKind::Max:
    case ReduceKind::Min:
    case ReduceKind::L1:
    case ReduceKind::L2:
      break;
    default:
      return flow.block("'" + getNodeName(op) + "' is no sum, mean or extreme");
    }
    AxisMap map;
    int64_t next = 0;
    for (int64_t axis = 0, e = tensorType(reduce.getInput()).getRank(); axis < e; ++axis) {
      bool reduced = llvm::is_contained(reduce.getAxes(), axis);
      map.push_back(reduced ? -1 : next);
      next += !reduced || reduce.getKeepDims();
    }
    followAxes(op, flow, map);
  }
};

template <typename Op>
struct PoolRule : ScaleFlowOpInterface::ExternalModel<PoolRule<Op>, Op> {
  void followScales(Operation *op, ScaleFlow &flow) const {
    int64_t rank = tensorType(op->getResult(0)).getRank();
    int64_t channels = cast<Op>(op).getLayout() == Layout::ChannelsLast ? rank - 1 : 1;
    AxisMap map(rank, -1);
    map[channels] = channels;
    followAxes(op, flow, map);
  }
};

/// A resize keeps axes whose size does not change, and mixes elements along others.
struct ResizeRule : ScaleFlowOpInterface::ExternalModel<ResizeRule, ResizeOp> {
  void followScales(Operation *op, ScaleFlow &flow) const {
    ArrayRef<int64_t> from = tensorType(op->getOperand(0)).getShape();
    ArrayRef<int64_t> to = tensorType(op->getResult(0)).getShape();
    AxisMap map;
    for (auto [axis, size] : llvm::enumerate(from))
      map.push_back(!ShapedType::isDynamic(size) && size == to[axis] ? int64_t(axis) : -1);
    followAxes(op, flow, map);
  }
};

/// Channels of zeros that are added have any factor.
struct PadRule : ScaleFlowOpInterface::ExternalModel<PadRule, PadOp> {
  void followScales(Operation *op, ScaleFlow &flow) const {
    auto pad = cast<PadOp>(op);
    std::optional<SmallVector<int64_t>> low = getConstantList(pad.getLow());
    std::optional<double> value = 0;
    if (pad.getMode() == PadMode::Constant && pad.getValue())
      value = getConstantScalar(pad.getValue());
    if (!low || !value || *value != 0)
      return flow.block("'" + getNodeName(op) + "' pads with another value than 0");
    OpOperand &input = pad.getInputMutable();
    OpResult result = op->getResult(0);
    ArrayRef<int64_t> from = tensorType(input.get()).getShape();
    ArrayRef<int64_t> to = tensorType(result).getShape();
    const ChannelLabels *known = flow.get(input) ? flow.get(input) : flow.get(result);
    if (!known)
      return;
    SmallVector<int64_t> axes(known->axes.begin(), known->axes.end());
    bool isWider = llvm::any_of(axes, [&](int64_t axis) { return from[axis] != to[axis]; });
    if ((isWider && pad.getMode() != PadMode::Constant) ||
        llvm::any_of(axes, [&](int64_t axis) { return (*low)[axis] < 0 || to[axis] < from[axis] + (*low)[axis]; }) ||
        countChannels(axes, from) == 0 || countChannels(axes, to) == 0)
      return flow.block("'" + getNodeName(op) + "' mixes scaled channels");
    if (!flow.get(result)) {
      ChannelLabels wide = *known;
      wide.labels.clear();
      for (int64_t i = 0, e = countChannels(axes, to); i < e; ++i)
        wide.labels.push_back(flow.createLabel());
      flow.scale(result, wide);
    }
    if (const ChannelLabels *labels = flow.get(result))
      flow.scale(input, getInner(*labels, from, to, *low));
  }

private:
  static ChannelLabels getInner(const ChannelLabels &wide, ArrayRef<int64_t> from,
                                ArrayRef<int64_t> to, ArrayRef<int64_t> low) {
    ChannelLabels inner = wide;
    inner.labels.clear();
    for (int64_t i = 0, e = countChannels(wide.axes, from); i < e; ++i) {
      int64_t rest = i, index = 0, stride = 1;
      for (size_t a = wide.axes.size(); a-- > 0;) {
        int64_t axis = wide.axes[a];
        index += (rest % from[axis] + low[axis]) * stride;
        stride *= to[axis];
        rest /= from[axis];
      }
      inner.labels.push_back(wide.labels[index]);
    }
    return inner;
  }
};

/// A look-up along one axis keeps the others.
struct GatherRule : ScaleFlowOpInterface::ExternalModel<GatherRule, GatherOp> {
  void followScales(Operation *op, ScaleFlow &flow) const {
    auto gather = cast<GatherOp>(op);
    int64_t indices = tensorType(op->getOperand(1)).getRank(), along = gather.getAxis();
    AxisMap map;
    for (int64_t axis = 0, e = tensorType(op->getOperand(0)).getRank(); axis < e; ++axis)
      map.push_back(axis == along ? -1 : axis < along ? axis : axis - 1 + indices);
    followAxes(op, flow, map);
  }
};

/// One behind the other: operands have the result's labels, each its own part.
struct ConcatRule : ScaleFlowOpInterface::ExternalModel<ConcatRule, ConcatOp> {
  void followScales(Operation *op, ScaleFlow &flow) const {
    auto concat = cast<ConcatOp>(op);
    OpResult result = op->getResult(0);
    int64_t axis = concat.getAxis();
    ArrayRef<int64_t> shape = tensorType(result).getShape();
    if (!flow.get(result))
      for (OpOperand &operand : op->getOpOperands())
        if (const ChannelLabels *labels = flow.get(operand)) {
          flow.scale(result, widen(flow, *labels, axis, shape,
                                   getOffset(op, operand, axis),
                                   tensorType(operand.get()).getShape()));
          break;
        }
    const ChannelLabels *known = flow.get(result);
    if (!known)
      return;
    ChannelLabels labels = *known;
    for (OpOperand &operand : op->getOpOperands())
      flow.scale(operand, narrow(labels, axis, shape, getOffset(op, operand, axis),
                                 tensorType(operand.get()).getShape()));
  }

private:
  static int64_t getOffset(Operation *op, OpOperand &operand, int64_t axis) {
    int64_t offset = 0;
    for (Value before : op->getOperands().take_front(operand.getOperandNumber()))
      offset += std::max<int64_t>(tensorType(before).getDimSize(axis), 0);
    return offset;
  }

  /// Calls `body` with indices of labels of the whole and of the part they belong to.
  static void forEach(const ChannelLabels &part, int64_t axis, ArrayRef<int64_t> whole,
                      ArrayRef<int64_t> partShape, int64_t offset,
                      function_ref<void(int64_t, int64_t)> body) {
    int64_t behind = 1;
    for (int64_t other : part.axes)
      if (other > axis)
        behind *= whole[other];
    int64_t length = partShape[axis] * behind;
    for (int64_t i = 0, e = countChannels(part.axes, partShape); i < e; ++i)
      body(i / length * whole[axis] * behind + offset * behind + i % length, i);
  }

  static ChannelLabels widen(ScaleFlow &flow, const ChannelLabels &labels, int64_t axis,
                             ArrayRef<int64_t> shape, int64_t offset,
                             ArrayRef<int64_t> partShape) {
    int64_t count = countChannels(labels.axes, shape);
    if (!labels.isAlong(axis) || count == 0)
      return labels;
    ChannelLabels wide = labels;
    wide.labels.clear();
    for (int64_t i = 0; i < count; ++i)
      wide.labels.push_back(flow.createLabel());
    forEach(labels, axis, shape, partShape, offset,
            [&](int64_t whole, int64_t part) { wide.labels[whole] = labels.labels[part]; });
    return wide;
  }

  static ChannelLabels narrow(const ChannelLabels &labels, int64_t axis,
                              ArrayRef<int64_t> shape, int64_t offset,
                              ArrayRef<int64_t> partShape) {
    int64_t count = countChannels(labels.axes, partShape);
    if (!labels.isAlong(axis) || count == 0)
      return labels;
    ChannelLabels thin = labels;
    thin.labels.resize(count);
    forEach(labels, axis, shape, partShape, offset,
            [&](int64_t whole, int64_t part) { thin.labels[part] = labels.labels[whole]; });
    return thin;
  }
};

/// A part of the channels; the others have factors of their own.
struct SliceRule : ScaleFlowOpInterface::ExternalModel<SliceRule, SliceOp> {
  void followScales(Operation *op, ScaleFlow &flow) const {
    auto slice = cast<SliceOp>(op);
    OpOperand &input = slice.getInputMutable();
    OpResult result = op->getResult(0);
    ArrayRef<int64_t> from = tensorType(input.get()).getShape();
    ArrayRef<int64_t> to = tensorType(result).getShape();
    auto unknown = [&] {
      flow.block("'" + getNodeName(op) + "' takes channels that are not known");
    };
    if (const ChannelLabels *labels = flow.get(result); labels && !flow.get(input)) {
      ChannelLabels part = *labels, all = part;
      int64_t count = countChannels(part.axes, from);
      if (count == 0)
        return unknown();
      all.labels.clear();
      for (int64_t i = 0; i < count; ++i)
        all.labels.push_back(flow.createLabel());
      flow.scale(input, all);
    }
    const ChannelLabels *labels = flow.get(input);
    if (!labels)
      return;
    ChannelLabels part = *labels;
    std::optional<std::vector<int64_t>> indices = getIndices(slice, part.axes, from, to);
    if (!indices)
      return unknown();
    part.labels.clear();
    for (int64_t index : *indices)
      part.labels.push_back(labels->labels[index]);
    flow.scale(result, part);
  }

private:
  /// For each combination of indices of the axes, that of the input it comes from.
  static std::optional<std::vector<int64_t>>
  getIndices(SliceOp slice, ArrayRef<int64_t> axes, ArrayRef<int64_t> from,
             ArrayRef<int64_t> to) {
    std::optional<SmallVector<int64_t>> starts = getConstantList(slice.getStarts());
    std::vector<int64_t> indices(1, 0);
    for (int64_t axis : axes) {
      if (ShapedType::isDynamic(from[axis]) || ShapedType::isDynamic(to[axis]))
        return std::nullopt;
      int64_t start = 0, step = 1;
      for (auto [i, sliced] : llvm::enumerate(slice.getAxes()))
        if (sliced == axis) {
          if (!starts)
            return std::nullopt;
          start = (*starts)[i] + ((*starts)[i] < 0 ? from[axis] : 0);
          step = slice.getSteps()[i];
          start = std::clamp<int64_t>(start, 0, step < 0 ? from[axis] - 1 : from[axis]);
        }
      std::vector<int64_t> longer;
      for (int64_t index : indices)
        for (int64_t i = 0; i < to[axis]; ++i)
          longer.push_back(index * from[axis] + start + i * step);
      indices = std::move(longer);
    }
    return indices;
  }
};

} // namespace

void pith::registerMovementRules(MLIRContext *context) {
  TransposeOp::attachInterface<TransposeRule>(*context);
  ReshapeOp::attachInterface<ReshapeRule<ReshapeOp>>(*context);
  FlattenOp::attachInterface<ReshapeRule<FlattenOp>>(*context);
  SqueezeOp::attachInterface<ReshapeRule<SqueezeOp>>(*context);
  UnsqueezeOp::attachInterface<ReshapeRule<UnsqueezeOp>>(*context);
  ReduceOp::attachInterface<ReduceRule>(*context);
  MaxPoolOp::attachInterface<PoolRule<MaxPoolOp>>(*context);
  AveragePoolOp::attachInterface<PoolRule<AveragePoolOp>>(*context);
  LpPoolOp::attachInterface<PoolRule<LpPoolOp>>(*context);
  PadOp::attachInterface<PadRule>(*context);
  ResizeOp::attachInterface<ResizeRule>(*context);
  GatherOp::attachInterface<GatherRule>(*context);
  ConcatOp::attachInterface<ConcatRule>(*context);
  SliceOp::attachInterface<SliceRule>(*context);
}
