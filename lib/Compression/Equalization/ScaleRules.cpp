//===- ScaleRules.cpp - What ops do with factors of channels --------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rules of ops that compute: contractions, norms, elementwise ops. Those of ops that
// move elements are in MovementRules.cpp. Each rule states a law like
//
//     relu(f · x) = f · relu(x)                    f > 0
//     matmul(x · f, W / f) = matmul(x, W)
//
//===----------------------------------------------------------------------===//

#include "ScaleRules.h"

#include "pith/Compression/Codec.h"
#include "pith/Compression/Weights.h"
#include "pith/Dialect/Pith/IR/Constants.h"
#include "pith/Dialect/Pith/IR/PithOps.h"

using namespace mlir;
using namespace pith;

ChannelLabels pith::moveAxes(const ChannelLabels &labels, int64_t offset) {
  ChannelLabels moved = labels;
  for (int64_t &axis : moved.axes)
    axis += offset;
  return moved;
}

ChannelLabels pith::mergeOnto(ScaleFlow &flow, const ChannelLabels &labels, int64_t axis,
                              ArrayRef<int64_t> shape) {
  if (labels.axes.size() == 1 && labels.axes[0] == axis)
    return labels;
  SmallVector<int64_t> all(labels.axes.begin(), labels.axes.end());
  if (!llvm::is_contained(all, axis))
    all.push_back(axis);
  llvm::sort(all);
  ChannelLabels merged;
  merged.axes.push_back(axis);
  merged.inverse = labels.inverse;
  for (int64_t i = 0, e = std::max<int64_t>(countChannels({axis}, shape), 0); i < e; ++i)
    merged.labels.push_back(flow.createLabel());
  if (countChannels(all, shape) == 0) {
    flow.block("channels have a number that is not known");
    return merged;
  }
  ChannelLabels a = expandLabels(labels, all, shape), b = expandLabels(merged, all, shape);
  for (auto [x, y] : llvm::zip_equal(a.labels, b.labels))
    flow.unify(x, y);
  return merged;
}

/// The labels of an operand that is broadcast to `shape`: those along axes that it
/// repeats become one. Axes of `labels` are those of `shape`.
static ChannelLabels projectLabels(ScaleFlow &flow, const ChannelLabels &labels,
                                   ArrayRef<int64_t> shape, RankedTensorType operand) {
  int64_t offset = shape.size() - operand.getRank();
  ChannelLabels kept;
  kept.inverse = labels.inverse;
  for (int64_t axis : labels.axes)
    if (axis >= offset && (operand.getDimSize(axis - offset) != 1 || shape[axis] == 1))
      kept.axes.push_back(axis);
  if (kept.axes.size() == labels.axes.size())
    return moveAxes(labels, -offset);
  kept.labels.resize(countChannels(kept.axes, shape));
  for (auto [i, label] : llvm::enumerate(kept.labels))
    label = flow.createLabel();
  ChannelLabels full = expandLabels(kept, labels.axes, shape);
  for (auto [a, b] : llvm::zip_equal(full.labels, labels.labels))
    flow.unify(a, b);
  return moveAxes(kept, -offset);
}

void pith::scaleBroadcast(ScaleFlow &flow, OpOperand &operand,
                          const ChannelLabels &labels, ArrayRef<int64_t> shape) {
  if (isStoredWeight(operand.get()))
    return flow.scale(operand, labels, shape);
  ChannelLabels own = projectLabels(flow, labels, shape, tensorType(operand.get()));
  if (own.axes.empty())
    return flow.block("'" + getNodeName(operand.getOwner()) +
                      "' repeats one element over all channels");
  flow.scale(operand, own);
}

/// The labels that a result gets from those of a broadcast operand.
static ChannelLabels raise(const ChannelLabels &labels, OpOperand &operand,
                           ArrayRef<int64_t> shape) {
  auto type = tensorType(operand.get());
  ChannelLabels raised = moveAxes(labels, int64_t(shape.size()) - type.getRank());
  // An axis of one element that the result repeats has one label for all.
  ChannelLabels kept;
  kept.inverse = labels.inverse;
  for (auto [own, axis] : llvm::zip_equal(labels.axes, raised.axes))
    if (type.getDimSize(own) == shape[axis])
      kept.axes.push_back(axis);
  kept.labels = raised.labels;
  return kept;
}

