//===- IntegerProductRows.cpp - Activations as tiles of words -------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rows of a tile are read a vector of words at a time and interleaved in
// registers. One tile is one thread's work: words of its rows share cache lines.
//
//===----------------------------------------------------------------------===//

#include "IntegerProductRows.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace pith;

struct DotRows::Tile {
  Value out;
  Value base; ///< of the tile in `out`
  int64_t width;
  SmallVector<Value> rows; ///< row numbers
  /// While a group is emitted: of each row in the codes, and in `out`.
  SmallVector<Value> starts;
  Value groupBase;
  /// Lanes of the sums: a multiple of the width.
  int64_t sumLanes;
};

/// x0 y0 x1 y1 …
static Value zip(TileCode &code, Value x, Value y) {
  int64_t lanes = cast<VectorType>(x.getType()).getDimSize(0);
  SmallVector<int64_t> order;
  for (int64_t i = 0; i < lanes; ++i)
    order.append({i, lanes + i});
  return vector::ShuffleOp::create(code.b, code.loc, x, y, order);
}

/// Element `i` of row `m` at `i · rows + m`; a power of two of rows.
static Value interleave(TileCode &code, ArrayRef<Value> rows) {
  if (rows.size() == 1)
    return rows[0];
  SmallVector<Value> even, odd;
  for (size_t i = 0; i < rows.size(); i += 2) {
    even.push_back(rows[i]);
    odd.push_back(rows[i + 1]);
  }
  Value x = interleave(code, even), y = interleave(code, odd);
  return zip(code, x, y);
}

/// Lanes [from, from + count), with zeros beyond the end.
static Value slice(TileCode &code, Value vector, int64_t from, int64_t count) {
  auto type = cast<VectorType>(vector.getType());
  int64_t lanes = type.getDimSize(0);
  if (from == 0 && lanes == count)
    return vector;
  Value zero = code.constant(type, 0);
  SmallVector<int64_t> order;
  for (int64_t i = 0; i < count; ++i)
    order.push_back(std::min(from + i, lanes));
  return vector::ShuffleOp::create(code.b, code.loc, vector, zero, order);
}

/// Adds the four bytes of every word to its lane.
Value DotRows::addBytes(TileCode &code, Value sums, Value words) const {
  auto type = cast<VectorType>(sums.getType());
  if (type.getDimSize(0) == dots.getLanes()) {
    auto bytes = VectorType::get({4 * dots.getLanes()}, code.b.getI8Type());
    return dots.dot(code, sums, code.constant(bytes, 1), words);
  }
  Value top = code.constant(type, 24);
  for (int64_t j = 0; j < 4; ++j) {
    Value byte = words;
    if (j < 3)
      byte = arith::ShLIOp::create(code.b, code.loc, byte,
                                   code.constant(type, 24 - 8 * j));
    byte = arith::ShRSIOp::create(code.b, code.loc, byte, top);
    sums = arith::AddIOp::create(code.b, code.loc, sums, byte);
  }
  return sums;
}

/// `words` words from byte `at` of the codes, as signed codes; of the last one
/// only `bytes` bytes exist.
Value DotRows::loadWords(OpBuilder &builder, Value at, int64_t words,
                         int64_t bytes) const {
  TileCode code(builder, kernel.getLoc());
  Value memref = kernel.argument(rows.codeArgument()).memref;
  bool flips = rows.codeType().isUnsigned();
  auto type = VectorType::get({words}, builder.getI32Type());
  if (bytes == 4) {
    Value loaded = code.load(memref, at, 4 * words);
    if (flips)
      loaded = arith::XOrIOp::create(builder, code.loc, loaded,
                                     code.constant(loaded.getType(), -128));
    return code.bitcast(loaded, type);
  }
  Value word;
  for (int64_t j = 0; j < bytes; ++j) {
    Value byte = code.loadScalar(memref, code.add(at, j));
    if (flips)
      byte = arith::XOrIOp::create(builder, code.loc, byte,
                                   code.constant(byte.getType(), -128));
    byte = arith::ExtUIOp::create(builder, code.loc, builder.getI32Type(), byte);
    if (j)
      byte = arith::ShLIOp::create(builder, code.loc, byte,
                                   code.constant(byte.getType(), 8 * j));
    word = word ? arith::OrIOp::create(builder, code.loc, word, byte).getResult()
                : byte;
  }
  return code.splat(word, 1);
}

/// Words [from, to) of the group, `words` at a time.
Value DotRows::emitRun(OpBuilder &builder, const Tile &tile, Value from, Value to,
                       int64_t words, int64_t bytes, Value sums) const {
  Location loc = kernel.getLoc();
  auto loop = scf::ForOp::create(builder, loc, from, to, kernel.constantIndex(words),
                                 ValueRange{sums});
  OpBuilder b(builder.getContext());
  b.setInsertionPointToStart(loop.getBody());
  TileCode code(b, loc);
  Value word = loop.getInductionVar(), position = code.mul(word, 4);
  SmallVector<Value> loaded;
  for (Value start : tile.starts)
    loaded.push_back(loadWords(b, code.add(start, position), words, bytes));
  Value all = interleave(code, loaded);
  Value at = code.add(tile.groupBase, wordsAt(tile.width));
  code.store(all, tile.out, code.add(at, code.mul(word, tile.width)));
  Value total = loop.getRegionIterArg(0);
  for (int64_t i = 0; i < words * tile.width; i += tile.sumLanes)
    total = addBytes(code, total, slice(code, all, i, tile.sumLanes));
  scf::YieldOp::create(b, loc, ValueRange{total});
  return loop.getResult(0);
}

