//===- PanelArguments.cpp - How a kernel's arguments are re-laid ----------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What each constant of a weight becomes at compile time, for the kernel's plan: the
// functions of PanelPacking.h with the layouts that PanelWeight.cpp chose.
//
//===----------------------------------------------------------------------===//

#include "ByteTables.h"
#include "PanelWeight.h"

using namespace mlir;
using namespace pith;

void PanelWeight::setPackings(KernelEmitter &kernel, ArrayRef<int64_t> starts) {
  startCount = starts.size();
  std::string shapeKey;
  llvm::raw_string_ostream text(shapeKey);
  text << shape.outputs << "," << shape.lanes << "," << shape.vectors << ","
       << reduction << "," << step << "," << transposed;
  for (const Leaf &leaf : leaves) {
    if (leaf.argument < 0)
      continue;
    ArgumentPacking &packing = kernel.getPlan().packings[leaf.argument];
    PanelShape panels = shape;
    switch (leaf.packing.kind) {
    case TilePacking::Kind::Table:
      if (leaf.isByteTable) {
        int64_t block = byteBlock(kernel.getTarget());
        packing.pack = [block, entries = leaf.entries](const HostTensor &tensor) {
          return packByteTable(tensor, entries, block);
        };
        packing.key = "bytes:" + std::to_string(leaf.entries) + "," + std::to_string(block);
      }
      break;
    case TilePacking::Kind::Tensor:
      if (leaf.element.getIntOrFloatBitWidth() < 8) {
        packing.pack = widenElements;
        packing.key = "wide";
      }
      break;
    case TilePacking::Kind::Elements:
      packing.key = "elements:" + std::to_string(int(leaf.layout.kind)) + ":" + shapeKey;
      if (transposed)
        packing.pack = [panels](const HostTensor &tensor) {
          return packTransposedElements(tensor, panels);
        };
      else
        packing.pack = [panels, layout = leaf.layout](const HostTensor &tensor) {
          return packElements(tensor, panels, layout);
        };
      break;
    case TilePacking::Kind::Groups:
    case TilePacking::Kind::Outputs:
      packing.key = "columns:" + shapeKey;
      packing.pack = [panels](const HostTensor &tensor) {
        return packColumns(tensor, panels);
      };
      break;
    case TilePacking::Kind::BlockMask:
      packing.key = "block list:" + shapeKey;
      packing.pack = [layout = blocks](const HostTensor &mask) {
        return packBlockList(mask, layout);
      };
      break;
    case TilePacking::Kind::Blocks: {
      packing.key = "blocks:" + shapeKey;
      const Leaf &mask = leaves[blockList];
      if (mask.argument < 0) {
        packing.pack = [layout = blocks, mask = mask.splat](const HostTensor &values) {
          return packBlocks(values, mask, layout);
        };
      } else {
        packing.companions.push_back(mask.argument);
        packing.packWith = [layout = blocks](ArrayRef<HostTensor> tensors) {
          return packBlocks(tensors[0], tensors[1], layout);
        };
      }
      break;
    }
    case TilePacking::Kind::Compact: {
      packing.key = "compact:" + shapeKey;
      for (int64_t start : starts)
        packing.key += "," + std::to_string(start);
      const Leaf &mask = leaves[maskOf[leaf.compact]];
      SmallVector<int64_t> positions(starts);
      if (mask.argument < 0) {
        packing.pack = [panels, positions, mask = mask.splat](const HostTensor &t) {
          return packCompact(t, mask, panels, positions);
        };
      } else {
        packing.companions.push_back(mask.argument);
        packing.packWith = [panels, positions](ArrayRef<HostTensor> tensors) {
          return packCompact(tensors[0], tensors[1], panels, positions);
        };
      }
      break;
    }
    }
  }
  if (windows)
    setIndexPackings(kernel);
}
