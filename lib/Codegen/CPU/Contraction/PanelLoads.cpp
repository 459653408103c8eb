//===- PanelLoads.cpp - What a weight's constants give to tiles -----------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Loads of re-laid constants, and the unpacking of narrow ones, within one step
// of a panel.
//
//===----------------------------------------------------------------------===//

#include "PanelWeight.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include "llvm/Support/MathExtras.h"

#include <map>

using namespace mlir;
using namespace pith;

using Kind = TilePacking::Kind;

Value PanelReader::splatValue(const Leaf &leaf) {
  TileCode code(*current, kernel.getLoc());
  int64_t lanes = weight.shape.lanes;
  bool isFloat = isa<FloatType>(leaf.element);
  Type type = isFloat                        ? Type(code.b.getF32Type())
              : leaf.element.isInteger(1) ? Type(code.b.getI1Type())
                                             : Type(code.b.getI32Type());
  double value = isFloat ? leaf.splat.getDouble(0) : double(leaf.splat.getInt(0));
  if (leaf.element.isInteger(1))
    value = leaf.splat.getInt(0) != 0;
  return code.constant(VectorType::get({lanes}, type), value);
}

/// Bytes with row `row` of the tile in a plane, as vectors of i32.
Value PanelReader::loadPlane(size_t number, size_t plane, int64_t row, int64_t v) {
  const Leaf &leaf = weight.leaves[number];
  const PanelShape &shape = weight.shape;
  TileCode code(*current, kernel.getLoc());
  int64_t perByte = 8 / leaf.layout.planes[plane], offset = 0;
  Value position = positionIn(leaf, offset);
  Value at = code.add(states[number].bases[plane],
                      code.mul(code.div(position, perByte), shape.width()));
  at = code.add(at, (offset + row) / perByte * shape.width() + v * shape.lanes);
  Value memref = states[number].buffer.memref;
  // One prefetch per line.
  int64_t line = (offset + row) / perByte * shape.width() + v * shape.lanes;
  if (prefetchAhead && line % 64 == 0)
    code.prefetch(memref, code.add(at, prefetchAhead));
  return code.toInt(code.load(memref, at, shape.lanes), true);
}

/// The bits of a byte as lanes. The compiler would take them one by one.
static Value testBits(TileCode &code, Value byte) {
  Type i32 = code.b.getI32Type();
  auto words = VectorType::get({8}, i32);
  SmallVector<Attribute> bits;
  for (unsigned lane = 0; lane < 8; ++lane)
    bits.push_back(code.b.getI32IntegerAttr(1 << lane));
  Value own =
      arith::ConstantOp::create(code.b, code.loc, DenseElementsAttr::get(words, bits));
  Value one = vector::ExtractOp::create(code.b, code.loc, byte, ArrayRef<int64_t>{0});
  Value all = code.splat(arith::ExtUIOp::create(code.b, code.loc, i32, one), 8);
  Value set = arith::AndIOp::create(code.b, code.loc, all, own);
  return arith::CmpIOp::create(code.b, code.loc, arith::CmpIPredicate::eq, set, own);
}

TileValues PanelReader::leafTile(size_t number) {
  const Leaf &leaf = weight.leaves[number];
  const LeafState &state = states[number];
  const PanelShape &shape = weight.shape;
  TileCode code(*current, kernel.getLoc());
  int64_t rows = weight.step * leaf.stored / leaf.per;
  TileValues values(rows, SmallVector<Value>(shape.vectors));
  if (leaf.argument < 0) {
    for (auto &row : values)
      llvm::fill(row, splatValue(leaf));
    return values;
  }
  int64_t offset = 0;
  Value position = positionIn(leaf, offset);
  bool isUnsigned = leaf.element.isUnsignedInteger() || leaf.element.isInteger(1);
  Value memref = state.buffer.memref;

  if (leaf.layout.kind == ElementLayout::Kind::Whole) {
    Value start = code.add(state.bases[0], code.mul(position, shape.width()));
    if (prefetchAhead)
      for (int64_t at = 0; at < rows * shape.width() * leaf.layout.elementBytes;
           at += 64)
        code.prefetch(memref,
                      code.add(start, offset * shape.width() +
                                          (at + prefetchAhead) /
                                              leaf.layout.elementBytes));
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t v = 0; v < shape.vectors; ++v) {
        Value x = code.load(
            memref,
            code.add(start, (offset + r) * shape.width() + v * shape.lanes),
            shape.lanes);
        values[r][v] = isa<FloatType>(leaf.element) ? code.toFloat(x)
                                                    : code.toInt(x, isUnsigned);
      }
    return values;
  }

  if (leaf.layout.kind == ElementLayout::Kind::MaskBits) {
    int64_t bytes = shape.lanes / 8, line = shape.vectors * bytes;
    Value start = code.add(state.bases[0], code.mul(position, line));
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t v = 0; v < shape.vectors; ++v) {
        Value x = code.load(
            memref, code.add(start, (offset + r) * line + v * bytes), bytes);
        // Elements that a mask spreads are counted, too: both are to start from one
        // register, or the compiler passes masks through the stack.
        if (weight.compacts > 0 && kernel.getTarget().hasAVX512)
          x = code.opaqueBits(x);
        if (weight.compacts > 0 && !kernel.getTarget().hasAVX512 && bytes == 1) {
          values[r][v] = testBits(code, x);
          continue;
        }
        values[r][v] = code.bitcast(
            x, VectorType::get({shape.lanes}, code.b.getI1Type()));
      }
    return values;
  }

  if (leaf.layout.kind == ElementLayout::Kind::Words)
    return wordCodes(number, /*clean=*/true);

  // Planes.
  unsigned width = leaf.element.getIntOrFloatBitWidth();
  auto word = VectorType::get({shape.lanes}, code.b.getI32Type());
  for (int64_t v = 0; v < shape.vectors; ++v) {
    unsigned shift = 0;
    for (auto [plane, bits] : llvm::enumerate(leaf.layout.planes)) {
      int64_t perByte = 8 / bits;
      Value bytes;
      for (int64_t r = 0; r < rows; ++r) {
        int64_t part = r % perByte;
        if (part == 0)
          bytes = loadPlane(number, plane, r, v);
        Value x = bytes;
        bool last = plane + 1 == leaf.layout.planes.size();
        if (!isUnsigned && last && shift == 0) {
          // One plane: move the field to the top and back with its sign.
          x = arith::ShLIOp::create(
              code.b, code.loc, x, code.constant(word, 32 - bits * (part + 1)));
          x = arith::ShRSIOp::create(code.b, code.loc, x,
                                     code.constant(word, 32 - bits));
        } else {
          if (part)
            x = arith::ShRUIOp::create(code.b, code.loc, x,
                                       code.constant(word, bits * part));
          if (part + 1 < perByte)
            x = arith::AndIOp::create(code.b, code.loc, x,
                                      code.constant(word, (1 << bits) - 1));
          if (shift) {
            x = arith::ShLIOp::create(code.b, code.loc, x,
                                      code.constant(word, shift));
            x = arith::OrIOp::create(code.b, code.loc, x, values[r][v]);
          }
          if (!isUnsigned && last) {
            Value unused = code.constant(word, 32 - width);
            x = arith::ShLIOp::create(code.b, code.loc, x, unused);
            x = arith::ShRSIOp::create(code.b, code.loc, x, unused);
          }
        }
        values[r][v] = x;
      }
      shift += bits;
    }
  }
  if (leaf.element.isInteger(1))
    for (auto &row : values)
      for (Value &x : row)
        x = arith::CmpIOp::create(code.b, code.loc, arith::CmpIPredicate::ne, x,
                                  code.constant(word, 0));
  return values;
}

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
  /// For what is at the top of a word, which is not kept in a register until then.
  Value loadAgain(int64_t word);
  Value shift(Value x, int64_t right);
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
  std::map<int64_t, Value> upper; ///< words without the lower half of their elements
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

