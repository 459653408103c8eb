//===- IntegerConvTile.cpp - A tile of pixels times a panel of codes ------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "IntegerConvTile.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace pith;

/// Dot products in one turn of a loop, about.
static constexpr int64_t kProductsPerTurn = 192;

IntegerConvTile::IntegerConvTile(KernelEmitter &kernel, const ConvStream &stream,
                                 const DotCode &dots, const TileRows &rows,
                                 const ConvTileInput &input)
    : kernel(kernel), stream(stream), dots(dots), left(rows), input(input),
      rows(rows.size()) {}

int64_t IntegerConvTile::maxRows(const TargetDescription &target,
                                 const ConvStream &stream) {
  int64_t vectors = stream.shape.vectors;
  int64_t fitting = RegisterTile::maxRows(target, vectors);
  if (target.vectorRegisters < 32)
    return std::min<int64_t>(fitting, 8 / vectors);
  // Sums of groups take as many registers as their accumulators.
  return stream.groups() > 1 ? std::max<int64_t>(1, fitting / 2) : fitting;
}

/// Four bytes of a row, in every lane.
Value IntegerConvTile::loadLeft(TileCode &code, int64_t row, Value offset) {
  Value at = code.add(left.address(code, row), offset);
  Value word = code.bitcast(code.load(left.memref, at, 4),
                            VectorType::get({1}, code.b.getI32Type()));
  Value scalar = vector::ExtractOp::create(code.b, code.loc, word, ArrayRef<int64_t>{0});
  return code.splat(scalar, stream.shape.lanes);
}

//===----------------------------------------------------------------------===//
// Units
//===----------------------------------------------------------------------===//

/// One unit, of which the first `words` words are products.
void IntegerConvTile::emitUnit(TileCode &code, Value weightAt, Value offset,
                               int64_t words, const Values &zeros, Values &totals) {
  const DotLayout &layout = stream.dots;
  const PanelShape &shape = stream.shape;
  int64_t lineBytes = shape.lanes * 4;
  auto bytes = VectorType::get({lineBytes}, code.b.getI8Type());
  auto wordType = VectorType::get({shape.lanes}, code.b.getI32Type());
  std::vector<Value> lines(layout.lines() * shape.vectors);
  auto line = [&](int64_t number, int64_t v) {
    Value &value = lines[number * shape.vectors + v];
    if (!value)
      value = code.load(input.panels,
                        code.add(weightAt, (number * shape.vectors + v) * lineBytes),
                        lineBytes);
    return value;
  };
  for (int64_t i = 0; i < std::min(layout.unit / 4, words); ++i) {
    Values weights;
    for (int64_t v = 0; v < shape.vectors; ++v) {
      Value weight;
      int64_t first = 0;
      unsigned target = layout.lowBit;
      for (unsigned bits : layout.planes) {
        int64_t perLine = 8 / bits;
        Value part = extractBits(code, line(first + i / perLine, v), i % perLine * bits,
                                 bits, target);
        weight = weight ? arith::OrIOp::create(code.b, code.loc, weight, part).getResult()
                        : part;
        first += layout.unit / 4 / perLine;
        target += bits;
      }
      if (!zeros.empty())
        weight = arith::SubIOp::create(code.b, code.loc, weight, zeros[v]);
      weights.push_back(code.bitcast(weight, wordType));
    }
    for (int64_t m = 0; m < rows; ++m) {
      Value activation = code.bitcast(loadLeft(code, m, code.add(offset, 4 * i)), bytes);
      for (int64_t v = 0; v < shape.vectors; ++v) {
        Value &total = totals[m * shape.vectors + v];
        total = dots.dot(code, total, activation, weights[v]);
      }
    }
  }
}

