//===- MovementFlow.cpp - Channels of ops that move elements --------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// ChannelFlowOpInterface of reshapes, transposes, concatenations and the like.
//
//===----------------------------------------------------------------------===//

#include "ReshapeFlow.h"

#include "pith/Compression/Structured/ChannelFlow.h"
#include "pith/Dialect/Pith/IR/Constants.h"
#include "pith/Dialect/Pith/IR/PithOps.h"

using namespace mlir;
using namespace pith;

static int64_t getRank(Value value) {
  return cast<RankedTensorType>(value.getType()).getRank();
}

/// Replaces an operand that is a list by another one.
static void setList(OpBuilder &builder, OpOperand &operand, ArrayRef<int64_t> list) {
  if (getConstantList(operand.get()) == SmallVector<int64_t>(list))
    return;
  builder.setInsertionPoint(operand.getOwner());
  auto element = tensorType(operand.get()).getElementType();
  HostTensor tensor(RankedTensorType::get({int64_t(list.size())}, element));
  for (auto [i, value] : llvm::enumerate(list))
    tensor.setInt(i, value);
  operand.set(createConstant(builder, operand.getOwner()->getLoc(), tensor));
}

/// Sizes in the list become those of the result, where they changed.
static void setSizes(const ChannelFlow &flow, OpBuilder &builder, OpOperand &operand,
                     Value result) {
  std::optional<SmallVector<int64_t>> list = getConstantList(operand.get());
  if (!list)
    return;
  for (int64_t axis = 0; axis < int64_t(list->size()); ++axis)
    if (flow.isRemoved(result, axis))
      (*list)[axis] = flow.getRemaining(result, axis);
  setList(builder, operand, *list);
}

static constexpr llvm::StringLiteral kComputedSizes =
    "sizes that are computed while the model runs depend on it";

namespace {
struct TransposeFlow : ChannelFlowOpInterface::ExternalModel<TransposeFlow, TransposeOp> {
  void coupleChannels(Operation *operation, ChannelFlow &flow) const {
    auto op = cast<TransposeOp>(operation);
    for (auto [axis, source] : llvm::enumerate(op.getPermutation()))
      flow.couple(op.getInput(), source, op.getResult(), axis);
  }
};

/// flatten, squeeze, unsqueeze: sizes follow from the input's.
template <typename Op>
struct RenameFlow : ChannelFlowOpInterface::ExternalModel<RenameFlow<Op>, Op> {
  void coupleChannels(Operation *op, ChannelFlow &flow) const {
    coupleReshaped(flow, op->getOperand(0), op->getResult(0));
  }
};

struct ReshapeFlow : ChannelFlowOpInterface::ExternalModel<ReshapeFlow, ReshapeOp> {
  void coupleChannels(Operation *operation, ChannelFlow &flow) const {
    auto op = cast<ReshapeOp>(operation);
    coupleReshaped(flow, op.getInput(), op.getResult());
    if (!getConstantList(op.getShape()))
      flow.keepAll(op.getResult(), kComputedSizes);
  }

  void dropChannels(Operation *operation, const ChannelFlow &flow,
                    OpBuilder &builder) const {
    auto op = cast<ReshapeOp>(operation);
    std::optional<SmallVector<int64_t>> list = getConstantList(op.getShape());
    if (!list)
      return;
    Value result = op.getResult();
    for (int64_t axis = 0; axis < int64_t(list->size()); ++axis) {
      // A 0 takes the input's size, which may be another one now.
      bool copies = (*list)[axis] == 0 && !op.getAllowZero();
      if (flow.isRemoved(result, axis) || (copies && flow.isRemoved(op.getInput(), axis)))
        (*list)[axis] = flow.getRemaining(result, axis);
    }
    setList(builder, op.getShapeMutable(), *list);
  }
};

struct ExpandFlow : ChannelFlowOpInterface::ExternalModel<ExpandFlow, ExpandOp> {
  void coupleChannels(Operation *operation, ChannelFlow &flow) const {
    auto op = cast<ExpandOp>(operation);
    flow.coupleBroadcast(op.getInput(), op.getResult());
    if (!getConstantList(op.getShape()))
      flow.keepAll(op.getResult(), kComputedSizes);
  }

