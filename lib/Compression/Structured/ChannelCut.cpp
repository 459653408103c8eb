//===- ChannelCut.cpp - Carrying out a removal ----------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Values keep their identity: types and constants change in place, so that what a
// removal says of a value is true until its end.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Structured/ChannelCut.h"

#include "pith/Compression/Report.h"
#include "pith/Compression/Structured/Dependencies.h"
#include "pith/Dialect/Pith/IR/Constants.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "pith/Profile/ActivationStatistics.h"
#include "mlir/IR/AffineMap.h"

using namespace mlir;
using namespace pith;

HostTensor pith::removeIndices(const HostTensor &tensor, int64_t axis,
                               const llvm::BitVector &indices) {
  SmallVector<int64_t> shape(tensor.getShape());
  int64_t outer = 1, inner = 1, size = shape[axis];
  for (int64_t i = 0, e = shape.size(); i < e; ++i)
    (i < axis ? outer : inner) *= i == axis ? 1 : shape[i];
  shape[axis] = size - int64_t(indices.count());
  HostTensor result(RankedTensorType::get(shape, tensor.getElementType()));
  unsigned bits = getStorageBits(tensor.getElementType());
  int64_t next = 0;
  const char *from = tensor.getBytes().data();
  char *to = result.getMutableBytes().data();
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t i = 0; i < size; ++i) {
      if (indices.test(i))
        continue;
      int64_t source = (o * size + i) * inner, target = next++ * inner;
      if (bits % 8 == 0)
        std::memcpy(to + target * bits / 8, from + source * bits / 8, inner * bits / 8);
      else
        for (int64_t k = 0; k < inner; ++k)
          result.setInt(target + k, tensor.getInt(source + k));
    }
  return result;
}

/// What the removal leaves of what was seen of an op's activation.
static void cutStatistics(Operation *op, const ChannelFlow &flow) {
  std::optional<ActivationStatistics> statistics = ActivationStatistics::get(op);
  auto compressible = dyn_cast<CompressibleOpInterface>(op);
  if (!statistics || !compressible)
    return;
  for (OpOperand *use : compressible.getWeightOperands()) {
    if (!compressible.isWeightOutputMajor(*use) || !compressible.getActivationOperand(*use))
      continue;
    llvm::BitVector columns = getRemovedColumns(use->get(), flow.getAll());
    // Groups of a convolution go with all of their outputs.
    int64_t groups = statistics->getGroups();
    llvm::BitVector goneGroups(groups);
    const llvm::BitVector *outputs = flow.getRemoved(use->get(), 0);
    if (groups > 1 && outputs)
      for (unsigned o : outputs->set_bits())
        goneGroups.set(o / (outputs->size() / groups));
    bool changed = columns.any() || goneGroups.any();
    if (!changed || int64_t(columns.size()) != statistics->getReductionSize())
      continue;
    for (HostTensor *tensor : {&statistics->mean, &statistics->magnitude,
                               &statistics->largest, &statistics->gram}) {
      if (!*tensor)
        continue;
      *tensor = removeIndices(*tensor, 0, goneGroups);
      for (int64_t axis = 1; axis < tensor->getRank(); ++axis)
        *tensor = removeIndices(*tensor, axis, columns);
    }
    statistics->histogram = {};
    statistics->set(op, getNodeName(op));
    return;
  }
}

static RankedTensorType getCutType(Value value, const ChannelFlow &flow) {
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<int64_t> shape(type.getShape());
  for (auto [axis, size] : llvm::enumerate(shape))
    if (flow.isRemoved(value, axis))
      size = flow.getRemaining(value, axis);
  return RankedTensorType::get(shape, type.getElementType());
}

static LogicalResult cutConstant(ConstantOp op, const ChannelFlow &flow) {
  std::optional<HostTensor> tensor = getConstantTensor(op.getResult());
  if (!tensor)
    return op.emitError("expects a constant with data");
  WeightHistory history = WeightHistory::get(op.getResult());
  for (int64_t axis = 0; axis < tensor->getRank(); ++axis)
    if (const llvm::BitVector *gone = flow.getRemoved(op.getResult(), axis))
      *tensor = removeIndices(*tensor, axis, *gone);
  op.setValueAttr(tensor->toAttribute(op.getName().value_or("constant")));
  op.getResult().setType(tensor->getType());
  // The value as it was has other sizes, so that no error can be told against it.
  op->removeAttr(kOriginalAttr);
  op->setAttr(kOriginalBytesAttr,
              Builder(op.getContext()).getI64IntegerAttr(history.originalBytes));
  return success();
}

