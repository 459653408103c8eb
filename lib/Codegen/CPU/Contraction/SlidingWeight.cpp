//===- SlidingWeight.cpp - Weights read in sliding windows ----------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which sparse weights SlidingProduct.cpp can read, and how their constants are re-laid.
//
//===----------------------------------------------------------------------===//

#include "PanelWeight.h"
#include "SlidingReader.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace pith;

using Kind = TilePacking::Kind;

/// Tables of so many entries are permuted.
static constexpr int64_t kMaxEntries = 16;

static bool isStoredArgument(Value value) {
  return isa<BlockArgument>(value) && PanelWeight::isWeight(value);
}

/// An operand that is the same for all elements of a group, output or weight.
static bool isShared(Value value, const TilePacking &packing, unsigned codeBits) {
  bool isStored = isStoredArgument(value);
  if (packing.kind == Kind::Table) {
    auto type = cast<RankedTensorType>(value.getType());
    return isStored && type.getRank() == 1 && codeBits <= SlidingLayout::kNibble &&
           type.getNumElements() <= kMaxEntries;
  }
  if (packing.kind != Kind::Tensor && packing.kind != Kind::Groups &&
      packing.kind != Kind::Outputs)
    return false;
  ElementsAttr attr;
  return isStored || (matchPattern(value, m_Constant(&attr)) && attr.isSplat() &&
                      HostTensor::get(attr));
}

/// Finds the levels down to the sparse form, which is read last.
bool SlidingWeight::visit(Value value) {
  auto codec = value.getDefiningOp<WeightCodecOpInterface>();
  if (!codec)
    return false;
  if (auto form = codec.getSparseForm()) {
    Value stored = codec->getOperand(form->values), mask = codec->getOperand(form->where);
    if (form->m != 0 || stored == mask || !isStoredArgument(stored) ||
        !isStoredArgument(mask))
      return false;
    auto type = cast<RankedTensorType>(stored.getType());
    element = type.getElementType();
    this->stored = type.getNumElements();
    values = cast<BlockArgument>(stored).getArgNumber();
    where = cast<BlockArgument>(mask).getArgNumber();
    return true;
  }
  auto kept = PanelWeight::getZerosOf(codec);
  if (!kept || *kept >= codec->getNumOperands())
    return false;
  Level level{codec, *kept};
  levels.push_back(level);
  if (!visit(codec->getOperand(level.kept)))
    return false;
  for (unsigned i = 0; i < codec->getNumOperands(); ++i) {
    TilePacking packing = codec.getOperandPacking(i);
    bool isElements =
        packing.kind == Kind::Elements && packing.stored == 1 && packing.per == 1;
    if (i == level.kept
            ? !isElements
            : !isShared(codec->getOperand(i), packing, element.getIntOrFloatBitWidth()))
      return false;
  }
  return true;
}

std::optional<SlidingWeight> SlidingWeight::get(KernelEmitter &kernel, Value value,
                                                int64_t outputs, int64_t reduction) {
  const TargetDescription &target = kernel.getTarget();
  SlidingWeight weight;
  SlidingLayout &layout = weight.layout;
  layout.shape.outputs = outputs;
  layout.shape.lanes =
      target.hasAVX512 && target.vectorBytes == 64 && outputs > 8 ? 16 : 8;
  int64_t lanes = layout.shape.lanes;
  if (!target.hasAVX2 || outputs < 1 || reduction < lanes ||
      reduction > SlidingLayout::kMaxStart + lanes || !weight.visit(value))
    return std::nullopt;
  unsigned bits = weight.element.getIntOrFloatBitWidth();
  bool isFloat = isa<FloatType>(weight.element);
  if (bits > 32 || bits == 1 || (!isFloat && bits > 8) || (isFloat && bits < 16))
    return std::nullopt;
  layout.bits = bits <= SlidingLayout::kNibble ? SlidingLayout::kNibble
                : bits < 8                     ? 8
                                               : bits;
  layout.reduction = layout.group = reduction;
  // Short windows are best started anew for each step.
  layout.windows = lanes == 16 ? 2 : SlidingLayout::kTurn;
  for (Level &level : weight.levels) {
    int64_t group = level.op.getTileGroup();
    if (group == 0 || group >= reduction)
      continue;
    if (layout.group != reduction && layout.group != group)
      return std::nullopt;
    layout.group = group;
  }
  // Lanes are chosen by masks, which AVX2 does not have.
  layout.isOverlapping = lanes == 16 && layout.groups() > 1;
  return weight;
}

double SlidingWeight::getDensity() const {
  double all = double(layout.shape.outputs) * double(layout.reduction);
  return stored / all;
}

int64_t SlidingWeight::panelBytes() const {
  double elements = getDensity() * double(layout.shape.lanes * layout.reduction);
  return int64_t(elements * 1.3 * (layout.bits + 5) / 8);
}

void SlidingWeight::setPackings(KernelEmitter &kernel) const {
  std::string key = layout.key();
  auto &packings = kernel.getPlan().packings;
  packings[where].key = packings[values].key = key;
  packings[where].companions.push_back(values);
  packings[values].companions.push_back(where);
  auto packer = std::make_shared<SlidingPacker>(layout);
  packings[where].packWith = [packer](ArrayRef<HostTensor> tensors) {
    return packer->take(&SlidingBytes::places, tensors[1], tensors[0]);
  };
  packings[values].packWith = [packer](ArrayRef<HostTensor> tensors) {
    return packer->take(&SlidingBytes::values, tensors[0], tensors[1]);
  };
  for (const Level &level : levels) {
    WeightCodecOpInterface op = level.op;
    for (unsigned i = 0; i < op->getNumOperands(); ++i) {
      auto argument = dyn_cast<BlockArgument>(op->getOperand(i));
      TilePacking packing = op.getOperandPacking(i);
      if (!argument || i == level.kept || packing.kind == Kind::Table)
        continue;
      ArgumentPacking &own = packings[argument.getArgNumber()];
      if (packing.kind == Kind::Tensor) {
        own.key = "wide";
        own.pack = widenElements;
        continue;
      }
      own.key = "columns:" + key;
      own.pack = [shape = layout.shape](const HostTensor &tensor) {
        return packColumns(tensor, shape);
      };
    }
  }
}
