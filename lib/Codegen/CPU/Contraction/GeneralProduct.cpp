//===- GeneralProduct.cpp - Product of two activations --------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Nothing is known before the program runs, so the right-hand side is re-laid
// first, into panels of f32 as `[matrix][panel][position][lane]`; a transposed one
// by square blocks in registers. Tiles then run over it as over a weight. Up to
// four rows are not worth the copy: they read the right-hand side where it lies,
// row by row, or as dot products along the reduction if it is transposed. Where
// the number of rows is dynamic, the kernel has both forms.
//
//===----------------------------------------------------------------------===//

#include "DequantizedRows.h"
#include "Kernels.h"
#include "pith/Codegen/CPU/BlockTranspose.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace pith;

/// Up to this many rows, packing costs more than it saves.
static constexpr int64_t kFewRows = 4;
static constexpr int64_t kRowsPerJob = 96;

namespace {

/// An operand in memory.
struct Operand {
  Value value;
  int64_t scratch = -1; ///< its values as f32, if it is not an argument
  KernelBuffer get(KernelEmitter &kernel) const {
    if (scratch >= 0)
      return kernel.scratch(scratch, Float32Type::get(kernel.getContext()));
    return kernel.argument(cast<BlockArgument>(value).getArgNumber());
  }
};

class GeneralProduct {
public:
  GeneralProduct(KernelEmitter &kernel, MatMulOp op);
  LogicalResult emit(Operand left, Operand right);

private:
  /// What a job needs to know.
  struct Job {
    SmallVector<Value> batch; ///< indices of the result's leading axes
    Value leftBase, rightMatrix;
    Value firstRow, lastRow;
    Value panel, firstColumn;
  };
  void findSizes(MatMulOp op);
  LogicalResult emitPacking();
  void packColumns(OpBuilder &b, Value source, Value target, Value column);
  void packTransposed(OpBuilder &b, Value source, Value target, Value column);
  void emitJob(OpBuilder &b, const Job &job);
  void emitPacked(OpBuilder &b, const Job &job);
  void emitDirect(OpBuilder &b, const Job &job);
  void emitDots(OpBuilder &b, const Job &job);
  /// Stores `[row][vector]` sums of rows from `row` on.
  void storeTile(OpBuilder &b, const Job &job, Value row, int64_t rows, Value column,
                 int64_t vectors, ValueRange sums);
  TileRows rowsAt(OpBuilder &b, const Job &job, Value row, int64_t count);
  TileRange reduction() {
    auto length = getConstant(k);
    return {kernel.constantIndex(0), length.value_or(-1), kernel.size(k)};
  }
  Value matrixIndex(OpBuilder &b, ArrayRef<AffineExpr> dims, ArrayRef<Value> at);
  bool isFew() const { return count && *count <= kFewRows; }
  bool isMany() const { return count && *count > kFewRows; }
  /// Whether the panels are the right-hand side as it lies.
  bool isPanelAlready() const {
    return !transposed && right.scratch < 0 && rightElement.isF32() &&
           getConstant(n) == width();
  }
  int64_t width() const { return lanes * vectors; }

  KernelEmitter &kernel;
  Location loc;
  Operand left, right;
  Type rightElement;
  bool transposed = false, hasRowAxis = true, hasColumnAxis = true;
  AffineExpr m, n, k, panels;
  SmallVector<AffineExpr> batch, leftBatch, rightBatch;
  std::optional<RowSpace> rows; ///< where all rows share one right-hand side
  std::optional<int64_t> count; ///< of rows
  int64_t lanes = 1, vectors = 1, packed = -1;
  SmallVector<int64_t> sizes;
};

} // namespace