/// `words` words of a run, from byte `weightAt` of the panel and `offset` of a row.
IntegerConvTile::Values IntegerConvTile::emitUnits(OpBuilder &builder, Value weightAt,
                                                   Value offset, int64_t words,
                                                   const Values &zeros, Values totals) {
  Location loc = kernel.getLoc();
  TileCode code(builder, loc);
  int64_t unitWords = stream.dots.unit / 4, unitBytes = stream.unitBytes();
  int64_t products = rows * stream.shape.vectors * unitWords;
  int64_t unroll = std::max<int64_t>(1, kProductsPerTurn / products);
  int64_t whole = words / unitWords, turns = whole / unroll;
  int64_t done = 0;
  if (turns > 1) {
    auto loop = scf::ForOp::create(builder, loc, kernel.constantIndex(0),
                                   kernel.constantIndex(turns), kernel.constantIndex(1),
                                   totals);
    OpBuilder b(builder.getContext());
    b.setInsertionPointToStart(loop.getBody());
    TileCode inner(b, loc);
    Value turn = loop.getInductionVar();
    Value weight = inner.add(weightAt, inner.mul(turn, unroll * unitBytes));
    Value from = inner.add(offset, inner.mul(turn, unroll * unitWords * 4));
    Values carried(loop.getRegionIterArgs());
    for (int64_t unit = 0; unit < unroll; ++unit)
      emitUnit(inner, inner.add(weight, unit * unitBytes),
               inner.add(from, unit * unitWords * 4), unitWords, zeros, carried);
    scf::YieldOp::create(b, loc, carried);
    totals.assign(loop.result_begin(), loop.result_end());
    done = turns * unroll;
  }
  for (int64_t unit = done; unit * unitWords < words; ++unit)
    emitUnit(code, code.add(weightAt, unit * unitBytes),
             code.add(offset, unit * unitWords * 4), words - unit * unitWords, zeros,
             totals);
  return totals;
}

/// Loops over all segments, in order.
IntegerConvTile::Values IntegerConvTile::forEachSegment(
    OpBuilder &builder, size_t axis, Place place, Values state,
    function_ref<Values(OpBuilder &, Place, Values)> body) {
  const ReductionSpace &space = *input.space;
  if (axis == space.counts.size())
    return body(builder, place, std::move(state));
  Location loc = kernel.getLoc();
  auto at = [&](OpBuilder &b, Value index) {
    TileCode code(b, loc);
    return Place{code.add(code.mul(place.segment, space.counts[axis]), index),
                 code.add(place.offset, code.mul(index, space.strides[axis]))};
  };
  if (space.counts[axis] == 1)
    return forEachSegment(builder, axis + 1, at(builder, kernel.constantIndex(0)),
                          std::move(state), body);
  auto loop = scf::ForOp::create(builder, loc, kernel.constantIndex(0),
                                 kernel.constantIndex(space.counts[axis]),
                                 kernel.constantIndex(1), state);
  OpBuilder b(builder.getContext());
  b.setInsertionPointToStart(loop.getBody());
  Values next = forEachSegment(b, axis + 1, at(b, loop.getInductionVar()),
                               Values(loop.getRegionIterArgs()), body);
  scf::YieldOp::create(b, loc, next);
  return Values(loop.result_begin(), loop.result_end());
}

//===----------------------------------------------------------------------===//
// Groups
//===----------------------------------------------------------------------===//

/// Accumulators without products: what the activations' zero point takes away.
IntegerConvTile::Values IntegerConvTile::emitStart(TileCode &code, Value groupAt) {
  const PanelShape &shape = stream.shape;
  auto type = VectorType::get({shape.lanes}, code.b.getI32Type());
  Value zero = code.splat(input.zero, shape.lanes);
  Values totals;
  for (int64_t v = 0; v < shape.vectors; ++v) {
    Value at = code.add(groupAt, stream.sumOffset() + v * shape.lanes * 4);
    Value sum = code.bitcast(code.load(input.panels, at, shape.lanes * 4), type);
    Value product = arith::MulIOp::create(code.b, code.loc, sum, zero);
    totals.push_back(
        arith::SubIOp::create(code.b, code.loc, code.constant(type, 0), product));
  }
  Values all;
  for (int64_t m = 0; m < rows; ++m)
    all.append(totals.begin(), totals.end());
  return all;
}

