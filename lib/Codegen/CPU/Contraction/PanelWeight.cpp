//===- PanelWeight.cpp - How a weight's constants are re-laid -------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PanelWeight.h"
#include "ByteTables.h"

#include "mlir/IR/Matchers.h"
#include "llvm/Support/MathExtras.h"

#include <numeric>

using namespace mlir;
using namespace pith;

static bool isStored(Value value) {
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    auto function = dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp());
    return function &&
           function.getArgAttr(argument.getArgNumber(), "pith.weight");
  }
  return matchPattern(value, m_Constant());
}

int64_t PanelWeight::positionsOf(int64_t step, int64_t stored, int64_t per) {
  int64_t positions = step * per;
  return positions / std::gcd(positions, std::max<int64_t>(stored, 1));
}

bool PanelWeight::isWeight(Value value) {
  if (isStored(value))
    return true;
  Operation *op = value.getDefiningOp();
  return isa_and_nonnull<WeightCodecOpInterface>(op) &&
         llvm::all_of(op->getOperands(), isWeight);
}

bool PanelWeight::setLayout(Leaf &leaf, const ElementLayout &layout) {
  int64_t own = positionsOf(layout.step(), leaf.stored, leaf.per);
  int64_t wide = std::lcm(step, own);
  constexpr int64_t kMaxStep = 64; // more would make bodies of loops too long
  if (isBlocks() || wide > kMaxStep || group % wide != 0)
    return false;
  leaf.layout = layout;
  step = wide;
  return true;
}

void PanelWeight::chooseByteTables(const TargetDescription &target) {
  if (byteBlock(target) == 0 || shape.lanes < 4 ||
      4 * shape.lanes > int64_t(target.vectorBytes))
    return;
  for (Leaf &table : leaves) {
    // Looking up two registers of words takes the multiplier's unit as well.
    bool hasTwo = target.hasAVX512 && shape.lanes == 16 &&
                  (byteBlock(target) < 64 || tableBytes(table.element) > 2);
    bool hasWords = target.hasAVX2 && table.length == 1 && table.entries <= (hasTwo ? 32 : 16);
    if (table.packing.kind != TilePacking::Kind::Table || table.argument < 0 ||
        table.codes < 0 || hasWords || table.entries > 256 ||
        table.element.getIntOrFloatBitWidth() > (isa<FloatType>(table.element) ? 32 : 8))
      continue;
    Leaf &codes = leaves[table.codes];
    auto layout = ElementLayout::getBytes(codes.element.getIntOrFloatBitWidth(), shape);
    table.isByteTable = codes.isCodes() && setLayout(codes, layout);
    table.isSignMagnitude &= table.isByteTable && layout.planes.front() == 8;
    if (table.isSignMagnitude)
      table.entries /= 2;
  }
}

void PanelWeight::chooseWords(const TargetDescription &target) {
  if (!target.hasAVX2 || shape.lanes < 8)
    return;
  for (Leaf &leaf : leaves)
    if (leaf.isCodes() && (leaf.layout.kind == ElementLayout::Kind::Planes ||
                           leaf.layout.kind == ElementLayout::Kind::MaskBits ||
                           (windows && leaf.layout.kind == ElementLayout::Kind::Whole)))
      setLayout(leaf,
                ElementLayout::getWords(leaf.element.getIntOrFloatBitWidth(), shape));
}

FailureOr<PanelWeight> PanelWeight::get(KernelEmitter &kernel, Value value,
                                        PanelShape shape, int64_t reduction,
                                        bool transposed) {
  PanelWeight weight;
  weight.shape = shape;
  weight.reduction = reduction;
  weight.transposed = transposed;
  TilePacking packing;
  packing.kind = TilePacking::Kind::Elements;
  auto root = weight.visit(kernel, value, packing, 1, 1, -1);
  if (failed(root))
    return failure();
  weight.root = *root;
  if (!weight.fitGroups())
    return kernel.getRoot()->emitError("expected groups of a multiple of ")
           << weight.step << " positions, found " << weight.group;
  // Groups hold whole blocks; steps stay within one, from its start.
  if (weight.isBlocks())
    weight.step = weight.leaves[weight.blockValues].layout.step();
  weight.chooseLayouts(kernel.getTarget());
  return weight;
}

FailureOr<std::optional<PanelWeight>> PanelWeight::getProducts(KernelEmitter &kernel,
                                                               Value value,
                                                               int64_t outputs,
                                                               int64_t reduction) {
  std::optional<PanelWeight> none;
  const TargetDescription &target = kernel.getTarget();
  auto codec = value.getDefiningOp<WeightCodecOpInterface>();
  auto form = codec ? codec.getTableForm() : std::nullopt;
  if (!form || !target.triple.isX86() || byteBlock(target) != 64)
    return none;
  PanelShape shape;
  shape.outputs = outputs;
  shape.lanes = target.vectorBytes / 4;
  shape.vectors = outputs > 4 * shape.lanes ? 8 : 4;
  auto weight = get(kernel, value, shape, reduction);
  if (failed(weight))
    return failure();
  const Node &root = weight->nodes[weight->root.number];
  Child table = root.children[form->table], codes = root.children[form->codes];
  if (!table.isLeaf || !codes.isLeaf)
    return none;
  const Leaf &rows = weight->leaves[table.number];
  if (!rows.isByteTable || rows.isSignMagnitude)
    return none;
  weight->runLength = weight->leaves[table.number].length;
  weight->runTable = table.number;
  return std::optional<PanelWeight>(std::move(*weight));
}

