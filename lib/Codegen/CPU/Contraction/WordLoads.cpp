//===- WordLoads.cpp - Codes that lie in words ----------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads codes of 1 to 7 bits from words of 32 (`ElementLayout::Kind::Words`), as integers
// or as floats.
//
//===----------------------------------------------------------------------===//

#include "PanelWeight.h"
#include "TableVectors.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/MathExtras.h"

#include <map>

using namespace mlir;
using namespace pith;

/// Reads the words of one leaf within a step.
struct PanelReader::WordFields {
  WordFields(PanelReader &reader, size_t number)
      : reader(reader), code(*reader.current, reader.kernel.getLoc()),
        leaf(reader.weight.leaves[number]), shape(reader.weight.shape),
        type(VectorType::get({shape.lanes}, code.b.getI32Type())),
        bits(leaf.layout.planes.front()), isSigned(!leaf.element.isUnsignedInteger()),
        fields(leaf.layout.fields()), memref(reader.states[number].buffer.memref) {
    int64_t step = leaf.layout.step();
    Value position = reader.positionIn(leaf, offset);
    start = code.add(reader.states[number].bases[0],
                     code.mul(code.div(position, step), leaf.layout.stepWords() * line()));
  }

  /// Calls `get` for each position and vector of the tile, with the number of its first
  /// word.
  TileValues forEach(function_ref<Value(ArrayRef<ElementLayout::Field>, int64_t)> get) {
    int64_t rows = reader.weight.step * leaf.stored / leaf.per, step = leaf.layout.step();
    TileValues values(rows, SmallVector<Value>(shape.vectors));
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t v = 0; v < shape.vectors; ++v)
        values[row][v] = get(fields[row % step * shape.vectors + v],
                             (offset + row) / step * leaf.layout.stepWords());
    return values;
  }

  int64_t line() const { return 4 * shape.lanes; }
  Value constant(int64_t value) { return code.constant(type, int32_t(value)); }
  Value load(int64_t word);
  /// The word, shifted down.
  Value loadMoved(int64_t word, int64_t by);
  /// For what is at the top of a word, which is not kept in a register until then.
  Value loadAgain(int64_t word);
  Value mask(Value x, unsigned from, unsigned count) {
    return arith::AndIOp::create(code.b, code.loc, x,
                                 constant(((int64_t(1) << count) - 1) << from));
  }
  /// The unsigned element, with undefined bits above unless it is to be `clean`.
  Value getCode(ArrayRef<ElementLayout::Field> element, int64_t first, bool clean);
  Value getInt(ArrayRef<ElementLayout::Field> element, int64_t first);
  Value getFloat(ArrayRef<ElementLayout::Field> element, int64_t first);

  PanelReader &reader;
  TileCode code;
  const Leaf &leaf;
  const PanelShape &shape;
  VectorType type;
  unsigned bits;
  bool isSigned;
  SmallVector<SmallVector<ElementLayout::Field, 2>> fields;
  Value memref, start, again;
  int64_t offset = 0;
  std::map<int64_t, Value> loaded;
  std::map<std::pair<int64_t, int64_t>, Value> moved;
};

Value PanelReader::WordFields::load(int64_t word) {
  Value &value = loaded[word];
  if (value)
    return value;
  int64_t at = word * line();
  if (reader.prefetchAhead && at % 64 == 0)
    code.prefetch(memref, code.add(start, at + reader.prefetchAhead));
  return value = code.bitcast(code.load(memref, code.add(start, at), line()), type);
}

Value PanelReader::WordFields::loadMoved(int64_t word, int64_t by) {
  Value &value = moved[{word, by}];
  if (!value)
    value = code.shiftRight(load(word), by);
  return value;
}

Value PanelReader::WordFields::loadAgain(int64_t word) {
  if (!again)
    again = code.opaque(start);
  return code.bitcast(code.load(memref, code.add(again, word * line()), line()), type);
}

