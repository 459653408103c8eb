//===- IntegerConv.cpp - Quantized pixels times quantized filters ---------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The convolution of codes with one scale and zero point by a filter of codes. The
// sum of products is exact in 32 bits; it is rounded to f32 once per group of
// positions that share a scale (all of them, usually), multiplied with the rounded
// product of scales, and added with one rounding.
//
// The first task writes the input's codes with their padding, which is the zero
// point, where the input itself will not do; the second multiplies (ConvTiling.h says
// what a job is).
//
//===----------------------------------------------------------------------===//

#include "ConvTiling.h"
#include "IntegerConvTile.h"
#include "IntegerWeight.h"
#include "PaddedCodes.h"

#include <numeric>

using namespace mlir;
using namespace pith;

/// Sums of products of two bytes, each corrected by a zero point, fit 32 bits.
static constexpr int64_t kMaxReduction = 32768;
/// Weights of at most this many bytes stay in the second-level cache.
static constexpr int64_t kCachedWeights = 320 << 10;
/// A job has about this many multiplications.
static constexpr int64_t kJobProducts = 4 << 20;

namespace {
class IntegerConvEmitter {
public:
  IntegerConvEmitter(KernelEmitter &kernel, const ConvGeometry &g, QuantizedRows left,
                     IntegerWeight weight, ConvStream stream)
      : kernel(kernel), g(g), left(std::move(left)), weight(std::move(weight)),
        stream(std::move(stream)),
        dots(kernel.getTarget(), /*weightBits=*/8, this->stream.shape.lanes),
        codes(g, this->left, !dots.takesSignedBytes()),
        tiling(kernel, g, codes.groupPixel) {}

  LogicalResult emit();

private:
  void emitJob(OpBuilder &builder, ArrayRef<Value> at, Value panel);
  void makeInput(OpBuilder &builder);

  KernelEmitter &kernel;
  const ConvGeometry &g;
  QuantizedRows left;
  IntegerWeight weight;
  ConvStream stream;
  DotCode dots;
  PaddedCodes codes;
  ConvTiling tiling;
  int64_t scratch = -1;
  // In the task being emitted:
  ReductionSpace space;
  ConvTileInput tileInput;
  Value input;
};
} // namespace

void IntegerConvEmitter::makeInput(OpBuilder &builder) {
  input = scratch < 0 ? kernel.argument(left.codeArgument()).memref
                      : kernel.scratch(scratch, builder.getI8Type()).memref;
  space = tiling.makeSpace(builder);
  tileInput.space = &space;
  tileInput.panels = kernel.argument(weight.codeArgument()).memref;
  tileInput.zero = codes.emitZero(kernel, builder);
  HostTensor own = getInsideConstant(left.scale), filter = getInsideConstant(weight.scale);
  tileInput.unitScale = filter && filter.getDouble(0) == 1;
  tileInput.scale = Value();
  Value none = kernel.constantIndex(0);
  if (!own || own.getDouble(0) != 1)
    tileInput.scale = left.scaleAt(kernel, builder, none, none);
}

void IntegerConvEmitter::emitJob(OpBuilder &builder, ArrayRef<Value> at, Value panel) {
  TileCode code(builder, kernel.getLoc());
  TileStore store(kernel);
  store.setPanel(builder, panel, stream.shape);
  store.bias = ConvOp(g.op).getBias();
  Value groupOffset = code.index(0);
  if (g.group > 1)
    groupOffset = code.mul(code.div(store.firstOutput, g.outputs / g.group),
                           codes.groupPixel);
  tileInput.panelBase = code.mul(panel, stream.panelBytes());
  tiling.emitTiles(builder, input, at, groupOffset,
                   [&](OpBuilder &b, const RowTile &rows) {
                     IntegerConvTile tile(kernel, stream, dots, rows.rows, tileInput);
                     SmallVector<Value> sums = tile.emit(b);
                     TileStore target(store);
                     target.rowPosition = rows.position;
                     target.store(b, rows.rows.size(), sums);
                   });
}

