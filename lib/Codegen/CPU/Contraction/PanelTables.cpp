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
//   bytes   as many codes as a register has bytes at once; every byte of an entry has
//           a table of its own, and they are put together afterwards
//
//                  codes  c₀ c₁ c₂ …           (one per output and position)
//     low bytes of f16    l[c₀] l[c₁] l[c₂] …      one or more permutations
//     high bytes of f16   h[c₀] h[c₁] h[c₂] …
//     interleaved         l[c₀]h[c₀] l[c₁]h[c₁] …  = f16, converted to f32
//
// Codes of 3, 5, 6 and 7 bits lie in planes; they are put together as bytes too.
//
//===----------------------------------------------------------------------===//

#include "PanelWeight.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

#include <map>
#include <numeric>

using namespace mlir;
using namespace pith;

using Kind = TilePacking::Kind;

/// An instruction whose result has the type of its operand `like`.
static Value callIntrinsic(TileCode &code, StringRef name, ValueRange operands,
                           unsigned like = 0) {
  return LLVM::CallIntrinsicOp::create(code.b, code.loc, operands[like].getType(),
                                       code.b.getStringAttr(name), operands)
      .getResult(0);
}

static int64_t lengthOf(Value vector) {
  return cast<VectorType>(vector.getType()).getDimSize(0);
}

/// Elements [first, first + count) of a vector.
static Value slice(TileCode &code, Value vector, int64_t first, int64_t count) {
  if (first == 0 && count == lengthOf(vector))
    return vector;
  return vector::ExtractStridedSliceOp::create(code.b, code.loc, vector,
                                               ArrayRef<int64_t>{first},
                                               ArrayRef<int64_t>{count},
                                               ArrayRef<int64_t>{1});
}

/// The vector, repeated or cut to `count` elements. `poison` leaves what is added
/// undefined instead.
static Value resize(TileCode &code, Value vector, int64_t count, bool poison = false) {
  int64_t length = lengthOf(vector);
  if (length == count)
    return vector;
  SmallVector<int64_t> order;
  for (int64_t i = 0; i < count; ++i)
    order.push_back(i < length || !poison ? i % length
                                          : int64_t(vector::ShuffleOp::kPoisonIndex));
  return vector::ShuffleOp::create(code.b, code.loc, vector, vector, order);
}

/// x₀ y₀ x₁ y₁ … in vectors of elements twice as wide.
static Value interleave(TileCode &code, Value x, Value y) {
  SmallVector<int64_t> order;
  int64_t length = lengthOf(x);
  for (int64_t i = 0; i < length; ++i)
    order.append({i, length + i});
  Value both = vector::ShuffleOp::create(code.b, code.loc, x, y, order);
  unsigned bits = 2 * getElementTypeOrSelf(x.getType()).getIntOrFloatBitWidth();
  return code.bitcast(both, VectorType::get({length}, code.b.getIntegerType(bits)));
}

//===----------------------------------------------------------------------===//
// Tables
//===----------------------------------------------------------------------===//

/// Loads a table that is to stay in registers.
void PanelReader::loadTable(size_t number) {
  const Leaf &leaf = weight.leaves[number];
  const TargetDescription &target = kernel.getTarget();
  int64_t lanes = weight.shape.lanes;
  if (leaf.packing.kind != Kind::Table || leaf.argument < 0)
    return;
  if (leaf.isByteTable)
    return loadByteTable(number);
  bool wide = target.hasAVX512 && lanes == 16 && leaf.entries <= 64;
  bool narrow = target.hasAVX2 && lanes == 8 && leaf.entries <= 16;
  if (leaf.length != 1 || (!wide && !narrow))
    return;
  TileCode code(*current, kernel.getLoc());
  int64_t count = std::min(lanes, leaf.entries);
  for (int64_t i = 0; i < leaf.entries; i += lanes) {
    Value entries = code.toFloat(
        code.load(states[number].buffer.memref, kernel.constantIndex(i), count));
    states[number].table.push_back(resize(code, entries, lanes));
  }
}

