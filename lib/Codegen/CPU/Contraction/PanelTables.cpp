//===- PanelTables.cpp - Codes that index tables --------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Narrow codes and what they stand for. Two ways to look up, by what processors can
// permute:
//
//   words   a register (AVX2: two) of f32 entries; index bits above are ignored, so
//           that bytes that hold several codes are only shifted
//   bytes   as many codes as a register has bytes at once, four vectors' (`Bytes`;
//           ByteTables.h). Bytes that are zero in all f32 of the table's type are not
//           looked up.
//
//===----------------------------------------------------------------------===//

#include "ByteTables.h"
#include "PanelWeight.h"
#include "TableVectors.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace pith;

using Kind = TilePacking::Kind;

//===----------------------------------------------------------------------===//
// Tables
//===----------------------------------------------------------------------===//

/// Loads a table that is to stay in registers.
void PanelReader::loadTable(size_t number) {
  const Leaf &leaf = weight.leaves[number];
  const TargetDescription &target = kernel.getTarget();
  int64_t lanes = weight.shape.lanes;
  if (leaf.packing.kind != Kind::Table || leaf.argument < 0 || weight.getRunLength() > 0)
    return;
  if (leaf.isByteTable)
    return loadByteTable(number);
  bool wide = target.hasAVX512 && lanes == 16 && leaf.entries <= 64;
  bool narrow = target.hasAVX2 && lanes == 8 && leaf.entries <= 16;
  if (leaf.length != 1 || (!wide && !narrow))
    return;
  TileCode code(*current, kernel.getLoc());
  states[number].table =
      loadTableVectors(code, states[number].buffer.memref, leaf.entries, lanes);
}

void PanelReader::loadByteTable(size_t number) {
  const Leaf &leaf = weight.leaves[number];
  const TargetDescription &target = kernel.getTarget();
  TileCode code(*current, kernel.getLoc());
  int64_t block = byteBlock(target);
  unsigned bits = leaf.element.getIntOrFloatBitWidth();
  int64_t total = leaf.length * tableBytes(leaf.element) * std::max(leaf.entries, block);
  // On AArch64 a block is four registers; AVX2 permutes within 16 bytes.
  int64_t load = target.triple.isAArch64() ? 16 : block;
  auto bytes = VectorType::get({load}, code.b.getI8Type());
  for (int64_t at = 0; at < total; at += load) {
    Value raw = code.load(states[number].buffer.memref,
                          kernel.constantIndex(at * 8 / bits), load * 8 / bits);
    Value table = code.bitcast(raw, bytes);
    if (target.triple.isX86() && block == 16)
      table = resizeVector(code, table, target.vectorBytes);
    states[number].table.push_back(table);
  }
}

//===----------------------------------------------------------------------===//
// Words
//===----------------------------------------------------------------------===//

/// Whether codes index a register of floats: one instruction that ignores the bits
/// above, instead of two for the sign and a conversion.
bool PanelReader::canLookUp(const Leaf &leaf) const {
  int64_t lanes = weight.shape.lanes;
  const TargetDescription &target = kernel.getTarget();
  return leaf.isCodes() && leaf.hasOneField() && (1 << leaf.layout.planes[0]) <= lanes &&
         ((lanes == 16 && target.hasAVX512) || (lanes == 8 && target.hasAVX2));
}

/// Codes of one plane as vectors of i32, with other codes in the bits above.
TileValues PanelReader::leafWords(size_t number) {
  const Leaf &leaf = weight.leaves[number];
  const PanelShape &shape = weight.shape;
  if (leaf.layout.kind == ElementLayout::Kind::Words)
    return wordCodes(number, /*clean=*/false);
  TileCode code(*current, kernel.getLoc());
  unsigned bits = leaf.layout.planes[0];
  auto word = VectorType::get({shape.lanes}, code.b.getI32Type());
  TileValues values(weight.step * leaf.stored / leaf.per,
                    SmallVector<Value>(shape.vectors));
  for (int64_t v = 0; v < shape.vectors; ++v) {
    Value bytes;
    for (auto [r, row] : llvm::enumerate(values)) {
      int64_t part = r % (8 / bits);
      if (part == 0)
        bytes = loadPlane(number, 0, r, v);
      row[v] = bytes;
      if (part)
        row[v] = arith::ShRUIOp::create(code.b, code.loc, bytes,
                                        code.constant(word, bits * part));
    }
  }
  return values;
}

TileValues PanelReader::leafFloats(size_t number) {
  const Leaf &leaf = weight.leaves[number];
  TileCode code(*current, kernel.getLoc());
  auto makeTable = [&](unsigned from) {
    return makeCodeTable(code, leaf.element, weight.shape.lanes, from);
  };
  if (leaf.layout.kind == ElementLayout::Kind::Words)
    return wordLookUps(number, makeTable);
  Value table = makeTable(0);
  TileValues values = leafWords(number);
  for (auto &row : values)
    for (Value &x : row)
      x = permuteVector(code, table, x);
  return values;
}

