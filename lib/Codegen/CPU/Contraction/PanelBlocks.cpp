//===- PanelBlocks.cpp - Reading stored blocks only -----------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Loops over the entries of a panel (BlockPacking.h) instead of all positions. What
// other constants of the weight hold for a position is read there.
//
//===----------------------------------------------------------------------===//

#include "PanelWeight.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace pith;

/// Positions whose code is emitted in a row.
static constexpr int64_t kUnroll = 8;

int64_t PanelWeight::getBlockOutputs(Value value) {
  auto codec = value.getDefiningOp<WeightCodecOpInterface>();
  if (!codec)
    return 0;
  for (unsigned i = 0, e = codec->getNumOperands(); i < e; ++i) {
    TilePacking packing = codec.getOperandPacking(i);
    if (packing.kind == TilePacking::Kind::Blocks)
      return packing.blockOutputs;
    if (int64_t outputs = getBlockOutputs(codec->getOperand(i)))
      return outputs;
  }
  return 0;
}

/// Word `at` of the list, as an index.
Value PanelReader::loadBlockWord(Value at) {
  TileCode code(*current, kernel.getLoc());
  Value memref = states[weight.blockList].buffer.memref;
  Value raw = code.load(memref, code.mul(at, 4), 4);
  Value word = code.bitcast(raw, VectorType::get({1}, code.b.getI32Type()));
  Value scalar = vector::ExtractOp::create(code.b, code.loc, word, ArrayRef<int64_t>{0});
  return arith::IndexCastUIOp::create(code.b, code.loc, code.b.getIndexType(), scalar);
}

/// Where an entry's positions begin; its values become what the leaf's tiles read.
void PanelReader::enterBlock(Value entry) {
  TileCode code(*current, kernel.getLoc());
  const BlockLayout &layout = weight.blocks;
  if (weight.leaves[weight.blockList].argument < 0) // all blocks are stored
    blockStart = code.mul(code.sub(entry, code.mul(panel, layout.columns())),
                          layout.blockPositions);
  else
    blockStart = loadBlockWord(code.add(entry, layout.tableWords()));
  LeafState &state = states[weight.blockValues];
  int64_t unit = layout.entry.elementBytes;
  state.bases.clear();
  for (size_t plane = 0; plane < layout.entry.planes.size(); ++plane)
    state.bases.push_back(code.add(code.mul(entry, layout.entryBytes() / unit),
                                   layout.planeBytes(plane) / unit));
}

/// One entry of `length` positions.
void PanelReader::emitEntry(OpBuilder &builder, Value entry, int64_t length,
                            int64_t ordinal, MutableArrayRef<Value> state, Body body) {
  current = &builder;
  enterBlock(entry);
  Value start = blockStart;
  here = {start, 0, 0};
  if (weight.group)
    emitGroups(/*once=*/false);
  int64_t step = weight.step, turn = std::max<int64_t>(kUnroll / step, 1) * step;
  auto run = [&](OpBuilder &b, Value from, int64_t begin, int64_t end,
                 MutableArrayRef<Value> carried) {
    for (int64_t at = begin; at < end; at += step)
      emitStep(b, {from, at, 0}, std::min(step, end - at), carried, body, ordinal + at);
  };
  int64_t whole = length / turn;
  if (whole <= 1)
    return run(builder, start, 0, length, state);
  Location loc = kernel.getLoc();
  auto loop =
      scf::ForOp::create(builder, loc, kernel.constantIndex(0),
                         kernel.constantIndex(whole), kernel.constantIndex(1), state);
  OpBuilder inner(builder.getContext());
  inner.setInsertionPointToStart(loop.getBody());
  TileCode code(inner, loc);
  SmallVector<Value> carried(loop.getRegionIterArgs());
  run(inner, code.add(start, code.mul(loop.getInductionVar(), turn)), 0, turn, carried);
  if (!carried.empty())
    scf::YieldOp::create(inner, loc, carried);
  llvm::copy(loop.getResults(), state.begin());
  current = &builder;
  run(builder, start, whole * turn, length, state);
}