namespace {

/// `op(f · a, f · b) = f · op(a, b)` for the operands that the op names.
template <typename Op>
struct Homogeneous
    : ScaleFlowOpInterface::ExternalModel<Homogeneous<Op>, Op> {
  static SmallVector<OpOperand *> getOperands(Operation *op) {
    SmallVector<OpOperand *> operands;
    for (OpOperand &operand : op->getOpOperands())
      operands.push_back(&operand);
    if (isa<WhereOp>(op))
      operands.erase(operands.begin());
    if (isa<PreluOp>(op))
      operands.pop_back();
    return operands;
  }

  void followScales(Operation *op, ScaleFlow &flow) const {
    OpResult result = op->getResult(0);
    ArrayRef<int64_t> shape = tensorType(result).getShape();
    if (!isa<FloatType>(tensorType(result).getElementType()))
      return flow.block("'" + getNodeName(op) + "' has integers");
    for (OpOperand *operand : getOperands(op))
      if (const ChannelLabels *labels = flow.get(*operand))
        flow.scale(result, raise(*labels, *operand, shape));
    const ChannelLabels *known = flow.get(result);
    if (!known)
      return flow.block("'" + getNodeName(op) + "' depends on it in another way");
    ChannelLabels labels = *known;
    for (OpOperand *operand : getOperands(op))
      scaleBroadcast(flow, *operand, labels, shape);
    for (OpOperand &operand : op->getOpOperands())
      if (!llvm::is_contained(getOperands(op), &operand) && flow.get(operand))
        flow.block("'" + getNodeName(op) + "' depends on it in another way");
  }
};

/// Limits of 0 or infinity let positive factors through.
struct ClipRule : ScaleFlowOpInterface::ExternalModel<ClipRule, ClipOp> {
  void followScales(Operation *op, ScaleFlow &flow) const {
    for (Value limit : op->getOperands().drop_front()) {
      std::optional<double> value = getConstantScalar(limit);
      if (!value || (*value != 0 && std::abs(*value) < 3.4e38))
        return flow.block("'" + getNodeName(op) + "' limits values to a range");
    }
    OpResult result = op->getResult(0);
    if (const ChannelLabels *labels = flow.get(op->getOpOperand(0)))
      flow.scale(result, *labels);
    else if (const ChannelLabels *labels = flow.get(result))
      flow.scale(op->getOpOperand(0), *labels);
  }
};

/// (f · a) · b = f · (a · b), and quotients by what is not scaled.
template <typename Op>
struct Product : ScaleFlowOpInterface::ExternalModel<Product<Op>, Op> {
  void followScales(Operation *op, ScaleFlow &flow) const {
    OpResult result = op->getResult(0);
    ArrayRef<int64_t> shape = tensorType(result).getShape();
    OpOperand &lhs = op->getOpOperand(0), &rhs = op->getOpOperand(1);
    bool isQuotient = isa<DivOp>(op);
    if (flow.get(lhs) && flow.get(rhs))
      return flow.block("'" + getNodeName(op) + "' multiplies it by itself");
    if (isQuotient && flow.get(rhs))
      return flow.block("'" + getNodeName(op) + "' divides by it");
    OpOperand *scaled = flow.get(lhs) ? &lhs : flow.get(rhs) ? &rhs : nullptr;
    if (!scaled) {
      const ChannelLabels *known = flow.get(result);
      if (!known)
        return;
      ChannelLabels labels = *known;
      return scaleBroadcast(flow, *chooseFactor(op, flow), labels, shape);
    }
    ChannelLabels labels = raise(*flow.get(*scaled), *scaled, shape);
    OpOperand &other = scaled == &lhs ? rhs : lhs;
    if (!flow.get(result) && isStoredWeight(other.get())) {
      // The constant takes the factor back.
      labels.inverse = labels.inverse == isQuotient;
      return flow.scale(other, labels, shape);
    }
    flow.scale(result, labels);
    if (const ChannelLabels *known = flow.get(result)) {
      ChannelLabels back = *known;
      scaleBroadcast(flow, *scaled, back, shape);
    }
  }

  static OpOperand *chooseFactor(Operation *op, ScaleFlow &flow) {
    OpOperand &lhs = op->getOpOperand(0), &rhs = op->getOpOperand(1);
    if (isStoredWeight(lhs.get()) || isa<DivOp>(op))
      return &lhs;
    if (isStoredWeight(rhs.get()))
      return &rhs;
    // In a gated unit the second branch is the linear one.
    return flow.choose(op, 2) == 0 ? &rhs : &lhs;
  }
};

/// norm(x) · (f · scale) + f · bias
template <typename Op>
struct Norm : ScaleFlowOpInterface::ExternalModel<Norm<Op>, Op> {
  void followScales(Operation *op, ScaleFlow &flow) const {
    auto norm = cast<Op>(op);
    OpResult result = op->getResult(0);
    const ChannelLabels *known = flow.get(result);
    if (!known || flow.get(norm.getInputMutable()))
      return flow.block("'" + getNodeName(op) + "' normalizes it");
    if (!norm.getScale())
      return flow.block("'" + getNodeName(op) + "' has no scale to put factors into");
    ChannelLabels labels = *known;
    SmallVector<int64_t> shape(tensorType(result).getShape());
    if constexpr (std::is_same_v<Op, GroupNormOp>) {
      if (labels.axes.size() != 1 || labels.axes[0] != 1)
        return flow.block("'" + getNodeName(op) + "' has one scale per channel");
      labels.axes[0] = 0;
      shape = {shape[1]};
      flow.scale(norm.getScaleMutable(), labels, shape);
      flow.scale(norm.getBiasMutable(), labels, shape);
    } else {
      for (OpOperand &scale : norm.getScaleMutable())
        scaleConstant(flow, scale, labels, shape);
      if constexpr (std::is_same_v<Op, LayerNormOp>)
        for (OpOperand &bias : norm.getBiasMutable())
          scaleConstant(flow, bias, labels, shape);
    }
  }

