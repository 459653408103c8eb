//===- IntegerProduct.cpp - Quantized rows times a quantized weight -------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The matrix product where both sides are integer codes with scales. With codes
// a and w, zero points y and z, and scales s and t that are constant within a
// group of reduction positions, the result is
//
//     Σ_groups  s · t · Σ_k (a − y) · (w − z)
//
// The inner sum is exact in 32 bits; it is rounded to f32 once, multiplied with
// the rounded product of scales, and added with one rounding. So with G groups the
// result differs from the sum of real products by at most
// (G + 2) · 2⁻²⁴ · Σ_groups |s · t · Σ_k …|.
//
// Two tasks: activations become tiles of words, then panels are multiplied. A job
// of the second is one panel and a block of rows.
//
//===----------------------------------------------------------------------===//

#include "DotTile.h"
#include "IntegerWeight.h"
#include "Kernels.h"

#include "pith/Compression/Quantization/QuantizationOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"

#include <numeric>

using namespace mlir;
using namespace pith;

/// Sums of products of two bytes, each corrected by a zero point, fit 32 bits.
static constexpr int64_t kMaxGroup = 32768;
/// Rows of one job.
static constexpr int64_t kRowsPerJob = 256;
/// Where their number is known only at run time: the fewest for which waiting for
/// memory costs as much as multiplying.
static constexpr int64_t kLikelyRows = 16;

namespace {

class IntegerProductEmitter {
public:
  IntegerProductEmitter(KernelEmitter &kernel, const RowProduct &product,
                        const QuantizedRows &left, const IntegerWeight &weight,
                        const IntegerStream &stream)
      : kernel(kernel), product(product), left(left), weight(weight),
        stream(stream), rows(kernel, product.rowAxes),
        dots(kernel.getTarget(), stream.dots.bits(), stream.shape.lanes),
        leftRows(kernel, this->left, dots, stream.group, stream.groups,
                 stream.hasSums, stream.zeroBytes ? 1 : stream.dots.bias + stream.sharedZero) {}

  LogicalResult emit();

private:
  void chooseTiles();
  LogicalResult emitLeft();
  LogicalResult emitPanels();
  void emitJob(OpBuilder &builder, Value panel, Value block);
  void emitPieces(OpBuilder &builder, Value panel, Value from, Value to,
                  ArrayRef<int64_t> sizes, int64_t width);
  void ifSingleRow(OpBuilder &builder,
                   function_ref<void(OpBuilder &, bool isSingle)> body);

  KernelEmitter &kernel;
  const RowProduct &product;
  QuantizedRows left;
  IntegerWeight weight;
  IntegerStream stream;
  RowSpace rows;
  DotCode dots;
  DotRows leftRows;
  /// Rows of one tile in memory, and sizes of pieces that are multiplied.
  int64_t tileWidth = 1, rowsPerJob = 1;
  SmallVector<int64_t> sizes;
  int64_t scratch = -1;
  Value leftWords, panelBytes;
};

} // namespace

void IntegerProductEmitter::chooseTiles() {
  int64_t most = DotTile::maxRows(kernel.getTarget(), stream);
  auto count = rows.getConstantCount();
  // One pass over the panel for a few rows more is better than two.
  if (count && *count > most && *count <= most + most / 2)
    most = *count;
  if (count && *count <= most) {
    int64_t all = std::max<int64_t>(*count, 1);
    tileWidth = llvm::PowerOf2Ceil(all);
    sizes = {all};
    rowsPerJob = tileWidth;
    return;
  }
  tileWidth = most;
  sizes = {most};
  if (count) {
    if (int64_t rest = *count % most)
      sizes.push_back(rest);
  } else {
    for (int64_t size = most / 2; size > 0; size /= 2)
      sizes.push_back(size);
  }
  rowsPerJob = kRowsPerJob;
  if (count)
    rowsPerJob = std::min(rowsPerJob, int64_t(llvm::alignTo(*count, most)));
}

/// Emits `body` for one row and, where the number of rows is known only at run
/// time, for more.
void IntegerProductEmitter::ifSingleRow(
    OpBuilder &builder, function_ref<void(OpBuilder &, bool isSingle)> body) {
  if (rows.getConstantCount() || tileWidth == 1)
    return body(builder, false);
  Location loc = kernel.getLoc();
  Value isOne = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                      kernel.size(rows.getCount()),
                                      kernel.constantIndex(1));
  auto choice = scf::IfOp::create(builder, loc, TypeRange{}, isOne, true);
  OpBuilder one(choice.getThenRegion().front().getTerminator());
  body(one, true);
  OpBuilder many(choice.getElseRegion().front().getTerminator());
  body(many, false);
}