/// Elements of a table in memory, as f32.
Value PanelReader::gatherWords(size_t table, Value codes) {
  const Leaf &leaf = weight.leaves[table];
  const TargetDescription &target = kernel.getTarget();
  TileCode code(*current, kernel.getLoc());
  int64_t lanes = weight.shape.lanes;
  Value memref = states[table].buffer.memref;
  if (leaf.element.isF32() && (target.hasAVX512 || target.hasAVX2) && lanes >= 8) {
    auto type = VectorType::get({lanes}, leaf.element);
    auto mask = VectorType::get({lanes}, code.b.getI1Type());
    return vector::GatherOp::create(code.b, code.loc, type, memref,
                                    ValueRange{kernel.constantIndex(0)}, codes,
                                    code.constant(mask, 1), code.constant(type, 0));
  }
  SmallVector<Value> elements;
  for (int64_t lane = 0; lane < lanes; ++lane) {
    Value one = vector::ExtractOp::create(code.b, code.loc, codes,
                                          ArrayRef<int64_t>{lane});
    Value at = arith::IndexCastUIOp::create(code.b, code.loc, code.b.getIndexType(), one);
    elements.push_back(code.loadScalar(memref, at));
  }
  Value vector = vector::FromElementsOp::create(
      code.b, code.loc, VectorType::get({lanes}, leaf.element), elements);
  return code.toFloat(isa<FloatType>(leaf.element) ? vector : code.toInt(vector, false));
}

//===----------------------------------------------------------------------===//
// Bytes
//===----------------------------------------------------------------------===//

/// Codes of all sets of the tile; bits above are undefined.
SmallVector<Value> PanelReader::byteCodes(size_t number) {
  const Leaf &leaf = weight.leaves[number];
  TileCode code(*current, kernel.getLoc());
  int64_t rows = weight.step * leaf.stored / leaf.per, step = leaf.layout.step();
  int64_t size = 4 * weight.shape.lanes, lines = leaf.layout.stepWords(), offset = 0;
  Value position = positionIn(leaf, offset);
  Value start = code.add(states[number].bases[0],
                         code.mul(code.div(position, step), lines * size));
  Value memref = states[number].buffer.memref;
  auto bytes = VectorType::get({size}, code.b.getI8Type());
  auto pairs = VectorType::get({size / 2}, code.b.getI16Type());
  // Bytes are shifted in pairs; what comes from the neighbour is masked or ignored.
  auto shifted = [&](Value x, int64_t right) {
    return code.bitcast(code.shiftRight(code.bitcast(x, pairs), right), bytes);
  };
  SmallVector<Value> sets;
  for (int64_t row = offset; row < offset + rows; row += step) {
    SmallVector<Value> loaded;
    for (int64_t line = 0; line < lines; ++line) {
      int64_t at = (row / step * lines + line) * size;
      if (prefetchAhead && at % 64 == 0)
        code.prefetch(memref, code.add(start, at + prefetchAhead));
      loaded.push_back(code.bitcast(code.load(memref, code.add(start, at), size), bytes));
    }
    for (ArrayRef<ElementLayout::Field> fields : leaf.layout.fields()) {
      Value all;
      for (auto [i, field] : llvm::enumerate(fields)) {
        Value x = shifted(loaded[field.word], int64_t(field.from) - field.to);
        bool isLast = i + 1 == fields.size();
        int64_t mask = isLast ? -1 << field.to : ((1 << field.count) - 1) << field.to;
        if (fields.size() > 1)
          x = arith::AndIOp::create(code.b, code.loc, x,
                                    code.constant(bytes, int8_t(mask)));
        all = all ? arith::OrIOp::create(code.b, code.loc, all, x).getResult() : x;
      }
      sets.push_back(all);
    }
  }
  return sets;
}

