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
#include "StoredElements.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

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
  bool isUnsigned = isZeroExtended(leaf.element);
  Value memref = state.buffer.memref;
  auto word = VectorType::get({shape.lanes}, code.b.getI32Type());
  auto toBits = [&](TileValues codes) {
    if (leaf.element.isInteger(1))
      for (auto &row : codes)
        for (Value &x : row)
          x = arith::CmpIOp::create(code.b, code.loc, arith::CmpIPredicate::ne, x,
                                    code.constant(word, 0));
    return codes;
  };

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
        values[r][v] = widenElement(code, x, leaf.element);
      }
    return toBits(values);
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
    return toBits(wordCodes(number, /*clean=*/true));

  // Planes.
  unsigned width = leaf.element.getIntOrFloatBitWidth();
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
  return toBits(values);
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
  return loadColumn(code, states[number].buffer.memref, start, shape, leaf.element);
}

Value PanelReader::leafScalar(size_t number, int64_t element) {
  const Leaf &leaf = weight.leaves[number];
  TileCode code(*current, kernel.getLoc());
  if (leaf.argument < 0)
    return makeElement(code, leaf.splat, element);
  return loadElement(code, states[number].buffer.memref, element, leaf.element);
}
