//===- PanelReader.cpp - Reading a weight panel by panel ------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Loops run over groups of positions that share scales, and within a group over
// steps; every step asks the codecs for their tile, innermost first.
//
//===----------------------------------------------------------------------===//

#include "PanelWeight.h"
#include "TableVectors.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace pith;

using Kind = TilePacking::Kind;

//===----------------------------------------------------------------------===//
// What codecs see
//===----------------------------------------------------------------------===//

class PanelReader::View : public TileEmitter {
public:
  View(PanelReader &reader, const PanelWeight::Node &node)
      : reader(reader), node(node) {}
  OpBuilder &builder() override { return *reader.current; }
  Location loc() override { return reader.kernel.getLoc(); }
  int64_t lanes() const override { return reader.weight.shape.lanes; }
  int64_t vectors() const override { return reader.weight.shape.vectors; }
  int64_t step() const override {
    return node.isLanes ? 1 : reader.weight.step * node.stored / node.per;
  }
  Value position() override {
    int64_t offset = 0;
    Value base = reader.scaled(node.stored, node.per, offset);
    return TileCode(builder(), loc()).add(base, offset);
  }
  TileValues operandTile(unsigned index) override {
    if (node.isLanes)
      return {reader.lanes(node.children[index])};
    return reader.tile(node.children[index]);
  }
  TileValues operandFloats(unsigned index) override {
    if (node.isLanes) {
      TileValues values = operandTile(index);
      TileCode code(builder(), loc());
      Type type = getElementTypeOrSelf(node.op->getOperand(index).getType());
      for (Value &x : values.front())
        x = codeToFloat(code, x, type);
      return values;
    }
    return reader.floats(node.children[index]);
  }
  SmallVector<Value> operandLanes(unsigned index) override {
    return reader.lanes(node.children[index]);
  }
  Value loadScalar(unsigned index, int64_t element) override {
    return reader.leafScalar(node.children[index].number, element);
  }
  TileValues lookUpTile(unsigned table, unsigned codes) override {
    return reader.lookUp(node.children[table], node.children[codes]);
  }
  Value expand(unsigned index, Value mask) override {
    return reader.leafExpand(node.children[index].number, mask);
  }

private:
  PanelReader &reader;
  const PanelWeight::Node &node;
};

//===----------------------------------------------------------------------===//
// Set-up
//===----------------------------------------------------------------------===//

PanelReader::PanelReader(KernelEmitter &kernel, const PanelWeight &weight,
                         OpBuilder &builder, Value panel, Value start)
    : kernel(kernel), weight(weight), current(&builder), panel(panel),
      states(weight.leaves.size()), groupValues(weight.nodes.size()),
      taken(weight.compacts) {
  TileCode code(builder, kernel.getLoc());
  here = {kernel.constantIndex(0), 0, 0};
  const PanelShape &shape = weight.shape;
  for (auto [number, leaf] : llvm::enumerate(weight.leaves)) {
    if (leaf.argument < 0) {
      if (leaf.compact >= 0) // all elements are equal: none are taken from memory
        taken[leaf.compact] = kernel.constantIndex(0);
      continue;
    }
    LeafState &state = states[number];
    state.buffer = kernel.argument(leaf.argument);
    switch (leaf.packing.kind) {
    case Kind::Tensor:
    case Kind::Table:
    case Kind::Blocks:
    case Kind::BlockMask:
      break;
    case Kind::Elements:
      for (size_t plane = 0; plane < leaf.layout.planes.size(); ++plane) {
        int64_t unit = leaf.layout.elementBytes;
        Value base = code.mul(panel, leaf.layout.panelBytes(shape, plane) / unit);
        state.bases.push_back(
            code.add(base, leaf.layout.planeOffset(shape, plane) / unit));
      }
      break;
    case Kind::Groups:
      state.bases.push_back(code.mul(panel, leaf.columns * shape.width()));
      break;
    case Kind::Outputs:
      state.bases.push_back(code.mul(panel, shape.width()));
      break;
    case Kind::Compact: {
      // The table in front has i64 entries; the buffer's type is narrower.
      Type stored = cast<MemRefType>(state.buffer.memref.getType()).getElementType();
      int64_t per = 64 / stored.getIntOrFloatBitWidth();
      Value entry = code.add(code.mul(panel, weight.startCount), start);
      Value raw = code.load(state.buffer.memref, code.mul(entry, per), per);
      Value wide = code.bitcast(raw, VectorType::get({1}, builder.getI64Type()));
      Value count = vector::ExtractOp::create(builder, code.loc, wide,
                                              ArrayRef<int64_t>{0});
      taken[leaf.compact] = arith::IndexCastOp::create(
          builder, code.loc, builder.getIndexType(), count);
      state.bases.push_back(
          code.index(compactTableBytes(shape, weight.startCount) * 8 /
                     stored.getIntOrFloatBitWidth()));
      break;
    }
    }
    loadTable(number);
  }
  emitGroups(/*once=*/true);
}

