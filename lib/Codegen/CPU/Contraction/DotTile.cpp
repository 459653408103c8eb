//===- DotTile.cpp - A tile of rows times one panel of codes --------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Short groups are unrolled whole; long ones run in blocks of units.
//
//===----------------------------------------------------------------------===//

#include "DotTile.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace pith;

/// Dot products in one turn of a loop, about: longer bodies only cost compile
/// time and instruction cache.
static constexpr int64_t kProductsPerTurn = 128;
/// And bytes: LLVM moves the prefetches of a turn to its start, so long turns of
/// few products would ask for too many lines at once.
static constexpr int64_t kBytesPerTurn = 1024;

DotTile::DotTile(KernelEmitter &kernel, const IntegerStream &stream,
                 const DotRows &left, const DotCode &dots, int64_t rows,
                 int64_t tileWidth)
    : kernel(kernel), stream(stream), left(left), dots(dots), rows(rows),
      tileWidth(tileWidth) {
  int64_t tile = rows * stream.shape.vectors;
  // Dot products take four cycles, and two start in each.
  if (tile <= (kernel.getTarget().vectorRegisters >= 32 ? 4 : 2))
    sets = 2;
  int64_t products = tile * stream.dots.unit / 4, units = stream.groupUnits();
  unroll = std::min(kProductsPerTurn / products, kBytesPerTurn / stream.unitBytes());
  unroll = std::max<int64_t>(1, unroll);
  if (units <= unroll + unroll / 4) {
    unroll = units;
    return;
  }
  // Without a rest, if that is not much shorter.
  for (int64_t count = unroll; count > unroll / 2; --count)
    if (units % count == 0) {
      unroll = count;
      break;
    }
}

int64_t DotTile::maxRows(const TargetDescription &target,
                         const IntegerStream &stream) {
  bool isGrouped = stream.groups > 1;
  if (target.vectorRegisters < 32)
    return isGrouped ? 2 : 4;
  // Sums and accumulators of 8 rows take all registers: worth it where groups
  // are long and unpacking needs few.
  bool isShort = isGrouped && stream.group <= 32;
  return isShort || stream.dots.planes.size() > 1 ? 4 : 8;
}

Value DotTile::loadLeft(TileCode &code, Value at, int64_t offset) {
  return code.splat(code.loadScalar(leftWords, code.add(at, offset)),
                    stream.shape.lanes);
}

/// One integer per output, as vectors of i32.
DotTile::Values DotTile::loadIntegers(TileCode &code, Value at, int64_t bytes) {
  int64_t lanes = stream.shape.lanes;
  auto type = VectorType::get({lanes}, code.b.getIntegerType(8 * bytes));
  Values values;
  for (int64_t v = 0; v < stream.shape.vectors; ++v) {
    Value raw = code.load(panel, code.add(at, v * lanes * bytes), lanes * bytes);
    values.push_back(code.toInt(code.bitcast(raw, type), /*isUnsigned=*/false));
  }
  return values;
}

DotTile::Values DotTile::loadScales(TileCode &code, Value at) {
  int64_t lanes = stream.shape.lanes, bytes = stream.scaleBytes;
  Type element = bytes == 4      ? code.b.getF32Type()
                 : stream.bfloat ? Type(code.b.getBF16Type())
                                 : Type(code.b.getF16Type());
  Values values;
  for (int64_t v = 0; v < stream.shape.vectors; ++v) {
    Value raw = code.load(panel, code.add(at, v * lanes * bytes), lanes * bytes);
    values.push_back(
        code.toFloat(code.bitcast(raw, VectorType::get({lanes}, element))));
  }
  return values;
}

//===----------------------------------------------------------------------===//
// Units
//===----------------------------------------------------------------------===//

