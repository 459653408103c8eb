//===- RowProduct.cpp - Rows times a weight -------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The matrix product with a dense, constant weight or one that a codec decodes
// to floats; also convolutions that are such products. A job is one panel of
// outputs and a block of rows; jobs that share a panel are neighbours.
//
//===----------------------------------------------------------------------===//

#include "Kernels.h"
#include "StoredRows.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/bit.h"

using namespace mlir;
using namespace pith;

/// Rows of one job: bounds the memory for waiting sums.
static constexpr int64_t kRowsPerJob = 128;

namespace {
class RowProductEmitter {
public:
  RowProductEmitter(KernelEmitter &kernel, const RowProduct &product,
                    PanelWeight weight)
      : kernel(kernel), product(product), weight(std::move(weight)),
        rows(kernel, product.rowAxes), contraction(kernel, this->weight) {}

  LogicalResult emit();

private:
  using Mode = FloatContraction::Mode;
  int64_t directRows() const;
  void emitJob(OpBuilder &builder, Value panel, Value block);
  void emitRows(OpBuilder &builder, Mode mode, Value panel, Value from, Value to,
                ArrayRef<int64_t> sizes, int64_t maxRows);

  KernelEmitter &kernel;
  const RowProduct &product;
  PanelWeight weight;
  RowSpace rows;
  FloatContraction contraction;
  SmallVector<int64_t> sizes;
  int64_t rowsPerJob = 1;
  StoredRows left;
  KernelBuffer lhs; ///< of the current task
};
} // namespace

/// Up to this many rows, decoding in registers is cheaper than a copy. It needs
/// registers, too; more than one tile would decode twice.
int64_t RowProductEmitter::directRows() const {
  const TargetDescription &target = kernel.getTarget();
  int64_t vectors = weight.getShape().vectors;
  int64_t most = RegisterTile::maxRows(target, vectors);
  if (weight.getWindows())
    return std::max<int64_t>((target.vectorRegisters >= 32 ? 16 : 8) / vectors, 1);
  if (weight.isDense() || weight.isPlainBlocks())
    return most;
  return std::max<int64_t>(target.vectorRegisters >= 32 ? 16 / vectors : most / 2, 1);
}

void RowProductEmitter::emitRows(OpBuilder &builder, Mode mode, Value panel,
                                 Value from, Value to, ArrayRef<int64_t> sizes,
                                 int64_t maxRows) {
  Location loc = kernel.getLoc();
  const PanelShape &shape = weight.getShape();
  TileCode code(builder, loc);
  TileStore store(kernel);
  store.setPanel(builder, panel, shape);
  store.bias = product.bias;
  store.hasOutputAxis = product.hasOutputAxis;

  ReductionSpace space;
  space.run = product.reduction;
  TileLoop tiles = [&](OpBuilder &b,
                       function_ref<void(OpBuilder &, const RowTile &)> body) {
    forEachPiece(b, loc, from, to, sizes,
                 [&](OpBuilder &inner, Value row, int64_t size) {
                   TileCode innerCode(inner, loc);
                   RowTile tile;
                   tile.rows.memref = lhs.memref;
                   tile.rows.base = innerCode.mul(row, left.stride);
                   for (int64_t m = 0; m < size; ++m)
                     tile.rows.offsets.push_back(
                         inner.getIndexAttr(m * left.stride));
                   tile.position = [this, row, loc](OpBuilder &at, Value m) {
                     return rows.position(at, TileCode(at, loc).add(row, m));
                   };
                   tile.number = innerCode.sub(row, from);
                   body(inner, tile);
                 });
  };
  contraction.emitPanel(builder, mode, panel, space, store, tiles, maxRows);
}

void RowProductEmitter::emitJob(OpBuilder &builder, Value panel, Value block) {
  Location loc = kernel.getLoc();
  TileCode code(builder, loc);
  Value from = code.mul(block, rowsPerJob);
  Value to = code.min(code.add(from, rowsPerJob), kernel.size(rows.getCount()));
  Mode many = contraction.chooseMode(1);
  auto count = rows.getConstantCount();
  if (count && *count <= directRows())
    return emitRows(builder, Mode::Direct, panel, from, to,
                    rows.tileSizes(directRows()), *count);
  // Code of long steps is not repeated for each number of rows.
  if (count || many == Mode::Direct || weight.hasLongSteps())
    return emitRows(builder, many, panel, from, to, sizes, rowsPerJob);
  // Few rows: straight from the packed weight, read once.
  int64_t few = directRows();
  Value isFew = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sle,
                                      kernel.size(rows.getCount()), code.index(few));
  auto choice = scf::IfOp::create(builder, loc, TypeRange{}, isFew, true);
  OpBuilder direct(choice.getThenRegion().front().getTerminator());
  SmallVector<int64_t> small;
  for (int64_t size = llvm::bit_floor(uint64_t(few)); size > 0; size /= 2)
    small.push_back(size);
  emitRows(direct, Mode::Direct, panel, from, to, small, few);
  OpBuilder blocked(choice.getElseRegion().front().getTerminator());
  emitRows(blocked, many, panel, from, to, sizes, rowsPerJob);
}