  static void scaleConstant(ScaleFlow &flow, OpOperand &operand,
                            const ChannelLabels &labels, ArrayRef<int64_t> shape) {
    if (!isStoredWeight(operand.get()))
      return flow.block("'" + getNodeName(operand.getOwner()) + "' has a scale that is no constant");
    flow.scale(operand, labels, shape);
  }
};

/// Factors along the reduction leave the result as it is if the other operand takes them
/// back; others pass on to the result.
struct MatMulRule : ScaleFlowOpInterface::ExternalModel<MatMulRule, MatMulOp> {
  void followScales(Operation *op, ScaleFlow &flow) const {
    auto product = cast<MatMulOp>(op);
    OpResult result = op->getResult(0);
    OpOperand &lhs = product.getLhsMutable(), &rhs = product.getRhsMutable();
    int64_t lhsRank = tensorType(lhs.get()).getRank();
    int64_t rhsRank = tensorType(rhs.get()).getRank(), rank = tensorType(result).getRank();
    if (lhsRank < 2 || rhsRank < 2)
      return flow.block("'" + getNodeName(op) + "' is a product with a vector");
    bool turned = product.getTransposeRhs();
    int64_t reduction = rhsRank - (turned ? 1 : 2), outputs = rhsRank - (turned ? 2 : 1);
    // Axis `from` of one value is axis `to` of another; all rows are treated alike.
    auto move = [&](const ChannelLabels &labels, Value value, int64_t from, int64_t to,
                    bool inverse) {
      ChannelLabels moved =
          mergeOnto(flow, labels, from, tensorType(value).getShape());
      moved.axes.assign({to});
      moved.inverse ^= inverse;
      return moved;
    };
    if (const ChannelLabels *labels = flow.get(lhs))
      flow.scale(rhs, move(*labels, lhs.get(), lhsRank - 1, reduction, true));
    if (const ChannelLabels *labels = flow.get(rhs)) {
      if (labels->isAlong(outputs))
        flow.scale(result, move(*labels, rhs.get(), outputs, rank - 1, false));
      else
        flow.scale(lhs, move(*labels, rhs.get(), reduction, lhsRank - 1, true));
    }
    if (const ChannelLabels *labels = flow.get(result))
      flow.scale(rhs, move(*labels, result, rank - 1, outputs, false));
  }
};

/// Weights `[outputs, window…, channels of the group]` of a channels-last convolution.
struct ConvRule : ScaleFlowOpInterface::ExternalModel<ConvRule, ConvOp> {
  void followScales(Operation *op, ScaleFlow &flow) const {
    auto conv = cast<ConvOp>(op);
    OpResult result = op->getResult(0);
    int64_t last = tensorType(result).getRank() - 1;
    if (conv.getLayout() != Layout::ChannelsLast)
      return flow.block("'" + getNodeName(op) + "' is not channels-last");
    // The window slides over all pixels alike.
    auto merge = [&](const ChannelLabels &labels, Value value) {
      return mergeOnto(flow, labels, last, tensorType(value).getShape());
    };
    if (const ChannelLabels *labels = flow.get(result)) {
      ChannelLabels rows = merge(*labels, result);
      rows.axes.assign({0});
      flow.scale(conv.getWeightMutable(), rows);
      for (OpOperand &bias : conv.getBiasMutable())
        flow.scale(bias, rows);
    }
    if (const ChannelLabels *labels = flow.get(conv.getInputMutable()))
      flow.scale(conv.getWeightMutable(),
                 getColumns(conv, merge(*labels, conv.getInput())));
  }

