//===- SlidingProduct.cpp - Rows times an unstructured sparse weight ------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Lanes hold outputs, and each step multiplies one stored element of every output
// (SlidingLayout.h): the activations of the step's window are permuted so that each
// lane gets the one at its element's place. A permutation takes no more than a product,
// in another unit, and there are about as many steps as an output has elements.
//
//     for turn: for step: v = values[step];
//       for m: sum[m] = fma(v, permute(x[m][start[step] …], places[step]), sum[m])
//
//===----------------------------------------------------------------------===//

#include "Kernels.h"
#include "SlidingReader.h"
#include "StoredRows.h"
#include "TableVectors.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace pith;

/// Beyond, decoding all positions takes less than permuting for each step.
static constexpr double kMaxDensity = 0.75;
/// From so many rows on, products take so long that the processor sees too few loads
/// ahead. With fewer, prefetching takes more time than it saves.
static constexpr int64_t kPrefetchRows = 4;
/// Up to so many rows of a weight so dense, turns have a single window: loads of windows
/// take longer than the steps that are added.
static constexpr int64_t kFewRows = 8;
static constexpr double kFewDensity = 0.45;
/// Rows of one job, which share what they read of a panel.
static constexpr int64_t kRowsPerJob = 128;

namespace {
class SlidingProduct {
public:
  SlidingProduct(KernelEmitter &kernel, const RowProduct &product, SlidingWeight weight)
      : kernel(kernel), loc(kernel.getLoc()), product(product), weight(std::move(weight)),
        rows(kernel, product.rowAxes) {}
  LogicalResult emit();

private:
  void emitJob(OpBuilder &b, Value panel, Value block);
  void emitTile(OpBuilder &b, SlidingReader &reader, Value panel, Value row,
                int64_t size);
  SmallVector<Value> emitGroup(OpBuilder &b, SlidingReader &reader, Value panel,
                               Value group, const TileRows &left, ValueRange sums);
  SmallVector<Value> emitTurns(OpBuilder &b, SlidingReader &reader, Value from, Value to,
                               bool isScaled, const TileRows &left, ValueRange sums);
  bool isSumming(int64_t sums) const;

  KernelEmitter &kernel;
  Location loc;
  const RowProduct &product;
  SlidingWeight weight;
  RowSpace rows;
  SmallVector<int64_t> sizes;
  int64_t rowsPerJob = 1;
  StoredRows left;
  KernelBuffer lhs; ///< of the current task
};
} // namespace

/// Whether `sums` vectors of sums fit registers twice: those of the current group are
/// multiplied by its scales at its end.
bool SlidingProduct::isSumming(int64_t sums) const {
  if (weight.layout.isOverlapping)
    return false;
  if (weight.layout.groups() == 1)
    return true;
  return 2 * sums + 8 <= kernel.getTarget().vectorRegisters;
}

/// Adds the products of turns [from, to) to `sums`, `[set][row]`.
SmallVector<Value> SlidingProduct::emitTurns(OpBuilder &b, SlidingReader &reader,
                                             Value from, Value to, bool isScaled,
                                             const TileRows &left, ValueRange sums) {
  int64_t lanes = weight.layout.shape.lanes, sets = sums.size() / left.size();
  auto loop = scf::ForOp::create(b, loc, from, to, kernel.constantIndex(1), sums);
  OpBuilder inner(b.getContext());
  inner.setInsertionPointToStart(loop.getBody());
  TileCode code(inner, loc);
  Value turn = loop.getInductionVar();
  SmallVector<Value> carried(loop.getRegionIterArgs());
  if (left.size() >= kPrefetchRows)
    reader.prefetch(inner, turn);
  SmallVector<Value> values = reader.getValues(inner, turn, isScaled);
  SmallVector<Value> places = reader.getPlaces(inner, turn);
  // Windows of some rows are in registers together, and steps come before rows: products
  // that follow each other have different sums.
  int64_t share = weight.layout.share(), together = share == SlidingLayout::kTurn ? 8 : 4;
  for (int64_t window = 0; window < weight.layout.windows; ++window) {
    TileRows here = left.moved(code, reader.getStart(inner, turn, window));
    for (int64_t first = 0; first < left.size(); first += together) {
      SmallVector<Value> loaded;
      for (int64_t m = first; m < std::min(first + together, left.size()); ++m)
        loaded.push_back(
            code.toFloat(code.load(here.memref, here.address(code, m), lanes)));
      for (int64_t i = 0; i < share; ++i)
        for (auto [m, x] : llvm::enumerate(loaded)) {
          int64_t step = window * share + i;
          Value &sum = carried[step % sets * left.size() + first + m];
          sum = code.fma(values[step], permuteVector(code, x, places[step]), sum,
                         kernel.getTarget().hasFMA);
        }
    }
  }
  scf::YieldOp::create(inner, loc, carried);
  return SmallVector<Value>(loop.result_begin(), loop.result_end());
}