void DotTile::emitUnit(TileCode &code, Value weightAt, Value leftAt, Values &totals,
                       int64_t ordinal) {
  const DotLayout &layout = stream.dots;
  const PanelShape &shape = stream.shape;
  int64_t lineBytes = shape.lanes * 4;
  // Lines that have been loaded.
  std::vector<Value> lines(layout.lines() * shape.vectors);
  auto line = [&](int64_t number, int64_t v) {
    Value &value = lines[number * shape.vectors + v];
    if (!value)
      value = code.load(
          panel, code.add(weightAt, (number * shape.vectors + v) * lineBytes),
          lineBytes);
    return value;
  };
  for (int64_t i = 0; i < layout.unit / 4; ++i) {
    Values weights;
    for (int64_t v = 0; v < shape.vectors; ++v) {
      Value weight;
      int64_t first = 0;
      unsigned target = layout.lowBit;
      for (unsigned bits : layout.planes) {
        int64_t perLine = 8 / bits;
        Value part = extractBits(code, line(first + i / perLine, v),
                           i % perLine * bits, bits, target);
        weight = weight ? arith::OrIOp::create(code.b, code.loc, weight, part)
                              .getResult()
                        : part;
        first += layout.unit / 4 / perLine;
        target += bits;
      }
      weights.push_back(weight);
    }
    int64_t set = (ordinal * (layout.unit / 4) + i) % sets;
    for (int64_t m = 0; m < rows; ++m) {
      Value word = loadLeft(code, leftAt, i * tileWidth + m);
      for (int64_t v = 0; v < shape.vectors; ++v) {
        Value &total = totals[totalOf(set, m, v)];
        total = dots.dot(code, total, weights[v], word);
      }
    }
  }
}

/// The prefetches of a block of `bytes` that belong to turn `turn` of `turns`.
void DotTile::emitPrefetch(TileCode &code, Value at, int64_t bytes, int64_t turn,
                           int64_t turns) {
  if (!prefetch.distance)
    return;
  constexpr int64_t kLine = 64;
  int64_t lines = llvm::divideCeil(bytes, kLine);
  int64_t own = llvm::divideCeil(lines, prefetch.share);
  for (int64_t i = own * turn / turns; i < own * (turn + 1) / turns; ++i) {
    Value where = code.add(at, prefetch.distance);
    if (prefetch.share > 1) {
      Value last = code.index(llvm::divideCeil(lines, own) - 1);
      where = code.add(where,
                       code.mul(code.min(prefetch.part, last), own * kLine));
    }
    code.prefetch(panel, code.add(where, i * kLine), prefetch.locality);
  }
}

void DotTile::emitBlock(OpBuilder &builder, Value weightAt, Value leftAt,
                        int64_t units, int64_t bytes, Values &totals) {
  TileCode code(builder, kernel.getLoc());
  int64_t unitWords = stream.dots.unit / 4 * tileWidth;
  for (int64_t unit = 0; unit < units; ++unit) {
    emitPrefetch(code, weightAt, bytes, unit, units);
    emitUnit(code, code.add(weightAt, unit * stream.unitBytes()),
             code.add(leftAt, unit * unitWords), totals, unit);
  }
}

void DotTile::emitUnits(OpBuilder &builder, Value weightAt, Value leftAt,
                        Values &totals) {
  Location loc = kernel.getLoc();
  int64_t units = stream.groupUnits();
  int64_t unitWords = stream.dots.unit / 4 * tileWidth;
  if (units <= unroll)
    return emitBlock(builder, weightAt, leftAt, units, stream.groupBytes(), totals);
  int64_t turns = units / unroll, bytes = unroll * stream.unitBytes();
  auto loop = scf::ForOp::create(builder, loc, kernel.constantIndex(0),
                                 kernel.constantIndex(turns),
                                 kernel.constantIndex(1), totals);
  OpBuilder b(builder.getContext());
  b.setInsertionPointToStart(loop.getBody());
  TileCode inner(b, loc);
  Value turn = loop.getInductionVar();
  Values carried(loop.getRegionIterArgs());
  emitBlock(b, inner.add(weightAt, inner.mul(turn, bytes)),
            inner.add(leftAt, inner.mul(turn, unroll * unitWords)), unroll, bytes,
            carried);
  scf::YieldOp::create(b, loc, carried);
  totals.assign(loop.result_begin(), loop.result_end());
  TileCode code(builder, loc);
  if (int64_t rest = units % unroll)
    emitBlock(builder, code.add(weightAt, turns * bytes),
              code.add(leftAt, turns * unroll * unitWords), rest,
              rest * stream.unitBytes(), totals);
}

//===----------------------------------------------------------------------===//
// Groups
//===----------------------------------------------------------------------===//

