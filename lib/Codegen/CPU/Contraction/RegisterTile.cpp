//===- RegisterTile.cpp - Sums of products in registers -------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "pith/Codegen/CPU/Contraction/RegisterTile.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace pith;

SmallVector<Value> pith::emitUnrolledLoop(
    OpBuilder &builder, Location loc, TileRange range, int64_t unroll,
    ValueRange state,
    function_ref<void(OpBuilder &, TilePosition, MutableArrayRef<Value>)> body) {
  SmallVector<Value> values(state);
  TileCode code(builder, loc);
  auto turn = [&](OpBuilder &b, Value at, int64_t count, SmallVector<Value> &s) {
    for (int64_t i = 0; i < count; ++i)
      body(b, {at, i, i}, s);
  };
  auto loop = [&](Value from, Value to, int64_t step) {
    auto op = scf::ForOp::create(builder, loc, from, to, code.index(step), values);
    // A loop without carried values comes with a terminator.
    OpBuilder inner(builder.getContext());
    inner.setInsertionPointToStart(op.getBody());
    SmallVector<Value> carried(op.getRegionIterArgs());
    turn(inner, op.getInductionVar(), step, carried);
    if (!values.empty())
      scf::YieldOp::create(inner, loc, carried);
    values.assign(op.result_begin(), op.result_end());
  };
  if (range.length >= 0) {
    int64_t whole = range.length / unroll * unroll;
    if (whole > unroll)
      loop(range.from, code.add(range.from, whole), unroll);
    else
      whole = 0;
    turn(builder, code.add(range.from, whole), range.length - whole, values);
    return values;
  }
  Value length = code.sub(range.to, range.from);
  Value whole = code.sub(length, code.rem(length, unroll));
  Value middle = code.add(range.from, whole);
  loop(range.from, middle, unroll);
  if (unroll > 1)
    loop(middle, range.to, 1);
  return values;
}

//===----------------------------------------------------------------------===//
// Columns in memory
//===----------------------------------------------------------------------===//

SmallVector<Value> MemoryColumns::forEach(OpBuilder &builder, TileRange range,
                                          ValueRange state, Body body) {
  Type element = cast<MemRefType>(memref.getType()).getElementType();
  return emitUnrolledLoop(
      builder, loc, range, unroll, state,
      [&](OpBuilder &b, TilePosition k, MutableArrayRef<Value> values) {
        TileCode code(b, loc);
        Value start = code.add(base, code.mul(k.base, stride));
        start = code.add(start, code.mul(stride, k.offset));
        SmallVector<Value> columns;
        for (int64_t v = 0; v < vectors; ++v) {
          Value offset = code.add(start, v * lanes);
          if (prefetchAhead)
            code.prefetch(memref, code.add(offset, prefetchAhead));
          Value column;
          if (lastMask && v + 1 == vectors) {
            auto type = VectorType::get({lanes}, element);
            column = vector::MaskedLoadOp::create(
                b, loc, type, memref, ValueRange{offset}, lastMask,
                code.constant(type, 0));
          } else {
            column = code.load(memref, offset, lanes);
          }
          columns.push_back(code.toFloat(column));
        }
        body(b, k, columns, values);
      });
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

Value TileRows::address(TileCode &code, int64_t row) const {
  OpFoldResult offset = offsets[row];
  if (auto attr = dyn_cast<Attribute>(offset))
    return code.add(base, cast<IntegerAttr>(attr).getInt());
  return code.add(base, cast<Value>(offset));
}

TileRows TileRows::moved(TileCode &code, Value by) const {
  TileRows rows(*this);
  rows.base = code.add(base, by);
  return rows;
}

//===----------------------------------------------------------------------===//
// Accumulators
//===----------------------------------------------------------------------===//

RegisterTile::RegisterTile(KernelEmitter &kernel, int64_t rows, int64_t vectors,
                           int64_t lanes, int64_t inFlight)
    : kernel(kernel), numRows(rows), numVectors(vectors), numLanes(lanes), sets(1) {
  // Two multipliers with four cycles of latency want eight sums in flight.
  while (sets < 4 && rows * vectors * sets < inFlight)
    sets *= 2;
}

int64_t RegisterTile::maxRows(const TargetDescription &target, int64_t vectors) {
  int64_t rows = (target.vectorRegisters - 1 - vectors) / vectors;
  return std::clamp<int64_t>(rows, 1, 14);
}

SmallVector<Value> RegisterTile::zeros(OpBuilder &builder) {
  TileCode code(builder, kernel.getLoc());
  auto type = VectorType::get({numLanes}, builder.getF32Type());
  Value zero = code.constant(type, 0);
  return SmallVector<Value>(sets * numRows * numVectors, zero);
}

SmallVector<Value> RegisterTile::accumulate(OpBuilder &builder,
                                            ColumnSource &right, TileRange range,
                                            const TileRows &left,
                                            ValueRange accumulators) {
  Location loc = kernel.getLoc();
  bool hasFMA = kernel.getTarget().hasFMA;
  int64_t copies = accumulators.size() / (numRows * numVectors);
  TileCode outer(builder, loc);
  // Positions count from range.from on the right, from 0 on the left.
  TileRows rows = left;
  rows.base = outer.sub(left.base, range.from);
  // One address for all columns, or one for each: an element that is loaded once only
  // becomes an operand in memory.
  bool isSingle = cast<MemRefType>(left.memref.getType()).getElementType().isF32();
  bool perColumn = loadsPerProduct && isSingle && kernel.getTarget().hasAVX512;
  SmallVector<TileRows> columnRows(perColumn ? numVectors : 1, rows);
  for (TileRows &own : llvm::drop_begin(columnRows))
    own.base = outer.opaque(rows.base);
  return right.forEach(
      builder, range, accumulators,
      [&](OpBuilder &b, TilePosition k, ArrayRef<Value> columns,
          MutableArrayRef<Value> sums) {
        TileCode code(b, loc);
        int64_t set = k.ordinal % copies;
        SmallVector<TileRows> here;
        for (const TileRows &own : columnRows)
          here.push_back(own.moved(code, k.base));
        for (int64_t m = 0; m < numRows; ++m) {
          Value row;
          for (int64_t v = 0; v < numVectors; ++v) {
            if (v < int64_t(here.size())) {
              Value address = code.add(here[v].address(code, m), k.offset);
              Value scalar = code.toFloat(code.loadScalar(here[v].memref, address));
              row = code.splat(scalar, numLanes);
            }
            Value &sum = sums[(set * numRows + m) * numVectors + v];
            sum = code.fma(columns[v], row, sum, hasFMA);
          }
        }
        // The compiler's scheduler would put the products of one sum after each other,
        // where each waits for the one before.
        if (perColumn)
          code.barrier();
      });
}

SmallVector<Value> RegisterTile::finish(OpBuilder &builder,
                                        ValueRange accumulators) {
  SmallVector<Value> sums(accumulators);
  size_t one = numRows * numVectors;
  for (size_t copies = sums.size() / one; copies > 1; copies /= 2) {
    for (size_t i = 0; i < copies / 2 * one; ++i)
      sums[i] = arith::AddFOp::create(builder, kernel.getLoc(), sums[i],
                                      sums[i + copies / 2 * one]);
    sums.resize(copies / 2 * one);
  }
  return sums;
}
