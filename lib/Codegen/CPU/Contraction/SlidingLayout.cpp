//===- SlidingLayout.cpp - Stored elements in sliding windows -------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SlidingLayout.h"

#include "llvm/Support/MathExtras.h"

#include <cstring>

using namespace mlir;
using namespace pith;

int64_t SlidingLayout::tableBytes() const {
  return llvm::alignTo((shape.panels() * groups() + 1) * 4, 64);
}

std::string SlidingLayout::key() const {
  std::string text = "sliding";
  for (int64_t number :
       {shape.outputs, shape.lanes, reduction, group, windows, int64_t(isOverlapping)})
    text += ":" + std::to_string(number);
  return text;
}

namespace {
/// A stored element: its position, and how many are stored before it.
struct Element {
  int64_t position, number;
};

/// One step of a panel: the window, and each lane's element (none: number −1).
struct Step {
  int64_t start;
  SmallVector<Element, 16> lanes;
};

/// Walks over the panels of a weight.
class Schedule {
public:
  Schedule(const HostTensor &mask, const SlidingLayout &layout)
      : mask(mask.getBytes()), layout(layout), elements(layout.shape.lanes) {}

  /// Calls `visit` for each group of each panel with its number in the panel and its
  /// steps, whole turns.
  void forEachGroup(llvm::function_ref<void(int64_t, ArrayRef<Step>)> visit);

private:
  void readPanel(int64_t panel);
  int64_t getFirst() const;
  void planWindow(int64_t end);
  void planGroup(int64_t group);

  ArrayRef<char> mask;
  const SlidingLayout &layout;
  int64_t stored = 0; ///< elements read so far
  /// Of each lane, what is left, last element first.
  std::vector<std::vector<Element>> elements;
  std::vector<Step> steps;
};
} // namespace

void Schedule::readPanel(int64_t panel) {
  for (auto [lane, own] : llvm::enumerate(elements)) {
    own.clear();
    int64_t output = panel * layout.shape.lanes + lane;
    if (output >= layout.shape.outputs)
      continue;
    const char *row = mask.data() + output * layout.reduction;
    for (int64_t k = 0; k < layout.reduction; ++k)
      if (row[k] & 1)
        own.push_back({k, stored++});
    std::reverse(own.begin(), own.end());
  }
}

/// The first position that any lane waits for.
int64_t Schedule::getFirst() const {
  int64_t first = layout.reduction;
  for (const std::vector<Element> &own : elements)
    if (!own.empty())
      first = std::min(first, own.back().position);
  return first;
}

/// The steps of one window, with elements before position `end`.
void Schedule::planWindow(int64_t end) {
  int64_t width = layout.shape.lanes;
  int64_t start = std::min(getFirst(), layout.reduction - width);
  int64_t limit = std::min(start + width, end);
  for (int64_t i = 0; i < layout.share(); ++i) {
    Step &step = steps.emplace_back();
    step.start = start;
    for (std::vector<Element> &own : elements) {
      bool takes = !own.empty() && own.back().position < limit;
      step.lanes.push_back(takes ? own.back() : Element{start, -1});
      if (takes)
        own.pop_back();
    }
  }
}

/// Turns until all elements of a group are taken.
void Schedule::planGroup(int64_t group) {
  int64_t end = std::min((group + 1) * layout.group, layout.reduction);
  int64_t reach =
      layout.isOverlapping ? std::min(end + layout.group, layout.reduction) : end;
  steps.clear();
  while (getFirst() < end)
    for (int64_t window = 0; window < layout.windows; ++window)
      planWindow(reach);
}

void Schedule::forEachGroup(llvm::function_ref<void(int64_t, ArrayRef<Step>)> visit) {
  for (int64_t panel = 0; panel < layout.shape.panels(); ++panel) {
    readPanel(panel);
    for (int64_t group = 0; group < layout.groups(); ++group) {
      planGroup(group);
      visit(group, steps);
    }
  }
}

std::vector<char> pith::packSlidingPlaces(const HostTensor &mask,
                                          const SlidingLayout &layout) {
  std::vector<int32_t> table{0};
  std::vector<uint16_t> places;
  int64_t lanes = layout.shape.lanes, turn = layout.placeBytes() / 2;
  Schedule(mask, layout).forEachGroup([&](int64_t group, ArrayRef<Step> steps) {
    for (auto [i, step] : llvm::enumerate(steps)) {
      int64_t inTurn = i % SlidingLayout::kTurn;
      if (inTurn == 0)
        places.resize(places.size() + turn);
      uint16_t *to = places.data() + places.size() - turn;
      to[inTurn / layout.share()] = step.start;
      for (int64_t lane = 0; lane < lanes; ++lane) {
        int64_t position = step.lanes[lane].position;
        bool isNext = step.lanes[lane].number >= 0 && position / layout.group > group;
        if (isNext)
          to[layout.maskBytes(inTurn) / 2] |= 1 << lane;
        to[layout.maskBytes(SlidingLayout::kTurn) / 2 + lane] |= (position - step.start)
                                                                 << 4 * inTurn;
      }
    }
    table.push_back(places.size() / turn);
  });
  // What is loaded at once may lie behind the last turn.
  std::vector<char> out(layout.tableBytes() + places.size() * 2 + 64);
  std::memcpy(out.data(), table.data(), table.size() * 4);
  llvm::copy(ArrayRef(reinterpret_cast<const char *>(places.data()), places.size() * 2),
             out.begin() + layout.tableBytes());
  return out;
}

std::vector<char> pith::packSlidingValues(const HostTensor &values,
                                          const HostTensor &mask,
                                          const SlidingLayout &layout) {
  std::vector<char> out;
  int64_t lanes = layout.shape.lanes, turn = layout.valueBytes();
  int64_t bytes = layout.bits / 8, count = values.getNumElements();
  const char *in = values.getBytes().data();
  Schedule(mask, layout).forEachGroup([&](int64_t, ArrayRef<Step> steps) {
    for (auto [i, step] : llvm::enumerate(steps)) {
      int64_t inTurn = i % SlidingLayout::kTurn;
      if (inTurn == 0)
        out.resize(out.size() + turn);
      char *to = out.data() + out.size() - turn;
      for (int64_t lane = 0; lane < lanes; ++lane) {
        int64_t number = step.lanes[lane].number;
        if (number < 0 || number >= count)
          continue;
        if (layout.bits > 8)
          std::memcpy(to + (inTurn * lanes + lane) * bytes, in + number * bytes, bytes);
        else if (layout.bits == 8)
          to[lane * SlidingLayout::kTurn + inTurn] = char(values.getInt(number));
        else
          to[lane * 2 + inTurn / 2] |= (values.getInt(number) & 15) << inTurn % 2 * 4;
      }
    }
  });
  out.resize(out.size() + 64);
  return out;
}
