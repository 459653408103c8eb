//===- CompactLanes.cpp - Taking elements under a mask --------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Elements stored in compact form are loaded as a whole vector from where the
// last one ended, and spread over the set lanes: by the expand instruction where
// the target has it, by a permutation, or through memory.
//
//===----------------------------------------------------------------------===//

#include "PanelWeight.h"
#include "StoredElements.h"
#include "TableVectors.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace pith;

/// One for each of the next `lanes` elements, as f32 or i32.
Value PanelReader::loadCompact(size_t number, Value offset) {
  const Leaf &leaf = weight.leaves[number];
  const LeafState &state = states[number];
  TileCode code(*current, kernel.getLoc());
  int64_t lanes = weight.shape.lanes;
  unsigned bits = compactBits(leaf.element);
  Value memref = state.buffer.memref;
  if (bits >= 8) {
    Value x = code.load(memref, code.add(state.bases[0], offset), lanes);
    return widenElement(code, x, leaf.element);
  }
  // Elements start within a byte: 64 bits from there on, and what a shift leaves free.
  int64_t perByte = 8 / bits;
  Type i32 = code.b.getI32Type(), i64 = code.b.getI64Type();
  Value first = code.add(state.bases[0], code.div(offset, perByte));
  Value skip = arith::IndexCastOp::create(code.b, code.loc, i64,
                                          code.mul(code.rem(offset, perByte), bits));
  Value raw = vector::ExtractOp::create(
      code.b, code.loc,
      code.bitcast(code.load(memref, first, 8), VectorType::get({1}, i64)),
      ArrayRef<int64_t>{0});
  raw = arith::ShRUIOp::create(code.b, code.loc, raw, skip);
  if (lanes * bits > 56) {
    Value half = code.constant(i64, 32);
    Value next = arith::ExtUIOp::create(code.b, code.loc, i64,
                                        code.loadScalar(memref, code.add(first, 8)));
    next = arith::ShLIOp::create(code.b, code.loc, next, half);
    Value rest = arith::SubIOp::create(code.b, code.loc, half, skip);
    next = arith::ShLIOp::create(code.b, code.loc, next, rest);
    raw = arith::OrIOp::create(code.b, code.loc, raw, next);
  }
  // Each lane's word, with its element moved to the top and back with the sign.
  unsigned width = leaf.element.getIntOrFloatBitWidth();
  int64_t perWord = 32 / bits;
  SmallVector<int64_t> words;
  SmallVector<Attribute> shifts;
  for (int64_t lane = 0; lane < lanes; ++lane) {
    words.push_back(lane / perWord);
    shifts.push_back(code.b.getI32IntegerAttr(32 - width - lane % perWord * bits));
  }
  Value pair = code.bitcast(code.splat(raw, 1), VectorType::get({2}, i32));
  Value x = vector::ShuffleOp::create(code.b, code.loc, pair, pair, words);
  auto word = VectorType::get({lanes}, i32);
  Value up =
      arith::ConstantOp::create(code.b, code.loc, DenseElementsAttr::get(word, shifts));
  x = arith::ShLIOp::create(code.b, code.loc, x, up);
  Value down = code.constant(word, 32 - width);
  if (isZeroExtended(leaf.element))
    return arith::ShRUIOp::create(code.b, code.loc, x, down);
  return arith::ShRSIOp::create(code.b, code.loc, x, down);
}