GeneralProduct::GeneralProduct(KernelEmitter &kernel, MatMulOp op)
    : kernel(kernel), loc(kernel.getLoc()) {
  transposed = op.getTransposeRhs();
  findSizes(op);
  PanelShape shape = choosePanel(kernel.getTarget(), getConstant(n).value_or(1 << 20),
                                 /*wide=*/true);
  // A single column is summed along the reduction.
  lanes = getConstant(n) == 1 ? kernel.getLanes() : shape.lanes;
  vectors = shape.vectors;
  panels = n.ceilDiv(width());
  count = getConstant(m);
  int64_t most = RegisterTile::maxRows(kernel.getTarget(), vectors);
  if (count) {
    int64_t tiles = llvm::divideCeil(std::max<int64_t>(*count, 1), most);
    sizes.push_back(llvm::divideCeil(std::max<int64_t>(*count, 1), tiles));
    if (int64_t rest = *count % sizes[0])
      sizes.push_back(rest);
  } else {
    sizes.push_back(most);
    for (int64_t size : {8, 4, 2, 1})
      if (size < most)
        sizes.push_back(size);
  }
}

void GeneralProduct::findSizes(MatMulOp op) {
  MLIRContext *context = kernel.getContext();
  AffineExpr one = getAffineConstantExpr(1, context);
  leftBatch.assign(kernel.dims(op.getLhs()).begin(), kernel.dims(op.getLhs()).end());
  rightBatch.assign(kernel.dims(op.getRhs()).begin(), kernel.dims(op.getRhs()).end());
  batch.assign(kernel.dims(op.getResult()).begin(), kernel.dims(op.getResult()).end());
  hasRowAxis = leftBatch.size() > 1;
  hasColumnAxis = rightBatch.size() > 1;
  k = leftBatch.pop_back_val();
  m = hasRowAxis ? leftBatch.pop_back_val() : one;
  if (hasColumnAxis) {
    n = transposed ? rightBatch[rightBatch.size() - 2] : rightBatch.back();
    rightBatch.resize(rightBatch.size() - 2);
    batch.pop_back();
  } else {
    // A column is a matrix of one row, transposed.
    n = one;
    transposed = true;
    rightBatch.clear();
  }
  if (hasRowAxis)
    batch.pop_back();
  // One right-hand side for all: rows of all matrices are rows of one.
  if (!batch.empty() && leftBatch == batch &&
      llvm::all_of(rightBatch, [&](AffineExpr size) { return size == one; })) {
    m = product(context, leftBatch) * m;
    rows.emplace(kernel, batch.size() + (hasRowAxis ? 1 : 0));
    leftBatch.clear();
    batch.clear();
  }
}

/// Number of an operand's matrix: axes of size 1 repeat.
Value GeneralProduct::matrixIndex(OpBuilder &b, ArrayRef<AffineExpr> dims,
                                  ArrayRef<Value> at) {
  TileCode code(b, loc);
  Value number = kernel.constantIndex(0);
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    size_t own = at.size() - dims.size() + axis;
    if (getConstant(dims[axis]) == 1)
      continue;
    Value index = at[own];
    if (!getConstant(dims[axis]) && dims[axis] != batch[own]) {
      Value one = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq,
                                        kernel.size(dims[axis]), code.index(1));
      index = arith::SelectOp::create(b, loc, one, code.index(0), index);
    }
    number = code.add(code.mul(number, kernel.size(dims[axis])), index);
  }
  return number;
}

//===----------------------------------------------------------------------===//
// Packing
//===----------------------------------------------------------------------===//

/// Elements that exist of `lanes` from `column` on.
static Value maskFrom(OpBuilder &b, Location loc, Value size, Value column,
                      int64_t lanes) {
  Value left = TileCode(b, loc).sub(size, column);
  return vector::CreateMaskOp::create(b, loc, VectorType::get({lanes}, b.getI1Type()),
                                      ValueRange{left});
}

static Value maskedLoad(OpBuilder &b, Location loc, Value memref, Value offset,
                        Value mask, int64_t lanes) {
  auto type = VectorType::get({lanes}, cast<MemRefType>(memref.getType()).getElementType());
  Value zero = TileCode(b, loc).constant(type, 0);
  return vector::MaskedLoadOp::create(b, loc, type, memref, ValueRange{offset}, mask, zero);
}