/// What is subtracted from the bytes of codes; empty where that is nothing.
IntegerConvTile::Values IntegerConvTile::loadZeros(TileCode &code, Value groupAt) {
  const PanelShape &shape = stream.shape;
  int64_t lineBytes = shape.lanes * 4;
  auto type = VectorType::get({lineBytes}, code.b.getI8Type());
  Values zeros;
  for (int64_t v = 0; v < shape.vectors; ++v)
    if (stream.hasZeros)
      zeros.push_back(code.load(
          input.panels, code.add(groupAt, stream.zeroOffset() + v * lineBytes),
          lineBytes));
    else if (stream.storedZero())
      zeros.push_back(code.constant(type, double(int8_t(stream.storedZero()))));
  return zeros;
}

/// Adds a group's products; `sums` are null before the first group.
void IntegerConvTile::addScaled(TileCode &code, Value groupAt, ValueRange totals,
                                Values &sums) {
  const PanelShape &shape = stream.shape;
  OpBuilder &b = code.b;
  auto single = VectorType::get({shape.lanes}, b.getF32Type());
  Values scales(shape.vectors);
  for (int64_t v = 0; v < shape.vectors && !input.unitScale; ++v) {
    int64_t bytes = stream.scaleBytes;
    Type element = bytes == 4      ? b.getF32Type()
                   : stream.bfloat ? Type(b.getBF16Type())
                                   : Type(b.getF16Type());
    Value at = code.add(groupAt, v * shape.lanes * bytes);
    Value raw = code.load(input.panels, at, shape.lanes * bytes);
    scales[v] = code.toFloat(code.bitcast(raw, VectorType::get({shape.lanes}, element)));
  }
  if (input.scale) {
    Value own = code.splat(input.scale, shape.lanes);
    for (Value &scale : scales)
      scale = scale ? arith::MulFOp::create(b, code.loc, scale, own).getResult() : own;
  }
  for (int64_t i = 0; i < rows * shape.vectors; ++i) {
    Value real = arith::SIToFPOp::create(b, code.loc, single, totals[i]);
    Value scale = scales[i % shape.vectors];
    if (sums[i])
      sums[i] = scale ? code.fma(real, scale, sums[i], kernel.getTarget().hasFMA)
                      : arith::AddFOp::create(b, code.loc, real, sums[i]).getResult();
    else
      sums[i] = scale ? arith::MulFOp::create(b, code.loc, real, scale).getResult() : real;
  }
}

IntegerConvTile::Values IntegerConvTile::emit(OpBuilder &builder) {
  TileCode code(builder, kernel.getLoc());
  Place origin{kernel.constantIndex(0), kernel.constantIndex(0)};
  Values sums(rows * stream.shape.vectors);
  if (stream.groups() == 1) {
    Value units = code.add(input.panelBase, stream.unitOffset());
    Values zeros = loadZeros(code, input.panelBase);
    Values totals = forEachSegment(
        builder, 0, origin, emitStart(code, input.panelBase),
        [&](OpBuilder &b, Place place, Values state) {
          TileCode inner(b, code.loc);
          int64_t bytes = stream.segmentUnits() * stream.unitBytes();
          return emitUnits(b, inner.add(units, inner.mul(place.segment, bytes)),
                           place.offset, stream.words(), zeros, std::move(state));
        });
    addScaled(code, input.panelBase, totals, sums);
    return sums;
  }
  auto single = VectorType::get({stream.shape.lanes}, builder.getF32Type());
  llvm::fill(sums, code.constant(single, 0));
  return forEachSegment(
      builder, 0, origin, sums, [&](OpBuilder &b, Place place, Values state) {
        TileCode inner(b, code.loc);
        Value first = inner.mul(place.segment, stream.groupsPerSegment());
        for (int64_t g = 0; g < stream.groupsPerSegment(); ++g) {
          Value at = inner.add(input.panelBase,
                               inner.mul(inner.add(first, g), stream.groupBytes()));
          Values totals = emitUnits(b, inner.add(at, stream.unitOffset()),
                                    inner.add(place.offset, g * stream.group),
                                    stream.group / 4, loadZeros(inner, at),
                                    emitStart(inner, at));
          addScaled(inner, at, totals, state);
        }
        return state;
      });
}