  void dropChannels(Operation *operation, const ChannelFlow &flow,
                    OpBuilder &builder) const {
    auto op = cast<ExpandOp>(operation);
    std::optional<SmallVector<int64_t>> list = getConstantList(op.getShape());
    if (!list)
      return;
    int64_t added = getRank(op.getResult()) - int64_t(list->size());
    for (int64_t i = 0; i < int64_t(list->size()); ++i)
      if ((*list)[i] != 1 && flow.isRemoved(op.getResult(), added + i))
        (*list)[i] = flow.getRemaining(op.getResult(), added + i);
    setList(builder, op.getShapeMutable(), *list);
  }
};

struct TileFlow : ChannelFlowOpInterface::ExternalModel<TileFlow, TileOp> {
  void coupleChannels(Operation *operation, ChannelFlow &flow) const {
    auto op = cast<TileOp>(operation);
    std::optional<SmallVector<int64_t>> repeats = getConstantList(op.getRepeats());
    for (int64_t axis = 0; axis < getRank(op.getInput()); ++axis) {
      if (repeats && (*repeats)[axis] == 1) {
        flow.couple(op.getInput(), axis, op.getResult(), axis);
        continue;
      }
      flow.keep(op.getInput(), axis, "it is repeated");
      flow.keep(op.getResult(), axis, "it is repeated");
    }
  }
};

struct ConcatFlow : ChannelFlowOpInterface::ExternalModel<ConcatFlow, ConcatOp> {
  void coupleChannels(Operation *operation, ChannelFlow &flow) const {
    auto op = cast<ConcatOp>(operation);
    int64_t along = op.getAxis(), offset = 0;
    Value result = op.getResult();
    bool known = getChannels(result, along) > 0;
    for (Value input : op.getInputs()) {
      flow.coupleAllBut(input, result, {along});
      if (known)
        flow.couple(input, along, result, along, offset);
      else
        flow.keep(input, along, "the size of a concatenation is not known in advance");
      offset += getChannels(input, along);
    }
  }
};

struct SliceFlow : ChannelFlowOpInterface::ExternalModel<SliceFlow, SliceOp> {
  /// An axis that is cut, and where the part begins and ends.
  struct Part {
    int64_t axis, begin = -1, end = -1; ///< −1: not known, or with steps
  };

  static SmallVector<Part> getParts(SliceOp op, int64_t (*size)(Value, int64_t, void *),
                                    void *context) {
    SmallVector<Part> parts;
    std::optional<SmallVector<int64_t>> starts = getConstantList(op.getStarts());
    std::optional<SmallVector<int64_t>> ends = getConstantList(op.getEnds());
    for (auto [i, axis] : llvm::enumerate(op.getAxes())) {
      Part part{axis};
      int64_t whole = size(op.getInput(), axis, context);
      if (starts && ends && whole > 0 && op.getSteps()[i] == 1) {
        auto clamp = [&](int64_t x) {
          return std::clamp<int64_t>(x < 0 ? x + whole : x, 0, whole);
        };
        part.begin = clamp((*starts)[i]);
        part.end = std::max(part.begin, clamp((*ends)[i]));
      }
      parts.push_back(part);
    }
    return parts;
  }

  void coupleChannels(Operation *operation, ChannelFlow &flow) const {
    auto op = cast<SliceOp>(operation);
    flow.coupleAllBut(op.getInput(), op.getResult(), op.getAxes());
    auto size = [](Value value, int64_t axis, void *) { return getChannels(value, axis); };
    for (const Part &part : getParts(op, size, nullptr)) {
      if (part.begin >= 0) {
        flow.couple(op.getInput(), part.axis, op.getResult(), part.axis, -part.begin);
        continue;
      }
      flow.keep(op.getInput(), part.axis, "a slice takes a part that steps over some");
      flow.keep(op.getResult(), part.axis, "a slice takes a part that steps over some");
    }
  }

  void dropChannels(Operation *operation, const ChannelFlow &flow,
                    OpBuilder &builder) const {
    auto op = cast<SliceOp>(operation);
    std::optional<SmallVector<int64_t>> starts = getConstantList(op.getStarts());
    std::optional<SmallVector<int64_t>> ends = getConstantList(op.getEnds());
    if (!starts || !ends)
      return;
    // The sizes of the input before anything was removed.
    auto size = [](Value value, int64_t axis, void *context) {
      const auto &flow = *static_cast<const ChannelFlow *>(context);
      const llvm::BitVector *gone = flow.getRemoved(value, axis);
      return gone ? int64_t(gone->size()) : getChannels(value, axis);
    };
    for (auto [i, part] : llvm::enumerate(
             getParts(op, size, const_cast<ChannelFlow *>(&flow)))) {
      const llvm::BitVector *gone = flow.getRemoved(op.getInput(), part.axis);
      if (!gone || part.begin < 0)
        continue;
      int64_t before = 0, inside = 0;
      for (int64_t index = 0; index < part.end; ++index)
        (index < part.begin ? before : inside) += !gone->test(index);
      (*starts)[i] = before;
      (*ends)[i] = before + inside;
    }
    setList(builder, op.getStartsMutable(), *starts);
    setList(builder, op.getEndsMutable(), *ends);
  }
};

struct PadFlow : ChannelFlowOpInterface::ExternalModel<PadFlow, PadOp> {
  void coupleChannels(Operation *operation, ChannelFlow &flow) const {
    auto op = cast<PadOp>(operation);
    std::optional<SmallVector<int64_t>> low = getConstantList(op.getLow());
    std::optional<SmallVector<int64_t>> high = getConstantList(op.getHigh());
    for (int64_t axis = 0; axis < getRank(op.getInput()); ++axis) {
      bool simple = low && high && (*low)[axis] >= 0 && (*high)[axis] >= 0 &&
                    (op.getMode() == PadMode::Constant ||
                     ((*low)[axis] == 0 && (*high)[axis] == 0));
      if (simple) {
        flow.couple(op.getInput(), axis, op.getResult(), axis, (*low)[axis]);
        continue;
      }
      flow.keep(op.getInput(), axis, "it is padded with copies");
      flow.keep(op.getResult(), axis, "it is padded with copies");
    }
  }