LogicalResult IntegerConvEmitter::emit() {
  MLIRContext *context = kernel.getContext();
  weight.setPacking(kernel, stream.key(),
                    [stream = stream](const HostTensor &codes, const HostTensor &scales,
                                      const HostTensor &zeros) {
                      return stream.pack(codes, scales, zeros);
                    });
  int64_t reduction = stream.segments * stream.run();
  tiling.chooseTile(IntegerConvTile::maxRows(kernel.getTarget(), stream), reduction,
                    stream.width(), kJobProducts);
  if (codes.needsCopy())
    scratch = codes.emitCopy(kernel);

  int64_t panelCount = stream.shape.panels();
  bool cached = panelCount * stream.panelBytes() <= kCachedWeights;
  SmallVector<AffineExpr> jobSpace = tiling.jobSpace();
  AffineExpr panels = getAffineConstantExpr(panelCount, context);
  jobSpace.insert(cached ? jobSpace.end() : jobSpace.begin(), panels);
  int64_t products = tiling.getLinesPerJob() * reduction * stream.width();
  AffineExpr cost = tiling.getColumns() * std::max<int64_t>(products / 250, 1) + 20;
  return kernel.addTask(
      product(context, jobSpace), cost,
      [&](OpBuilder &builder, Value lo, Value hi) -> LogicalResult {
        makeInput(builder);
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

//===----------------------------------------------------------------------===//
// What fits
//===----------------------------------------------------------------------===//

/// How codes are laid out, or why they cannot be multiplied as bytes.
static StringRef chooseCodes(const ConvGeometry &g, const IntegerWeight &weight,
                             ConvStream &stream) {
  const IntegerForm &form = weight.form;
  auto type = cast<RankedTensorType>(weight.codes.getType()).getElementType();
  if (form.maxCode - form.minCode > 255)
    return "weights have more than 8 bits";
  stream.dots = DotLayout::get(type, form.minCode, form.maxCode, stream.run());
  stream.sharedZero = weight.sharedZero;
  stream.hasZeros = bool(weight.zeroPoint);
  if (stream.dots.bits() == 8) {
    // Signed bytes as they are.
    stream.dots.bias -= 128;
    if (stream.hasZeros || stream.storedZero() != 0)
      return "weights of 8 bits are not symmetric";
  }
  if (type.isInteger(1) && g.groupChannels % 4 != 0)
    return "binary weights do not fill whole words of channels";
  return {};
}

/// Which positions share a scale, or why their groups cannot be summed as integers.
static StringRef chooseGroups(const ConvGeometry &g, const IntegerWeight &weight,
                              ConvStream &stream) {
  int64_t reduction = stream.segments * stream.pixels * stream.channels;
  if (reduction > kMaxReduction)
    return "sums might not fit 32 bits";
  stream.scaleGroup = weight.form.groupSize;
  if (stream.scaleGroup == 0 || stream.scaleGroup >= reduction)
    return {};
  stream.group = std::gcd(stream.scaleGroup, stream.run());
  if (g.groupChannels % 4 != 0 || stream.group % stream.dots.unit != 0)
    return "groups do not hold whole units of codes";
  return {};
}

static StringRef chooseStream(KernelEmitter &kernel, const ConvGeometry &g,
                              const IntegerWeight &weight, ConvStream &stream) {
  const TargetDescription &target = kernel.getTarget();
  stream.shape = chooseConvPanel(target, g);
  stream.channels = g.groupChannels;
  stream.pixelBytes = (g.groupChannels + 3) / 4 * 4;
  ConvTiling tiling(kernel, g, stream.pixelBytes);
  stream.segments = tiling.getSegments();
  stream.pixels = tiling.getRun() / stream.pixelBytes;
  Type scale = weight.scaleType();
  stream.bfloat = scale.isBF16();
  bool isHalf = stream.bfloat || (scale.isF16() && target.hasF16C);
  stream.scaleBytes = isHalf ? 2 : 4;
  if (StringRef reason = chooseCodes(g, weight, stream); !reason.empty())
    return reason;
  return chooseGroups(g, weight, stream);
}

FailureOr<bool> pith::emitIntegerConv(KernelEmitter &kernel, const ConvGeometry &g) {
  ConvOp op = g.op;
  auto left = QuantizedRows::get(op.getInput());
  if (!left)
    return false;
  auto weight = IntegerWeight::get(op.getWeight());
  if (!weight)
    return declineIntegers(kernel, "the weight is not made of stored integer codes");
  auto isInteger = [](Value tensor) {
    return !tensor ||
           isa<IntegerType>(cast<RankedTensorType>(tensor.getType()).getElementType());
  };
  auto weightType = cast<RankedTensorType>(op.getWeight().getType());
  if (!left->element.isF32() || !weightType.getElementType().isF32())
    return declineIntegers(kernel, "values are rounded to half precision");
  if (left->codeType().getWidth() != 8 || !isInteger(left->zeroPoint))
    return declineIntegers(kernel, "activations are not bytes with integer zero points");
  if (!left->isSingle)
    return declineIntegers(kernel, "the input has more than one scale");
  ConvStream stream;
  if (StringRef reason = chooseStream(kernel, g, *weight, stream); !reason.empty())
    return declineIntegers(kernel, reason);
  if (failed(IntegerConvEmitter(kernel, g, *left, *weight, stream).emit()))
    return failure();
  return true;
}