/// Says of an input that is about to be cut what will be left of it.
static void noteKept(func::FuncOp function, BlockArgument input, const ChannelFlow &flow) {
  Builder builder(function.getContext());
  auto before = function.getArgAttrOfType<ArrayAttr>(input.getArgNumber(), kKeptPositionsAttr);
  SmallVector<Attribute> axes;
  for (int64_t axis = 0, e = cast<RankedTensorType>(input.getType()).getRank(); axis < e;
       ++axis) {
    SmallVector<bool> kept;
    if (before)
      llvm::append_range(kept, cast<DenseBoolArrayAttr>(before[axis]).asArrayRef());
    if (const llvm::BitVector *gone = flow.getRemoved(input, axis)) {
      if (kept.empty())
        kept.assign(gone->size(), true);
      unsigned position = 0; // among those that are left
      for (bool &isKept : kept)
        if (isKept)
          isKept = !gone->test(position++);
    }
    axes.push_back(builder.getDenseBoolArrayAttr(kept));
  }
  function.setArgAttr(input.getArgNumber(), kKeptPositionsAttr, builder.getArrayAttr(axes));
}

void pith::refreshSignature(func::FuncOp function) {
  Block &body = function.getBody().front();
  TypeRange results = body.getTerminator()->getOperandTypes();
  function.setType(FunctionType::get(function.getContext(), body.getArgumentTypes(), results));
  auto refresh = [](AffineMapAttr attr, Type type) -> AffineMapAttr {
    auto tensor = cast<RankedTensorType>(type);
    if (!attr || int64_t(attr.getValue().getNumResults()) != tensor.getRank())
      return attr;
    AffineMap map = attr.getValue();
    SmallVector<AffineExpr> sizes(map.getResults());
    for (auto [axis, size] : llvm::enumerate(tensor.getShape()))
      if (!ShapedType::isDynamic(size))
        sizes[axis] = getAffineConstantExpr(size, map.getContext());
    return AffineMapAttr::get(
        AffineMap::get(map.getNumDims(), map.getNumSymbols(), sizes, map.getContext()));
  };
  for (auto [i, type] : llvm::enumerate(function.getArgumentTypes()))
    if (auto shape = refresh(function.getArgAttrOfType<AffineMapAttr>(i, "pith.shape"), type))
      function.setArgAttr(i, "pith.shape", shape);
  for (auto [i, type] : llvm::enumerate(results))
    if (auto shape =
            refresh(function.getResultAttrOfType<AffineMapAttr>(i, "pith.shape"), type))
      function.setResultAttr(i, "pith.shape", shape);
}

LogicalResult pith::cutChannels(func::FuncOp function, const ChannelFlow &flow) {
  llvm::SetVector<Value> values;
  for (auto &[axis, gone] : flow.getAll())
    values.insert(axis.first);
  for (Operation &op : function.getBody().front())
    if (op.hasAttr(kStatisticsAttr))
      cutStatistics(&op, flow);
  llvm::SetVector<Operation *> touched;
  for (Value value : values) {
    if (auto constant = value.getDefiningOp<ConstantOp>()) {
      if (failed(cutConstant(constant, flow)))
        return failure();
    } else {
      if (auto input = dyn_cast<BlockArgument>(value))
        noteKept(function, input, flow);
      value.setType(getCutType(value, flow));
      if (Operation *op = value.getDefiningOp())
        touched.insert(op);
    }
    touched.insert_range(value.getUsers());
  }
  OpBuilder builder(function.getContext());
  for (Operation *op : touched)
    if (auto rule = dyn_cast<ChannelFlowOpInterface>(op))
      rule.dropChannels(flow, builder);
  refreshSignature(function);
  return success();
}

void pith::recordRemoval(ModuleOp module, StringRef pass, StringRef name, StringRef what,
                         int64_t removed, int64_t of) {
  Builder builder(module.getContext());
  SmallVector<Attribute> all;
  if (auto known = module->getAttrOfType<ArrayAttr>(kRemovedAttr))
    for (auto row : known.getAsRange<DictionaryAttr>()) {
      // More of the same is one row.
      bool same = row.getAs<StringAttr>("name") == builder.getStringAttr(name) &&
                  row.getAs<StringAttr>("what") == builder.getStringAttr(what);
      auto gone = row.getAs<IntegerAttr>("removed"), whole = row.getAs<IntegerAttr>("of");
      if (!same || !gone || !whole) {
        all.push_back(row);
        continue;
      }
      removed += gone.getInt();
      of = whole.getInt();
    }
  all.push_back(builder.getDictionaryAttr(
      {builder.getNamedAttr("name", builder.getStringAttr(name)),
       builder.getNamedAttr("of", builder.getI64IntegerAttr(of)),
       builder.getNamedAttr("pass", builder.getStringAttr(pass)),
       builder.getNamedAttr("removed", builder.getI64IntegerAttr(removed)),
       builder.getNamedAttr("what", builder.getStringAttr(what))}));
  module->setAttr(kRemovedAttr, builder.getArrayAttr(all));
}
