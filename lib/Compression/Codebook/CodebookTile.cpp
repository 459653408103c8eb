//===- CodebookTile.cpp - Look-ups in kernels -----------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How kernels decode pith.codebook_decode: entries are looked up as suits the target,
// but for codes of one bit, which select one of two.
//
//===----------------------------------------------------------------------===//

#include "CodebookDecode.h"

#include "pith/Dialect/Pith/IR/Constants.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <cmath>

using namespace mlir;
using namespace pith;

static constexpr unsigned kCodebook = 1, kScale = 2, kScaleScale = 3;
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
  } else if (index == kCodebook && getCodeBits(*this) > 1) {
    packing.kind = TilePacking::Kind::Table;
    packing.isSignMagnitude = getSignMagnitude();
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

/// Scales of the panel's vectors, then the entries for codes of one bit.
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
  if (getCodeBits(*this) == 1)
    for (int64_t entry : {0, 1})
      group.push_back(code.broadcast(emitter.loadScalar(kCodebook, entry)));
  return group;
}

/// Values that are rounded to a narrower type are scaled one by one.
SmallVector<Value> CodebookDecodeOp::getTileFactors(TileEmitter &emitter,
                                                    ValueRange group) {
  if (!getResult().getType().getElementType().isF32())
    return {};
  return group.take_front(emitter.vectors());
}

TileValues CodebookDecodeOp::emitUnscaledTile(TileEmitter &emitter, ValueRange group) {
  ValueRange entries = group.drop_front(emitter.vectors());
  if (entries.empty())
    return emitter.lookUpTile(kCodebook, 0);
  TileValues tile = emitter.operandTile(0);
  for (SmallVector<Value> &step : tile)
    for (Value &bit : step)
      bit = arith::SelectOp::create(emitter.builder(), emitter.loc(), bit, entries[1],
                                    entries[0]);
  return tile;
}

TileValues CodebookDecodeOp::emitTile(TileEmitter &emitter, ValueRange group) {
  LaneCode code(emitter);
  Type element = getResult().getType().getElementType();
  TileValues tile = emitUnscaledTile(emitter, group);
  for (SmallVector<Value> &step : tile)
    for (auto [index, value] : llvm::enumerate(step)) {
      Value scaled = arith::MulFOp::create(emitter.builder(), emitter.loc(), value,
                                           group[index]);
      value = code.rounded(scaled, element);
    }
  return tile;
}

std::optional<unsigned> CodebookDecodeOp::getZeroKeepingOperand() {
  std::optional<HostTensor> table = getConstantTensor(getCodebook());
  if (getAxis() != 1 || !table || table->getDouble(0) != 0)
    return std::nullopt;
  return 0;
}

std::optional<IntegerForm> CodebookDecodeOp::getIntegerForm() {
  if (!getIntegers() || getAxis() != 1)
    return std::nullopt;
  IntegerForm form;
  form.values.assign(getIntegers()->begin(), getIntegers()->end());
  form.factor = std::ldexp(1.0f, int(getExponent()));
  form.scale = kScale;
  form.minCode = *llvm::min_element(form.values);
  form.maxCode = *llvm::max_element(form.values);
  form.groupSize = getTileGroup();
  if (getScaleScale())
    form.scaleStep = kScaleScale;
  else
    form.hasExponents = isa<IntegerType>(getScale().getType().getElementType());
  return form;
}