void PanelWeight::measure() {
  step = windows ? windows->positions : 1;
  group = 0;
  auto hasLayout = [](const Leaf &leaf) {
    return leaf.argument >= 0 && (leaf.packing.kind == TilePacking::Kind::Elements ||
                                  leaf.packing.kind == TilePacking::Kind::Blocks);
  };
  for (Node &node : nodes) { // children first
    SmallVector<int64_t> steps;
    for (const Child &child : node.children) {
      const Leaf *leaf = child.isLeaf ? &leaves[child.number] : nullptr;
      steps.push_back(!leaf              ? nodes[child.number].step
                      : hasLayout(*leaf) ? leaf->layout.step()
                                         : 1);
    }
    // In the codec's own positions, then in the weight's.
    node.step = positionsOf(node.op.getTileStep(steps), node.stored, node.per);
    if (node.isLanes)
      continue;
    step = std::lcm(step, node.step);
    group = std::gcd(group, node.group);
  }
  for (const Leaf &leaf : leaves)
    if (leaf.packing.kind == TilePacking::Kind::Elements && leaf.argument >= 0)
      step = std::lcm(step, positionsOf(leaf.layout.step(), leaf.stored, leaf.per));
}

bool PanelWeight::fitGroups() {
  measure();
  if (group % step == 0)
    return true;
  for (Leaf &leaf : leaves)
    if (leaf.packing.kind == TilePacking::Kind::Elements &&
        leaf.layout.kind == ElementLayout::Kind::Planes) {
      leaf.layout = ElementLayout();
      leaf.layout.planes.push_back(8);
    }
  measure();
  return group % step == 0;
}

void PanelWeight::chooseLayouts(const TargetDescription &target) {
  chooseByteTables(target);
  chooseWords(target);
  int64_t padded = llvm::alignTo(reduction, step);
  for (Leaf &leaf : leaves)
    if (leaf.packing.kind == TilePacking::Kind::Elements)
      leaf.layout.setPositions(padded / leaf.per * leaf.stored);
}

/// Whether operands packed so have one value per output (and group).
static bool isLanePacking(const TilePacking &packing) {
  return packing.kind == TilePacking::Kind::Groups ||
         packing.kind == TilePacking::Kind::Outputs;
}

/// How an operand of a codec is re-laid whose own values are read as `outer` says:
/// its elements are the columns there.
static FailureOr<TilePacking> lanePacking(const TilePacking &outer, TilePacking own) {
  if (own.kind == TilePacking::Kind::Elements && own.stored == 1 && own.per == 1)
    return outer;
  if (own.kind == TilePacking::Kind::Groups)
    own.groupSize *= std::max<int64_t>(outer.groupSize, 1);
  if (isLanePacking(own) || own.kind == TilePacking::Kind::Tensor)
    return own;
  // A table would be looked up by columns; no codec of scales needs that yet.
  return failure();
}

/// Whether an operand says where elements of another one are.
static bool isPlace(WeightCodecOpInterface codec, unsigned index) {
  for (unsigned i = 0; i < codec->getNumOperands(); ++i) {
    TilePacking packing = codec.getOperandPacking(i);
    if (packing.kind == TilePacking::Kind::Compact && packing.maskOperand == index)
      return true;
  }
  auto form = codec.getSparseForm();
  return form && form->where == index;
}

