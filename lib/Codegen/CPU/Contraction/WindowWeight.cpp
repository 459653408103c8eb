//===- WindowWeight.cpp - Weights that are read entry by entry ------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which N:M sparse weights can be read window by window. The sparse form is the root
// or below codecs whose zeros are its zeros; these decode entries as if they were
// positions, and count positions only for their groups.
//
//===----------------------------------------------------------------------===//

#include "PanelWeight.h"

using namespace mlir;
using namespace pith;

using Kind = TilePacking::Kind;

std::optional<unsigned> PanelWeight::getZerosOf(WeightCodecOpInterface codec) {
  if (auto kept = codec->getAttrOfType<IntegerAttr>("pith.zeros_of"))
    return kept.getInt();
  return codec.getZeroKeepingOperand();
}

/// The N:M form of a weight, if kernels can read it entry by entry.
static WeightCodecOpInterface findEntries(Value value) {
  auto codec = value.getDefiningOp<WeightCodecOpInterface>();
  if (!codec)
    return {};
  if (auto form = codec.getSparseForm()) {
    auto entries = dyn_cast<BlockArgument>(codec->getOperand(form->values));
    auto where = dyn_cast<BlockArgument>(codec->getOperand(form->where));
    bool isStored = entries && where && entries != where;
    return form->m > 0 && isStored ? codec : WeightCodecOpInterface();
  }
  auto kept = PanelWeight::getZerosOf(codec);
  if (!kept || *kept >= codec->getNumOperands())
    return {};
  for (unsigned i = 0; i < codec->getNumOperands(); ++i) {
    TilePacking packing = codec.getOperandPacking(i);
    bool isElements = packing.kind == Kind::Elements;
    bool isWhole = isElements && packing.stored == 1 && packing.per == 1;
    bool isOther = packing.kind == Kind::Tensor || packing.kind == Kind::Table ||
                   packing.kind == Kind::Groups || packing.kind == Kind::Outputs;
    if (i == *kept ? !isWhole : !isOther)
      return {};
  }
  return findEntries(codec->getOperand(*kept));
}

FailureOr<PanelWeight::Child> PanelWeight::visitEntries(KernelEmitter &kernel,
                                                        Value value) {
  auto codec = value.getDefiningOp<WeightCodecOpInterface>();
  if (auto form = codec.getSparseForm()) {
    TilePacking packing;
    packing.kind = Kind::Elements;
    return visit(kernel, codec->getOperand(form->values), packing, windows->entries,
                 windows->positions, -1);
  }
  unsigned kept = *getZerosOf(codec);
  Node node;
  node.op = codec;
  node.stored = windows->entries;
  node.per = windows->positions;
  SmallVector<TilePacking> packings;
  for (unsigned i = 0; i < codec->getNumOperands(); ++i) {
    packings.push_back(codec.getOperandPacking(i));
    auto child = i == kept ? visitEntries(kernel, codec->getOperand(i))
                           : visit(kernel, codec->getOperand(i), packings[i], 1, 1, -1);
    if (failed(child))
      return failure();
    node.children.push_back(*child);
  }
  if (failed(readTables(node, packings)))
    return failure();
  node.group = codec.getTileGroup();
  nodes.push_back(std::move(node));
  return Child{false, nodes.size() - 1};
}

FailureOr<std::optional<PanelWeight>> PanelWeight::getEntries(KernelEmitter &kernel,
                                                              Value value,
                                                              int64_t outputs,
                                                              int64_t reduction) {
  std::optional<PanelWeight> first;
  WeightCodecOpInterface codec = findEntries(value);
  if (!codec)
    return first;
  // With one vector, most rows share what is decoded. With more, codes of odd widths fill
  // words that groups hold.
  for (int64_t vectors : {1, 2, 4}) {
    PanelShape shape;
    shape.outputs = outputs;
    shape.lanes = kernel.getTarget().vectorBytes / 4;
    shape.vectors = vectors;
    auto weight = getEntries(kernel, value, codec, shape, reduction);
    if (failed(weight) || !*weight)
      return weight;
    auto isCut = [](const Leaf &leaf) {
      return leaf.isCodes() && leaf.layout.kind == ElementLayout::Kind::Planes &&
             leaf.layout.planes.size() > 1;
    };
    if (llvm::none_of((*weight)->leaves, isCut))
      return weight;
    if (!first)
      first = std::move(**weight);
  }
  return first;
}

FailureOr<std::optional<PanelWeight>>
PanelWeight::getEntries(KernelEmitter &kernel, Value value, WeightCodecOpInterface codec,
                        PanelShape shape, int64_t reduction) {
  std::optional<PanelWeight> none;
  SparseForm form = *codec.getSparseForm();
  auto layout = WindowLayout::get(form, kernel.getTarget(), shape.lanes, reduction);
  if (!layout)
    return none;
  PanelWeight weight;
  weight.shape = shape;
  weight.reduction = reduction;
  weight.windows = layout;
  weight.entryArgument =
      cast<BlockArgument>(codec->getOperand(form.values)).getArgNumber();
  weight.indexArgument = cast<BlockArgument>(codec->getOperand(form.where)).getArgNumber();
  auto root = weight.visitEntries(kernel, value);
  if (failed(root))
    return failure();
  weight.root = *root;
  if (!weight.fitGroups())
    return none; // windows cross the borders of groups
  weight.chooseLayouts(kernel.getTarget());
  weight.windows->setUnit(weight.step, weight.group);
  return std::optional<PanelWeight>(std::move(weight));
}

void PanelWeight::setIndexPackings(KernelEmitter &kernel) {
  ArgumentPacking &where = kernel.getPlan().packings[indexArgument];
  ArgumentPacking &entries = kernel.getPlan().packings[entryArgument];
  std::string key;
  llvm::raw_string_ostream text(key);
  text << ":" << windows->n << ":" << windows->m << "," << windows->positions << ","
       << windows->unit << "," << windows->wordBits << "," << reduction << ","
       << shape.outputs << "," << shape.lanes << "," << shape.vectors;
  where.key = "indices" + key;
  where.pack = [shape = shape, layout = *windows](const HostTensor &positions) {
    return packIndices(positions, shape, layout);
  };
  entries.key += key;
  entries.companions.push_back(indexArgument);
  entries.packWith = [pack = entries.pack,
                      layout = *windows](ArrayRef<HostTensor> tensors) {
    return pack(dropHiddenEntries(tensors[0], tensors[1], layout));
  };
}