/// Entries for codes that lie in sets.
TileValues PanelReader::lookUpSets(size_t table, size_t codes) {
  const Leaf &entries = weight.leaves[table], &leaf = weight.leaves[codes];
  const PanelShape &shape = weight.shape;
  const TargetDescription &target = kernel.getTarget();
  TileCode code(*current, kernel.getLoc());
  int64_t rows = weight.step * leaf.stored / leaf.per, length = entries.length;
  int64_t bytes = tableBytes(entries.element);
  TileValues values(rows * length, SmallVector<Value>(shape.vectors));
  ArrayRef<Value> blocks = states[table].table;
  size_t own = blocks.size() / (length * bytes);
  for (auto [number, set] : llvm::enumerate(byteCodes(codes))) {
    // Permutations fill a register.
    int64_t used = lengthOf(set);
    Value full = resizeVector(code, set, target.vectorBytes, /*poison=*/true);
    for (int64_t element = 0; element < length; ++element) {
      SmallVector<Value> parts;
      for (int64_t byte = 0; byte < bytes; ++byte)
        parts.push_back(sliceVector(
            code,
            lookUpBytes(code, target, blocks.slice((element * bytes + byte) * own, own),
                        full),
            0, used));
      // In the highest bit a sum is an exclusive or; LLVM would join that with the other
      // operation, to one that takes the multiplier's unit, too.
      if (entries.isSignMagnitude)
        parts.back() = arith::AddIOp::create(
            code.b, code.loc, parts.back(),
            arith::AndIOp::create(code.b, code.loc, set,
                                  code.constant(set.getType(), int8_t(0x80))));
      for (auto [slot, value] : llvm::enumerate(bytesToFloats(code, parts, shape.lanes))) {
        int64_t at = number * 4 + slot;
        values[at / shape.vectors * length + element][at % shape.vectors] = value;
      }
    }
  }
  return values;
}

/// Products of the table's rows with activations, for codes that lie in sets.
TileValues PanelReader::lookUpProducts(size_t table, size_t codes) {
  const Leaf &entries = weight.leaves[table], &leaf = weight.leaves[codes];
  const PanelShape &shape = weight.shape;
  const TargetDescription &target = kernel.getTarget();
  TileCode code(*current, kernel.getLoc());
  int64_t runs = weight.step * leaf.stored / leaf.per, size = target.vectorBytes, offset = 0;
  int64_t count = weight.getRunEntries(), setsOfRun = shape.vectors / 4;
  auto type = VectorType::get({size}, code.b.getI8Type());
  Value first = code.sub(positionIn(leaf, offset), products.firstRun);
  SmallVector<Value> sets = byteCodes(codes);
  TileValues values;
  for (int64_t run = 0; run < runs; ++run) {
    Value start = code.mul(code.add(first, offset + run), 4 * count);
    // Tables are used by all sets before the next ones are loaded.
    SmallVector<SmallVector<Value>> parts(setsOfRun);
    for (int64_t byte = 0; byte < 4; ++byte) {
      SmallVector<Value> blocks;
      for (int64_t at = 0; at < count; at += size)
        blocks.push_back(code.bitcast(
            code.load(products.memref, code.add(start, byte * count + at), size), type));
      for (int64_t set = 0; set < setsOfRun; ++set)
        parts[set].push_back(
            lookUpBytes(code, target, blocks, sets[run * setsOfRun + set]));
    }
    values.emplace_back();
    for (ArrayRef<Value> bytes : parts)
      llvm::append_range(values.back(), bytesToFloats(code, bytes, shape.lanes));
  }
  return values;
}

//===----------------------------------------------------------------------===//
// The best way
//===----------------------------------------------------------------------===//

TileValues PanelReader::lookUp(const Child &table, const Child &codes) {
  const Leaf &entries = weight.leaves[table.number];
  if (weight.getRunLength() > 0)
    return lookUpProducts(table.number, codes.number);
  if (entries.isByteTable)
    return lookUpSets(table.number, codes.number);
  TileCode code(*current, kernel.getLoc());
  bool inRegisters = !states[table.number].table.empty();
  // Words ignore as many bits above as their table leaves: 3 (AVX2) or 4 matter.
  bool ignores = inRegisters && codes.isLeaf && weight.leaves[codes.number].isCodes() &&
                 weight.leaves[codes.number].hasOneField();
  if (ignores && states[table.number].table.size() == 1 &&
      weight.leaves[codes.number].layout.kind == ElementLayout::Kind::Words)
    return wordLookUps(codes.number, [&](unsigned from) {
      return moveTableVector(code, states[table.number].table[0], from);
    });
  TileValues indices = ignores ? leafWords(codes.number) : tile(codes), values;
  auto words = VectorType::get({weight.shape.lanes}, code.b.getI32Type());
  for (SmallVector<Value> &row : indices)
    for (int64_t element = 0; element < entries.length; ++element) {
      values.emplace_back();
      for (Value index : row) {
        if (entries.argument < 0) { // all entries are equal
          values.back().push_back(code.splat(code.toFloat(leafScalar(table.number, 0)),
                                             weight.shape.lanes));
          continue;
        }
        if (index.getType() != words)
          index = arith::ExtUIOp::create(code.b, code.loc, words, index);
        if (inRegisters) {
          values.back().push_back(lookUpVectors(code, states[table.number].table, index));
          continue;
        }
        if (entries.length > 1)
          index = arith::MulIOp::create(code.b, code.loc, index,
                                        code.constant(words, entries.length));
        if (element)
          index = arith::AddIOp::create(code.b, code.loc, index,
                                        code.constant(words, element));
        values.back().push_back(gatherWords(table.number, index));
      }
    }
  return values;
}