LogicalResult IntegerProductEmitter::emitLeft() {
  AffineExpr count = rows.getCount();
  AffineExpr tiles = count.ceilDiv(tileWidth);
  scratch = kernel.addScratch(tiles * (leftRows.tileWords(tileWidth) * 4));
  int64_t cost = tileWidth * (product.reduction / 40 + 4 * stream.groups) + 1;
  return kernel.addTask(
      tiles, getAffineConstantExpr(cost, kernel.getContext()),
      [&](OpBuilder &builder, Value lo, Value hi) -> LogicalResult {
        Value out = kernel.scratch(scratch, builder.getI32Type()).memref;
        Value total = kernel.size(count);
        KernelEmitter::loop(
            builder, kernel.getLoc(), lo, hi, 1, [&](OpBuilder &b, Value tile) {
              ifSingleRow(b, [&](OpBuilder &inner, bool isSingle) {
                leftRows.emitTile(inner, out, tile, isSingle ? 1 : tileWidth, total);
              });
            });
        return success();
      });
}

void IntegerProductEmitter::emitPieces(OpBuilder &builder, Value panel, Value from,
                                       Value to, ArrayRef<int64_t> sizes,
                                       int64_t width) {
  Location loc = kernel.getLoc();
  TileCode code(builder, loc);
  TileStore store(kernel);
  store.setPanel(builder, panel, stream.shape);
  store.bias = product.bias;
  store.hasOutputAxis = product.hasOutputAxis;
  Value panelBase = code.mul(panel, stream.panelBytes());
  auto count = rows.getConstantCount();
  bool onePass = width == 1 || (count && *count <= sizes[0]);
  DotPrefetch prefetch;
  if (onePass) {
    prefetch.distance = kernel.constantIndex(4096);
  } else {
    // The next panel, in parts by all tiles of the job.
    prefetch.distance = kernel.constantIndex(stream.panelBytes());
    int64_t known = count ? std::min(*count, rowsPerJob) : kLikelyRows;
    prefetch.share = std::max<int64_t>(1, llvm::divideCeil(known, sizes[0]));
    prefetch.locality = 2;
  }
  forEachPiece(builder, loc, from, to, sizes, [&](OpBuilder &b, Value row,
                                                  int64_t size) {
    TileCode inner(b, loc);
    Value leftBase =
        inner.add(inner.mul(inner.div(row, width), leftRows.tileWords(width)),
                  inner.rem(row, width));
    DotPrefetch own = prefetch;
    if (own.share > 1)
      own.part = inner.div(inner.sub(row, from), width);
    DotTile tile(kernel, stream, leftRows, dots, size, width);
    SmallVector<Value> sums =
        tile.emit(b, panelBytes, panelBase, leftWords, leftBase, own);
    TileStore target(store);
    target.rowPosition = [this, row, loc](OpBuilder &at, Value m) {
      return rows.position(at, TileCode(at, loc).add(row, m));
    };
    target.store(b, size, sums);
  });
}

void IntegerProductEmitter::emitJob(OpBuilder &builder, Value panel, Value block) {
  ifSingleRow(builder, [&](OpBuilder &b, bool isSingle) {
    TileCode code(b, kernel.getLoc());
    if (isSingle)
      return emitPieces(b, panel, kernel.constantIndex(0), kernel.constantIndex(1),
                        {1}, 1);
    Value from = code.mul(block, rowsPerJob);
    Value to = code.min(code.add(from, rowsPerJob), kernel.size(rows.getCount()));
    emitPieces(b, panel, from, to, sizes, tileWidth);
  });
}

LogicalResult IntegerProductEmitter::emitPanels() {
  MLIRContext *context = kernel.getContext();
  AffineExpr panels = getAffineConstantExpr(stream.shape.panels(), context);
  AffineExpr blocks = rows.getCount().ceilDiv(rowsPerJob);
  SmallVector<AffineExpr> jobSpace{panels, blocks};
  // 500 operations or 20 bytes a nanosecond.
  int64_t perRow = product.reduction * stream.width() * 2 / 500 + stream.width() / 4;
  auto count = rows.getConstantCount();
  AffineExpr job =
      count ? getAffineConstantExpr(std::min(*count, rowsPerJob) * perRow, context)
            : rows.getCount() * perRow;
  AffineExpr cost = job + stream.panelBytes() / 20;
  unsigned codes = weight.codeArgument();
  return kernel.addTask(
      panels * blocks, cost,
      [&](OpBuilder &builder, Value lo, Value hi) -> LogicalResult {
        panelBytes = kernel.argument(codes).memref;
        leftWords = kernel.scratch(scratch, builder.getI32Type()).memref;
        KernelEmitter::loop(builder, kernel.getLoc(), lo, hi, 1,
                            [&](OpBuilder &b, Value number) {
                              SmallVector<Value> at =
                                  kernel.delinearize(b, number, jobSpace);
                              emitJob(b, at[0], at[1]);
                            });
        return success();
      });
}

