//===- SlidingReader.cpp - Decoding elements of sliding windows -----------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Codecs see the steps of a turn as a tile of four positions and one vector.
//
//===----------------------------------------------------------------------===//

#include "SlidingReader.h"
#include "StoredElements.h"
#include "TableVectors.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace pith;

using Kind = TilePacking::Kind;

//===----------------------------------------------------------------------===//
// What codecs see
//===----------------------------------------------------------------------===//

class SlidingReader::View : public TileEmitter {
public:
  View(SlidingReader &reader, size_t level)
      : reader(reader), level(level), own(reader.weight.levels[level]) {}
  OpBuilder &builder() override { return *reader.current; }
  Location loc() override { return reader.kernel.getLoc(); }
  int64_t lanes() const override { return reader.weight.layout.shape.lanes; }
  int64_t vectors() const override { return 1; }
  int64_t step() const override { return SlidingLayout::kTurn; }
  Value position() override {
    return TileCode(builder(), loc()).mul(reader.group, reader.weight.layout.group);
  }
  TileValues operandTile(unsigned) override { return reader.tile(level + 1); }
  TileValues operandFloats(unsigned) override { return reader.floats(level + 1); }
  SmallVector<Value> operandLanes(unsigned index) override {
    return reader.lanesOf(own.op, index);
  }
  Value loadScalar(unsigned index, int64_t element) override {
    return reader.scalarOf(own.op, index, element);
  }
  TileValues lookUpTile(unsigned table, unsigned) override {
    return reader.lookUp(reader.tables[own.op->getOperand(table)]);
  }
  Value expand(unsigned, Value mask) override { return mask; } // the sparse form's own

private:
  SlidingReader &reader;
  size_t level;
  SlidingWeight::Level own;
};

SlidingReader::SlidingReader(KernelEmitter &kernel, const SlidingWeight &weight,
                             OpBuilder &builder, Value panel)
    : kernel(kernel), weight(weight), current(&builder), panel(panel),
      group(kernel.constantIndex(0)), groupValues(weight.levels.size()) {
  for (const SlidingWeight::Level &level : weight.levels)
    for (unsigned i = 0; i < level.op->getNumOperands(); ++i) {
      WeightCodecOpInterface op = level.op;
      if (i != level.kept && op.getOperandPacking(i).kind == Kind::Table)
        loadTable(op->getOperand(i));
    }
}

void SlidingReader::loadTable(Value table) {
  TileCode code(*current, kernel.getLoc());
  Value memref = kernel.argument(cast<BlockArgument>(table).getArgNumber()).memref;
  tables[table] =
      loadTableVectors(code, memref, cast<RankedTensorType>(table.getType()).getNumElements(),
                       weight.layout.shape.lanes);
}

SmallVector<Value> SlidingReader::lanesOf(WeightCodecOpInterface op, unsigned index) {
  TileCode code(*current, kernel.getLoc());
  Value operand = op->getOperand(index);
  auto type = cast<RankedTensorType>(operand.getType());
  int64_t lanes = weight.layout.shape.lanes;
  auto argument = dyn_cast<BlockArgument>(operand);
  if (!argument)
    return {code.splat(scalarOf(op, index, 0), lanes)};
  int64_t columns = type.getNumElements() / weight.layout.shape.outputs;
  Value at = code.mul(panel, columns * lanes);
  TilePacking packing = op.getOperandPacking(index);
  if (packing.kind == Kind::Groups && columns > 1)
    at = code.add(at, code.mul(group, lanes));
  return loadColumn(code, kernel.argument(argument.getArgNumber()).memref, at,
                    weight.layout.shape, type.getElementType());
}

