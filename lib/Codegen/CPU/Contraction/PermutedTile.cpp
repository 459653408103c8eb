//===- PermutedTile.cpp - Rows times N:M sparse weights -------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PermutedTile.h"
#include "TableVectors.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <map>
#include <tuple>

using namespace mlir;
using namespace pith;

/// Rows of which a window's activations are kept from entry to entry.
static constexpr int64_t kRowsInRegisters = 4;
/// Of more rows, those whose products the compiler may put in any order.
static constexpr int64_t kRowsAtOnce = 4;

namespace {
class WindowEmitter {
public:
  WindowEmitter(KernelEmitter &kernel, const PanelWeight &weight, Value panel,
                const RegisterTile &tile, const TileRows &rows, size_t sums)
      : kernel(kernel), layout(*weight.getWindows()), shape(weight.getShape()),
        indices(kernel.argument(weight.getIndexArgument()).memref), panel(panel),
        numRows(tile.rows()), rows(rows), sets(sums / (numRows * shape.vectors)) {}

  /// One entry; the last one of a window emits all of its products.
  void take(OpBuilder &b, TilePosition k, ArrayRef<Value> entry,
            MutableArrayRef<Value> sums);

private:
  void emitWindow(TileCode &code, TilePosition k, MutableArrayRef<Value> sums);
  Value loadWord(TileCode &code, TilePosition k, int64_t word, int64_t vector);
  Value index(TileCode &code, TilePosition k, int64_t entry, int64_t vector);
  Value loadRow(TileCode &code, const TileRows &here, int64_t row, int64_t offset);
  Value permute(TileCode &code, Value x, Value index);

  KernelEmitter &kernel;
  const WindowLayout &layout;
  const PanelShape &shape;
  Value indices, panel;
  int64_t numRows;
  const TileRows &rows;
  int64_t sets;
  SmallVector<SmallVector<Value>> pending; ///< entries of the current window
  std::map<std::tuple<Block *, void *, int64_t, int64_t>, Value> words;
};
} // namespace

/// Word `word` of the current unit, as i32.
Value WindowEmitter::loadWord(TileCode &code, TilePosition k, int64_t word,
                              int64_t vector) {
  int64_t unit = k.offset / layout.unit;
  int64_t line = unit * layout.unitWords() + word;
  Value &value = words[{code.b.getInsertionBlock(), k.base.getAsOpaquePointer(), line,
                        vector}];
  if (value)
    return value;
  int64_t vectorBytes = shape.lanes * layout.wordBits / 8;
  int64_t lineBytes = shape.vectors * vectorBytes;
  int64_t unitBytes = layout.unitWords() * lineBytes;
  Value at = code.add(code.mul(panel, layout.units() * unitBytes),
                      code.mul(code.div(k.base, layout.unit), unitBytes));
  at = code.add(at, line * lineBytes + vector * vectorBytes);
  Type element = code.b.getIntegerType(layout.wordBits);
  value = code.bitcast(code.load(indices, at, vectorBytes),
                       VectorType::get({shape.lanes}, element));
  return value = code.toInt(value, /*isUnsigned=*/true);
}

/// The index of an entry of the window; bits above are undefined.
Value WindowEmitter::index(TileCode &code, TilePosition k, int64_t entry,
                           int64_t vector) {
  int64_t windows = k.offset % layout.unit / layout.positions;
  int64_t bit = (windows * layout.entries + entry) * layout.bits;
  Value word = loadWord(code, k, bit / layout.wordBits, vector);
  return code.shiftRight(word, bit % layout.wordBits);
}