void DotRows::emitGroup(OpBuilder &builder, const Tile &whole, Value number,
                        int64_t positions) const {
  Location loc = kernel.getLoc();
  TileCode code(builder, loc);
  Tile tile(whole);
  int64_t width = tile.width;
  tile.groupBase = code.add(tile.base, code.mul(number, groupWords(width)));
  Value first = code.mul(number, group);
  for (Value row : tile.rows)
    tile.starts.push_back(code.add(code.mul(row, rows.reduction), first));

  // Words, and their sums.
  auto sumType = VectorType::get({tile.sumLanes}, builder.getI32Type());
  Value sums = code.constant(sumType, 0);
  int64_t done = 0, full = positions / 4;
  for (int64_t words = kernel.getLanes(); words > 0; words /= 2)
    if (int64_t count = (full - done) / words * words) {
      sums = emitRun(builder, tile, kernel.constantIndex(done),
                     kernel.constantIndex(done + count), words, 4, sums);
      done += count;
    }
  if (int64_t bytes = positions % 4) {
    sums = emitRun(builder, tile, kernel.constantIndex(done),
                   kernel.constantIndex(done + 1), 1, bytes, sums);
    ++done;
  }
  auto row = VectorType::get({width}, builder.getI32Type());
  Value none = code.constant(row, 0);
  Value words = code.add(tile.groupBase, wordsAt(width));
  KernelEmitter::loop(builder, loc, kernel.constantIndex(done),
                      kernel.constantIndex(group / 4), 1, [&](OpBuilder &b, Value k) {
                        TileCode inner(b, loc);
                        inner.store(none, tile.out,
                                    inner.add(words, inner.mul(k, width)));
                      });
  for (int64_t by = tile.sumLanes / 2; by >= width; by /= 2) {
    SmallVector<int64_t> order;
    for (int64_t lane = 0; lane < tile.sumLanes; ++lane)
      order.push_back(lane ^ by);
    Value other = vector::ShuffleOp::create(builder, loc, sums, sums, order);
    sums = arith::AddIOp::create(builder, loc, sums, other);
  }
  Value offsets = arith::MulIOp::create(builder, loc, slice(code, sums, 0, width),
                                        code.constant(row, -weightBias));
  code.store(offsets, tile.out, code.add(tile.groupBase, offsetsAt(width)));

  // Scales and zero points.
  Value scaleGroup =
      rows.groupSize ? code.div(first, rows.groupSize) : kernel.constantIndex(0);
  for (int64_t m = 0; m < width; ++m) {
    Value scale = rows.scaleAt(kernel, builder, tile.rows[m], scaleGroup);
    Value bits =
        arith::BitcastOp::create(builder, loc, builder.getI32Type(), scale);
    code.store(bits, tile.out, code.add(tile.groupBase, m));
    if (!hasZeros)
      continue;
    bool flips = rows.codeType().isUnsigned();
    Value zero = code.constant(builder.getI32Type(), flips ? 128 : 0);
    if (rows.zeroPoint) {
      Type type = cast<RankedTensorType>(rows.zeroPoint.getType()).getElementType();
      Value stored =
          code.toInt(rows.zeroAt(kernel, builder, tile.rows[m], scaleGroup),
                     type.isUnsignedInteger());
      zero = arith::SubIOp::create(builder, loc, zero, stored);
    }
    code.store(zero, tile.out, code.add(tile.groupBase, zerosAt(width) + m));
  }
}

void DotRows::emitTile(OpBuilder &builder, Value out, Value number, int64_t width,
                       Value count) const {
  Location loc = kernel.getLoc();
  TileCode code(builder, loc);
  Tile tile;
  tile.out = out;
  tile.base = code.mul(number, tileWords(width));
  tile.width = width;
  tile.sumLanes = std::max(kernel.getLanes(), width);
  Value first = code.mul(number, width), last = code.sub(count, kernel.constantIndex(1));
  for (int64_t m = 0; m < width; ++m)
    tile.rows.push_back(m ? code.min(code.add(first, m), last) : first);
  int64_t whole = rows.reduction / group;
  KernelEmitter::loop(builder, loc, kernel.constantIndex(0),
                      kernel.constantIndex(whole), 1, [&](OpBuilder &b, Value g) {
                        emitGroup(b, tile, g, group);
                      });
  if (int64_t rest = rows.reduction % group)
    emitGroup(builder, tile, kernel.constantIndex(whole), rest);
}