/// Columns from `column` on: a copy row by row. `source` and `target` are where
/// the matrix and the panel start.
void GeneralProduct::packColumns(OpBuilder &b, Value source, Value target, Value column) {
  Value from = right.get(kernel).memref;
  Value to = kernel.scratch(packed, b.getF32Type()).memref;
  TileCode code(b, loc);
  SmallVector<Value> masks;
  auto fixed = getConstant(n);
  bool exact = fixed && *fixed % width() == 0;
  for (int64_t v = 0; v < vectors && !exact; ++v)
    masks.push_back(
        maskFrom(b, loc, kernel.size(n), code.add(column, v * lanes), lanes));
  KernelEmitter::loop(
      b, loc, kernel.constantIndex(0), kernel.size(k), 1, [&](OpBuilder &in, Value row) {
        TileCode c(in, loc);
        Value start = c.add(c.add(source, column), c.mul(row, kernel.size(n)));
        Value end = c.add(target, c.mul(row, width()));
        for (int64_t v = 0; v < vectors; ++v) {
          Value at = c.add(start, v * lanes);
          Value x = exact ? c.load(from, at, lanes)
                          : maskedLoad(in, loc, from, at, masks[v], lanes);
          c.store(c.toFloat(x), to, c.add(end, v * lanes));
        }
      });
}

/// The same where columns are rows in memory. Those beyond the last repeat it;
/// nobody looks at them.
void GeneralProduct::packTransposed(OpBuilder &b, Value source, Value target,
                                    Value column) {
  Value from = right.get(kernel).memref;
  Value to = kernel.scratch(packed, b.getF32Type()).memref;
  Value length = kernel.size(k);
  TileCode code(b, loc);
  Value last = code.sub(kernel.size(n), code.index(1));
  Value middle = code.sub(length, code.rem(length, lanes));
  for (int64_t v = 0; v < vectors; ++v) {
    SmallVector<Value> starts;
    for (int64_t lane = 0; lane < lanes; ++lane) {
      Value at = code.min(code.add(column, v * lanes + lane), last);
      starts.push_back(code.add(source, code.mul(at, length)));
    }
    Value end = code.add(target, v * lanes);
    KernelEmitter::loop(
        b, loc, kernel.constantIndex(0), middle, lanes, [&](OpBuilder &in, Value row) {
          TileCode c(in, loc);
          SmallVector<Value> block;
          for (Value start : starts)
            block.push_back(c.toFloat(c.load(from, c.add(start, row), lanes)));
          for (auto [i, x] : llvm::enumerate(transposeBlock(in, loc, block)))
            c.store(x, to, c.add(end, c.mul(c.add(row, i), width())));
        });
    if (getConstant(k) && *getConstant(k) % lanes == 0)
      continue;
    KernelEmitter::loop(
        b, loc, middle, length, 1, [&](OpBuilder &in, Value row) {
          TileCode c(in, loc);
          SmallVector<Value> elements;
          for (Value start : starts)
            elements.push_back(c.toFloat(c.loadScalar(from, c.add(start, row))));
          Value x = vector::FromElementsOp::create(
              in, loc, VectorType::get({lanes}, in.getF32Type()), elements);
          c.store(x, to, c.add(end, c.mul(row, width())));
        });
  }
}

LogicalResult GeneralProduct::emitPacking() {
  MLIRContext *context = kernel.getContext();
  SmallVector<AffineExpr> space(rightBatch);
  space.push_back(panels);
  packed = kernel.addScratch(product(context, space) * k * (width() * 4) + 64);
  AffineExpr matrix = k * n;
  return kernel.addTask(
      product(context, space), k * (vectors * (transposed ? 4 : 2)) + 10,
      [&](OpBuilder &builder, Value lo, Value hi) -> LogicalResult {
        auto body = [&](OpBuilder &outer) {
          KernelEmitter::loop(outer, loc, lo, hi, 1, [&](OpBuilder &b, Value job) {
            TileCode code(b, loc);
            SmallVector<AffineExpr> two{product(context, rightBatch), panels};
            SmallVector<Value> at = kernel.delinearize(b, job, two);
            Value source = code.mul(at[0], kernel.size(matrix));
            Value target = code.mul(code.mul(job, kernel.size(k)), width());
            Value column = code.mul(at[1], width());
            if (transposed)
              packTransposed(b, source, target, column);
            else
              packColumns(b, source, target, column);
          });
        };
        if (isMany()) {
          body(builder);
          return success();
        }
        Value many =
            arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sgt,
                                  kernel.size(m), kernel.constantIndex(kFewRows));
        auto choice = scf::IfOp::create(builder, loc, TypeRange{}, many, false);
        OpBuilder then(choice.getThenRegion().front().getTerminator());
        body(then);
        return success();
      });
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

