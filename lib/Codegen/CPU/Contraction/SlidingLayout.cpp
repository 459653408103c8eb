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
  for (int64_t number : {shape.outputs, shape.lanes, reduction, group, granule})
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

  /// Calls `visit` for each group of each panel with its steps, whole turns.
  void forEachGroup(llvm::function_ref<void(ArrayRef<Step>)> visit);

private:
  void readPanel(int64_t panel);
  void planGroup(int64_t end);

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

/// Takes all elements before position `end`. The first position that any lane waits for
/// decides where a window starts.
void Schedule::planGroup(int64_t end) {
  int64_t width = layout.shape.lanes;
  steps.clear();
  while (true) {
    int64_t first = end;
    for (const std::vector<Element> &own : elements)
      if (!own.empty())
        first = std::min(first, own.back().position);
    if (first == end)
      break;
    Step &step = steps.emplace_back();
    step.start = std::min(first / layout.granule * layout.granule,
                          layout.reduction - width);
    int64_t limit = std::min(step.start + width, end);
    for (std::vector<Element> &own : elements) {
      bool takes = !own.empty() && own.back().position < limit;
      step.lanes.push_back(takes ? own.back() : Element{step.start, -1});
      if (takes)
        own.pop_back();
    }
  }
  while (steps.size() % SlidingLayout::kTurn != 0)
    steps.push_back({0, SmallVector<Element, 16>(width, Element{0, -1})});
}

void Schedule::forEachGroup(llvm::function_ref<void(ArrayRef<Step>)> visit) {
  for (int64_t panel = 0; panel < layout.shape.panels(); ++panel) {
    readPanel(panel);
    for (int64_t group = 0; group < layout.groups(); ++group) {
      planGroup(std::min((group + 1) * layout.group, layout.reduction));
      visit(steps);
    }
  }
}

std::vector<char> pith::packSlidingPlaces(const HostTensor &mask,
                                          const SlidingLayout &layout) {
  std::vector<int32_t> table{0};
  std::vector<uint16_t> places;
  int64_t lanes = layout.shape.lanes, turn = layout.placeBytes() / 2;
  Schedule(mask, layout).forEachGroup([&](ArrayRef<Step> steps) {
    for (auto [i, step] : llvm::enumerate(steps)) {
      int64_t inTurn = i % SlidingLayout::kTurn;
      if (inTurn == 0)
        places.resize(places.size() + turn);
      uint16_t *to = places.data() + places.size() - turn;
      to[inTurn] = step.start;
      for (int64_t lane = 0; lane < lanes; ++lane)
        to[SlidingLayout::kTurn + lane] |= (step.lanes[lane].position - step.start)
                                           << 4 * inTurn;
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
  Schedule(mask, layout).forEachGroup([&](ArrayRef<Step> steps) {
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