/// Element `element` of an operand, as f32 or i32.
Value SlidingReader::scalarOf(WeightCodecOpInterface op, unsigned index,
                              int64_t element) {
  TileCode code(*current, kernel.getLoc());
  Value operand = op->getOperand(index);
  ElementsAttr attr;
  if (matchPattern(operand, m_Constant(&attr)))
    return makeElement(code, *HostTensor::get(attr), 0); // all are equal
  Value memref = kernel.argument(cast<BlockArgument>(operand).getArgNumber()).memref;
  return loadElement(code, memref, element,
                     cast<RankedTensorType>(operand.getType()).getElementType());
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

TileValues SlidingReader::tile(size_t level) {
  if (level == weight.levels.size())
    return stored();
  View view(*this, level);
  WeightCodecOpInterface op = weight.levels[level].op;
  return op.emitTile(view, groupValues[level]);
}

TileValues SlidingReader::floats(size_t level) {
  bool isCode = level == weight.levels.size() && isa<IntegerType>(weight.element);
  TileCode code(*current, kernel.getLoc());
  int64_t lanes = weight.layout.shape.lanes;
  if (isCode && weight.layout.bits == SlidingLayout::kNibble && lanes == 16) {
    // A look-up takes one operation, a conversion three.
    return lookUp(makeCodeTable(code, weight.element, lanes));
  }
  TileValues values = tile(level);
  for (SmallVector<Value> &step : values)
    for (Value &x : step)
      x = code.toFloat(x);
  return values;
}

/// Words of a turn, one for each lane, zero-extended to 32 bits.
Value SlidingReader::loadWords(unsigned argument, Value at, unsigned bits) {
  TileCode code(*current, kernel.getLoc());
  int64_t lanes = weight.layout.shape.lanes;
  Value raw = code.load(kernel.argument(argument).memref, at, lanes * bits / 8);
  auto words = VectorType::get({lanes}, code.b.getIntegerType(bits));
  return code.toInt(code.bitcast(raw, words), /*isUnsigned=*/true);
}

/// What is stored of each step: floats as f32, codes as i32.
TileValues SlidingReader::stored() {
  TileCode code(*current, kernel.getLoc());
  const SlidingLayout &layout = weight.layout;
  int64_t lanes = layout.shape.lanes;
  TileValues values;
  if (layout.bits > 8) {
    Value memref = kernel.argument(weight.values).memref;
    Value at = code.mul(turn, SlidingLayout::kTurn * lanes);
    for (int64_t step = 0; step < SlidingLayout::kTurn; ++step) {
      Value x = code.load(memref, code.add(at, step * lanes), lanes);
      values.push_back({code.toFloat(x)});
    }
    return values;
  }
  unsigned width = weight.element.getIntOrFloatBitWidth();
  Value words = loadWords(weight.values, code.mul(turn, layout.valueBytes()),
                          layout.bits * SlidingLayout::kTurn);
  for (int64_t step = 0; step < SlidingLayout::kTurn; ++step) {
    // To the top, and back with the sign.
    int64_t up = 32 - width - step * layout.bits;
    Value x = arith::ShLIOp::create(code.b, code.loc, words,
                                    code.constant(words.getType(), up));
    Value down = code.constant(words.getType(), 32 - width);
    if (weight.element.isUnsignedInteger())
      x = arith::ShRUIOp::create(code.b, code.loc, x, down);
    else
      x = arith::ShRSIOp::create(code.b, code.loc, x, down);
    values.push_back({x});
  }
  return values;
}

/// Entries of a table for the stored codes of each step.
TileValues SlidingReader::lookUp(ArrayRef<Value> table) {
  TileCode code(*current, kernel.getLoc());
  const SlidingLayout &layout = weight.layout;
  Value words = loadWords(weight.values, code.mul(turn, layout.valueBytes()),
                          layout.bits * SlidingLayout::kTurn);
  TileValues values;
  for (int64_t step = 0; step < SlidingLayout::kTurn; ++step) {
    Value x = lookUpVectors(code, table, code.shiftRight(words, step * layout.bits));
    values.push_back({x});
  }
  return values;
}

//===----------------------------------------------------------------------===//
// Turns
//===----------------------------------------------------------------------===//

void SlidingReader::enterGroup(OpBuilder &builder, Value number) {
  current = &builder;
  auto emitLevels = [&](Value of, SmallVector<SmallVector<Value>> &values) {
    group = of;
    values.resize(weight.levels.size());
    for (size_t level = 0; level < weight.levels.size(); ++level) {
      View view(*this, level);
      WeightCodecOpInterface op = weight.levels[level].op;
      values[level] = op.emitGroup(view);
    }
  };
  if (weight.layout.isOverlapping) {
    TileCode code(builder, kernel.getLoc());
    Value last = code.index(weight.layout.groups() - 1);
    emitLevels(code.min(code.add(number, 1), last), nextValues);
  }
  emitLevels(number, groupValues);
}

/// Of values that all steps share, or of each step's, those of the group of each lane's
/// element.
SmallVector<Value> SlidingReader::blend(ArrayRef<Value> own, ArrayRef<Value> next) {
  const SlidingLayout &layout = weight.layout;
  TileCode code(*current, kernel.getLoc());
  Value at = code.add(code.mul(turn, layout.placeBytes()), layout.tableBytes());
  Value memref = kernel.argument(weight.where).memref;
  auto bits = VectorType::get({layout.shape.lanes}, code.b.getI1Type());
  SmallVector<Value> blended;
  for (size_t step = 0; step < SlidingLayout::kTurn; ++step) {
    Value raw = code.load(memref, code.add(at, layout.maskBytes(step)), 2);
    blended.push_back(arith::SelectOp::create(code.b, code.loc, code.bitcast(raw, bits),
                                              next[step % next.size()],
                                              own[step % own.size()]));
  }
  return blended;
}

SmallVector<Value> SlidingReader::getFactors(OpBuilder &builder) {
  current = &builder;
  if (weight.levels.empty())
    return {};
  View view(*this, 0);
  WeightCodecOpInterface op = weight.levels.front().op;
  return op.getTileFactors(view, groupValues.front());
}

static SmallVector<Value> firstVectors(const TileValues &tile) {
  SmallVector<Value> steps;
  for (const SmallVector<Value> &step : tile)
    steps.push_back(step.front());
  return steps;
}

SmallVector<Value> SlidingReader::getValues(OpBuilder &builder, Value number,
                                            bool isScaled) {
  current = &builder;
  turn = number;
  if (weight.levels.empty() || (isScaled && !weight.layout.isOverlapping))
    return firstVectors(tile(0));
  View view(*this, 0);
  WeightCodecOpInterface op = weight.levels.front().op;
  SmallVector<Value> factors = op.getTileFactors(view, groupValues.front());
  if (isScaled && factors.empty()) {
    SmallVector<Value> own = firstVectors(tile(0));
    std::swap(groupValues, nextValues);
    SmallVector<Value> next = firstVectors(tile(0));
    std::swap(groupValues, nextValues);
    return blend(own, next);
  }
  SmallVector<Value> values =
      firstVectors(op.emitUnscaledTile(view, groupValues.front()));
  if (!isScaled)
    return values;
  factors = blend(factors, op.getTileFactors(view, nextValues.front()));
  for (auto [value, factor] : llvm::zip(values, factors))
    value = arith::MulFOp::create(builder, kernel.getLoc(), value, factor);
  return values;
}

Value SlidingReader::getStart(OpBuilder &builder, Value number, int64_t window) {
  TileCode code(builder, kernel.getLoc());
  Value at = code.mul(number, weight.layout.placeBytes());
  at = code.add(at, weight.layout.tableBytes() + 2 * window);
  return code.loadIndex(kernel.argument(weight.where).memref, at, 16);
}

SmallVector<Value> SlidingReader::getPlaces(OpBuilder &builder, Value number) {
  current = &builder;
  TileCode code(builder, kernel.getLoc());
  Value at = code.mul(number, weight.layout.placeBytes());
  at = code.add(at, weight.layout.tableBytes() +
                        weight.layout.maskBytes(SlidingLayout::kTurn));
  Value words = loadWords(weight.where, at, 16);
  SmallVector<Value> places;
  for (int64_t step = 0; step < SlidingLayout::kTurn; ++step)
    places.push_back(code.shiftRight(words, 4 * step));
  return places;
}

void SlidingReader::prefetch(OpBuilder &builder, Value number) {
  constexpr int64_t kAhead = 4096, kLine = 64;
  TileCode code(builder, kernel.getLoc());
  int64_t bytes = weight.layout.valueBytes(), turns = kAhead / bytes;
  Value ahead = code.add(number, turns);
  int64_t unit = std::max(1u, weight.layout.bits / 8);
  Value values = code.mul(ahead, bytes / unit);
  for (int64_t at = 0; at < bytes; at += kLine)
    code.prefetch(kernel.argument(weight.values).memref, code.add(values, at / unit));
  code.prefetch(kernel.argument(weight.where).memref,
                code.add(code.mul(ahead, weight.layout.placeBytes()),
                         weight.layout.tableBytes()));
}

Value SlidingReader::getFirstTurn(OpBuilder &builder, Value number) {
  TileCode code(builder, kernel.getLoc());
  return code.loadIndex(kernel.argument(weight.where).memref, code.mul(number, 4), 32);
}