TileRows GeneralProduct::rowsAt(OpBuilder &b, const Job &job, Value row,
                                int64_t count) {
  TileCode code(b, loc);
  TileRows tile;
  tile.memref = left.get(kernel).memref;
  tile.base = code.add(job.leftBase, code.mul(row, kernel.size(k)));
  auto length = getConstant(k);
  for (int64_t i = 0; i < count; ++i) {
    if (length || i == 0)
      tile.offsets.push_back(b.getIndexAttr(i * length.value_or(0)));
    else
      tile.offsets.push_back(code.mul(kernel.size(k), i));
  }
  return tile;
}

void GeneralProduct::storeTile(OpBuilder &b, const Job &job, Value row, int64_t count,
                               Value column, int64_t columns, ValueRange sums) {
  TileCode code(b, loc);
  TileStore store{kernel};
  store.lanes = lanes;
  store.vectors = columns;
  store.firstOutput = column;
  store.hasOutputAxis = hasColumnAxis;
  store.rowPosition = [&](OpBuilder &at, Value index) {
    Value number = TileCode(at, loc).add(row, index);
    if (rows)
      return rows->position(at, number);
    SmallVector<LaneIndex> position;
    for (Value i : job.batch)
      position.push_back({i, 0});
    if (hasRowAxis)
      position.push_back({number, 0});
    return position;
  };
  int64_t whole = columns * lanes;
  auto fixed = getConstant(n);
  store.fullOutputs = whole;
  if (fixed && *fixed <= whole) {
    store.fullOutputs = *fixed;
    return store.store(b, count, sums);
  }
  if (fixed && *fixed % whole == 0)
    return store.store(b, count, sums);
  Value end = code.add(column, whole);
  if (fixed) {
    store.lastOutputs = *fixed % whole;
    store.isLast = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sgt, end,
                                         kernel.size(n));
    return store.store(b, count, sums);
  }
  Value full = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sle, end,
                                     kernel.size(n));
  auto choice = scf::IfOp::create(b, loc, TypeRange{}, full, true);
  OpBuilder then(choice.getThenRegion().front().getTerminator());
  store.store(then, count, sums);
  OpBuilder other(choice.getElseRegion().front().getTerminator());
  store.dynamicOutputs = TileCode(other, loc).sub(kernel.size(n), column);
  store.store(other, count, sums);
}

void GeneralProduct::emitPacked(OpBuilder &b, const Job &job) {
  TileCode code(b, loc);
  KernelBuffer source =
      packed >= 0 ? kernel.scratch(packed, b.getF32Type()) : right.get(kernel);
  Value number = code.add(code.mul(job.rightMatrix, kernel.size(panels)), job.panel);
  Value base = code.mul(code.mul(number, kernel.size(k)), width());
  forEachPiece(b, loc, job.firstRow, job.lastRow, sizes,
               [&](OpBuilder &in, Value row, int64_t size) {
                 RegisterTile tile(kernel, size, vectors, lanes);
                 MemoryColumns columns(loc, source.memref, base,
                                       kernel.constantIndex(width()), lanes, vectors);
                 SmallVector<Value> sums =
                     tile.accumulate(in, columns, reduction(),
                                     rowsAt(in, job, row, size), tile.zeros(in));
                 storeTile(in, job, row, size, job.firstColumn, vectors,
                           tile.finish(in, sums));
               });
}

