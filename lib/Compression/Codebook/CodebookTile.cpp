//===- CodebookTile.cpp - Look-ups in kernels -----------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How kernels decode pith.codebook_decode. Entries of codebooks of up to 8 are
// selected by the bits of a code; of larger ones the target looks them up.
//
//===----------------------------------------------------------------------===//

#include "CodebookDecode.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace pith;

static constexpr unsigned kCodebook = 1, kScale = 2, kScaleScale = 3;
/// Codes of so many bits are selected, not looked up.
static constexpr unsigned kSelectBits = 3;

static unsigned getCodeBits(CodebookDecodeOp op) {
  return op.getCodes().getType().getElementTypeBitWidth();
}

int64_t CodebookDecodeOp::getTileStep(ArrayRef<int64_t> operandSteps) {
  return operandSteps.front();
}

int64_t CodebookDecodeOp::getTileGroup() {
  return hasSingleElement(getScale()) ? 0 : getGroupSize();
}

TilePacking CodebookDecodeOp::getOperandPacking(unsigned index) {
  TilePacking packing;
  if (index == 0) {
    packing.kind = TilePacking::Kind::Elements;
  } else if (index == kCodebook || hasSingleElement(getOperand(index))) {
    packing.kind = TilePacking::Kind::Tensor;
  } else if (index == kScaleScale || getGroupSize() == 0) {
    packing.kind = TilePacking::Kind::Outputs;
  } else {
    packing.kind = TilePacking::Kind::Groups;
    packing.groupSize = getGroupSize();
  }
  return packing;
}

namespace {
/// Emits operations on vectors of the panel's lanes.
class LaneCode {
public:
  explicit LaneCode(TileEmitter &emitter)
      : emitter(emitter), b(emitter.builder()), loc(emitter.loc()),
        floats(VectorType::get({emitter.lanes()}, b.getF32Type())),
        words(VectorType::get({emitter.lanes()}, b.getI32Type())) {}

  Value splat(int32_t value) {
    return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(words, value));
  }
  Value broadcast(Value scalar) {
    Type type = isa<FloatType>(scalar.getType()) ? floats : words;
    return vector::BroadcastOp::create(b, loc, type, scalar);
  }
  /// An operand's element per lane, as f32 or i32, for each of the panel's vectors.
  SmallVector<Value> lanesOf(Value operand, unsigned index) {
    if (!hasSingleElement(operand))
      return emitter.operandLanes(index);
    return SmallVector<Value>(emitter.vectors(),
                              broadcast(emitter.loadScalar(index, 0)));
  }
  /// 2^(code − 127): the code is the exponent of a float, but for the ends.
  Value exponent(Value code) {
    Value bits = arith::ShLIOp::create(b, loc, code, splat(23));
    bits = choose(code, 0, splat(1 << 22), bits);
    bits = choose(code, 255, splat(0x7fc00000), bits);
    return arith::BitcastOp::create(b, loc, floats, bits);
  }
  Value toFloat(Value code) { return arith::UIToFPOp::create(b, loc, floats, code); }
  /// What `type` represents of a vector of f32.
  Value rounded(Value value, Type type) {
    if (type.isF32())
      return value;
    Value narrow = arith::TruncFOp::create(
        b, loc, VectorType::get({emitter.lanes()}, type), value);
    return arith::ExtFOp::create(b, loc, floats, narrow);
  }
  /// Bit `bit` of each code, as i1; codes of one bit are i1 themselves.
  Value testBit(Value code, unsigned bit) {
    if (code.getType() != words)
      return code;
    Value masked = arith::AndIOp::create(b, loc, code, splat(1 << bit));
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, masked, splat(0));
  }
  /// The entry with each code's number, by a tree of selections.
  Value select(Value code, unsigned bits, ValueRange entries) {
    SmallVector<Value> level(entries);
    for (unsigned bit = 0; bit < bits; ++bit) {
      Value test = testBit(code, bit);
      for (size_t i = 0; i < level.size() / 2; ++i)
        level[i] = arith::SelectOp::create(b, loc, test, level[2 * i + 1], level[2 * i]);
      level.truncate(level.size() / 2);
    }
    return level.front();
  }

private:
  Value choose(Value code, int32_t equal, Value then, Value otherwise) {
    Value test =
        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, code, splat(equal));
    return arith::SelectOp::create(b, loc, test, then, otherwise);
  }

  TileEmitter &emitter;
  OpBuilder &b;
  Location loc;
  VectorType floats, words;
};
} // namespace

/// Scales of the panel's vectors, then the entries of a small codebook.
SmallVector<Value> CodebookDecodeOp::emitGroup(TileEmitter &emitter) {
  LaneCode code(emitter);
  SmallVector<Value> group = code.lanesOf(getScale(), kScale), second;
  if (getScaleScale())
    second = code.lanesOf(getScaleScale(), kScaleScale);
  if (isa<IntegerType>(getScale().getType().getElementType()))
    for (auto [index, scale] : llvm::enumerate(group))
      scale = second.empty()
                  ? code.exponent(scale)
                  : Value(arith::MulFOp::create(emitter.builder(), emitter.loc(),
                                                code.toFloat(scale), second[index]));
  unsigned bits = getCodeBits(*this);
  if (bits <= kSelectBits)
    for (int64_t entry = 0; entry < int64_t(1) << bits; ++entry)
      group.push_back(code.broadcast(emitter.loadScalar(kCodebook, entry)));
  return group;
}

TileValues CodebookDecodeOp::emitTile(TileEmitter &emitter, ValueRange group) {
  LaneCode code(emitter);
  ValueRange entries = group.drop_front(emitter.vectors());
  Type element = getResult().getType().getElementType();
  TileValues tile = emitter.operandTile(0);
  for (SmallVector<Value> &step : tile)
    for (auto [index, value] : llvm::enumerate(step)) {
      Value entry = entries.empty() ? emitter.lookUp(kCodebook, value)
                                    : code.select(value, getCodeBits(*this), entries);
      Value scaled = arith::MulFOp::create(emitter.builder(), emitter.loc(), entry,
                                           group[index]);
      value = code.rounded(scaled, element);
    }
  return tile;
}