Value PanelReader::WordFields::loadAgain(int64_t word) {
  if (!again)
    again = code.opaque(start);
  return code.bitcast(code.load(memref, code.add(again, word * line()), line()), type);
}

Value PanelReader::WordFields::shift(Value x, int64_t right) {
  if (right == 0)
    return x;
  Value amount = constant(std::abs(right));
  if (right < 0)
    return arith::ShLIOp::create(code.b, code.loc, x, amount);
  return arith::ShRUIOp::create(code.b, code.loc, x, amount);
}

Value PanelReader::WordFields::getCode(ArrayRef<ElementLayout::Field> element,
                                       int64_t first, bool clean) {
  Value all;
  for (const ElementLayout::Field &field : element) {
    int64_t number = first + field.word;
    Value word = element.size() > 1 ? loadAgain(number) : load(number);
    Value x = shift(word, int64_t(field.from) - field.to);
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
  return arith::ShRSIOp::create(code.b, code.loc, shift(x, int64_t(end) - 32),
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
    int64_t word = first + element.front().word;
    x = load(word);
    from = element.front().from;
    unsigned half = llvm::divideCeil(32 / bits, 2) * bits;
    if (from >= half) {
      Value &moved = upper[word];
      if (!moved)
        moved = shift(x, half);
      x = moved;
      from -= half;
    }
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

SmallVector<Value> PanelReader::leafLanes(size_t number) {
  const Leaf &leaf = weight.leaves[number];
  const PanelShape &shape = weight.shape;
  TileCode code(*current, kernel.getLoc());
  if (leaf.argument < 0)
    return SmallVector<Value>(shape.vectors, splatValue(leaf));
  Value start = states[number].bases[0];
  if (leaf.packing.kind == Kind::Groups && leaf.packing.groupSize > 0) {
    int64_t offset = 0;
    Value position = scaled(leaf.stored, leaf.per, offset);
    Value group = code.div(code.add(position, offset), leaf.packing.groupSize);
    start = code.add(start, code.mul(group, shape.width()));
  }
  SmallVector<Value> values;
  for (int64_t v = 0; v < shape.vectors; ++v) {
    Value x = code.load(states[number].buffer.memref,
                        code.add(start, v * shape.lanes), shape.lanes);
    bool isUnsigned =
        leaf.element.isUnsignedInteger() || leaf.element.isInteger(1);
    values.push_back(isa<FloatType>(leaf.element) ? code.toFloat(x)
                                                  : code.toInt(x, isUnsigned));
  }
  return values;
}

Value PanelReader::leafScalar(size_t number, int64_t element) {
  const Leaf &leaf = weight.leaves[number];
  TileCode code(*current, kernel.getLoc());
  bool isFloat = isa<FloatType>(leaf.element);
  if (leaf.argument < 0)
    return isFloat ? code.constant(code.b.getF32Type(), leaf.splat.getDouble(element))
                   : code.constant(code.b.getI32Type(), leaf.splat.getInt(element));
  Value x = code.loadScalar(states[number].buffer.memref,
                            kernel.constantIndex(element));
  return isFloat ? code.toFloat(x)
                 : code.toInt(x, leaf.element.isUnsignedInteger() ||
                                     leaf.element.isInteger(1));
}
