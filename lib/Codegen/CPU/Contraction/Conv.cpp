//===- Conv.cpp - Convolution as tiles of pixels times panels -------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A tile's rows are output pixels, `th` lines by `tw` columns. With the padded
// input channels-last, the elements that one pixel needs are runs: for every
// kernel line, kernel columns and channels lie side by side (without dilation
// and groups); so the sum is the matrix product's with other row offsets:
//
//     offset(r, c) = (r · strideH · Wp + c · strideW) · C
//
// A job is a block of output lines of one image and one panel. Weights that do
// not fit the cache are kept for all lines of an image before the next panel;
// otherwise all panels pass over the lines that are in the cache.
//
//===----------------------------------------------------------------------===//

#include "ConvGeometry.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace pith;

/// Weights of at most this many bytes (as f32) stay in the second-level cache.
static constexpr int64_t kCachedWeights = 320 << 10;
/// Depthwise kernels have code of their own for every kernel column.
static constexpr int64_t kMaxDepthwiseColumns = 16;
/// A job has about this many multiplications.
static constexpr int64_t kJobProducts = 1 << 20;
/// Of stack for a decoded panel.
static constexpr int64_t kMaxStack = 3 << 20;

namespace {
class ConvEmitter {
public:
  ConvEmitter(KernelEmitter &kernel, ConvGeometry geometry, PanelWeight weight)
      : kernel(kernel), g(std::move(geometry)), weight(std::move(weight)),
        contraction(kernel, this->weight) {}

  LogicalResult emit();

private:
  void chooseTile();
  LogicalResult prepareInput();
  void chooseSpace(OpBuilder &builder);
  void emitJob(OpBuilder &builder, Value number, ArrayRef<Value> outer, Value block,
               Value panel);
  void emitTiles(OpBuilder &b, Value number, ArrayRef<Value> outer, Value line,
                 Value lineEnd, Value groupOffset,
                 function_ref<void(OpBuilder &, const RowTile &)> body);

  KernelEmitter &kernel;
  ConvGeometry g;
  PanelWeight weight;
  FloatContraction contraction;
  FloatContraction::Mode mode = FloatContraction::Mode::Direct;

  /// Lines and columns of a tile; sizes of all variants.
  SmallVector<int64_t> lineSizes, columnSizes;
  int64_t linesPerJob = 1;
  int64_t scratch = -1;
  SmallVector<AffineExpr> paddedSizes;
  KernelBuffer input;
  /// Output sizes: axes in front of the last two spatial ones, and those.
  SmallVector<AffineExpr> outerDims;
  AffineExpr lines, columns;
  ReductionSpace space;
};
} // namespace

void ConvEmitter::chooseTile() {
  int64_t most = RegisterTile::maxRows(kernel.getTarget(), weight.getShape().vectors);
  auto width = getConstant(columns), height = getConstant(lines);
  auto even = [](int64_t count, int64_t limit) {
    SmallVector<int64_t> sizes;
    int64_t pieces = llvm::divideCeil(std::max<int64_t>(count, 1), limit);
    int64_t size = llvm::divideCeil(std::max<int64_t>(count, 1), pieces);
    sizes.push_back(size);
    if (count % size)
      sizes.push_back(count % size);
    return sizes;
  };
  if (!width) {
    columnSizes.push_back(most);
    for (int64_t size : {8, 4, 2, 1})
      if (size < most)
        columnSizes.push_back(size);
    lineSizes = {1};
  } else {
    columnSizes = even(*width, most);
    int64_t th = std::max<int64_t>(1, most / columnSizes[0]);
    if (!height || columnSizes.size() > 1)
      lineSizes = {1};
    else
      lineSizes = even(*height, th);
  }
  // Lines per job: enough work, a multiple of the tile.
  int64_t perLine = width.value_or(32) * weight.getReduction() *
                    weight.getShape().width();
  linesPerJob = std::max<int64_t>(1, kJobProducts / std::max<int64_t>(perLine, 1));
  linesPerJob = llvm::alignTo(linesPerJob, lineSizes[0]);
  if (height)
    linesPerJob = std::min<int64_t>(linesPerJob,
                                    llvm::alignTo(std::max<int64_t>(*height, 1),
                                                  lineSizes[0]));
}

