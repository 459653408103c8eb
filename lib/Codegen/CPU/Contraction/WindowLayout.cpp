//===- WindowLayout.cpp - Positions of N:M sparse weights -----------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WindowLayout.h"

#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Parallel.h"

#include <algorithm>
#include <cstring>

using namespace mlir;
using namespace pith;

std::optional<WindowLayout> WindowLayout::get(const SparseForm &form,
                                              const TargetDescription &target,
                                              int64_t lanes, int64_t reduction) {
  if (!target.hasAVX2 || form.n < 1 || form.m <= form.n || form.m > lanes ||
      reduction < 1 || (lanes == 16 ? !target.hasAVX512 : lanes != 8))
    return std::nullopt;
  WindowLayout layout;
  layout.n = form.n;
  layout.m = form.m;
  layout.reduction = reduction;
  // Four activations serve all lanes in every 128 bits. With registers of 512 bits,
  // bringing them there would take units that permutations need.
  layout.loaded = form.m <= 4 && lanes == 8 ? 4 : lanes;
  layout.bits = layout.loaded == 4 ? 2 : 4;
  layout.positions = layout.loaded / form.m * form.m;
  layout.entries = layout.positions / form.m * form.n;
  return layout;
}

void WindowLayout::setUnit(int64_t step, int64_t group) {
  unit = step;
  auto unitBits = [&] { return unit / positions * entries * int64_t(bits); };
  while (2 * unitBits() <= 32 && group % (2 * unit) == 0)
    unit *= 2;
  wordBits = std::clamp<int64_t>(llvm::PowerOf2Ceil(unitBits()), 8, 32);
}

int64_t WindowLayout::unitWords() const {
  return llvm::divideCeil(unit / positions * entries * bits, wordBits);
}

int64_t WindowLayout::lastStart() const {
  int64_t last = (reduction - 1) / positions * positions;
  return last + loaded > reduction ? std::max<int64_t>(reduction - loaded, 0) : -1;
}

int64_t WindowLayout::startOf(int64_t window) const {
  int64_t start = window * positions, last = lastStart();
  return last < 0 ? start : std::min(start, last);
}

/// Positions of one output's entries within the reduction.
static void readPositions(const HostTensor &tensor, int64_t output,
                          const WindowLayout &layout, MutableArrayRef<int64_t> row) {
  for (auto [i, position] : llvm::enumerate(row))
    position = int64_t(i) / layout.n * layout.m +
               tensor.getInt(output * int64_t(row.size()) + int64_t(i));
}

static int64_t entriesPerOutput(const WindowLayout &layout) {
  return llvm::divideCeil(layout.reduction, layout.m) * layout.n;
}

std::vector<char> pith::packIndices(const HostTensor &positions, const PanelShape &shape,
                                    const WindowLayout &layout) {
  int64_t wordBytes = layout.wordBits / 8, perWord = layout.wordBits / layout.bits;
  int64_t unitEntries = layout.unit / layout.positions * layout.entries;
  int64_t words = layout.units() * layout.unitWords();
  int64_t panelBytes = words * shape.width() * wordBytes;
  std::vector<char> out(shape.panels() * panelBytes, 0);
  llvm::parallelFor(0, shape.panels(), [&](size_t panel) {
    std::vector<int64_t> row(entriesPerOutput(layout));
    for (int64_t lane = 0; lane < shape.width(); ++lane) {
      int64_t output = int64_t(panel) * shape.width() + lane;
      if (output >= shape.outputs)
        break;
      readPositions(positions, output, layout, row);
      char *column = out.data() + panel * panelBytes + lane * wordBytes;
      for (auto [i, position] : llvm::enumerate(row)) {
        int64_t entry = i, window = entry / layout.entries;
        // What stands for nothing takes any activation that exists.
        uint32_t index =
            std::min(position, layout.reduction - 1) - layout.startOf(window);
        int64_t inUnit = entry % unitEntries;
        int64_t word = entry / unitEntries * layout.unitWords() + inUnit / perWord;
        uint32_t field = index << (inUnit % perWord * layout.bits);
        for (int64_t byte = 0; byte < wordBytes; ++byte)
          column[word * shape.width() * wordBytes + byte] |= char(field >> (8 * byte));
      }
    }
  });
  return out;
}

HostTensor pith::dropHiddenEntries(const HostTensor &entries, const HostTensor &positions,
                                   const WindowLayout &layout) {
  HostTensor result = entries;
  std::vector<int64_t> row(entriesPerOutput(layout));
  int64_t outputs = row.empty() ? 0 : entries.getNumElements() / int64_t(row.size());
  for (int64_t output = 0; output < outputs; ++output) {
    readPositions(positions, output, layout, row);
    for (int64_t i = 0, e = row.size(); i < e; ++i) {
      int64_t end = (i / layout.n + 1) * layout.n;
      bool isHidden = row[i] >= layout.reduction ||
                      std::find(row.begin() + i + 1, row.begin() + end, row[i]) !=
                          row.begin() + end;
      if (isHidden)
        result.setInt(output * e + i, 0);
    }
  }
  return result;
}
