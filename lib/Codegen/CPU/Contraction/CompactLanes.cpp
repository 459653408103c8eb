//===- CompactLanes.cpp - Taking elements under a mask --------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Elements stored in compact form are loaded as a whole vector from where the
// last one ended, and spread over the set lanes: by the expand instruction where
// the target has it, else lane by lane.
//
//===----------------------------------------------------------------------===//

#include "PanelWeight.h"

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
  bool isUnsigned = leaf.element.isUnsignedInteger() || leaf.element.isInteger(1);
  Value memref = state.buffer.memref;
  if (bits >= 8) {
    Value x = code.load(memref, code.add(state.bases[0], offset), lanes);
    return isa<FloatType>(leaf.element) ? code.toFloat(x) : code.toInt(x, isUnsigned);
  }
  // Elements start within a byte: 64 bits from there on, and what a shift leaves free.
  int64_t perByte = 8 / bits;
  Type i32 = code.b.getI32Type(), i64 = code.b.getI64Type();
  Value first = code.add(state.bases[0], code.div(offset, perByte));
  Value skip = arith::IndexCastOp::create(
      code.b, code.loc, i64, code.mul(code.rem(offset, perByte), bits));
  Value raw = vector::ExtractOp::create(
      code.b, code.loc, code.bitcast(code.load(memref, first, 8), VectorType::get({1}, i64)),
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
  Value up = arith::ConstantOp::create(code.b, code.loc,
                                       DenseElementsAttr::get(word, shifts));
  x = arith::ShLIOp::create(code.b, code.loc, x, up);
  Value down = code.constant(word, 32 - width);
  if (isUnsigned)
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
  // How many set lanes come before each lane, then one extract per lane.
  Type i32 = code.b.getI32Type();
  Value before = code.constant(i32, 0);
  Value result = zero;
  for (int64_t lane = 0; lane < lanes; ++lane) {
    Value bit = vector::ExtractOp::create(code.b, code.loc, mask,
                                          ArrayRef<int64_t>{lane});
    Value at = arith::IndexCastUIOp::create(code.b, code.loc,
                                            code.b.getIndexType(), before);
    Value element = vector::ExtractOp::create(code.b, code.loc, loaded,
                                              ArrayRef<OpFoldResult>{at});
    Value none = code.constant(getElementTypeOrSelf(type), 0);
    Value kept = arith::SelectOp::create(code.b, code.loc, bit, element, none);
    result = vector::InsertOp::create(code.b, code.loc, kept, result,
                                      ArrayRef<int64_t>{lane});
    if (lane + 1 == lanes)
      break;
    Value one = arith::ExtUIOp::create(code.b, code.loc, i32, bit);
    before = arith::AddIOp::create(code.b, code.loc, before, one);
  }
  return result;
}

Value PanelReader::leafExpand(size_t number, Value mask) {
  const Leaf &leaf = weight.leaves[number];
  TileCode code(*current, kernel.getLoc());
  int64_t lanes = weight.shape.lanes;
  if (leaf.argument < 0) {
    Value all = splatValue(leaf);
    return arith::SelectOp::create(code.b, code.loc, mask, all,
                                   code.constant(all.getType(), 0));
  }
  Value &offset = taken[leaf.compact];
  Value loaded = loadCompact(number, offset);
  // The number of set lanes.
  Value count;
  if (lanes >= 8) {
    Type bits = code.b.getIntegerType(lanes);
    Value packed = code.bitcast(mask, VectorType::get({1}, bits));
    Value scalar = vector::ExtractOp::create(code.b, code.loc, packed,
                                             ArrayRef<int64_t>{0});
    Value wide = arith::ExtUIOp::create(code.b, code.loc, code.b.getI32Type(), scalar);
    count = math::CtPopOp::create(code.b, code.loc, wide);
  } else {
    count = code.constant(code.b.getI32Type(), 0);
    for (int64_t lane = 0; lane < lanes; ++lane) {
      Value bit = vector::ExtractOp::create(code.b, code.loc, mask,
                                            ArrayRef<int64_t>{lane});
      Value one = arith::ExtUIOp::create(code.b, code.loc, code.b.getI32Type(), bit);
      count = arith::AddIOp::create(code.b, code.loc, count, one);
    }
  }
  Value moved =
      arith::IndexCastUIOp::create(code.b, code.loc, code.b.getIndexType(), count);
  offset = code.add(offset, moved);
  return expandLanes(loaded, mask);
}