  void dropChannels(Operation *operation, const ChannelFlow &flow,
                    OpBuilder &builder) const {
    auto op = cast<PadOp>(operation);
    std::optional<SmallVector<int64_t>> low = getConstantList(op.getLow());
    std::optional<SmallVector<int64_t>> high = getConstantList(op.getHigh());
    if (!low || !high)
      return;
    for (int64_t axis = 0; axis < getRank(op.getInput()); ++axis) {
      const llvm::BitVector *gone = flow.getRemoved(op.getResult(), axis);
      if (!gone)
        continue;
      int64_t first = (*low)[axis], last = int64_t(gone->size()) - (*high)[axis];
      for (unsigned i : gone->set_bits())
        if (int64_t(i) < first)
          --(*low)[axis];
        else if (int64_t(i) >= last)
          --(*high)[axis];
    }
    setList(builder, op.getLowMutable(), *low);
    setList(builder, op.getHighMutable(), *high);
  }
};

struct ShapeFlow : ChannelFlowOpInterface::ExternalModel<ShapeFlow, pith::ShapeOp> {
  void coupleChannels(Operation *operation, ChannelFlow &flow) const {
    auto op = cast<pith::ShapeOp>(operation);
    for (int64_t axis = op.getStart(), e = int64_t(op.getEnd()); axis < e; ++axis)
      flow.keep(op.getInput(), axis, kComputedSizes);
    flow.keepAll(op.getResult(), kComputedSizes);
  }
};

struct DepthToSpaceFlow
    : ChannelFlowOpInterface::ExternalModel<DepthToSpaceFlow, DepthToSpaceOp> {
  void coupleChannels(Operation *op, ChannelFlow &flow) const {
    flow.couple(op->getOperand(0), 0, op->getResult(0), 0);
    for (int64_t axis = 1; axis < 4; ++axis) {
      flow.keep(op->getOperand(0), axis, "its channels become places in the plane");
      flow.keep(op->getResult(0), axis, "its channels become places in the plane");
    }
  }
};

struct ResizeFlow : ChannelFlowOpInterface::ExternalModel<ResizeFlow, ResizeOp> {
  void coupleChannels(Operation *operation, ChannelFlow &flow) const {
    auto op = cast<ResizeOp>(operation);
    ArrayRef<AffineExpr> from = flow.getDims(op.getInput());
    ArrayRef<AffineExpr> to = flow.getDims(op.getResult());
    for (int64_t axis = 0; axis < getRank(op.getInput()); ++axis) {
      if (from[axis] == to[axis] && (!op.getScales() || (*op.getScales())[axis] == 1)) {
        flow.couple(op.getInput(), axis, op.getResult(), axis);
        continue;
      }
      flow.keep(op.getInput(), axis, "it is a place in a plane that is resized");
      flow.keep(op.getResult(), axis, "it is a place in a plane that is resized");
    }
    if (!getConstantList(op.getSizes()))
      flow.keepAll(op.getResult(), kComputedSizes);
  }

  void dropChannels(Operation *operation, const ChannelFlow &flow,
                    OpBuilder &builder) const {
    auto op = cast<ResizeOp>(operation);
    setSizes(flow, builder, op.getSizesMutable(), op.getResult());
  }
};

/// The value may be cut like any other.
struct ConstantFlow : ChannelFlowOpInterface::ExternalModel<ConstantFlow, ConstantOp> {
  void coupleChannels(Operation *, ChannelFlow &) const {}
};
} // namespace

void pith::registerMovementFlow(MLIRContext *context) {
  TransposeOp::attachInterface<TransposeFlow>(*context);
  FlattenOp::attachInterface<RenameFlow<FlattenOp>>(*context);
  SqueezeOp::attachInterface<RenameFlow<SqueezeOp>>(*context);
  UnsqueezeOp::attachInterface<RenameFlow<UnsqueezeOp>>(*context);
  ReshapeOp::attachInterface<ReshapeFlow>(*context);
  ExpandOp::attachInterface<ExpandFlow>(*context);
  TileOp::attachInterface<TileFlow>(*context);
  ConcatOp::attachInterface<ConcatFlow>(*context);
  SliceOp::attachInterface<SliceFlow>(*context);
  PadOp::attachInterface<PadFlow>(*context);
  pith::ShapeOp::attachInterface<ShapeFlow>(*context);
  DepthToSpaceOp::attachInterface<DepthToSpaceFlow>(*context);
  ResizeOp::attachInterface<ResizeFlow>(*context);
  ConstantOp::attachInterface<ConstantFlow>(*context);
}
