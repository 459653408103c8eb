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
  // Elements start within a byte: byte and bit of each lane follow from the
  // first one's.
  int64_t perByte = 8 / bits;
  auto word = VectorType::get({lanes}, code.b.getI32Type());
  Value first = code.add(state.bases[0], code.div(offset, perByte));
  Value inByte = code.mul(code.rem(offset, perByte), bits);
  Value skip = arith::IndexCastOp::create(code.b, code.loc, code.b.getI32Type(), inByte);
  // Each lane loads the two bytes that hold its element.
  SmallVector<int64_t> low, high;
  int64_t bytes = std::max<int64_t>(lanes / perByte, 1) + 1;
  SmallVector<Attribute> shifts;
  for (int64_t lane = 0; lane < lanes; ++lane) {
    low.push_back(lane / perByte);
    high.push_back(lane / perByte + 1);
    shifts.push_back(code.b.getI32IntegerAttr(lane % perByte * bits));
  }
  Value raw = code.load(memref, first, bytes);
  Value lowBytes = code.toInt(
      vector::ShuffleOp::create(code.b, code.loc, raw, raw, low), true);
  Value highBytes = code.toInt(
      vector::ShuffleOp::create(code.b, code.loc, raw, raw, high), true);
  highBytes = arith::ShLIOp::create(code.b, code.loc, highBytes, code.constant(word, 8));
  Value pair = arith::OrIOp::create(code.b, code.loc, lowBytes, highBytes);
  Value at = arith::ConstantOp::create(code.b, code.loc,
                                       DenseElementsAttr::get(word, shifts));
  at = arith::AddIOp::create(code.b, code.loc, at, code.splat(skip, lanes));
  Value x = arith::ShRUIOp::create(code.b, code.loc, pair, at);
  unsigned width = leaf.element.getIntOrFloatBitWidth();
  Value unused = code.constant(word, 32 - width);
  x = arith::ShLIOp::create(code.b, code.loc, x, unused);
  if (isUnsigned)
    return arith::ShRUIOp::create(code.b, code.loc, x, unused);
  return arith::ShRSIOp::create(code.b, code.loc, x, unused);
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