Value PanelReader::WordFields::getCode(ArrayRef<ElementLayout::Field> element,
                                       int64_t first, bool clean) {
  Value all;
  for (const ElementLayout::Field &field : element) {
    int64_t number = first + field.word;
    Value word = element.size() > 1 ? loadAgain(number) : load(number);
    Value x = code.shiftRight(word, int64_t(field.from) - field.to);
    bool isTop = field.from + field.count == 32 && field.from >= field.to;
    if (element.size() > 1 || (clean && !isTop))
      x = mask(x, field.to, field.count);
    all = all ? arith::OrIOp::create(code.b, code.loc, all, x).getResult() : x;
  }
  return all;
}

/// The element as i32.
Value PanelReader::WordFields::getInt(ArrayRef<ElementLayout::Field> element,
                                      int64_t first) {
  if (!isSigned)
    return getCode(element, first, /*clean=*/true);
  Value x;
  unsigned end = bits;
  if (element.size() > 1) {
    x = getCode(element, first, /*clean=*/true);
  } else {
    x = load(first + element.front().word);
    end = element.front().from + bits;
  }
  return arith::ShRSIOp::create(code.b, code.loc, code.shiftRight(x, int64_t(end) - 32),
                                constant(32 - bits));
}

/// An unsigned field u at bit `from` of the fraction of a float with exponent 23 − from
/// stands for 2^(23 − from) + u: no shift moves it down. Words are shifted once, to their
/// upper half of elements, so that few constants do.
Value PanelReader::WordFields::getFloat(ArrayRef<ElementLayout::Field> element,
                                        int64_t first) {
  // Slower by itself, but in units of a processor that products leave free.
  bool isBusy = reader.weight.windows && reader.kernel.getTarget().hasAVX512;
  if (reader.tileRows >= 4 && !isBusy)
    return code.toFloat(getInt(element, first));
  constexpr unsigned kFraction = 23;
  unsigned from = 0;
  Value x;
  if (element.size() > 1) {
    x = getCode(element, first, /*clean=*/true);
  } else {
    unsigned half = llvm::divideCeil(32 / bits, 2) * bits;
    from = element.front().from % half;
    x = loadMoved(first + element.front().word, element.front().from - from);
    x = mask(x, from, bits);
  }
  // The sign, too, is turned into an offset.
  int64_t exponent = kFraction - from, sign = isSigned ? int64_t(1) << (bits - 1) : 0;
  x = arith::XOrIOp::create(code.b, code.loc, x,
                            constant((127 + exponent) << kFraction | sign << from));
  auto floats = VectorType::get({shape.lanes}, code.b.getF32Type());
  return arith::SubFOp::create(code.b, code.loc, code.bitcast(x, floats),
                               code.constant(floats, double((int64_t(1) << exponent) + sign)));
}

TileValues PanelReader::wordCodes(size_t number, bool clean) {
  WordFields words(*this, number);
  return words.forEach([&](ArrayRef<ElementLayout::Field> element, int64_t first) {
    return clean ? words.getInt(element, first)
                 : words.getCode(element, first, /*clean=*/false);
  });
}

TileValues PanelReader::wordFloats(size_t number) {
  WordFields words(*this, number);
  return words.forEach([&](ArrayRef<ElementLayout::Field> element, int64_t first) {
    return words.getFloat(element, first);
  });
}

/// Permutations ignore all but the lowest bits of an index. Where codes are so short that
/// these hold those of several vectors, each has a table of its own, and one shift serves
/// them all.
TileValues PanelReader::wordLookUps(size_t number,
                                    function_ref<Value(unsigned)> makeTable) {
  WordFields words(*this, number);
  TileCode code(*current, kernel.getLoc());
  int64_t room = llvm::Log2_64(words.shape.lanes) / words.bits;
  int64_t count = std::min(room, words.shape.vectors);
  SmallVector<Value> tables;
  for (int64_t i = 0; i < count; ++i)
    tables.push_back(makeTable(i * words.bits));
  return words.forEach([&](ArrayRef<ElementLayout::Field> element, int64_t first) {
    const ElementLayout::Field &field = element.front();
    if (element.size() > 1)
      return permuteVector(code, tables[0], words.getCode(element, first, /*clean=*/false));
    int64_t own = field.from / words.bits % count;
    return permuteVector(code, tables[own],
                         words.loadMoved(first + field.word, field.from - own * words.bits));
  });
}