LogicalResult RowProductEmitter::emit() {
  const TargetDescription &target = kernel.getTarget();
  const PanelShape &shape = weight.getShape();
  MLIRContext *context = kernel.getContext();
  sizes = rows.tileSizes(contraction.chooseMode(1) == Mode::Direct
                             ? directRows()
                             : RegisterTile::maxRows(target, shape.vectors));
  rowsPerJob = std::max<int64_t>(1, kRowsPerJob / sizes[0]) * sizes[0];
  // Starts of all modes in use: a block's start is one of them in every mode.
  auto count = rows.getConstantCount();
  bool direct = count && *count <= directRows();
  weight.setPackings(kernel,
                     contraction.blockStarts(direct ? Mode::Direct
                                                    : contraction.chooseMode(1)));
  auto stored = StoredRows::get(kernel, product.lhs, rows, product.reduction,
                                /*loadsLines=*/weight.getWindows().has_value());
  if (failed(stored))
    return failure();
  left = *stored;

  AffineExpr blocks = rows.getCount().ceilDiv(rowsPerJob);
  AffineExpr panels = getAffineConstantExpr(shape.panels(), context);
  SmallVector<AffineExpr> jobSpace{panels, blocks};
  AffineExpr jobs = panels * blocks;
  // 100 operations or 15 bytes a nanosecond.
  int64_t perRow = product.reduction * shape.width() * 2 / 100 + shape.width();
  AffineExpr job = count ? getAffineConstantExpr(
                               std::min(*count, rowsPerJob) * perRow, context)
                         : rows.getCount() * perRow;
  AffineExpr cost = job + weight.panelBytes() / 15;
  return kernel.addTask(
      jobs, cost, [&](OpBuilder &builder, Value lo, Value hi) -> LogicalResult {
        lhs = left.getBuffer(kernel);
        KernelEmitter::loop(builder, kernel.getLoc(), lo, hi, 1,
                            [&](OpBuilder &b, Value number) {
                              SmallVector<Value> at =
                                  kernel.delinearize(b, number, jobSpace);
                              emitJob(b, at[0], at[1]);
                            });
        return success();
      });
}

/// Panels of stored blocks are as wide as one, or a part of it.
static void fitBlocks(PanelShape &shape, const TargetDescription &target,
                      int64_t blockOutputs) {
  if (blockOutputs == 0)
    return;
  int64_t vectors = target.vectorRegisters >= 32 ? 4 : 2;
  while (vectors > 1 && blockOutputs % (vectors * shape.lanes) != 0)
    vectors /= 2;
  shape.vectors = vectors;
}

LogicalResult pith::emitRowProduct(KernelEmitter &kernel,
                                   const RowProduct &product) {
  auto entries = PanelWeight::getEntries(kernel, product.weight, product.outputs,
                                         product.reduction);
  if (failed(entries))
    return failure();
  if (*entries)
    return RowProductEmitter(kernel, product, std::move(**entries)).emit();
  auto isSparse = emitSparseProduct(kernel, product);
  if (failed(isSparse) || *isSparse)
    return success(succeeded(isSparse));
  auto isSliding = emitSlidingProduct(kernel, product);
  if (failed(isSliding) || *isSliding)
    return success(succeeded(isSliding));
  auto isTable = emitTableProduct(kernel, product);
  if (failed(isTable) || *isTable)
    return success(succeeded(isTable));
  const TargetDescription &target = kernel.getTarget();
  bool dense = !product.weight.getDefiningOp<WeightCodecOpInterface>();
  PanelShape shape = choosePanel(target, product.outputs, dense);
  fitBlocks(shape, target, PanelWeight::getBlockOutputs(product.weight));
  auto weight = PanelWeight::get(kernel, product.weight, shape, product.reduction,
                                 product.transposed);
  if (failed(weight))
    return failure();
  return RowProductEmitter(kernel, product, std::move(*weight)).emit();
}
