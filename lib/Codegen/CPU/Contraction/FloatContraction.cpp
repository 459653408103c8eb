//===- FloatContraction.cpp - Tiles times one panel -----------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FloatContraction.h"
#include "PermutedTile.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"

#include <numeric>

using namespace mlir;
using namespace pith;

/// Of a block of a panel, as f32: leaves room for the rows in a second-level
/// cache of 1 MB, and for both sides in one of 512 KB.
static constexpr int64_t kBlockBytes = 256 << 10;

PanelShape pith::choosePanel(const TargetDescription &target, int64_t outputs,
                             bool wide) {
  PanelShape shape;
  shape.outputs = outputs;
  shape.lanes = std::max<int64_t>(1, target.vectorBytes / 4);
  // Fewer than half a vector's outputs: narrower vectors.
  while (shape.lanes > 4 && outputs <= shape.lanes / 2)
    shape.lanes /= 2;
  // Relative cost of a padded output; one vector is bound by loads.
  double best = 0;
  auto consider = [&](int64_t vectors, double cost) {
    int64_t width = vectors * shape.lanes;
    double total = cost * llvm::alignTo(std::max<int64_t>(outputs, 1), width);
    if (best == 0 || total < best) {
      best = total;
      shape.vectors = vectors;
    }
  };
  bool many = target.vectorRegisters >= 32;
  consider(2, 1.0);
  consider(1, 1.25);
  consider(3, many ? 1.02 : 1.05);
  if (many)
    consider(4, wide ? 0.97 : 1.1);
  return shape;
}

int64_t FloatContraction::blockSize() const {
  int64_t unit = std::lcm(weight.getStep(), std::max<int64_t>(weight.getGroup(), 1));
  int64_t positions = kBlockBytes / (weight.getShape().width() * 4);
  return std::max(unit, positions / unit * unit);
}

SmallVector<int64_t> FloatContraction::blockStarts(Mode mode) const {
  SmallVector<int64_t> starts{0};
  if (mode == Mode::Blocked)
    for (int64_t at = blockSize(); at < weight.getReduction(); at += blockSize())
      starts.push_back(at);
  return starts;
}

FloatContraction::Mode FloatContraction::chooseMode(int64_t segments) const {
  if (segments == 1 && (weight.isBlocks() || weight.getWindows()))
    return Mode::Direct; // the others would multiply what is not stored, too
  // Registers hold what decoding needs beside the sums, and the panel stays in cache.
  if (segments == 1 && !weight.isDense() && weight.isLight() &&
      kernel.getTarget().vectorRegisters >= 32 && weight.panelBytes() <= kBlockBytes)
    return Mode::Direct;
  if (segments == 1 && weight.getReduction() > blockSize())
    return Mode::Blocked;
  return weight.isDense() ? Mode::Direct : Mode::Decoded;
}

int64_t FloatContraction::stackBytes(Mode mode) const {
  if (mode == Mode::Direct || (mode == Mode::Blocked && weight.isDense()))
    return 0;
  int64_t positions = mode == Mode::Decoded ? weight.getReduction() : blockSize();
  return positions * weight.getShape().width() * 4;
}

void FloatContraction::decode(OpBuilder &builder, PanelReader &reader,
                              TileRange range, Value buffer) {
  const PanelShape &shape = weight.getShape();
  reader.forEach(builder, range, {},
                 [&](OpBuilder &b, TilePosition k, ArrayRef<Value> vectors,
                     MutableArrayRef<Value>) {
                   TileCode code(b, kernel.getLoc());
                   Value row = code.mul(code.sub(k.base, range.from), shape.width());
                   for (auto [v, vector] : llvm::enumerate(vectors))
                     code.store(vector, buffer,
                                code.add(row, k.offset * shape.width() +
                                                  v * shape.lanes));
                 });
}

SmallVector<Value> FloatContraction::accumulate(
    OpBuilder &builder, RegisterTile &tile, ColumnSource &source,
    const ReductionSpace &space, const TileRows &rows, ValueRange sums) {
  Location loc = kernel.getLoc();
  std::function<SmallVector<Value>(OpBuilder &, size_t, Value, const TileRows &,
                                   ValueRange)>
      nest = [&](OpBuilder &b, size_t axis, Value segment, const TileRows &left,
                 ValueRange carried) -> SmallVector<Value> {
    TileCode code(b, loc);
    if (axis == space.counts.size()) {
      TileRange range{code.mul(segment, space.run), space.run, {}};
      return tile.accumulate(b, source, range, left, carried);
    }
    int64_t count = space.counts[axis];
    if (count == 1)
      return nest(b, axis + 1, segment, left, carried);
    auto loop = scf::ForOp::create(b, loc, kernel.constantIndex(0),
                                   kernel.constantIndex(count),
                                   kernel.constantIndex(1), carried);
    OpBuilder inner(b.getContext());
    inner.setInsertionPointToStart(loop.getBody());
    TileCode innerCode(inner, loc);
    Value i = loop.getInductionVar();
    TileRows moved = left.moved(innerCode, innerCode.mul(i, space.strides[axis]));
    Value next = innerCode.add(innerCode.mul(segment, count), i);
    SmallVector<Value> done =
        nest(inner, axis + 1, next, moved, loop.getRegionIterArgs());
    scf::YieldOp::create(inner, loc, done);
    return SmallVector<Value>(loop.result_begin(), loop.result_end());
  };
  return nest(builder, 0, kernel.constantIndex(0), rows, sums);
}

