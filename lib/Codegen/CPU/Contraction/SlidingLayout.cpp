//===- SlidingLayout.cpp - Stored elements in sliding windows -------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SlidingLayout.h"

#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Parallel.h"

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

/// Decides which elements of one panel each step takes.
class PanelSchedule {
public:
  /// `stored` elements are before the panel's.
  PanelSchedule(ArrayRef<char> mask, const SlidingLayout &layout, int64_t panel,
                int64_t stored);
  /// The steps of a group, whole turns; groups in their order.
  ArrayRef<Step> planGroup(int64_t group);

private:
  int64_t getFirst() const;
  void planWindow(int64_t end);

  const SlidingLayout &layout;
  /// Of each lane, what is left, last element first.
  std::vector<std::vector<Element>> elements;
  std::vector<Step> steps;
};

/// The bytes of one panel.
struct PanelBytes {
  std::vector<int32_t> turns; ///< up to the end of each group
  std::vector<uint16_t> places;
  std::vector<char> values;
};
} // namespace

PanelSchedule::PanelSchedule(ArrayRef<char> mask, const SlidingLayout &layout,
                             int64_t panel, int64_t stored)
    : layout(layout), elements(layout.shape.lanes) {
  for (auto [lane, own] : llvm::enumerate(elements)) {
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
int64_t PanelSchedule::getFirst() const {
  int64_t first = layout.reduction;
  for (const std::vector<Element> &own : elements)
    if (!own.empty())
      first = std::min(first, own.back().position);
  return first;
}

/// The steps of one window, with elements before position `end`.
void PanelSchedule::planWindow(int64_t end) {
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
ArrayRef<Step> PanelSchedule::planGroup(int64_t group) {
  int64_t end = std::min((group + 1) * layout.group, layout.reduction);
  int64_t reach =
      layout.isOverlapping ? std::min(end + layout.group, layout.reduction) : end;
  steps.clear();
  while (getFirst() < end)
    for (int64_t window = 0; window < layout.windows; ++window)
      planWindow(reach);
  return steps;
}

/// Writes step `inTurn` of a turn of group `group`.
static void writePlaces(const Step &step, int64_t inTurn, int64_t group,
                        const SlidingLayout &layout, uint16_t *to) {
  to[inTurn / layout.share()] = step.start;
  for (auto [lane, element] : llvm::enumerate(step.lanes)) {
    bool isNext = element.number >= 0 && element.position / layout.group > group;
    if (isNext)
      to[layout.maskBytes(inTurn) / 2] |= 1 << lane;
    to[layout.maskBytes(SlidingLayout::kTurn) / 2 + lane] |=
        (element.position - step.start) << 4 * inTurn;
  }
}

static void writeValues(const Step &step, int64_t inTurn, const HostTensor &values,
                        const SlidingLayout &layout, char *to) {
  int64_t lanes = layout.shape.lanes, bytes = layout.bits / 8;
  int64_t count = values.getNumElements();
  const char *in = values.getBytes().data();
  for (auto [lane, element] : llvm::enumerate(step.lanes)) {
    int64_t number = element.number;
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

static PanelBytes packPanel(PanelSchedule schedule, const HostTensor &values,
                            const SlidingLayout &layout) {
  PanelBytes bytes;
  int64_t placeTurn = layout.placeBytes() / 2, valueTurn = layout.valueBytes();
  for (int64_t group = 0; group < layout.groups(); ++group) {
    for (auto [i, step] : llvm::enumerate(schedule.planGroup(group))) {
      int64_t inTurn = i % SlidingLayout::kTurn;
      if (inTurn == 0) {
        bytes.places.resize(bytes.places.size() + placeTurn);
        bytes.values.resize(bytes.values.size() + valueTurn);
      }
      writePlaces(step, inTurn, group, layout, &*(bytes.places.end() - placeTurn));
      writeValues(step, inTurn, values, layout, &*(bytes.values.end() - valueTurn));
    }
    bytes.turns.push_back(bytes.places.size() / placeTurn);
  }
  return bytes;
}

SlidingBytes pith::packSliding(const HostTensor &values, const HostTensor &mask,
                               const SlidingLayout &layout) {
  ArrayRef<char> set = mask.getBytes();
  int64_t panels = layout.shape.panels(), stored = 0;
  std::vector<int64_t> before;
  for (int64_t panel = 0; panel < panels; ++panel) {
    before.push_back(stored);
    int64_t first = panel * layout.shape.lanes;
    int64_t count = std::min(layout.shape.lanes, layout.shape.outputs - first);
    for (char bit : set.slice(first * layout.reduction, count * layout.reduction))
      stored += bit & 1;
  }
  std::vector<PanelBytes> made(panels);
  llvm::parallelFor(0, panels, [&](size_t panel) {
    made[panel] =
        packPanel(PanelSchedule(set, layout, panel, before[panel]), values, layout);
  });

  SlidingBytes all;
  std::vector<int32_t> table{0};
  all.places.resize(layout.tableBytes());
  for (PanelBytes &panel : made) {
    int32_t first = table.back();
    for (int32_t turns : panel.turns)
      table.push_back(first + turns);
    auto *places = reinterpret_cast<const char *>(panel.places.data());
    all.places.insert(all.places.end(), places, places + panel.places.size() * 2);
    all.values.insert(all.values.end(), panel.values.begin(), panel.values.end());
    panel = PanelBytes();
  }
  std::memcpy(all.places.data(), table.data(), table.size() * 4);
  // What is loaded at once may lie behind the last turn.
  constexpr int64_t kSlack = 64;
  all.places.resize(all.places.size() + kSlack);
  all.values.resize(all.values.size() + kSlack);
  return all;
}

std::vector<char> SlidingPacker::take(Part part, const HostTensor &values,
                                      const HostTensor &mask) {
  auto isSame = [](const HostTensor &x, const HostTensor &y) {
    return x && y && x.getBytes().data() == y.getBytes().data();
  };
  bool isKept = isSame(values, lastValues) && isSame(mask, lastMask);
  if (!isKept || (kept.*part).empty()) {
    kept = packSliding(values, mask, layout);
    lastValues = values;
    lastMask = mask;
  }
  std::vector<char> taken = std::move(kept.*part);
  (kept.*part).clear();
  if (kept.places.empty() && kept.values.empty())
    lastValues = lastMask = HostTensor();
  return taken;
}