/// Element `i` of `loaded` in the i-th set lane, zero in the others.
Value PanelReader::expandLanes(Value loaded, Value mask) {
  TileCode code(*current, kernel.getLoc());
  int64_t lanes = weight.shape.lanes;
  Type type = loaded.getType();
  Value zero = code.constant(type, 0);
  const TargetDescription &target = kernel.getTarget();
  if (target.hasAVX512 && (lanes == 16 || lanes == 8)) {
    std::string name = "llvm.x86.avx512.mask.expand.v" + std::to_string(lanes) +
                       (isa<FloatType>(getElementTypeOrSelf(type)) ? "f32" : "i32");
    return LLVM::CallIntrinsicOp::create(code.b, code.loc, type,
                                         code.b.getStringAttr(name),
                                         ValueRange{loaded, zero, mask})
        .getResult(0);
  }
  if (target.hasAVX2 && lanes == 8)
    return permuteLanes(loaded, mask);
  // Through memory, one load per lane. Loads may be moved behind later stores, which
  // therefore go elsewhere.
  Value buffer = makeStackBuffer(code.b, code.loc, lanes, code.b.getI32Type());
  auto words = VectorType::get({lanes}, code.b.getI32Type());
  code.store(arith::BitcastOp::create(code.b, code.loc, words, loaded), buffer,
             code.index(0));
  Value bits = maskBits(mask), before = code.index(0);
  SmallVector<Value> elements;
  for (int64_t lane = 0; lane < lanes; ++lane) {
    elements.push_back(code.loadScalar(buffer, before));
    Value bit = arith::ShRUIOp::create(code.b, code.loc, bits,
                                       code.constant(bits.getType(), lane));
    bit = arith::AndIOp::create(code.b, code.loc, bit, code.constant(bits.getType(), 1));
    bit = arith::IndexCastUIOp::create(code.b, code.loc, code.b.getIndexType(), bit);
    before = code.add(before, bit);
  }
  Value spread = vector::FromElementsOp::create(code.b, code.loc, words, elements);
  spread = arith::BitcastOp::create(code.b, code.loc, type, spread);
  return arith::SelectOp::create(code.b, code.loc, mask, spread, zero);
}

/// The set lanes as bits of a scalar.
Value PanelReader::maskBits(Value mask) {
  TileCode code(*current, kernel.getLoc());
  Type bits = code.b.getIntegerType(weight.shape.lanes);
  Value packed = code.bitcast(mask, VectorType::get({1}, bits));
  Value scalar =
      vector::ExtractOp::create(code.b, code.loc, packed, ArrayRef<int64_t>{0});
  return arith::ExtUIOp::create(code.b, code.loc, code.b.getI32Type(), scalar);
}

/// The same in eight lanes. Bit i goes to byte i of a word, where a multiplication adds
/// up the ones in the bytes below each: how many set lanes come before.
Value PanelReader::permuteLanes(Value loaded, Value mask) {
  TileCode code(*current, kernel.getLoc());
  Type i64 = code.b.getI64Type();
  auto number = [&](uint64_t value) -> Value {
    return arith::ConstantOp::create(code.b, code.loc,
                                     IntegerAttr::get(i64, int64_t(value)));
  };
  constexpr uint64_t kOnes = 0x0101010101010101, kDiagonal = 0x8040201008040201;
  Value x = arith::ExtUIOp::create(code.b, code.loc, i64, maskBits(mask));
  x = arith::MulIOp::create(code.b, code.loc, x, number(kOnes));
  x = arith::AndIOp::create(code.b, code.loc, x, number(kDiagonal));
  x = arith::AddIOp::create(code.b, code.loc, x, number(kOnes * 0x7f));
  x = arith::ShRUIOp::create(code.b, code.loc, x, number(7));
  x = arith::AndIOp::create(code.b, code.loc, x, number(kOnes));
  x = arith::MulIOp::create(code.b, code.loc, x, number(kOnes << 8));
  Value bytes = code.bitcast(code.splat(x, 1), VectorType::get({8}, code.b.getI8Type()));
  Value places = code.toInt(bytes, /*isUnsigned=*/true);
  auto floats = VectorType::get({8}, code.b.getF32Type());
  Type type = loaded.getType();
  Value spread = permuteVector(
      code, arith::BitcastOp::create(code.b, code.loc, floats, loaded), places);
  spread = arith::BitcastOp::create(code.b, code.loc, type, spread);
  return arith::SelectOp::create(code.b, code.loc, mask, spread, code.constant(type, 0));
}

Value PanelReader::leafExpand(size_t number, Value mask) {
  const Leaf &leaf = weight.leaves[number];
  TileCode code(*current, kernel.getLoc());
  if (leaf.argument < 0) {
    Value all = splatValue(leaf);
    return arith::SelectOp::create(code.b, code.loc, mask, all,
                                   code.constant(all.getType(), 0));
  }
  Value &offset = taken[leaf.compact];
  Value loaded = loadCompact(number, offset);
  Value count = math::CtPopOp::create(code.b, code.loc, maskBits(mask));
  Value moved =
      arith::IndexCastUIOp::create(code.b, code.loc, code.b.getIndexType(), count);
  offset = code.add(offset, moved);
  return expandLanes(loaded, mask);
}