void FloatContraction::emitPanel(OpBuilder &builder, Mode mode, Value panel,
                                 const ReductionSpace &space, TileStore store,
                                 const TileLoop &tiles, int64_t maxRows) {
  Location loc = kernel.getLoc();
  const PanelShape &shape = weight.getShape();
  if (mode == Mode::Blocked)
    return emitBlocks(builder, panel, space, store, tiles, maxRows);
  Value zero = kernel.constantIndex(0);
  Value buffer;
  if (mode == Mode::Decoded) {
    buffer = makeStackBuffer(builder, loc, weight.getReduction() * shape.width(),
                             builder.getF32Type());
    PanelReader reader(kernel, weight, builder, panel, zero);
    decode(builder, reader, {zero, weight.getReduction(), {}}, buffer);
  }
  tiles(builder, [&](OpBuilder &b, const RowTile &rows) {
    // Permutations leave the multiplier more time.
    RegisterTile tile(kernel, rows.rows.size(), shape.vectors, shape.lanes,
                      /*inFlight=*/weight.getWindows() ? 4 : 8);
    SmallVector<Value> sums = tile.zeros(b);
    if (buffer) {
      MemoryColumns columns(loc, buffer, zero, kernel.constantIndex(shape.width()),
                            shape.lanes, shape.vectors);
      sums = accumulate(b, tile, columns, space, rows.rows, sums);
    } else {
      PanelReader reader(kernel, weight, b, panel, zero);
      // Few rows of a decoded weight are bound by memory: run ahead of it.
      if (rows.rows.size() <= 8 && !weight.isDense())
        reader.prefetchAhead = 4096;
      int64_t most = kernel.getTarget().vectorRegisters / 4;
      reader.isSumming =
          !weight.getWindows() || rows.rows.size() * shape.vectors <= most;
      reader.tileRows = rows.rows.size();
      tile.loadsPerProduct = !weight.isDense();
      if (weight.getWindows())
        sums = accumulatePermuted(kernel, b, weight, reader, panel, tile, rows.rows, sums);
      else
        sums = accumulate(b, tile, reader, space, rows.rows, sums);
    }
    store.rowPosition = rows.position;
    store.store(b, tile.rows(), tile.finish(b, sums));
  });
}

void FloatContraction::emitBlocks(OpBuilder &builder, Value panel,
                                  const ReductionSpace &space,
                                  const TileStore &store, const TileLoop &tiles,
                                  int64_t maxRows) {
  Location loc = kernel.getLoc();
  const PanelShape &shape = weight.getShape();
  int64_t width = shape.width(), size = blockSize();
  Value zero = kernel.constantIndex(0);
  Type f32 = builder.getF32Type();
  Value sums = makeStackBuffer(builder, loc, maxRows * width, f32);
  Value buffer;
  if (!weight.isDense())
    buffer = makeStackBuffer(builder, loc, size * width, f32);

  KernelEmitter::loop(builder, loc, zero, kernel.constantIndex(maxRows * width),
                      shape.lanes, [&](OpBuilder &b, Value at) {
                        TileCode code(b, loc);
                        code.store(code.constant(VectorType::get({shape.lanes}, f32), 0),
                                   sums, at);
                      });
  auto block = [&](OpBuilder &b, Value number, int64_t length) {
    TileCode code(b, loc);
    Value from = code.mul(number, size);
    if (buffer) {
      PanelReader reader(kernel, weight, b, panel, number);
      reader.prefetchAhead = 2048;
      decode(b, reader, {from, length, {}}, buffer);
    }
    tiles(b, [&](OpBuilder &inner, const RowTile &rows) {
      TileCode innerCode(inner, loc);
      RegisterTile tile(kernel, rows.rows.size(), shape.vectors, shape.lanes);
      SmallVector<Value> acc = tile.zeros(inner);
      Value start = innerCode.mul(rows.number, width);
      int64_t count = tile.rows() * shape.vectors;
      for (int64_t i = 0; i < count; ++i)
        acc[i] = innerCode.load(sums, innerCode.add(start, i * shape.lanes),
                                shape.lanes);
      TileRows left = rows.rows.moved(innerCode, from);
      if (buffer) {
        MemoryColumns columns(loc, buffer, zero, kernel.constantIndex(width),
                              shape.lanes, shape.vectors);
        acc = tile.accumulate(inner, columns, {zero, length, {}}, left, acc);
      } else {
        PanelReader reader(kernel, weight, inner, panel, zero);
        acc = tile.accumulate(inner, reader, {from, length, {}}, left, acc);
      }
      acc = tile.finish(inner, acc);
      for (int64_t i = 0; i < count; ++i)
        innerCode.store(acc[i], sums, innerCode.add(start, i * shape.lanes));
    });
  };
  int64_t whole = space.total() / size, rest = space.total() % size;
  KernelEmitter::loop(builder, loc, zero, kernel.constantIndex(whole), 1,
                      [&](OpBuilder &b, Value number) { block(b, number, size); });
  if (rest)
    block(builder, kernel.constantIndex(whole), rest);
  tiles(builder, [&](OpBuilder &b, const RowTile &rows) {
    TileStore target = store;
    target.rowPosition = rows.position;
    target.storeFrom(b, rows.rows.size(), sums,
                     TileCode(b, loc).mul(rows.number, width));
  });
}
