//===- ByteTables.cpp - Look-ups of many bytes at once --------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ByteTables.h"
#include "TableVectors.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace pith;

int64_t pith::byteBlock(const TargetDescription &target) {
  if (target.triple.isAArch64() || (target.hasVBMI && target.vectorBytes == 64))
    return 64;
  return target.hasAVX2 ? 16 : 0;
}

Value pith::sliceVector(TileCode &code, Value vector, int64_t first, int64_t count) {
  if (first == 0 && count == lengthOf(vector))
    return vector;
  return vector::ExtractStridedSliceOp::create(code.b, code.loc, vector,
                                               ArrayRef<int64_t>{first},
                                               ArrayRef<int64_t>{count},
                                               ArrayRef<int64_t>{1});
}

Value pith::resizeVector(TileCode &code, Value vector, int64_t count, bool poison) {
  int64_t length = lengthOf(vector);
  if (length == count)
    return vector;
  SmallVector<int64_t> order;
  for (int64_t i = 0; i < count; ++i)
    order.push_back(i < length || !poison ? i % length
                                          : int64_t(vector::ShuffleOp::kPoisonIndex));
  return vector::ShuffleOp::create(code.b, code.loc, vector, vector, order);
}

/// x₀ y₀ x₁ y₁ … of the lower or upper half of every 16 bytes, as elements twice as wide.
static Value interleave(TileCode &code, Value x, Value y, bool upper) {
  SmallVector<int64_t> order;
  int64_t length = lengthOf(x);
  unsigned bits = getElementTypeOrSelf(x.getType()).getIntOrFloatBitWidth();
  int64_t half = 64 / bits;
  for (int64_t at = upper ? half : 0; at < length; at += 2 * half)
    for (int64_t i = at; i < at + half; ++i)
      order.append({i, length + i});
  Value both = vector::ShuffleOp::create(code.b, code.loc, x, y, order);
  return code.bitcast(both,
                      VectorType::get({length / 2}, code.b.getIntegerType(2 * bits)));
}

Value pith::lookUpBytes(TileCode &code, const TargetDescription &target,
                        ArrayRef<Value> blocks, Value codes) {
  Type type = codes.getType();
  auto constant = [&](int64_t value) { return code.constant(type, int8_t(value)); };
  SmallVector<Value> level;
  const int64_t block = byteBlock(target);
  int64_t bit = llvm::Log2_64(block);
  if (target.triple.isAArch64()) {
    Value low = arith::AndIOp::create(code.b, code.loc, codes, constant(63));
    for (size_t i = 0; i < blocks.size(); i += 4)
      level.push_back(callIntrinsic(code, "llvm.aarch64.neon.tbl4",
                                    {blocks[i], blocks[i + 1], blocks[i + 2],
                                     blocks[i + 3], low}));
  } else if (block == 64 && blocks.size() > 1) {
    ++bit;
    for (size_t i = 0; i < blocks.size(); i += 2)
      level.push_back(callIntrinsic(code, "llvm.x86.avx512.vpermi2var.qi.512",
                                    {blocks[i], codes, blocks[i + 1]}));
  } else if (block == 64) {
    level.push_back(callIntrinsic(code, "llvm.x86.avx512.permvar.qi.512",
                                  {blocks[0], codes}));
  } else {
    Value low = arith::AndIOp::create(code.b, code.loc, codes, constant(15));
    StringRef name = lengthOf(codes) == 64 ? "llvm.x86.avx512.pshuf.b.512"
                                           : "llvm.x86.avx2.pshuf.b";
    for (Value block : blocks)
      level.push_back(callIntrinsic(code, name, {block, low}));
  }
  for (; level.size() > 1; ++bit) {
    Value moved = bit == 7 ? codes
                           : arith::ShLIOp::create(code.b, code.loc, codes,
                                                   constant(7 - bit))
                                 .getResult();
    Value test = arith::CmpIOp::create(code.b, code.loc, arith::CmpIPredicate::slt,
                                       moved, constant(0));
    for (size_t i = 0; i < level.size() / 2; ++i)
      level[i] = arith::SelectOp::create(code.b, code.loc, test, level[2 * i + 1],
                                         level[2 * i]);
    level.resize(level.size() / 2);
  }
  return level.front();
}

SmallVector<Value> pith::bytesToFloats(TileCode &code, ArrayRef<Value> bytes,
                                       int64_t lanes) {
  Value zero = code.constant(bytes.front().getType(), 0);
  SmallVector<Value> all(4 - bytes.size(), zero), floats;
  all.append(bytes.begin(), bytes.end());
  auto type = VectorType::get({lanes}, code.b.getF32Type());
  for (bool upper : {false, true}) {
    Value low = interleave(code, all[0], all[1], upper);
    Value high = interleave(code, all[2], all[3], upper);
    for (bool upperPairs : {false, true})
      floats.push_back(code.bitcast(interleave(code, low, high, upperPairs), type));
  }
  return floats;
}

SmallVector<Value> pith::floatsToBytes(TileCode &code, ArrayRef<Value> floats) {
  int64_t lanes = lengthOf(floats.front()), half = 2 * lanes;
  auto bytes = VectorType::get({4 * lanes}, code.b.getI8Type());
  // Two bytes of two vectors each, one after the other, in the order of the set.
  auto gather = [&](Value x, Value y, int64_t low) -> Value {
    SmallVector<int64_t> order;
    for (int64_t byte : {low, low + 1})
      for (int64_t lane = 0; lane < lanes; lane += 4)
        for (int64_t vector : {0, 1})
          for (int64_t i = lane; i < lane + 4; ++i)
            order.push_back(vector * 4 * lanes + 4 * i + byte);
    return vector::ShuffleOp::create(code.b, code.loc, code.bitcast(x, bytes),
                                     code.bitcast(y, bytes), order);
  };
  SmallVector<Value> planes;
  for (int64_t low : {0, 2}) {
    Value first = gather(floats[0], floats[1], low);
    Value second = gather(floats[2], floats[3], low);
    for (int64_t plane : {0, 1}) {
      SmallVector<int64_t> order;
      for (int64_t at = plane * half; at < (plane + 1) * half; at += 8)
        for (int64_t source : {0, 1})
          for (int64_t i = at; i < at + 8; ++i)
            order.push_back(source * 2 * half + i);
      planes.push_back(
          vector::ShuffleOp::create(code.b, code.loc, first, second, order));
    }
  }
  return planes;
}
