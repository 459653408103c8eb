//===- BlockTranspose.cpp - Square blocks in registers --------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Both work bit by bit: for each bit of the lane number, two vectors swap those
// lanes in which it differs from the bit of their own number.
//
//===----------------------------------------------------------------------===//

#include "pith/Codegen/CPU/BlockTranspose.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace pith;

SmallVector<Value> pith::transposeBlock(OpBuilder &b, Location loc,
                                        ArrayRef<Value> rows) {
  SmallVector<Value> block(rows);
  int64_t lanes = block.size();
  for (int64_t bit = 1; bit < lanes; bit *= 2)
    for (int64_t i = 0; i < lanes; ++i) {
      if (i & bit)
        continue;
      // Of two vectors as one: lanes of the second count from `lanes`.
      SmallVector<int64_t> low, high;
      for (int64_t lane = 0; lane < lanes; ++lane) {
        bool odd = lane & bit;
        low.push_back(odd ? lanes + lane - bit : lane);
        high.push_back(odd ? lanes + lane : lane + bit);
      }
      Value x = block[i], y = block[i + bit];
      block[i] = vector::ShuffleOp::create(b, loc, x, y, low);
      block[i + bit] = vector::ShuffleOp::create(b, loc, x, y, high);
    }
  return block;
}

Value pith::sumLanes(OpBuilder &b, Location loc, ArrayRef<Value> vectors) {
  SmallVector<Value> sums(vectors);
  int64_t lanes = sums.size();
  for (int64_t bit = 1; bit < lanes; bit *= 2) {
    SmallVector<int64_t> own, other;
    for (int64_t lane = 0; lane < lanes; ++lane) {
      bool odd = lane & bit;
      own.push_back(odd ? lanes + lane : lane);
      other.push_back(odd ? lanes + (lane ^ bit) : lane ^ bit);
    }
    SmallVector<Value> next;
    for (size_t i = 0; i < sums.size(); i += 2) {
      Value x = vector::ShuffleOp::create(b, loc, sums[i], sums[i + 1], own);
      Value y = vector::ShuffleOp::create(b, loc, sums[i], sums[i + 1], other);
      next.push_back(arith::AddFOp::create(b, loc, x, y));
    }
    sums = std::move(next);
  }
  return sums.front();
}