LogicalResult IntegerProductEmitter::emit() {
  chooseTiles();
  weight.setPacking(kernel, stream.key(),
                    [stream = stream](const HostTensor &codes, const HostTensor &scales,
                                      const HostTensor &zeros) {
                      return stream.pack(codes, scales, zeros);
                    });
  if (failed(emitLeft()))
    return failure();
  return emitPanels();
}

//===----------------------------------------------------------------------===//
// What fits
//===----------------------------------------------------------------------===//

/// Positions that share scales on both sides, or nothing if such groups do not
/// hold whole units.
static std::optional<int64_t> commonGroup(int64_t weightGroup, int64_t leftGroup,
                                          int64_t reduction, int64_t unit) {
  int64_t padded = llvm::alignTo(std::max<int64_t>(reduction, 1), unit);
  int64_t group = std::gcd(weightGroup, leftGroup);
  if (group == 0)
    return std::min(padded, kMaxGroup);
  // A group that is longer than the row is the row.
  if (group >= reduction)
    group = padded;
  if (group % unit != 0)
    return std::nullopt;
  while (group > kMaxGroup)
    if (group % 2 != 0 || (group /= 2) % unit != 0)
      return std::nullopt;
  return group;
}

static std::optional<IntegerStream> chooseStream(KernelEmitter &kernel,
                                                 const RowProduct &product,
                                                 const QuantizedRows &left,
                                                 const IntegerWeight &weight) {
  const TargetDescription &target = kernel.getTarget();
  IntegerStream stream;
  stream.shape.outputs = product.outputs;
  stream.shape.lanes = std::max<int64_t>(1, target.vectorBytes / 4);
  stream.shape.vectors = product.outputs > stream.shape.lanes ? 2 : 1;
  stream.reduction = product.reduction;
  stream.scaleGroup = weight.form.groupSize;
  auto codes = cast<RankedTensorType>(weight.codes.getType());
  const IntegerForm &form = weight.form;
  if (form.maxCode - form.minCode > 255)
    return std::nullopt;
  stream.dots = DotLayout::get(codes.getElementType(), form.minCode, form.maxCode,
                               product.reduction);
  auto group = commonGroup(form.groupSize, left.groupSize, product.reduction,
                           stream.dots.unit);
  if (!group)
    return std::nullopt;
  stream.group = *group;
  stream.groups = llvm::divideCeil(std::max<int64_t>(product.reduction, 1), *group);
  stream.dots.units = stream.groups * stream.groupUnits();
  DotCode dots(target, stream.dots.bits(), stream.shape.lanes);
  if (stream.dots.bits() == 8 && dots.takesSignedBytes())
    stream.dots.bias -= 128;
  Type scale = weight.scaleType();
  stream.bfloat = scale.isBF16();
  bool isHalf = stream.bfloat || (scale.isF16() && target.hasF16C);
  stream.scaleBytes = isHalf ? 2 : 4;
  stream.sharedZero = weight.sharedZero;
  if (weight.zeroPoint) {
    Type zero =
        cast<RankedTensorType>(weight.zeroPoint.getType()).getElementType();
    stream.zeroBytes = zero.getIntOrFloatBitWidth() <= 8 ? 2 : 4;
  }
  stream.hasSums = left.zeroPoint || left.codeType().isUnsigned();
  return stream;
}

FailureOr<bool> pith::emitIntegerProduct(KernelEmitter &kernel,
                                         const RowProduct &product) {
  auto left = QuantizedRows::get(product.lhs);
  auto isInteger = [](Value tensor) {
    return !tensor ||
           isa<IntegerType>(cast<RankedTensorType>(tensor.getType()).getElementType());
  };
  if (!left)
    return false;
  auto weight = IntegerWeight::get(product.weight);
  if (!weight || product.transposed)
    return declineIntegers(kernel, "the weight is not made of stored integer codes");
  auto weightType = cast<RankedTensorType>(product.weight.getType());
  if (!left->element.isF32() || !weightType.getElementType().isF32())
    return declineIntegers(kernel, "values are rounded to half precision");
  if (left->codeType().getWidth() != 8 || !isInteger(left->zeroPoint))
    return declineIntegers(kernel, "activations are not bytes with integer zero points");
  if (left->reduction != product.reduction)
    return declineIntegers(kernel, "activations are not contracted over whole rows");
  auto stream = chooseStream(kernel, product, *left, *weight);
  if (!stream)
    return declineIntegers(kernel, "groups do not hold whole units of codes");
  if (failed(IntegerProductEmitter(kernel, product, *left, *weight, *stream).emit()))
    return failure();
  return true;
}