void PanelReader::loadByteTable(size_t number) {
  const Leaf &leaf = weight.leaves[number];
  const TargetDescription &target = kernel.getTarget();
  TileCode code(*current, kernel.getLoc());
  int64_t block = PanelWeight::byteBlock(target);
  unsigned bits = leaf.element.getIntOrFloatBitWidth();
  int64_t total = leaf.length * (bits / 8) * std::max(leaf.entries, block);
  // On AArch64 a block is four registers; AVX2 permutes within 16 bytes.
  int64_t load = target.triple.isAArch64() ? 16 : block;
  auto bytes = VectorType::get({load}, code.b.getI8Type());
  for (int64_t at = 0; at < total; at += load) {
    Value raw = code.load(states[number].buffer.memref,
                          kernel.constantIndex(at * 8 / bits), load * 8 / bits);
    Value table = code.bitcast(raw, bytes);
    if (target.triple.isX86() && block == 16)
      table = resize(code, table, target.vectorBytes);
    states[number].table.push_back(table);
  }
}

//===----------------------------------------------------------------------===//
// Words
//===----------------------------------------------------------------------===//

/// Whether codes index a register of floats: one instruction that ignores the bits
/// above, instead of two for the sign and a conversion.
bool PanelReader::canLookUp(const Leaf &leaf) const {
  return leaf.isCodes() && leaf.hasOneField() && leaf.layout.planes[0] <= 4 &&
         weight.shape.lanes == 16 && kernel.getTarget().hasAVX512;
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
  const PanelShape &shape = weight.shape;
  TileCode code(*current, kernel.getLoc());
  unsigned bits = leaf.layout.planes[0];
  SmallVector<float> entries;
  for (int64_t i = 0; i < shape.lanes; ++i) {
    int64_t entry = i & ((1 << bits) - 1), half = 1 << (bits - 1);
    if (!leaf.element.isUnsignedInteger())
      entry = (entry ^ half) - half;
    entries.push_back(entry);
  }
  auto single = VectorType::get({shape.lanes}, code.b.getF32Type());
  Value table = arith::ConstantOp::create(
      code.b, code.loc, DenseElementsAttr::get(single, ArrayRef<float>(entries)));
  TileValues values = leafWords(number);
  for (auto &row : values)
    for (Value &x : row)
      x = callIntrinsic(code, "llvm.x86.avx512.permvar.sf.512", {table, x});
  return values;
}