/// A window's activations of a row.
Value WindowEmitter::loadRow(TileCode &code, const TileRows &here, int64_t row,
                             int64_t offset) {
  Value at = code.add(here.address(code, row), offset);
  Value x;
  if (layout.isShort()) {
    Type element = cast<MemRefType>(here.memref.getType()).getElementType();
    auto type = VectorType::get({layout.loaded}, element);
    SmallVector<bool> exists(layout.loaded);
    std::fill_n(exists.begin(), layout.reduction, true);
    auto maskType = VectorType::get({layout.loaded}, code.b.getI1Type());
    Value mask = arith::ConstantOp::create(
        code.b, code.loc, DenseElementsAttr::get(maskType, ArrayRef<bool>(exists)));
    x = vector::MaskedLoadOp::create(code.b, code.loc, type, here.memref, ValueRange{at},
                                     mask, code.constant(type, 0));
  } else {
    x = code.load(here.memref, at, layout.loaded);
  }
  x = code.toFloat(x);
  if (layout.loaded == shape.lanes)
    return x;
  SmallVector<int64_t> order;
  for (int64_t lane = 0; lane < shape.lanes; ++lane)
    order.push_back(lane % layout.loaded);
  return vector::ShuffleOp::create(code.b, code.loc, x, x, order);
}

Value WindowEmitter::permute(TileCode &code, Value x, Value index) {
  if (layout.loaded != 4)
    return permuteVector(code, x, index);
  return callIntrinsic(code,
                       shape.lanes == 16 ? "llvm.x86.avx512.vpermilvar.ps.512"
                                         : "llvm.x86.avx.vpermilvar.ps.256",
                       {x, index});
}

void WindowEmitter::emitWindow(TileCode &code, TilePosition k,
                               MutableArrayRef<Value> sums) {
  int64_t first = k.ordinal / layout.entries * layout.entries, offset = k.offset;
  Value start = k.base;
  if (layout.lastStart() >= 0) {
    start = code.min(code.add(start, offset), code.index(layout.lastStart()));
    offset = 0;
  }
  TileRows here = rows.moved(code, start);
  for (int64_t j = 0; j < layout.entries; ++j) {
    SmallVector<Value> places;
    for (int64_t v = 0; v < shape.vectors; ++v)
      places.push_back(index(code, k, j, v));
    int64_t set = (first + j) % sets;
    for (int64_t m = 0; m < numRows; ++m) {
      Value x = loadRow(code, here, m, offset);
      for (int64_t v = 0; v < shape.vectors; ++v) {
        Value &sum = sums[(set * numRows + m) * shape.vectors + v];
        sum = code.fma(pending[j][v], permute(code, x, places[v]), sum,
                       kernel.getTarget().hasFMA);
      }
      // Activations of many rows are loaded by each permutation instead of kept in
      // registers, and no more than some wait for their entry.
      if (numRows > kRowsInRegisters && (m + 1 == numRows || m % kRowsAtOnce == 3))
        for (int64_t row = m / kRowsAtOnce * kRowsAtOnce; row <= m; ++row)
          for (int64_t v = 0; v < shape.vectors; ++v) {
            Value &sum = sums[(set * numRows + row) * shape.vectors + v];
            sum = code.finish(sum);
          }
    }
  }
}

void WindowEmitter::take(OpBuilder &b, TilePosition k, ArrayRef<Value> entry,
                         MutableArrayRef<Value> sums) {
  pending.emplace_back(entry);
  if (int64_t(pending.size()) < layout.entries)
    return;
  TileCode code(b, kernel.getLoc());
  emitWindow(code, k, sums);
  pending.clear();
}

SmallVector<Value> pith::accumulatePermuted(KernelEmitter &kernel, OpBuilder &builder,
                                            const PanelWeight &weight,
                                            PanelReader &reader, Value panel,
                                            const RegisterTile &tile,
                                            const TileRows &rows, ValueRange sums) {
  WindowEmitter windows(kernel, weight, panel, tile, rows, sums.size());
  TileRange range{kernel.constantIndex(0), weight.getReduction(), {}};
  return reader.forEach(builder, range, sums,
                        [&](OpBuilder &b, TilePosition k, ArrayRef<Value> entry,
                            MutableArrayRef<Value> state) {
                          windows.take(b, k, entry, state);
                        });
}
