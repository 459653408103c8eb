//===- Conv.cpp - Convolution as tiles of pixels times panels -------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A job is a block of output lines of one image and one panel. Weights that do
// not fit the cache are kept for all lines of an image before the next panel;
// otherwise all panels pass over the lines that are in the cache.
//
//===----------------------------------------------------------------------===//

#include "ConvTiling.h"
#include "DequantizedRows.h"

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
  ConvEmitter(KernelEmitter &kernel, const ConvGeometry &geometry, PanelWeight weight)
      : kernel(kernel), g(geometry), weight(std::move(weight)),
        contraction(kernel, this->weight), tiling(kernel, g, g.groupChannels) {}

  LogicalResult emit();

private:
  LogicalResult prepareInput();
  void emitJob(OpBuilder &builder, ArrayRef<Value> at, Value panel);

  KernelEmitter &kernel;
  const ConvGeometry &g;
  PanelWeight weight;
  FloatContraction contraction;
  FloatContraction::Mode mode = FloatContraction::Mode::Direct;
  ConvTiling tiling;
  int64_t scratch = -1;
  KernelBuffer input;
  ReductionSpace space;
};
} // namespace

void ConvEmitter::emitJob(OpBuilder &builder, ArrayRef<Value> at, Value panel) {
  const PanelShape &shape = weight.getShape();
  TileCode code(builder, kernel.getLoc());
  TileStore store(kernel);
  store.setPanel(builder, panel, shape);
  store.bias = ConvOp(g.op).getBias();
  Value groupOffset = code.index(0);
  if (g.group > 1)
    groupOffset = code.mul(code.div(store.firstOutput, g.outputs / g.group),
                           g.groupChannels);
  TileLoop tiles = [&](OpBuilder &b,
                       function_ref<void(OpBuilder &, const RowTile &)> body) {
    tiling.emitTiles(b, input.memref, at, groupOffset, body);
  };
  contraction.emitPanel(builder, mode, panel, space, store, tiles, 0);
}

LogicalResult ConvEmitter::prepareInput() {
  std::optional<int64_t> source;
  Value tensor = ConvOp(g.op).getInput();
  if (!isa<BlockArgument>(tensor)) {
    auto made = emitDequantizedRows(kernel, tensor);
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
  Value tensor = ConvOp(g.op).getInput();
  mode = weight.isDense() ? FloatContraction::Mode::Direct
                          : FloatContraction::Mode::Decoded;
  if (contraction.stackBytes(mode) > kMaxStack)
    return ConvOp(g.op)->emitError("expected a reduction of at most ")
           << kMaxStack / (4 * shape.width())
           << " elements for a compressed convolution, found "
           << weight.getReduction();
  weight.setPackings(kernel);
  tiling.chooseTile(RegisterTile::maxRows(kernel.getTarget(), shape.vectors),
                    weight.getReduction(), shape.width(), kJobProducts);
  if (failed(prepareInput()))
    return failure();

  bool cached = shape.panels() * shape.width() * weight.getReduction() * 4 <=
                kCachedWeights;
  SmallVector<AffineExpr> jobSpace = tiling.jobSpace();
  AffineExpr panels = getAffineConstantExpr(shape.panels(), context);
  jobSpace.insert(cached ? jobSpace.end() : jobSpace.begin(), panels);
  int64_t products = tiling.getLinesPerJob() * weight.getReduction() * shape.width();
  AffineExpr cost = tiling.getColumns() * std::max<int64_t>(products / 60, 1) + 20;
  Type element = cast<RankedTensorType>(tensor.getType()).getElementType();
  bool decoded = !isa<BlockArgument>(tensor);
  return kernel.addTask(
      product(context, jobSpace), cost,
      [&](OpBuilder &builder, Value lo, Value hi) -> LogicalResult {
        if (scratch >= 0)
          input = kernel.scratch(scratch, decoded ? builder.getF32Type() : element);
        else
          input = kernel.argument(cast<BlockArgument>(tensor).getArgNumber());
        space = tiling.makeSpace(builder);
        KernelEmitter::loop(
            builder, kernel.getLoc(), lo, hi, 1, [&](OpBuilder &b, Value job) {
              SmallVector<Value> at = kernel.delinearize(b, job, jobSpace);
              Value panel = cached ? at.pop_back_val() : at.front();
              if (!cached)
                at.erase(at.begin());
              emitJob(b, at, panel);
            });
        return success();
      });
}

/// Floats in memory, or codes with one scale: those are converted when loaded.
static bool isDepthwiseInput(Value input) {
  if (isa<BlockArgument>(input))
    return true;
  auto codes = QuantizedRows::get(input);
  if (!codes || !codes->isSingle || !codes->element.isF32() ||
      codes->codeType().getWidth() != 8)
    return false;
  return !codes->zeroPoint ||
         isa<IntegerType>(
             cast<RankedTensorType>(codes->zeroPoint.getType()).getElementType());
}

/// Whether the integer kernel of convolutions can read a pointwise one's input without
/// a copy, and has enough pixels to read the weight more than once.
static bool readsPixelsInPlace(const ConvGeometry &g) {
  constexpr int64_t kFewPixels = 16;
  auto codes = QuantizedRows::get(ConvOp(g.op).getInput());
  if (!codes || !codes->isSingle || g.channels % 4 != 0)
    return false;
  AffineExpr pixels = g.batch;
  for (AffineExpr size : g.output)
    pixels = pixels * size;
  auto count = getConstant(pixels);
  return !count || *count >= kFewPixels;
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
      isDepthwiseInput(op.getInput()))
    return emitDepthwiseConv(kernel, op);
  int64_t reduction = geometry->groupChannels;
  for (int64_t size : geometry->kernel)
    reduction *= size;
  // Many pixels with one scale: codes are multiplied where they lie.
  if (geometry->isPointwise() && readsPixelsInPlace(*geometry)) {
    auto isInteger = emitIntegerConv(kernel, *geometry);
    if (failed(isInteger) || *isInteger)
      return success(succeeded(isInteger));
  }
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
  auto isInteger = emitIntegerConv(kernel, *geometry);
  if (failed(isInteger) || *isInteger)
    return success(succeeded(isInteger));
  auto weight =
      PanelWeight::get(kernel, op.getWeight(),
                       chooseConvPanel(kernel.getTarget(), *geometry), reduction);
  if (failed(weight))
    return failure();
  return ConvEmitter(kernel, *geometry, std::move(*weight)).emit();
}