void PanelReader::emitGroups(bool once) {
  for (auto [number, node] : llvm::enumerate(weight.nodes)) {
    if (node.isLanes || (node.group == 0) != once)
      continue;
    View view(*this, node);
    WeightCodecOpInterface codec = node.op;
    groupValues[number] = codec.emitGroup(view);
  }
}

Value PanelReader::scaled(int64_t stored, int64_t per, int64_t &offset) {
  TileCode code(*current, kernel.getLoc());
  offset = here.offset / per * stored;
  return code.mul(code.div(here.base, per), stored);
}

Value PanelReader::positionIn(const Leaf &leaf, int64_t &offset) {
  if (leaf.packing.kind != Kind::Blocks)
    return scaled(leaf.stored, leaf.per, offset);
  offset = here.offset;
  return TileCode(*current, kernel.getLoc()).sub(here.base, blockStart);
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

TileValues PanelReader::tile(const Child &child) {
  if (child.isLeaf)
    return leafTile(child.number);
  const PanelWeight::Node &node = weight.nodes[child.number];
  View view(*this, node);
  WeightCodecOpInterface codec = node.op;
  if (isUnscaled && child.number == weight.root.number)
    return codec.emitUnscaledTile(view, groupValues[child.number]);
  return codec.emitTile(view, groupValues[child.number]);
}

/// The factors of the whole weight in the current group, where it has such.
SmallVector<Value> PanelReader::rootFactors() {
  if (weight.root.isLeaf)
    return {};
  View view(*this, weight.nodes[weight.root.number]);
  WeightCodecOpInterface codec = weight.nodes[weight.root.number].op;
  return codec.getTileFactors(view, groupValues[weight.root.number]);
}

SmallVector<Value> PanelReader::getFactors(OpBuilder &builder) {
  current = &builder;
  return weight.group == 0 ? rootFactors() : SmallVector<Value>();
}

SmallVector<Value> PanelReader::lanes(const Child &child) {
  if (child.isLeaf)
    return leafLanes(child.number);
  const PanelWeight::Node &node = weight.nodes[child.number];
  View view(*this, node);
  WeightCodecOpInterface codec = node.op;
  return codec.emitTile(view, codec.emitGroup(view)).front();
}

TileValues PanelReader::floats(const Child &child) {
  // Look-ups take the unit that permutations of many rows' activations need.
  bool isBusy = weight.windows && tileRows >= 4;
  const Leaf *leaf = child.isLeaf ? &weight.leaves[child.number] : nullptr;
  if (leaf && canLookUp(*leaf) && (!isBusy || leaf->element.isInteger(1)))
    return leafFloats(child.number);
  if (leaf && leaf->layout.kind == ElementLayout::Kind::Words)
    return wordFloats(child.number);
  TileValues values = tile(child);
  TileCode code(*current, kernel.getLoc());
  Type type = leaf ? leaf->value.getType()
                   : weight.nodes[child.number].op->getResult(0).getType();
  for (auto &row : values)
    for (Value &x : row)
      x = codeToFloat(code, x, getElementTypeOrSelf(type));
  return values;
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

/// Moves what was emitted behind `before` (null: from the start of the block) and up to
/// `last`, and has results, to its first use: decoded values of a step then do not wait in
/// registers for those of other positions, whose products are kept in order.
static void sinkToUses(Block *block, Operation *before, Operation *last) {
  for (Operation *op = last; op && op != before;) {
    Operation *previous = op->getPrevNode(), *first = nullptr;
    for (Operation *user : op->getUsers()) {
      Operation *own = block->findAncestorOpInBlock(*user);
      if (!first || (own && own->isBeforeInBlock(first)))
        first = own;
      if (!own) { // used behind the block
        first = nullptr;
        break;
      }
    }
    if (first && first != op->getNextNode())
      op->moveBefore(first);
    op = previous;
  }
}

void PanelReader::emitStep(OpBuilder &builder, TilePosition at, int64_t count,
                           MutableArrayRef<Value> state, Body body,
                           int64_t ordinal) {
  current = &builder;
  here = at;
  Block *block = builder.getInsertionBlock();
  auto lastOp = [&]() -> Operation * {
    Block::iterator point = builder.getInsertionPoint();
    return point == block->begin() ? nullptr : &*std::prev(point);
  };
  Operation *before = lastOp();
  TileValues values = tile(weight.root);
  Operation *last = lastOp();
  // Of each window its entries, of each code one value, else every position.
  int64_t per = weight.windows ? weight.windows->positions
                               : std::max<int64_t>(weight.runLength, 1);
  int64_t entries = weight.windows ? weight.windows->entries : 1;
  for (int64_t i = 0, e = llvm::divideCeil(count, per) * entries; i < e; ++i)
    body(builder, {at.base, at.offset + i / entries * per, ordinal / per * entries + i},
         values[i], state);
  if (last != before && count > 1)
    sinkToUses(block, before, last);
}

SmallVector<Value> PanelReader::forEach(OpBuilder &builder, TileRange range,
                                        ValueRange state, Body body) {
  if (weight.isBlocks())
    return forEachBlock(builder, range, state, body);
  Location loc = kernel.getLoc();
  int64_t step = weight.step;
  size_t own = state.size();
  SmallVector<Value> values(state);
  values.append(taken);

  // Steps in [0, length) behind `from`, with scales already loaded.
  auto steps = [&](OpBuilder &b, Value from, int64_t length, int64_t unroll,
                   SmallVector<Value> &all) {
    TileCode code(b, loc);
    int64_t whole = length / step;
    auto oneStep = [&](OpBuilder &inner, TilePosition k, int64_t count,
                       MutableArrayRef<Value> carried) {
      taken.assign(carried.begin() + own, carried.end());
      emitStep(inner, k, count, carried.take_front(own), body, k.ordinal * step);
      llvm::copy(taken, carried.begin() + own);
    };
    // The loop counts steps, so that positions are multiples by construction.
    SmallVector<Value> done = all;
    if (whole <= unroll) {
      for (int64_t i = 0; i < whole; ++i)
        oneStep(b, {from, i * step, i}, step, done);
    } else {
      int64_t turns = whole / unroll;
      auto loop = scf::ForOp::create(b, loc, kernel.constantIndex(0),
                                     kernel.constantIndex(turns),
                                     kernel.constantIndex(1), done);
      OpBuilder inner(b.getContext());
      inner.setInsertionPointToStart(loop.getBody());
      TileCode innerCode(inner, loc);
      Value at = innerCode.add(
          from, innerCode.mul(loop.getInductionVar(), unroll * step));
      SmallVector<Value> carried(loop.getRegionIterArgs());
      for (int64_t i = 0; i < unroll; ++i)
        oneStep(inner, {at, i * step, i}, step, carried);
      if (!carried.empty())
        scf::YieldOp::create(inner, loc, carried);
      done.assign(loop.result_begin(), loop.result_end());
      for (int64_t i = turns * unroll; i < whole; ++i)
        oneStep(b, {from, i * step, i}, step, done);
    }
    if (int64_t rest = length % step)
      oneStep(b, {from, whole * step, whole}, rest, done);
    all = done;
    current = &b;
  };
  // Sums of a group start at zero and are multiplied at its end, instead of all values.
  auto summed = [&](OpBuilder &b, Value from, int64_t length, int64_t unroll,
                    SmallVector<Value> &all) {
    current = &b;
    SmallVector<Value> factors;
    if (isSumming)
      factors = rootFactors();
    isUnscaled = !factors.empty();
    if (factors.empty() || (leavesFactors && weight.group == 0)) {
      steps(b, from, length, unroll, all);
      isUnscaled = false;
      return;
    }
    TileCode code(b, loc);
    SmallVector<Value> sums(all);
    for (size_t i = 0; i < own; ++i)
      sums[i] = code.constant(all[i].getType(), 0);
    steps(b, from, length, unroll, sums);
    isUnscaled = false;
    for (size_t i = 0; i < own; ++i)
      all[i] = code.fma(sums[i], factors[i % factors.size()], all[i],
                        kernel.getTarget().hasFMA);
    std::copy(sums.begin() + own, sums.end(), all.begin() + own);
  };
  auto group = [&](OpBuilder &b, Value from, int64_t length, int64_t unroll,
                   SmallVector<Value> &all) {
    current = &b;
    here = {from, 0, 0};
    emitGroups(/*once=*/false);
    summed(b, from, length, unroll, all);
  };

  int64_t positions = weight.windows ? weight.windows->unit : weight.isDense() ? 4 : 8;
  int64_t unroll = std::max<int64_t>(1, positions / step);
  int64_t size = weight.group;
  if (size == 0) {
    summed(builder, range.from, range.length, unroll, values);
  } else {
    TileCode code(builder, loc);
    int64_t whole = range.length / size;
    int64_t inGroup = size <= 32 && own <= 16 ? size / step : unroll;
    if (whole > 1) {
      auto loop = scf::ForOp::create(builder, loc, kernel.constantIndex(0),
                                     kernel.constantIndex(whole),
                                     kernel.constantIndex(1), values);
      OpBuilder inner(builder.getContext());
      inner.setInsertionPointToStart(loop.getBody());
      TileCode innerCode(inner, loc);
      Value from = innerCode.add(range.from,
                                 innerCode.mul(loop.getInductionVar(), size));
      SmallVector<Value> carried(loop.getRegionIterArgs());
      group(inner, from, size, inGroup, carried);
      if (!carried.empty())
        scf::YieldOp::create(inner, loc, carried);
      values.assign(loop.result_begin(), loop.result_end());
    } else if (whole == 1) {
      group(builder, range.from, size, inGroup, values);
    }
    if (int64_t rest = range.length % size)
      group(builder, code.add(range.from, whole * size), rest, unroll, values);
  }
  current = &builder;
  taken.assign(values.begin() + own, values.end());
  values.resize(own);
  return values;
}