void ConvEmitter::emitTiles(OpBuilder &b, Value number, ArrayRef<Value> outer,
                            Value line, Value lineEnd, Value groupOffset,
                            function_ref<void(OpBuilder &, const RowTile &)> body) {
  Location loc = kernel.getLoc();
  size_t last = g.axes - 1;
  bool flat = g.axes == 1; // no axis of lines
  Value paddedWidth = kernel.size(paddedSizes[last]);
  Value lineStep = TileCode(b, loc).mul(paddedWidth, g.channels);
  forEachPiece(b, loc, line, lineEnd, lineSizes, [&](OpBuilder &lb, Value y,
                                                     int64_t th) {
    forEachPiece(lb, loc, kernel.constantIndex(0), kernel.size(columns), columnSizes,
                 [&](OpBuilder &cb, Value x, int64_t tw) {
      TileCode code(cb, loc);
      RowTile tile;
      tile.rows.memref = input.memref;
      // Input position of the tile's first pixel.
      Value base = number;
      for (auto [axis, index] : llvm::enumerate(outer))
        base = code.add(code.mul(base, kernel.size(paddedSizes[axis])),
                        code.mul(index, g.strides[axis]));
      if (!flat)
        base = code.add(code.mul(base, kernel.size(paddedSizes[last - 1])),
                        code.mul(y, g.strides[last - 1]));
      base = code.add(code.mul(base, paddedWidth), code.mul(x, g.strides[last]));
      tile.rows.base = code.add(code.mul(base, g.channels), groupOffset);
      auto fixedWidth = getConstant(paddedSizes[last]);
      for (int64_t r = 0; r < th; ++r)
        for (int64_t c = 0; c < tw; ++c) {
          int64_t column = c * g.strides[last] * g.channels;
          int64_t lineStride = flat ? 0 : g.strides[last - 1];
          if (fixedWidth || r == 0)
            tile.rows.offsets.push_back(cb.getIndexAttr(
                r * lineStride * fixedWidth.value_or(0) * g.channels + column));
          else
            tile.rows.offsets.push_back(
                code.add(code.mul(lineStep, r * lineStride), column));
        }
      SmallVector<Value> front{number};
      llvm::append_range(front, outer);
      tile.position = [=](OpBuilder &at, Value row) {
        TileCode here(at, loc);
        SmallVector<LaneIndex> position;
        for (Value index : front)
          position.push_back({index, 0});
        if (!flat)
          position.push_back({here.add(y, here.div(row, tw)), 0});
        position.push_back({here.add(x, here.rem(row, tw)), 0});
        return position;
      };
      tile.number = kernel.constantIndex(0);
      body(cb, tile);
    });
  });
}

/// What an element of the sum needs of the input, as runs.
void ConvEmitter::chooseSpace(OpBuilder &builder) {
  TileCode code(builder, kernel.getLoc());
  bool merged = g.group == 1 && g.dilations.back() == 1;
  space = ReductionSpace();
  space.run = g.groupChannels * (merged ? g.kernel.back() : 1);
  Value stride = code.index(g.channels);
  for (size_t axis = g.axes; axis-- > 0;) {
    if (!(merged && axis + 1 == g.axes)) {
      space.counts.insert(space.counts.begin(), g.kernel[axis]);
      space.strides.insert(space.strides.begin(), code.mul(stride, g.dilations[axis]));
    }
    stride = code.mul(stride, kernel.size(paddedSizes[axis]));
  }
}

void ConvEmitter::emitJob(OpBuilder &builder, Value number, ArrayRef<Value> outer,
                          Value block, Value panel) {
  Location loc = kernel.getLoc();
  const PanelShape &shape = weight.getShape();
  TileCode code(builder, loc);
  TileStore store(kernel);
  store.setPanel(builder, panel, shape);
  store.bias = g.op.getBias();
  Value groupOffset = code.index(0);
  if (g.group > 1)
    groupOffset = code.mul(code.div(store.firstOutput, g.outputs / g.group),
                           g.groupChannels);
  Value line = code.mul(block, linesPerJob);
  Value end = code.min(code.add(line, linesPerJob), kernel.size(lines));
  TileLoop tiles = [&](OpBuilder &b,
                       function_ref<void(OpBuilder &, const RowTile &)> body) {
    emitTiles(b, number, outer, line, end, groupOffset, body);
  };
  contraction.emitPanel(builder, mode, panel, space, store, tiles, 0);
}

LogicalResult ConvEmitter::prepareInput() {
  paddedSizes = g.paddedInput();
  std::optional<int64_t> source;
  if (!isa<BlockArgument>(g.op.getInput())) {
    auto made = emitDequantizedRows(kernel, g.op.getInput());
    if (failed(made))
      return failure();
    source = scratch = *made;
  }
  if (g.isPadded())
    scratch = emitPaddedInput(kernel, g, source);
  return success();
}

