//===- ConvTiling.cpp - A convolution's pixels as tiles -------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ConvTiling.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace pith;

ConvTiling::ConvTiling(KernelEmitter &kernel, const ConvGeometry &geometry,
                       int64_t groupPixel)
    : kernel(kernel), g(geometry), groupPixel(groupPixel), pixel(groupPixel * g.group),
      paddedSizes(g.paddedInput()) {
  columns = g.output.back();
  lines = g.axes > 1 ? g.output[g.axes - 2]
                     : getAffineConstantExpr(1, kernel.getContext());
  if (g.axes > 2)
    outerDims.assign(g.output.begin(), g.output.end() - 2);
}

int64_t ConvTiling::getSegments() const {
  int64_t segments = 1;
  for (size_t axis = 0; axis + (isMerged() ? 1 : 0) < g.axes; ++axis)
    segments *= g.kernel[axis];
  return segments;
}

void ConvTiling::chooseTile(int64_t most, int64_t reduction, int64_t width,
                            int64_t jobProducts) {
  auto columnCount = getConstant(columns), lineCount = getConstant(lines);
  auto even = [](int64_t count, int64_t limit) {
    SmallVector<int64_t> sizes;
    int64_t pieces = llvm::divideCeil(std::max<int64_t>(count, 1), limit);
    int64_t size = llvm::divideCeil(std::max<int64_t>(count, 1), pieces);
    sizes.push_back(size);
    if (count % size)
      sizes.push_back(count % size);
    return sizes;
  };
  if (!columnCount) {
    columnSizes.push_back(most);
    for (int64_t size : {8, 4, 2, 1})
      if (size < most)
        columnSizes.push_back(size);
    lineSizes = {1};
  } else {
    columnSizes = even(*columnCount, most);
    int64_t th = std::max<int64_t>(1, most / columnSizes[0]);
    if (!lineCount || columnSizes.size() > 1)
      lineSizes = {1};
    else
      lineSizes = even(*lineCount, th);
  }
  // Lines per job: enough work, a multiple of the tile.
  int64_t perLine = columnCount.value_or(32) * reduction * width;
  linesPerJob = std::max<int64_t>(1, jobProducts / std::max<int64_t>(perLine, 1));
  linesPerJob = llvm::alignTo(linesPerJob, lineSizes[0]);
  if (lineCount)
    linesPerJob = std::min<int64_t>(
        linesPerJob, llvm::alignTo(std::max<int64_t>(*lineCount, 1), lineSizes[0]));
}

SmallVector<AffineExpr> ConvTiling::jobSpace() const {
  SmallVector<AffineExpr> space{g.batch};
  space.append(outerDims);
  space.push_back(lines.ceilDiv(linesPerJob));
  return space;
}

ReductionSpace ConvTiling::makeSpace(OpBuilder &builder) const {
  TileCode code(builder, kernel.getLoc());
  ReductionSpace space;
  space.run = getRun();
  Value stride = code.index(pixel);
  for (size_t axis = g.axes; axis-- > 0;) {
    if (!(isMerged() && axis + 1 == g.axes)) {
      space.counts.insert(space.counts.begin(), g.kernel[axis]);
      space.strides.insert(space.strides.begin(), code.mul(stride, g.dilations[axis]));
    }
    stride = code.mul(stride, kernel.size(paddedSizes[axis]));
  }
  return space;
}

RowTile ConvTiling::makeTile(OpBuilder &b, Value input, ArrayRef<Value> front, Value y,
                             Value x, int64_t th, int64_t tw, Value groupOffset) const {
  Location loc = kernel.getLoc();
  size_t last = g.axes - 1;
  bool flat = g.axes == 1; // no axis of lines
  TileCode code(b, loc);
  Value paddedWidth = kernel.size(paddedSizes[last]);
  RowTile tile;
  tile.rows.memref = input;
  // Input position of the tile's first pixel.
  Value base = front.front();
  for (auto [axis, index] : llvm::enumerate(front.drop_front()))
    base = code.add(code.mul(base, kernel.size(paddedSizes[axis])),
                    code.mul(index, g.strides[axis]));
  if (!flat)
    base = code.add(code.mul(base, kernel.size(paddedSizes[last - 1])),
                    code.mul(y, g.strides[last - 1]));
  base = code.add(code.mul(base, paddedWidth), code.mul(x, g.strides[last]));
  tile.rows.base = code.add(code.mul(base, pixel), groupOffset);
  auto fixedWidth = getConstant(paddedSizes[last]);
  for (int64_t r = 0; r < th; ++r)
    for (int64_t c = 0; c < tw; ++c) {
      int64_t column = c * g.strides[last] * pixel;
      int64_t lineStride = flat ? 0 : g.strides[last - 1];
      if (fixedWidth || r == 0)
        tile.rows.offsets.push_back(
            b.getIndexAttr(r * lineStride * fixedWidth.value_or(0) * pixel + column));
      else
        tile.rows.offsets.push_back(code.add(
            code.mul(code.mul(paddedWidth, pixel), r * lineStride), column));
    }
  SmallVector<Value> outer(front);
  tile.position = [=](OpBuilder &at, Value row) {
    TileCode here(at, loc);
    SmallVector<LaneIndex> position;
    for (Value index : outer)
      position.push_back({index, 0});
    if (!flat)
      position.push_back({here.add(y, here.div(row, tw)), 0});
    position.push_back({here.add(x, here.rem(row, tw)), 0});
    return position;
  };
  tile.number = kernel.constantIndex(0);
  return tile;
}

void ConvTiling::emitTiles(OpBuilder &b, Value input, ArrayRef<Value> at,
                           Value groupOffset,
                           function_ref<void(OpBuilder &, const RowTile &)> body) const {
  Location loc = kernel.getLoc();
  TileCode code(b, loc);
  Value line = code.mul(at.back(), linesPerJob);
  Value lineEnd = code.min(code.add(line, linesPerJob), kernel.size(lines));
  ArrayRef<Value> front = at.drop_back();
  forEachPiece(b, loc, line, lineEnd, lineSizes, [&](OpBuilder &lb, Value y, int64_t th) {
    forEachPiece(lb, loc, kernel.constantIndex(0), kernel.size(columns), columnSizes,
                 [&](OpBuilder &cb, Value x, int64_t tw) {
                   body(cb, makeTile(cb, input, front, y, x, th, tw, groupOffset));
                 });
  });
}

PanelShape pith::chooseConvPanel(const TargetDescription &target, const ConvGeometry &g) {
  bool sameSet = g.channels % 1024 == 0;
  if (g.group == 1)
    return choosePanel(target, g.outputs, /*wide=*/sameSet);
  PanelShape shape;
  shape.outputs = g.outputs;
  int64_t each = g.outputs / g.group;
  shape.lanes = std::max<int64_t>(1, target.vectorBytes / 4);
  while (each % shape.lanes)
    shape.lanes /= 2;
  for (int64_t vectors : {2, 1})
    if (each % (vectors * shape.lanes) == 0) {
      shape.vectors = vectors;
      break;
    }
  return shape;
}