FailureOr<PanelWeight::Child>
PanelWeight::visit(KernelEmitter &kernel, Value value, const TilePacking &packing,
                   int64_t stored, int64_t per, int64_t maskLeaf) {
  if (isStored(value)) {
    Leaf leaf;
    leaf.value = value;
    leaf.packing = packing;
    auto type = cast<RankedTensorType>(value.getType());
    leaf.element = type.getElementType();
    leaf.stored = stored;
    leaf.per = per;
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      leaf.argument = argument.getArgNumber();
      for (const Leaf &other : leaves)
        if (other.argument == leaf.argument)
          return kernel.getRoot()->emitError(
              "expected each stored constant to be used once in a weight");
    } else {
      ElementsAttr attr;
      matchPattern(value, m_Constant(&attr));
      if (auto tensor = HostTensor::get(attr))
        leaf.splat = *tensor;
      if (!leaf.splat || leaf.splat.getNumElements() == 0)
        return kernel.getRoot()->emitError("constant of a weight has no data");
    }
    if (packing.kind == TilePacking::Kind::Elements ||
        packing.kind == TilePacking::Kind::Blocks)
      leaf.layout = ElementLayout::get(leaf.element, shape, 0);
    if (packing.kind == TilePacking::Kind::Blocks) {
      if (blockValues >= 0 || leaf.element.isInteger(1))
        return kernel.getRoot()->emitError(
            "expected blocks once in a weight, of 2 or more bits per element");
      blockValues = leaves.size();
      blocks = BlockLayout(shape, reduction, packing.blockOutputs,
                           packing.blockPositions, packing.fill, leaf.element);
    }
    if (packing.kind == TilePacking::Kind::BlockMask)
      blockList = leaves.size();
    if (packing.kind == TilePacking::Kind::Groups)
      leaf.columns = shape.outputs ? type.getNumElements() / shape.outputs : 0;
    if (packing.kind == TilePacking::Kind::Compact) {
      leaf.compact = compacts++;
      maskOf.push_back(maskLeaf);
    }
    leaves.push_back(std::move(leaf));
    return Child{true, leaves.size() - 1};
  }
  auto codec = value.getDefiningOp<WeightCodecOpInterface>();
  if (!codec)
    return kernel.getRoot()->emitError("weight is neither stored nor a codec");
  if (packing.kind == TilePacking::Kind::Blocks ||
      packing.kind == TilePacking::Kind::BlockMask)
    return codec->emitError("expected stored blocks and a stored mask");
  if (packing.kind == TilePacking::Kind::Tensor ||
      packing.kind == TilePacking::Kind::Table)
    return codec->emitError("expected a stored constant where one serves all outputs");
  Node node;
  node.isLanes = isLanePacking(packing);
  node.op = codec;
  node.stored = stored;
  node.per = per;
  unsigned count = codec->getNumOperands();
  SmallVector<TilePacking> packings;
  for (unsigned i = 0; i < count; ++i)
    packings.push_back(codec.getOperandPacking(i));
  for (TilePacking &own : packings)
    if (node.isLanes) {
      auto nested = lanePacking(packing, own);
      if (failed(nested))
        return codec->emitError("cannot be computed for one value per output");
      own = *nested;
    }
  node.children.resize(count);
  // Masks before what they mask.
  for (bool compact : {false, true})
    for (unsigned i = 0; i < count; ++i) {
      if ((packings[i].kind == TilePacking::Kind::Compact) != compact)
        continue;
      int64_t mask = -1;
      if (compact) {
        Child masked = node.children[packings[i].maskOperand];
        if (packings[i].maskOperand >= count || !masked.isLeaf)
          return codec->emitError("expected a stored mask");
        mask = masked.number;
      }
      auto child = visit(kernel, codec->getOperand(i), packings[i],
                         stored * packings[i].stored, per * packings[i].per, mask);
      if (failed(child))
        return failure();
      node.children[i] = *child;
      if (child->isLeaf)
        leaves[child->number].isPlace = isPlace(codec, i);
    }
  if (failed(readTables(node, packings)))
    return failure();
  node.group = codec.getTileGroup() * per / std::max<int64_t>(stored, 1);
  nodes.push_back(std::move(node));
  return Child{false, nodes.size() - 1};
}

/// Looks at the tables of a codec, and at the codes that index them.
LogicalResult PanelWeight::readTables(const Node &node, ArrayRef<TilePacking> packings) {
  int64_t codes = -1;
  for (auto [packing, child] : llvm::zip(packings, node.children))
    if (packing.kind == TilePacking::Kind::Elements && child.isLeaf)
      codes = child.number;
  for (auto [packing, child] : llvm::zip(packings, node.children)) {
    if (packing.kind != TilePacking::Kind::Table)
      continue;
    if (!child.isLeaf)
      return node.op->emitError("expected a stored table");
    Leaf &leaf = leaves[child.number];
    auto type = cast<RankedTensorType>(leaf.value.getType());
    leaf.entries = type.getDimSize(0);
    leaf.length = type.getRank() > 1 ? type.getDimSize(1) : 1;
    leaf.codes = codes;
    leaf.isSignMagnitude = packing.isSignMagnitude;
  }
  return success();
}

int64_t PanelWeight::getRunEntries() const {
  return std::max<int64_t>(leaves[runTable].entries, 64);
}

bool PanelWeight::hasLongSteps() const {
  constexpr int64_t kLongStep = 32;
  return step > kLongStep;
}

bool PanelWeight::isLight() const {
  return compacts == 0 && !hasLongSteps() && llvm::none_of(leaves, [](const Leaf &leaf) {
           return leaf.isByteTable && leaf.entries > 128;
         });
}

int64_t PanelWeight::panelBytes() const {
  int64_t bytes = 0;
  for (const Leaf &leaf : leaves) {
    if (leaf.argument < 0)
      continue;
    if (leaf.packing.kind == TilePacking::Kind::Elements)
      for (size_t plane = 0; plane < leaf.layout.planes.size(); ++plane)
        bytes += leaf.layout.panelBytes(shape, plane);
    else if (leaf.packing.kind == TilePacking::Kind::Blocks)
      bytes += blocks.columns() * blocks.entryBytes() / 4;
    else if (leaf.packing.kind == TilePacking::Kind::Compact)
      bytes += reduction * shape.width() * compactBits(leaf.element) / 16;
    else
      bytes += leaf.columns * shape.width() * 2;
  }
  return bytes;
}