/// Few rows, and columns where they lie.
void GeneralProduct::emitDirect(OpBuilder &b, const Job &job) {
  Value source = right.get(kernel).memref;
  SmallVector<int64_t> pieces{kFewRows, 2, 1};
  if (count)
    pieces.assign({std::max<int64_t>(*count, 1)});
  auto panel = [&](OpBuilder &at, Value column, int64_t columns, bool masked) {
    TileCode code(at, loc);
    Value start = code.mul(job.rightMatrix, kernel.size(k * n));
    Value mask;
    if (masked)
      mask = maskFrom(at, loc, kernel.size(n), column, lanes);
    forEachPiece(at, loc, job.firstRow, job.lastRow, pieces,
                 [&](OpBuilder &in, Value row, int64_t size) {
                   RegisterTile tile(kernel, size, columns, lanes);
                   MemoryColumns right(loc, source, TileCode(in, loc).add(start, column),
                                       kernel.size(n), lanes, columns);
                   right.lastMask = mask;
                   SmallVector<Value> sums =
                       tile.accumulate(in, right, reduction(),
                                       rowsAt(in, job, row, size), tile.zeros(in));
                   storeTile(in, job, row, size, column, columns, tile.finish(in, sums));
                 });
  };
  auto fixed = getConstant(n);
  if (fixed && *fixed % width() == 0)
    return panel(b, job.firstColumn, vectors, false);
  TileCode code(b, loc);
  Value end = code.add(job.firstColumn, width());
  Value full = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sle, end,
                                     kernel.size(n));
  auto choice = scf::IfOp::create(b, loc, TypeRange{}, full, true);
  OpBuilder then(choice.getThenRegion().front().getTerminator());
  if (!fixed || *fixed >= width())
    panel(then, job.firstColumn, vectors, false);
  OpBuilder other(choice.getElseRegion().front().getTerminator());
  KernelEmitter::loop(other, loc, job.firstColumn, kernel.size(n), lanes,
                      [&](OpBuilder &in, Value column) { panel(in, column, 1, true); });
}

/// Few rows, and columns that lie along the reduction: one sum per column in
/// each lane's vector, added across at the end.
void GeneralProduct::emitDots(OpBuilder &b, const Job &job) {
  TileCode code(b, loc);
  Value source = right.get(kernel).memref;
  Value length = kernel.size(k);
  Value end = code.min(code.add(job.firstColumn, width()), kernel.size(n));
  Value last = code.sub(kernel.size(n), code.index(1));
  Value middle = code.sub(length, code.rem(length, lanes));
  Value matrix = code.mul(job.rightMatrix, kernel.size(k * n));
  int64_t columns = getConstant(n) == 1 ? 1 : lanes;
  bool hasTail = !getConstant(k) || *getConstant(k) % lanes != 0;
  auto dots = [&](OpBuilder &at, Value column, Value row) {
    TileCode c(at, loc);
    TileRows left = rowsAt(at, job, row, 1);
    SmallVector<Value> starts;
    for (int64_t i = 0; i < columns; ++i)
      starts.push_back(c.add(matrix, c.mul(c.min(c.add(column, i), last), length)));
    auto type = VectorType::get({lanes}, at.getF32Type());
    SmallVector<Value> sums(columns, c.constant(type, 0));
    auto step = [&](OpBuilder &in, Value position, Value mask, MutableArrayRef<Value> acc) {
      TileCode s(in, loc);
      auto load = [&](Value memref, Value offset) {
        return s.toFloat(mask ? maskedLoad(in, loc, memref, offset, mask, lanes)
                              : s.load(memref, offset, lanes));
      };
      Value x = load(left.memref, s.add(left.base, position));
      for (auto [i, start] : llvm::enumerate(starts))
        acc[i] = s.fma(load(source, s.add(start, position)), x, acc[i],
                       kernel.getTarget().hasFMA);
    };
    auto loop = scf::ForOp::create(at, loc, kernel.constantIndex(0), middle,
                                   kernel.constantIndex(lanes), sums);
    OpBuilder inner(at.getContext());
    inner.setInsertionPointToStart(loop.getBody());
    SmallVector<Value> carried(loop.getRegionIterArgs());
    step(inner, loop.getInductionVar(), {}, carried);
    scf::YieldOp::create(inner, loc, carried);
    sums.assign(loop.result_begin(), loop.result_end());
    if (hasTail)
      step(at, middle, maskFrom(at, loc, length, middle, lanes), sums);
    Value total = columns == 1
                      ? c.fold(sums[0],
                               [&](Value x, Value y) -> Value {
                                 return arith::AddFOp::create(at, loc, x, y);
                               })
                      : sumLanes(at, loc, sums);
    storeTile(at, job, row, 1, column, 1, {total});
  };
  KernelEmitter::loop(b, loc, job.firstColumn, end, lanes, [&](OpBuilder &in, Value column) {
    KernelEmitter::loop(in, loc, job.firstRow, job.lastRow, 1,
                        [&](OpBuilder &at, Value row) { dots(at, column, row); });
  });
}

