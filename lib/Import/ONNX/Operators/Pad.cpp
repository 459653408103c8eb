//===- Pad.cpp - The Pad operator ---------------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Pads became an operand with version 11, and may name the axes they belong to
// since version 18.
//
//===----------------------------------------------------------------------===//

#include "Pad.h"

#include "Node.h"

using namespace mlir;
using namespace pith;

static std::optional<PadMode> parseMode(StringRef mode) {
  if (mode == "constant")
    return PadMode::Constant;
  if (mode == "reflect")
    return PadMode::Reflect;
  if (mode == "edge")
    return PadMode::Edge;
  if (mode == "wrap")
    return PadMode::Wrap;
  return std::nullopt;
}

/// Pads of the named axes as pads of all.
static SmallVector<int64_t> spread(Node &node, ArrayRef<int64_t> pads, int64_t rank) {
  SmallVector<int64_t> axes;
  if (node.getOperand(3))
    axes = node.requireInts(node.getOperand(3), "axes");
  else
    for (int64_t axis = 0; axis < rank; ++axis)
      axes.push_back(axis);
  SmallVector<int64_t> all(2 * rank, 0);
  if (!node.hasFailed() && pads.size() != 2 * axes.size())
    node.emitError() << "expected " << 2 * axes.size() << " pads, found " << pads.size();
  if (node.hasFailed())
    return all;
  for (auto [i, axis] : llvm::enumerate(axes)) {
    int64_t own = node.normalizeAxis(axis, rank);
    if (rank == 0 || std::abs(pads[i]) > kMaxElements ||
        std::abs(pads[axes.size() + i]) > kMaxElements) {
      if (!node.hasFailed())
        node.emitError() << "expected pads of at most 2^48, found " << pads[i];
      return all;
    }
    all[own] = pads[i];
    all[rank + own] = pads[axes.size() + i];
  }
  return all;
}

/// Half of a computed vector of pads.
static Value takeHalf(Node &node, Value pads, int64_t rank, bool second) {
  Type type = node.getElementType(pads);
  return node.create<SliceOp>(type, pads, node.createInts(second ? rank : 0),
                              node.createInts(second ? 2 * rank : rank),
                              ArrayRef<int64_t>{0}, ArrayRef<int64_t>{1});
}

/// The constant as a tensor of rank 0.
static Value getFillValue(Node &node) {
  if (node.getVersion() < 11)
    return node.createScalar(node.getElementType(node.getOperand(0)),
                             node.getFloat("value", 0));
  Value value = node.getOperand(2);
  if (!value || node.getRank(value) == 0)
    return value;
  return node.create<ReshapeOp>(node.getElementType(value), value, node.createInts({}), false);
}

void pith::importPad(Node &node) {
  Value x = node.getOperand(0);
  int64_t rank = node.getRank(x);
  std::string text = node.getString("mode", "constant");
  auto mode = parseMode(text);
  if (!mode) {
    node.emitError() << "expected mode constant, reflect, edge or wrap, found "
                     << quote(text);
    return;
  }
  Value low, high;
  std::optional<SmallVector<int64_t>> known;
  if (node.getVersion() < 11)
    known = node.getInts("pads");
  else
    known = node.findInts(node.getOperand(1));
  if (known) {
    SmallVector<int64_t> all = spread(node, *known, rank);
    low = node.createInts(ArrayRef(all).take_front(rank));
    high = node.createInts(ArrayRef(all).drop_front(rank));
  } else {
    if (node.getOperand(3) && !node.hasFailed())
      node.emitError() << "expected pads known at compile time together with axes";
    low = takeHalf(node, node.getOperand(1), rank, false);
    high = takeHalf(node, node.getOperand(1), rank, true);
  }
  Value value = *mode == PadMode::Constant ? getFillValue(node) : Value();
  node.setResult(0, node.create<PadOp>(node.getElementType(x), x, low, high, value, *mode));
}
