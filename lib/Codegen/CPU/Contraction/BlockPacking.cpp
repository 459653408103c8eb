//===- BlockPacking.cpp - Whole blocks as panels in memory ----------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BlockPacking.h"

#include "llvm/ADT/STLExtras.h"

#include <cstring>

using namespace mlir;
using namespace pith;

BlockLayout::BlockLayout(const PanelShape &shape, int64_t reduction,
                         int64_t blockOutputs, int64_t blockPositions, int64_t fill,
                         Type element)
    : shape(shape), reduction(reduction), blockOutputs(blockOutputs),
      blockPositions(blockPositions), fill(fill),
      entry(ElementLayout::get(element, shape, blockPositions)) {}

int64_t BlockLayout::planeBytes(unsigned plane) const {
  int64_t bytes = 0;
  for (unsigned before = 0; before < plane; ++before)
    bytes += entry.panelBytes(shape, before);
  return bytes;
}

int64_t BlockLayout::entryBytes() const { return planeBytes(entry.planes.size()); }

namespace {
/// Which blocks the outputs of panels lie in.
class BlockGrid {
public:
  BlockGrid(const HostTensor &mask, const BlockLayout &layout)
      : layout(layout), numbers(mask.getNumElements(), -1) {
    int64_t next = 0;
    for (auto [at, bit] : llvm::enumerate(mask.getBytes()))
      if (bit & 1)
        numbers[at] = next++;
  }
  /// The stored block of an output and column; −1 if there is none.
  int64_t find(int64_t output, int64_t column) const {
    size_t at = output / layout.blockOutputs * layout.columns() + column;
    return output < layout.shape.outputs && at < numbers.size() ? numbers[at] : -1;
  }
  /// The columns that are stored for an output of the panel.
  std::vector<int64_t> columnsOf(int64_t panel) const {
    std::vector<int64_t> columns;
    int64_t width = layout.shape.width();
    for (int64_t column = 0; column < layout.columns(); ++column)
      for (int64_t lane = 0; lane < width; ++lane)
        if (find(panel * width + lane, column) >= 0) {
          columns.push_back(column);
          break;
        }
    return columns;
  }

private:
  const BlockLayout &layout;
  std::vector<int64_t> numbers;
};
} // namespace

std::vector<char> pith::packBlockList(const HostTensor &mask, const BlockLayout &layout) {
  BlockGrid grid(mask, layout);
  std::vector<int32_t> table, positions;
  for (int64_t panel = 0; panel < layout.shape.panels(); ++panel) {
    std::vector<int64_t> columns = grid.columnsOf(panel);
    int32_t first = positions.size();
    for (int64_t column : columns)
      positions.push_back(column * layout.blockPositions);
    int32_t end = positions.size();
    bool hasShort = layout.rest() && !columns.empty() &&
                    columns.back() == layout.columns() - 1;
    table.insert(table.end(), {first, hasShort ? end - 1 : end, end});
  }
  std::vector<char> out((table.size() + positions.size()) * 4 + 64);
  std::memcpy(out.data(), table.data(), table.size() * 4);
  if (!positions.empty())
    std::memcpy(out.data() + table.size() * 4, positions.data(), positions.size() * 4);
  return out;
}

std::vector<char> pith::packBlocks(const HostTensor &values, const HostTensor &mask,
                                   const BlockLayout &layout) {
  BlockGrid grid(mask, layout);
  std::vector<char> stored = widenElements(values);
  const ElementLayout &entry = layout.entry;
  const int64_t width = layout.shape.width(), positions = layout.blockPositions;
  const int64_t bytes = entry.kind == ElementLayout::Kind::Whole ? entry.elementBytes : 1;
  const int64_t rows = layout.blockOutputs, count = values.getNumElements();
  std::vector<char> out;
  std::vector<char> line(entry.positions * bytes);
  for (int64_t panel = 0; panel < layout.shape.panels(); ++panel)
    for (int64_t column : grid.columnsOf(panel)) {
      size_t start = out.size();
      out.resize(start + layout.entryBytes());
      for (int64_t lane = 0; lane < width; ++lane) {
        int64_t output = panel * width + lane, block = grid.find(output, column);
        std::fill(line.begin(), line.end(), bytes == 1 ? char(layout.fill) : 0);
        int64_t from = (block * rows + output % rows) * positions;
        if (block >= 0 && from + positions <= count)
          std::memcpy(line.data(), stored.data() + from * bytes, positions * bytes);
        if (entry.kind == ElementLayout::Kind::Whole) {
          for (int64_t k = 0; k < entry.positions; ++k)
            std::memcpy(&out[start + (k * width + lane) * bytes], &line[k * bytes], bytes);
          continue;
        }
        unsigned shift = 0;
        for (auto [plane, bits] : llvm::enumerate(entry.planes)) {
          int64_t perByte = 8 / bits;
          char *to = &out[start + layout.planeBytes(plane)];
          for (int64_t k = 0; k < entry.positions; ++k)
            to[k / perByte * width + lane] |=
                char(((uint8_t(line[k]) >> shift) & ((1u << bits) - 1))
                     << (k % perByte * bits));
          shift += bits;
        }
      }
    }
  out.resize(out.size() + 64);
  return out;
}