void GeneralProduct::emitJob(OpBuilder &b, const Job &job) {
  auto few = [&](OpBuilder &in) {
    if (transposed)
      emitDots(in, job);
    else
      emitDirect(in, job);
  };
  if (isFew() || getConstant(n) == 1)
    return few(b);
  if (isMany())
    return emitPacked(b, job);
  Value isFewRows = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sle, kernel.size(m),
                                          kernel.constantIndex(kFewRows));
  auto choice = scf::IfOp::create(b, loc, TypeRange{}, isFewRows, true);
  OpBuilder then(choice.getThenRegion().front().getTerminator());
  few(then);
  OpBuilder other(choice.getElseRegion().front().getTerminator());
  emitPacked(other, job);
}

LogicalResult GeneralProduct::emit(Operand leftSide, Operand rightSide) {
  left = leftSide;
  right = rightSide;
  MLIRContext *context = kernel.getContext();
  rightElement = cast<RankedTensorType>(right.value.getType()).getElementType();
  // A single column is read along the reduction, whichever way it lies.
  if (getConstant(n) == 1)
    transposed = true;
  if (!isFew() && getConstant(n) != 1 && !isPanelAlready() && failed(emitPacking()))
    return failure();
  int64_t perJob = std::max<int64_t>(1, kRowsPerJob / sizes[0]) * sizes[0];
  SmallVector<AffineExpr> space(batch);
  space.push_back(panels);
  space.push_back(m.ceilDiv(perJob));
  int64_t rowsInJob = count ? std::min(*count, perJob) : 16;
  AffineExpr cost = k * std::max<int64_t>(1, rowsInJob * width() * 2 / 100) + 20;
  return kernel.addTask(
      product(context, space), cost,
      [&](OpBuilder &builder, Value lo, Value hi) -> LogicalResult {
        KernelEmitter::loop(builder, loc, lo, hi, 1, [&](OpBuilder &b, Value number) {
          TileCode code(b, loc);
          SmallVector<Value> at = kernel.delinearize(b, number, space);
          Job job;
          Value block = at.pop_back_val();
          job.panel = at.pop_back_val();
          job.batch = at;
          job.firstRow = code.mul(block, perJob);
          job.lastRow = code.min(code.add(job.firstRow, perJob), kernel.size(m));
          job.firstColumn = code.mul(job.panel, width());
          job.leftBase = code.mul(matrixIndex(b, leftBatch, at), kernel.size(m * k));
          job.rightMatrix = matrixIndex(b, rows ? ArrayRef<AffineExpr>() : rightBatch, at);
          emitJob(b, job);
        });
        return success();
      });
}

LogicalResult pith::emitGeneralProduct(KernelEmitter &kernel, MatMulOp op) {
  Operand operands[2];
  for (auto [operand, value] : llvm::zip(operands, op->getOperands())) {
    operand.value = value;
    if (isa<BlockArgument>(value))
      continue;
    auto rows = QuantizedRows::get(value);
    if (!rows || rows->codeType().getWidth() < 8)
      return emitPlainProduct(kernel, op);
    auto made = emitDequantizedRows(kernel, value);
    if (failed(made))
      return failure();
    operand.scratch = *made;
  }
  return GeneralProduct(kernel, op).emit(operands[0], operands[1]);
}