/// Entries of a table of f32 in registers; bits above those that count are ignored.
Value PanelReader::lookUpWords(size_t table, Value codes) {
  ArrayRef<Value> parts = states[table].table;
  TileCode code(*current, kernel.getLoc());
  Type type = codes.getType();
  Value zero = code.constant(type, 0);
  auto choose = [&](int64_t bit, Value set, Value clear) -> Value {
    Value moved = arith::ShLIOp::create(code.b, code.loc, codes,
                                        code.constant(type, 31 - bit));
    Value test = arith::CmpIOp::create(code.b, code.loc, arith::CmpIPredicate::slt,
                                       moved, zero);
    return arith::SelectOp::create(code.b, code.loc, test, set, clear);
  };
  if (weight.shape.lanes == 8) {
    auto permute = [&](Value part) {
      return callIntrinsic(code, "llvm.x86.avx2.permps", {part, codes});
    };
    Value low = permute(parts[0]);
    return parts.size() == 1 ? low : choose(3, permute(parts[1]), low);
  }
  auto permute = [&](Value low, Value high) {
    return callIntrinsic(code, "llvm.x86.avx512.vpermi2var.ps.512", {low, codes, high});
  };
  if (parts.size() == 1)
    return callIntrinsic(code, "llvm.x86.avx512.permvar.sf.512", {parts[0], codes});
  Value low = permute(parts[0], parts[1]);
  return parts.size() == 2 ? low : choose(5, permute(parts[2], parts[3]), low);
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

/// Whether several positions' codes are put together as bytes: where that is cheaper
/// than in vectors of words.
bool PanelReader::hasByteCodes(const Leaf &leaf) const {
  const TargetDescription &target = kernel.getTarget();
  return leaf.isCodes() && leaf.layout.kind == ElementLayout::Kind::Planes &&
         leaf.layout.planes.size() > 1 && target.hasAVX2 &&
         PanelWeight::fitsBytes(target, weight.shape);
}

/// Reads codes of one operand as bytes, for `count` rows of the tile at once, that are
/// `apart` rows from each other: as many as fill a register.
struct PanelReader::CodeBytes {
  CodeBytes(PanelReader &reader, size_t number)
      : reader(reader), leaf(reader.weight.leaves[number]), number(number),
        rows(reader.weight.step * leaf.stored / leaf.per), apart(leaf.layout.step()) {
    int64_t most = reader.kernel.getTarget().vectorBytes / reader.weight.shape.width();
    while (count < most && rows % (2 * count * apart) == 0)
      count *= 2;
  }

  /// Calls `body` for each set of rows, in order: `row`, `row + apart`, …
  void forEach(function_ref<void(int64_t row)> body) {
    for (int64_t from = 0; from < rows; from += count * apart)
      for (int64_t row = from; row < from + apart; ++row)
        body(row);
  }

  Value load(TileCode &code, size_t plane, int64_t row);
  /// Codes, one per byte. Unless they are to be `clean`, bits above are undefined.
  Value get(TileCode &code, int64_t row, bool clean);

  PanelReader &reader;
  const Leaf &leaf;
  size_t number;
  int64_t rows, apart, count = 1;
  std::map<std::pair<size_t, int64_t>, Value> loaded;
};

Value PanelReader::CodeBytes::load(TileCode &code, size_t plane, int64_t row) {
  bool isWhole = leaf.layout.kind == ElementLayout::Kind::Whole;
  int64_t perByte = isWhole ? 1 : 8 / leaf.layout.planes[plane];
  Value &value = loaded[{plane, row / perByte}];
  if (value)
    return value;
  int64_t width = reader.weight.shape.width(), offset = 0;
  Value position = reader.scaled(leaf.stored, leaf.per, offset);
  Value base = code.add(reader.states[number].bases[plane],
                        code.mul(code.div(position, perByte), width));
  Value memref = reader.states[number].buffer.memref;
  auto bytes = VectorType::get({width}, code.b.getI8Type());
  auto loadAt = [&](int64_t at, int64_t length) {
    if (reader.prefetchAhead && at % 64 == 0)
      code.prefetch(memref, code.add(base, at + reader.prefetchAhead));
    Value raw = code.load(memref, code.add(base, at), length);
    return code.bitcast(raw, VectorType::get({length}, bytes.getElementType()));
  };
  int64_t first = (offset + row) / perByte * width, step = apart / perByte * width;
  if (step == width || count == 1)
    return value = loadAt(first, count * width);
  SmallVector<Value> parts;
  for (int64_t i = 0; i < count; ++i)
    parts.push_back(loadAt(first + i * step, width));
  for (; parts.size() > 1; parts.resize(parts.size() / 2))
    for (size_t i = 0; i < parts.size() / 2; ++i) {
      SmallVector<int64_t> order(2 * lengthOf(parts[2 * i]));
      std::iota(order.begin(), order.end(), 0);
      parts[i] = vector::ShuffleOp::create(code.b, code.loc, parts[2 * i],
                                           parts[2 * i + 1], order);
    }
  return value = parts.front();
}

Value PanelReader::CodeBytes::get(TileCode &code, int64_t row, bool clean) {
  if (leaf.layout.kind == ElementLayout::Kind::Whole)
    return load(code, 0, row);
  Value codes;
  unsigned shift = 0;
  for (auto [plane, bits] : llvm::enumerate(leaf.layout.planes)) {
    Value x = load(code, plane, row);
    Type type = x.getType();
    unsigned from = row % (8 / bits) * bits;
    if (from > shift)
      x = arith::ShRUIOp::create(code.b, code.loc, x, code.constant(type, from - shift));
    else if (from < shift)
      x = arith::ShLIOp::create(code.b, code.loc, x, code.constant(type, shift - from));
    bool isLast = plane + 1 == leaf.layout.planes.size();
    if (!isLast || clean || shift > 0) {
      int64_t mask = ((1 << bits) - 1) << shift;
      x = arith::AndIOp::create(code.b, code.loc, x, code.constant(type, int8_t(mask)));
    }
    codes = codes ? arith::OrIOp::create(code.b, code.loc, codes, x).getResult() : x;
    shift += bits;
  }
  return codes;
}

/// Bytes as f32.
static Value bytesToFloat(TileCode &code, Value bytes, bool isUnsigned) {
  return code.toFloat(code.toInt(bytes, isUnsigned));
}

/// Integer codes in several planes, as f32.
TileValues PanelReader::codeFloats(size_t number) {
  const Leaf &leaf = weight.leaves[number];
  const PanelShape &shape = weight.shape;
  TileCode code(*current, kernel.getLoc());
  CodeBytes bytes(*this, number);
  TileValues values(bytes.rows, SmallVector<Value>(shape.vectors));
  bool isUnsigned = leaf.element.isUnsignedInteger();
  bytes.forEach([&](int64_t row) {
    Value codes = bytes.get(code, row, /*clean=*/true);
    if (!isUnsigned) {
      Value sign = code.constant(
          codes.getType(), 1 << (leaf.element.getIntOrFloatBitWidth() - 1));
      codes = arith::XOrIOp::create(code.b, code.loc, codes, sign);
      codes = arith::SubIOp::create(code.b, code.loc, codes, sign);
    }
    for (int64_t i = 0; i < bytes.count; ++i)
      for (int64_t v = 0; v < shape.vectors; ++v)
        values[row + i * bytes.apart][v] = bytesToFloat(
            code,
            slice(code, codes, (i * shape.vectors + v) * shape.lanes, shape.lanes),
            isUnsigned);
  });
  return values;
}

/// Bytes of a table in blocks, at codes whose bits above are ignored.
Value PanelReader::lookUpBytes(ArrayRef<Value> blocks, Value codes) {
  const TargetDescription &target = kernel.getTarget();
  TileCode code(*current, kernel.getLoc());
  Type type = codes.getType();
  auto constant = [&](int64_t value) { return code.constant(type, int8_t(value)); };
  SmallVector<Value> level;
  const int64_t block = PanelWeight::byteBlock(target);
  int64_t bit = llvm::Log2_64(block);
  if (target.triple.isAArch64()) {
    Value low = arith::AndIOp::create(code.b, code.loc, codes, constant(63));
    for (size_t i = 0; i < blocks.size(); i += 4)
      level.push_back(callIntrinsic(code, "llvm.aarch64.neon.tbl4",
                                    {blocks[i], blocks[i + 1], blocks[i + 2],
                                     blocks[i + 3], low}));
  } else if (block == 64 && blocks.size() > 1) {
    ++bit;
    for (size_t i = 0; i < blocks.size(); i += 2)
      level.push_back(callIntrinsic(code, "llvm.x86.avx512.vpermi2var.qi.512",
                                    {blocks[i], codes, blocks[i + 1]}));
  } else if (block == 64) {
    level.push_back(callIntrinsic(code, "llvm.x86.avx512.permvar.qi.512",
                                  {blocks[0], codes}));
  } else {
    Value low = arith::AndIOp::create(code.b, code.loc, codes, constant(15));
    StringRef name = lengthOf(codes) == 64 ? "llvm.x86.avx512.pshuf.b.512"
                                           : "llvm.x86.avx2.pshuf.b";
    for (Value block : blocks)
      level.push_back(callIntrinsic(code, name, {block, low}));
  }
  for (; level.size() > 1; ++bit) {
    Value moved = bit == 7 ? codes
                           : arith::ShLIOp::create(code.b, code.loc, codes,
                                                   constant(7 - bit))
                                 .getResult();
    Value test = arith::CmpIOp::create(code.b, code.loc, arith::CmpIPredicate::slt,
                                       moved, constant(0));
    for (size_t i = 0; i < level.size() / 2; ++i)
      level[i] = arith::SelectOp::create(code.b, code.loc, test, level[2 * i + 1],
                                         level[2 * i]);
    level.resize(level.size() / 2);
  }
  return level.front();
}

/// Puts the bytes of entries together: vectors of f32 from one of `count` bytes for
/// each byte of an element.
static Value entriesToFloat(TileCode &code, ArrayRef<Value> bytes, Type element) {
  int64_t count = lengthOf(bytes.front());
  auto of = [&](Type type) { return VectorType::get({count}, type); };
  if (bytes.size() == 1)
    return bytes.front();
  Value low = interleave(code, bytes[0], bytes[1]);
  if (bytes.size() == 2)
    return code.bitcast(low, of(element));
  Value high = interleave(code, bytes[2], bytes[3]);
  return code.bitcast(interleave(code, low, high), of(element));
}

TileValues PanelReader::lookUpCodeBytes(size_t table, size_t codes) {
  const Leaf &entries = weight.leaves[table];
  const PanelShape &shape = weight.shape;
  const TargetDescription &target = kernel.getTarget();
  TileCode code(*current, kernel.getLoc());
  CodeBytes reader(*this, codes);
  int64_t length = entries.length;
  TileValues values(reader.rows * length, SmallVector<Value>(shape.vectors));
  ArrayRef<Value> blocks = states[table].table;
  size_t elementBytes = entries.element.getIntOrFloatBitWidth() / 8;
  size_t own = blocks.size() / (length * elementBytes);
  bool isUnsigned = entries.element.isUnsignedInteger();
  reader.forEach([&](int64_t row) {
    Value bytes = reader.get(code, row, /*clean=*/false);
    // Permutations fill a register.
    int64_t used = lengthOf(bytes);
    Value full = resize(code, bytes, target.vectorBytes, /*poison=*/true);
    for (int64_t element = 0; element < length; ++element) {
      SmallVector<Value> parts;
      for (size_t byte = 0; byte < elementBytes; ++byte)
        parts.push_back(slice(
            code,
            lookUpBytes(blocks.slice((element * elementBytes + byte) * own, own), full),
            0, used));
      Value all = entriesToFloat(code, parts, entries.element);
      for (int64_t i = 0; i < reader.count; ++i)
        for (int64_t v = 0; v < shape.vectors; ++v) {
          Value x = slice(code, all, (i * shape.vectors + v) * shape.lanes, shape.lanes);
          values[(row + i * reader.apart) * length + element][v] =
              isa<FloatType>(entries.element) ? code.toFloat(x)
                                              : bytesToFloat(code, x, isUnsigned);
        }
    }
  });
  return values;
}

//===----------------------------------------------------------------------===//
// The best way
//===----------------------------------------------------------------------===//

TileValues PanelReader::lookUp(const Child &table, const Child &codes) {
  const Leaf &entries = weight.leaves[table.number];
  if (entries.isByteTable)
    return lookUpCodeBytes(table.number, codes.number);
  TileCode code(*current, kernel.getLoc());
  bool inRegisters = !states[table.number].table.empty();
  // Words ignore as many bits above as their table leaves: 3 (AVX2) or 4 matter.
  bool ignores = inRegisters && codes.isLeaf && weight.leaves[codes.number].isCodes() &&
                 weight.leaves[codes.number].hasOneField();
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
          values.back().push_back(lookUpWords(table.number, index));
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