LogicalResult ConvEmitter::emit() {
  MLIRContext *context = kernel.getContext();
  const PanelShape &shape = weight.getShape();
  AffineExpr one = getAffineConstantExpr(1, context);
  columns = g.output.back();
  lines = g.axes > 1 ? g.output[g.axes - 2] : one;
  if (g.axes > 2)
    outerDims.assign(g.output.begin(), g.output.end() - 2);
  mode = weight.isDense() ? FloatContraction::Mode::Direct
                          : FloatContraction::Mode::Decoded;
  if (contraction.stackBytes(mode) > kMaxStack)
    return g.op->emitError("expected a reduction of at most ")
           << kMaxStack / (4 * shape.width())
           << " elements for a compressed convolution, found "
           << weight.getReduction();
  weight.setPackings(kernel);
  chooseTile();
  if (failed(prepareInput()))
    return failure();

  bool cached = shape.panels() * shape.width() * weight.getReduction() * 4 <=
                kCachedWeights;
  AffineExpr blocks = lines.ceilDiv(linesPerJob);
  AffineExpr panels = getAffineConstantExpr(shape.panels(), context);
  SmallVector<AffineExpr> jobSpace{g.batch};
  jobSpace.append(outerDims);
  jobSpace.push_back(blocks);
  jobSpace.insert(cached ? jobSpace.end() : jobSpace.begin(), panels);
  int64_t products = linesPerJob * weight.getReduction() * shape.width();
  AffineExpr cost = columns * std::max<int64_t>(products / 60, 1) + 20;
  Type element =
      cast<RankedTensorType>(g.op.getInput().getType()).getElementType();
  bool decoded = !isa<BlockArgument>(g.op.getInput());
  return kernel.addTask(
      product(context, jobSpace), cost,
      [&](OpBuilder &builder, Value lo, Value hi) -> LogicalResult {
        if (scratch >= 0)
          input = kernel.scratch(scratch, decoded ? builder.getF32Type() : element);
        else
          input = kernel.argument(
              cast<BlockArgument>(g.op.getInput()).getArgNumber());
        chooseSpace(builder);
        KernelEmitter::loop(
            builder, kernel.getLoc(), lo, hi, 1, [&](OpBuilder &b, Value job) {
              SmallVector<Value> at = kernel.delinearize(b, job, jobSpace);
              Value panel = cached ? at.pop_back_val() : at.front();
              if (!cached)
                at.erase(at.begin());
              Value block = at.pop_back_val();
              emitJob(b, at.front(), ArrayRef(at).drop_front(), block, panel);
            });
        return success();
      });
}

/// Panels that do not straddle groups.
static PanelShape chooseGroupPanel(const TargetDescription &target,
                                   const ConvGeometry &g) {
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

LogicalResult pith::emitConv(KernelEmitter &kernel, ConvOp op) {
  Type element = cast<RankedTensorType>(op.getInput().getType()).getElementType();
  bool isSingle = element.isF32() || element.isF16() || element.isBF16();
  auto geometry = ConvGeometry::get(kernel, op);
  bool isWeight = PanelWeight::isWeight(op.getWeight());
  if (!isSingle || failed(geometry) || !isWeight) {
    if (isa_and_nonnull<WeightCodecOpInterface>(op.getWeight().getDefiningOp()))
      return op->emitError("compressed weight of a convolution must be constant "
                           "and channels last");
    return emitPlainConv(kernel, op);
  }
  if (geometry->isDepthwise() && geometry->outputs == geometry->channels &&
      geometry->axes <= 2 && geometry->kernel.back() <= kMaxDepthwiseColumns &&
      isa<BlockArgument>(op.getInput()))
    return emitDepthwiseConv(kernel, op);
  int64_t reduction = geometry->groupChannels;
  for (int64_t size : geometry->kernel)
    reduction *= size;
  if (geometry->isPointwise()) {
    RowProduct product;
    product.lhs = op.getInput();
    product.weight = op.getWeight();
    product.bias = op.getBias();
    product.rowAxes = geometry->axes + 1;
    product.outputs = geometry->outputs;
    product.reduction = reduction;
    auto isInteger = emitIntegerProduct(kernel, product);
    if (failed(isInteger) || *isInteger)
      return success(succeeded(isInteger));
    return emitRowProduct(kernel, product);
  }
  auto weight =
      PanelWeight::get(kernel, op.getWeight(),
                       chooseGroupPanel(kernel.getTarget(), *geometry), reduction);
  if (failed(weight))
    return failure();
  return ConvEmitter(kernel, *geometry, std::move(*weight)).emit();
}
