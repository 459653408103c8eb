//===- ReshapeFlow.cpp - Channels through reshapes ------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Cuts both lists of axes into segments of equal sizes, and keeps the two sides of each
// consistent, element by element.
//
//===----------------------------------------------------------------------===//

#include "ReshapeFlow.h"

using namespace mlir;
using namespace pith;

namespace {
/// One side of a segment: neighbouring axes of one value.
struct Side {
  Value value;
  int64_t begin, end;

  int64_t getSize() const {
    int64_t size = 1;
    for (int64_t axis = begin; axis < end; ++axis)
      size *= getChannels(value, axis);
    return size;
  }
  /// The distance of neighbouring indices of an axis in the segment.
  int64_t getStride(int64_t axis) const {
    int64_t stride = 1;
    for (int64_t inner = axis + 1; inner < end; ++inner)
      stride *= getChannels(value, inner);
    return stride;
  }
};

/// What is removed of a segment, by element.
class Segment {
public:
  Segment(ChannelFlow &flow, Side a, Side b)
      : flow(flow), sides{a, b}, gone(a.getSize()) {}

  void couple() {
    for (const Side &side : sides)
      collect(side);
    if (gone.none())
      return;
    // The outermost axis may take more, which the other side has to follow.
    for (llvm::BitVector before; before != gone;) {
      before = gone;
      for (const Side &side : sides)
        apply(side);
    }
  }

private:
  /// Calls `body(element, index)` for all elements and their index along an axis.
  void forEach(const Side &side, int64_t axis,
               function_ref<void(int64_t element, int64_t index)> body) {
    int64_t stride = side.getStride(axis), size = getChannels(side.value, axis);
    for (int64_t i = 0, e = gone.size(); i < e; ++i)
      body(i, i / stride % size);
  }

  void collect(const Side &side) {
    for (int64_t axis = side.begin; axis < side.end; ++axis)
      if (const llvm::BitVector *indices = flow.getRemoved(side.value, axis))
        forEach(side, axis, [&](int64_t element, int64_t index) {
          if (indices->test(index))
            gone.set(element);
        });
  }

  /// Removes indices all of whose elements are gone, then what holds the rest.
  void apply(const Side &side) {
    llvm::BitVector rest = gone;
    int64_t outermost = -1;
    for (int64_t axis = side.begin; axis < side.end; ++axis) {
      int64_t size = getChannels(side.value, axis);
      if (size == 1)
        continue;
      if (outermost < 0)
        outermost = axis;
      std::vector<int64_t> counts(size);
      forEach(side, axis, [&](int64_t element, int64_t index) {
        counts[index] += gone.test(element);
      });
      llvm::BitVector full(size);
      for (int64_t index = 0; index < size; ++index)
        if (counts[index] == int64_t(gone.size()) / size)
          full.set(index);
      if (full.none())
        continue;
      flow.remove(side.value, axis, full);
      forEach(side, axis, [&](int64_t element, int64_t index) {
        if (full.test(index))
          rest.reset(element);
      });
    }
    if (rest.none() || outermost < 0)
      return;
    llvm::BitVector touched(getChannels(side.value, outermost));
    forEach(side, outermost, [&](int64_t element, int64_t index) {
      if (rest.test(element))
        touched.set(index);
    });
    flow.remove(side.value, outermost, touched);
    forEach(side, outermost, [&](int64_t element, int64_t index) {
      if (touched.test(index))
        gone.set(element);
    });
  }

  ChannelFlow &flow;
  Side sides[2];
  llvm::BitVector gone;
};
} // namespace

void pith::coupleReshaped(ChannelFlow &flow, Value input, Value result) {
  ArrayRef<AffineExpr> from = flow.getDims(input), to = flow.getDims(result);
  int64_t first = 0, i = from.size(), j = to.size();
  for (; first < i && first < j && from[first] == to[first]; ++first)
    flow.couple(input, first, result, first);
  // Segments from the back, as long as sizes are known.
  while (i > first && j > first) {
    int64_t begin = i - 1, other = j - 1;
    std::optional<int64_t> a = getConstant(from[begin]), b = getConstant(to[other]);
    while (a && b && *a != *b) {
      bool extendResult = *b < *a;
      int64_t &axis = extendResult ? other : begin;
      if (axis == first)
        break;
      --axis;
      std::optional<int64_t> size = getConstant(extendResult ? to[axis] : from[axis]);
      std::optional<int64_t> &product = extendResult ? b : a;
      product = size ? std::optional<int64_t>(*product * *size) : std::nullopt;
    }
    if (!a || !b || *a != *b)
      break;
    Segment(flow, {input, begin, i}, {result, other, j}).couple();
    i = begin;
    j = other;
  }
  for (int64_t axis = first; axis < i; ++axis)
    if (getChannels(input, axis) != 1)
      flow.keep(input, axis, "it is merged with a size that is not known in advance");
  for (int64_t axis = first; axis < j; ++axis)
    if (getChannels(result, axis) != 1)
      flow.keep(result, axis, "it is merged with a size that is not known in advance");
}
