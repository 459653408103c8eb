//===- Slice.cpp - Parts of a tensor ------------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Starts and ends may be computed; axes and steps must be known. Split is a
// slice per result.
//
//===----------------------------------------------------------------------===//

#include "Slice.h"

#include "Node.h"

#include <numeric>

using namespace mlir;
using namespace pith;

/// All of 0, 1, … where `axes` are left out.
static SmallVector<int64_t> completeAxes(Node &node, SmallVector<int64_t> axes, size_t count,
                                         int64_t rank) {
  if (axes.empty()) {
    axes.resize(count);
    std::iota(axes.begin(), axes.end(), 0);
  }
  for (int64_t &axis : axes)
    axis = node.normalizeAxis(axis, rank);
  return axes;
}

/// How many bounds there are: the (static) size of a vector.
static int64_t countBounds(Node &node, Value bounds) {
  if (node.getRank(bounds) != 1 && !node.hasFailed())
    node.emitError() << "expected starts of rank 1, found " << bounds.getType();
  return node.getStaticSize(bounds, 0, "the number of starts");
}

void pith::importSlice(Node &node) {
  Value x = node.getOperand(0), starts, ends;
  SmallVector<int64_t> axes, steps;
  if (node.getVersion() < 10) {
    starts = node.createInts(node.getInts("starts"));
    ends = node.createInts(node.getInts("ends"));
    axes = node.getInts("axes");
  } else {
    starts = node.getSizesOperand(1);
    ends = node.getSizesOperand(2);
    if (node.getOperand(3))
      axes = node.requireInts(node.getOperand(3), "axes");
    if (node.getOperand(4))
      steps = node.requireInts(node.getOperand(4), "steps");
  }
  int64_t count = countBounds(node, starts);
  if (node.hasFailed())
    return;
  if (count > node.getRank(x)) {
    node.emitError() << "expected at most " << node.getRank(x) << " starts, found " << count;
    return;
  }
  axes = completeAxes(node, axes, count, node.getRank(x));
  if (steps.empty())
    steps.assign(count, 1);
  node.setResult(0, node.create<SliceOp>(node.getElementType(x), x, starts, ends, axes, steps));
}

/// Sizes of the parts. They are in the attribute `split`, since version 13 in
/// operand 1; without both they are equal, the last one may be smaller.
static SmallVector<int64_t> getParts(Node &node, int64_t axis) {
  Value x = node.getOperand(0);
  SmallVector<int64_t> parts;
  if (node.getVersion() < 13)
    parts = node.getInts("split");
  else if (node.getOperand(1))
    parts = node.requireInts(node.getOperand(1), "the sizes of the parts");
  size_t count = node.getNumResults();
  if (!parts.empty() || node.hasFailed()) {
    if (parts.size() != count && !node.hasFailed())
      node.emitError() << "expected " << count << " parts, as many as outputs, found "
                       << parts.size();
    return parts;
  }
  int64_t stated = node.getInt("num_outputs", int64_t(count));
  if (stated != int64_t(count))
    node.emitError() << "expected num_outputs = " << count << ", found " << stated;
  int64_t size = node.getStaticSize(x, axis, "the size of the axis to split");
  int64_t part = count ? (size + int64_t(count) - 1) / int64_t(count) : 0;
  if (node.getVersion() < 18 && count && size % int64_t(count) != 0 && !node.hasFailed())
    node.emitError() << "expected a number of outputs that divides " << size << ", found "
                     << count;
  for (size_t i = 0; i < count; ++i) {
    parts.push_back(std::clamp<int64_t>(size, 0, part));
    size -= parts.back();
  }
  return parts;
}

void pith::importSplit(Node &node) {
  Value x = node.getOperand(0);
  int64_t axis = node.normalizeAxis(node.getInt("axis", 0), node.getRank(x));
  if (node.hasFailed())
    return;
  SmallVector<int64_t> parts = getParts(node, axis);
  int64_t start = 0, size = node.hasFailed() ? 0 : node.getShape(x)[axis];
  for (int64_t part : parts) {
    if (node.hasFailed())
      return;
    if (part < 0 || part > kMaxElements) {
      node.emitError() << "expected parts of at least 0, found " << part;
      return;
    }
    start += part;
  }
  if (!ShapedType::isDynamic(size) && start != size && !node.hasFailed()) {
    node.emitError() << "expected parts of " << size << " in all, found " << start;
    return;
  }
  start = 0;
  for (auto [i, part] : llvm::enumerate(parts)) {
    if (node.hasResult(i))
      node.setResult(i, node.create<SliceOp>(node.getElementType(x), x,
                                             node.createInts(start),
                                             node.createInts(start + part),
                                             ArrayRef<int64_t>(axis), ArrayRef<int64_t>{1}));
    start += part;
  }
}