SmallVector<Value> SlidingProduct::emitGroup(OpBuilder &b, SlidingReader &reader,
                                             Value panel, Value group,
                                             const TileRows &left, ValueRange sums) {
  TileCode code(b, loc);
  Value number = code.add(code.mul(panel, weight.layout.groups()), group);
  Value from = reader.getFirstTurn(b, number);
  Value to = reader.getFirstTurn(b, code.add(number, 1));
  reader.enterGroup(b, group);
  SmallVector<Value> factors;
  if (isSumming(sums.size()))
    factors = reader.getFactors(b);
  if (factors.empty())
    return emitTurns(b, reader, from, to, /*isScaled=*/true, left, sums);
  SmallVector<Value> own(sums.size(), code.constant(sums.front().getType(), 0));
  own = emitTurns(b, reader, from, to, /*isScaled=*/false, left, own);
  for (auto [sum, all] : llvm::zip(own, sums))
    sum = code.fma(sum, factors.front(), all, kernel.getTarget().hasFMA);
  return own;
}

void SlidingProduct::emitTile(OpBuilder &b, SlidingReader &reader, Value panel, Value row,
                              int64_t size) {
  TileCode code(b, loc);
  TileRows tile;
  tile.memref = lhs.memref;
  tile.base = code.mul(row, left.stride);
  for (int64_t m = 0; m < size; ++m)
    tile.offsets.push_back(b.getIndexAttr(m * left.stride));
  // As in RegisterTile: enough sums in flight, as far as a turn has steps.
  int64_t sets = 1;
  while (sets < SlidingLayout::kTurn && size * sets < 8 &&
         isSumming(2 * sets * size) == isSumming(sets * size))
    sets *= 2;
  auto floats = VectorType::get({weight.layout.shape.lanes}, b.getF32Type());
  SmallVector<Value> sums(sets * size, code.constant(floats, 0));
  int64_t groups = weight.layout.groups();
  if (groups == 1) {
    sums = emitGroup(b, reader, panel, kernel.constantIndex(0), tile, sums);
  } else {
    auto loop =
        scf::ForOp::create(b, loc, kernel.constantIndex(0), kernel.constantIndex(groups),
                           kernel.constantIndex(1), sums);
    OpBuilder inner(b.getContext());
    inner.setInsertionPointToStart(loop.getBody());
    SmallVector<Value> done = emitGroup(inner, reader, panel, loop.getInductionVar(),
                                        tile, loop.getRegionIterArgs());
    scf::YieldOp::create(inner, loc, done);
    sums.assign(loop.result_begin(), loop.result_end());
  }
  for (int64_t count = sets; count > 1; count /= 2)
    for (int64_t i = 0; i < count / 2 * size; ++i)
      sums[i] = arith::AddFOp::create(b, loc, sums[i], sums[i + count / 2 * size]);
  TileStore store(kernel);
  store.setPanel(b, panel, weight.layout.shape);
  store.bias = product.bias;
  store.hasOutputAxis = product.hasOutputAxis;
  store.rowPosition = [this, row](OpBuilder &in, Value m) {
    return rows.position(in, TileCode(in, loc).add(row, m));
  };
  store.store(b, size, ArrayRef(sums).take_front(size));
}

void SlidingProduct::emitJob(OpBuilder &builder, Value panel, Value block) {
  TileCode code(builder, loc);
  Value from = code.mul(block, rowsPerJob);
  Value to = code.min(code.add(from, rowsPerJob), kernel.size(rows.getCount()));
  forEachPiece(builder, loc, from, to, sizes, [&](OpBuilder &b, Value row, int64_t size) {
    SlidingReader reader(kernel, weight, b, panel);
    emitTile(b, reader, panel, row, size);
  });
}

LogicalResult SlidingProduct::emit() {
  MLIRContext *context = kernel.getContext();
  auto count = rows.getConstantCount();
  if (count && *count > 1 && *count <= kFewRows && weight.layout.shape.lanes == 16 &&
      weight.getDensity() > kFewDensity)
    weight.layout.windows = 1;
  weight.setPackings(kernel);
  sizes = rows.tileSizes(kernel.getTarget().vectorRegisters >= 32 ? 16 : 8);
  rowsPerJob = std::max<int64_t>(1, kRowsPerJob / sizes[0]) * sizes[0];
  auto stored = StoredRows::get(kernel, product.lhs, rows, product.reduction,
                                /*loadsLines=*/true);
  if (failed(stored))
    return failure();
  left = *stored;
  AffineExpr panels = getAffineConstantExpr(weight.layout.shape.panels(), context);
  SmallVector<AffineExpr> jobSpace{panels, rows.getCount().ceilDiv(rowsPerJob)};
  int64_t perRow = weight.panelBytes() / 100 + weight.layout.shape.lanes;
  AffineExpr job =
      count ? getAffineConstantExpr(std::min(*count, rowsPerJob) * perRow, context)
            : rows.getCount() * perRow;
  return kernel.addTask(
      jobSpace[0] * jobSpace[1], job + weight.panelBytes() / 15,
      [&](OpBuilder &builder, Value lo, Value hi) -> LogicalResult {
        lhs = left.getBuffer(kernel);
        KernelEmitter::loop(builder, loc, lo, hi, 1, [&](OpBuilder &b, Value job) {
          SmallVector<Value> at = kernel.delinearize(b, job, jobSpace);
          emitJob(b, at[0], at[1]);
        });
        return success();
      });
}

FailureOr<bool> pith::emitSlidingProduct(KernelEmitter &kernel,
                                         const RowProduct &product) {
  auto weight =
      SlidingWeight::get(kernel, product.weight, product.outputs, product.reduction);
  if (!weight || weight->getDensity() > kMaxDensity)
    return false;
  if (failed(SlidingProduct(kernel, product, std::move(*weight)).emit()))
    return failure();
  return true;
}