  /// Labels of `[outputs, channels of the group]`: outputs of a group see its channels.
  static ChannelLabels getColumns(ConvOp conv, const ChannelLabels &input) {
    ArrayRef<int64_t> shape = tensorType(conv.getWeight()).getShape();
    int64_t outputs = shape.front(), channels = shape.back(), group = conv.getGroup();
    ChannelLabels columns;
    columns.inverse = !input.inverse;
    if (group == 1) {
      columns = input;
      columns.inverse = !input.inverse;
      columns.axes.assign({int64_t(shape.size()) - 1});
      return columns;
    }
    columns.axes.assign({0, int64_t(shape.size()) - 1});
    for (int64_t o = 0; o < outputs; ++o)
      for (int64_t c = 0; c < channels; ++c)
        columns.labels.push_back(input.labels[o / (outputs / group) * channels + c]);
    return columns;
  }
};

/// Values and results `[batch, heads, length, size]`: heads of queries in a group share a
/// head of values. Queries and keys take factors of each other back.
struct AttentionRule : ScaleFlowOpInterface::ExternalModel<AttentionRule, AttentionOp> {
  void followScales(Operation *op, ScaleFlow &flow) const {
    auto attention = cast<AttentionOp>(op);
    OpResult result = op->getResult(0);
    if (attention.getMask() && flow.get(attention.getMask()))
      return flow.block("'" + getNodeName(op) + "' adds it to scores");
    couple(flow, attention.getValue(), result, false, [&](const ChannelLabels &labels) {
      flow.scale(attention.getValueMutable(), labels);
    }, [&](const ChannelLabels &labels) { flow.scale(result, labels); });
    couple(flow, attention.getKey(), attention.getQuery(), true,
           [&](const ChannelLabels &labels) { flow.scale(attention.getKeyMutable(), labels); },
           [&](const ChannelLabels &labels) { flow.scale(attention.getQueryMutable(), labels); });
  }

private:
  /// Head h of `many` belongs to head ⌊h / repeat⌋ of `few`.
  static void couple(ScaleFlow &flow, Value few, Value many, bool inverse,
                     function_ref<void(const ChannelLabels &)> scaleFew,
                     function_ref<void(const ChannelLabels &)> scaleMany) {
    ArrayRef<int64_t> fewShape = tensorType(few).getShape();
    ArrayRef<int64_t> manyShape = tensorType(many).getShape();
    const int64_t axes[] = {1, 3};
    int64_t fewer = countChannels(axes, fewShape), more = countChannels(axes, manyShape);
    auto isAlongHeads = [&](const ChannelLabels &labels) {
      return llvm::all_of(labels.axes, [](int64_t axis) { return axis == 1 || axis == 3; });
    };
    const ChannelLabels *ofFew = flow.get(few), *ofMany = flow.get(many);
    if (!ofFew && !ofMany)
      return;
    if (fewer == 0 || more == 0 || (ofFew && !isAlongHeads(*ofFew)) ||
        (ofMany && !isAlongHeads(*ofMany)))
      return flow.block("attention mixes scaled positions");
    int64_t size = fewShape[3], repeat = manyShape[1] / fewShape[1];
    if (ofMany) {
      ChannelLabels all = expandLabels(*ofMany, axes, manyShape), shared = all;
      shared.labels.resize(fewer);
      for (int64_t i = 0; i < more; ++i) {
        int64_t own = i / size / repeat * size + i % size;
        if (i / size % repeat == 0)
          shared.labels[own] = all.labels[i];
        else
          flow.unify(shared.labels[own], all.labels[i]);
      }
      shared.inverse ^= inverse;
      scaleFew(shared);
    }
    if (const ChannelLabels *labels = flow.get(few)) {
      ChannelLabels shared = expandLabels(*labels, axes, fewShape), all = shared;
      all.labels.resize(more);
      for (int64_t i = 0; i < more; ++i)
        all.labels[i] = shared.labels[i / size / repeat * size + i % size];
      all.inverse ^= inverse;
      scaleMany(all);
    }
  }
};

} // namespace

template <typename... Ops>
static void attachHomogeneous(MLIRContext *context) {
  (Ops::template attachInterface<Homogeneous<Ops>>(*context), ...);
}

void pith::registerScaleFlow(MLIRContext *context) {
  attachHomogeneous<ReluOp, LeakyReluOp, PreluOp, AbsOp, NegOp, CastOp, AddOp, SubOp,
                    MinOp, MaxOp, WhereOp>(context);
  ClipOp::attachInterface<ClipRule>(*context);
  MulOp::attachInterface<Product<MulOp>>(*context);
  DivOp::attachInterface<Product<DivOp>>(*context);
  LayerNormOp::attachInterface<Norm<LayerNormOp>>(*context);
  RmsNormOp::attachInterface<Norm<RmsNormOp>>(*context);
  GroupNormOp::attachInterface<Norm<GroupNormOp>>(*context);
  MatMulOp::attachInterface<MatMulRule>(*context);
  ConvOp::attachInterface<ConvRule>(*context);
  AttentionOp::attachInterface<AttentionRule>(*context);
  registerMovementRules(context);
}