/// Entries `[from, to)`, `unroll` of them in one turn.
void PanelReader::emitEntries(OpBuilder &builder, Value from, Value to, int64_t length,
                              int64_t unroll, SmallVector<Value> &state, Body body) {
  Location loc = kernel.getLoc();
  auto loop = scf::ForOp::create(builder, loc, from, to, kernel.constantIndex(unroll),
                                 state);
  OpBuilder inner(builder.getContext());
  inner.setInsertionPointToStart(loop.getBody());
  TileCode code(inner, loc);
  SmallVector<Value> carried(loop.getRegionIterArgs());
  for (int64_t i = 0; i < unroll; ++i)
    emitEntry(inner, code.add(loop.getInductionVar(), i), length, i * length, carried,
              body);
  if (!carried.empty())
    scf::YieldOp::create(inner, loc, carried);
  state.assign(loop.result_begin(), loop.result_end());
  current = &builder;
}

/// What is not stored, for bodies that write values down.
void PanelReader::visitZeros(OpBuilder &builder, TileRange range, Body body) {
  const PanelShape &shape = weight.shape;
  emitUnrolledLoop(builder, kernel.getLoc(), range, 1, {},
                   [&](OpBuilder &b, TilePosition k, MutableArrayRef<Value> none) {
                     TileCode code(b, kernel.getLoc());
                     auto type = VectorType::get({shape.lanes}, b.getF32Type());
                     SmallVector<Value> zeros(shape.vectors, code.constant(type, 0));
                     body(b, k, zeros, none);
                   });
}

SmallVector<Value> PanelReader::forEachBlock(OpBuilder &builder, TileRange range,
                                             ValueRange state, Body body) {
  current = &builder;
  const BlockLayout &layout = weight.blocks;
  TileCode code(builder, kernel.getLoc());
  if (state.empty())
    visitZeros(builder, range, body);
  SmallVector<Value> values(state);
  Value first, shortEntry, end;
  const PanelWeight::Leaf &list = weight.leaves[weight.blockList];
  if (list.argument >= 0) {
    Value at = code.mul(panel, 3);
    first = loadBlockWord(at);
    shortEntry = loadBlockWord(code.add(at, 1));
    end = loadBlockWord(code.add(at, 2));
  } else { // all blocks, or none
    int64_t count = list.splat.getInt(0) ? layout.columns() : 0;
    first = code.mul(panel, layout.columns());
    end = code.add(first, count);
    shortEntry = count && layout.rest() ? code.add(first, count - 1) : end;
  }
  // Factors that all values of an output share are applied to its sums.
  SmallVector<Value> factors, sums(values);
  if (isSumming && weight.group == 0 && !values.empty())
    factors = rootFactors();
  isUnscaled = !factors.empty();
  if (isUnscaled)
    for (Value &sum : sums)
      sum = code.constant(sum.getType(), 0);
  int64_t unroll = std::max<int64_t>(1, 4 / layout.blockPositions);
  Value middle = shortEntry;
  if (unroll > 1) {
    Value length = code.sub(shortEntry, first);
    middle = code.sub(shortEntry, code.rem(length, unroll));
    emitEntries(builder, first, middle, layout.blockPositions, unroll, sums, body);
    first = middle;
  }
  emitEntries(builder, first, shortEntry, layout.blockPositions, 1, sums, body);
  if (layout.rest())
    emitEntries(builder, shortEntry, end, layout.rest(), 1, sums, body);
  isUnscaled = false;
  if (factors.empty())
    return sums;
  for (size_t i = 0; i < sums.size(); ++i)
    values[i] = code.fma(sums[i], factors[i % factors.size()], values[i],
                         kernel.getTarget().hasFMA);
  return values;
}