/// What the accumulators start with: everything but the products of codes.
DotTile::Values DotTile::emitStart(TileCode &code, Value weightAt, Value leftAt) {
  const PanelShape &shape = stream.shape;
  auto word = VectorType::get({shape.lanes}, code.b.getI32Type());
  Values totals(sets * rows * shape.vectors, code.constant(word, 0));
  Values zeros, groupSums;
  if (stream.zeroBytes)
    zeros = loadIntegers(code, code.add(weightAt, stream.zeroOffset()),
                         stream.zeroBytes);
  if (stream.hasSums)
    groupSums = loadIntegers(code, code.add(weightAt, stream.sumOffset()), 4);
  for (int64_t m = 0; m < rows; ++m) {
    Value offset = loadLeft(code, leftAt, left.offsetsAt(tileWidth) + m), zero;
    if (stream.hasSums)
      zero = loadLeft(code, leftAt, left.zerosAt(tileWidth) + m);
    for (int64_t v = 0; v < shape.vectors; ++v) {
      Value start = offset;
      if (stream.zeroBytes)
        start = arith::MulIOp::create(code.b, code.loc, zeros[v], offset);
      if (stream.hasSums) {
        Value part = arith::MulIOp::create(code.b, code.loc, groupSums[v], zero);
        start = arith::AddIOp::create(code.b, code.loc, start, part);
      }
      totals[totalOf(0, m, v)] = start;
    }
  }
  return totals;
}

void DotTile::emitGroup(OpBuilder &builder, Value weightAt, Value leftAt,
                        Values &sums) {
  TileCode code(builder, kernel.getLoc());
  const PanelShape &shape = stream.shape;
  auto single = VectorType::get({shape.lanes}, builder.getF32Type());
  Values totals = emitStart(code, weightAt, leftAt);
  emitUnits(builder, code.add(weightAt, stream.unitOffset()),
            code.add(leftAt, left.wordsAt(tileWidth)), totals);
  Values scales = loadScales(code, weightAt);
  for (int64_t m = 0; m < rows; ++m) {
    Value bits = code.loadScalar(leftWords, code.add(leftAt, m));
    Value scalar = arith::BitcastOp::create(builder, code.loc,
                                            builder.getF32Type(), bits);
    Value rowScale = code.splat(scalar, shape.lanes);
    for (int64_t v = 0; v < shape.vectors; ++v) {
      Value total = totals[totalOf(0, m, v)];
      for (int64_t set = 1; set < sets; ++set)
        total = arith::AddIOp::create(builder, code.loc, total,
                                      totals[totalOf(set, m, v)]);
      Value real = arith::SIToFPOp::create(builder, code.loc, single, total);
      Value scale =
          arith::MulFOp::create(builder, code.loc, scales[v], rowScale);
      Value &sum = sums[m * shape.vectors + v];
      sum = sum ? code.fma(real, scale, sum, kernel.getTarget().hasFMA)
                : arith::MulFOp::create(builder, code.loc, real, scale).getResult();
    }
  }
}

DotTile::Values DotTile::emit(OpBuilder &builder, Value panelBytes, Value panelBase,
                              Value words, Value leftBase,
                              const DotPrefetch &ahead) {
  Location loc = kernel.getLoc();
  panel = panelBytes;
  leftWords = words;
  prefetch = ahead;
  Values sums(rows * stream.shape.vectors);
  if (stream.groups == 1) {
    emitGroup(builder, panelBase, leftBase, sums);
    return sums;
  }
  TileCode code(builder, loc);
  auto single = VectorType::get({stream.shape.lanes}, builder.getF32Type());
  llvm::fill(sums, code.constant(single, 0));
  auto loop = scf::ForOp::create(builder, loc, kernel.constantIndex(0),
                                 kernel.constantIndex(stream.groups),
                                 kernel.constantIndex(1), sums);
  OpBuilder b(builder.getContext());
  b.setInsertionPointToStart(loop.getBody());
  TileCode inner(b, loc);
  Value number = loop.getInductionVar();
  Values carried(loop.getRegionIterArgs());
  emitGroup(b, inner.add(panelBase, inner.mul(number, stream.groupBytes())),
            inner.add(leftBase, inner.mul(number, left.groupWords(tileWidth))),
            carried);
  scf::YieldOp::create(b, loc, carried);
  return Values(loop.result_begin(), loop.result_end());
}
