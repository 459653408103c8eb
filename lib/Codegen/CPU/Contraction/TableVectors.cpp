//===- TableVectors.cpp - Tables in registers -----------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TableVectors.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace pith;

Value pith::callIntrinsic(TileCode &code, StringRef name, ValueRange operands,
                          unsigned like) {
  return LLVM::CallIntrinsicOp::create(code.b, code.loc, operands[like].getType(),
                                       code.b.getStringAttr(name), operands)
      .getResult(0);
}

int64_t pith::lengthOf(Value vector) {
  return cast<VectorType>(vector.getType()).getDimSize(0);
}

Value pith::permuteVector(TileCode &code, Value vector, Value places) {
  return callIntrinsic(code,
                       lengthOf(vector) == 16 ? "llvm.x86.avx512.permvar.sf.512"
                                             : "llvm.x86.avx2.permps",
                       {vector, places});
}

/// A bit that stands for −1 or 1.
static bool isSignBit(Type type) {
  return type.isInteger(1) && !type.isUnsignedInteger();
}

Value pith::codeToFloat(TileCode &code, Value x, Type element) {
  if (!element.isInteger(1))
    return code.toFloat(x);
  if (!getElementTypeOrSelf(x.getType()).isInteger(1))
    x = arith::CmpIOp::create(code.b, code.loc, arith::CmpIPredicate::ne, x,
                              code.constant(x.getType(), 0));
  auto floats = VectorType::get({lengthOf(x)}, code.b.getF32Type());
  return arith::SelectOp::create(code.b, code.loc, x, code.constant(floats, 1),
                                 code.constant(floats, isSignBit(element) ? -1 : 0));
}

Value pith::makeCodeTable(TileCode &code, Type element, int64_t lanes, unsigned from) {
  unsigned bits = element.getIntOrFloatBitWidth();
  SmallVector<float> numbers;
  for (int64_t i = 0; i < lanes; ++i) {
    int64_t number = i >> from & ((1 << bits) - 1), half = 1 << (bits - 1);
    if (isSignBit(element))
      number = 2 * number - 1;
    else if (!element.isUnsignedInteger())
      number = (number ^ half) - half;
    numbers.push_back(number);
  }
  auto type = VectorType::get({lanes}, code.b.getF32Type());
  return arith::ConstantOp::create(
      code.b, code.loc, DenseElementsAttr::get(type, ArrayRef<float>(numbers)));
}

SmallVector<Value> pith::loadTableVectors(TileCode &code, Value memref, int64_t entries,
                                          int64_t lanes) {
  int64_t count = std::min(lanes, entries);
  SmallVector<int64_t> order;
  for (int64_t lane = 0; lane < lanes; ++lane)
    order.push_back(lane % count);
  SmallVector<Value> table;
  for (int64_t at = 0; at < entries; at += lanes) {
    Value part = code.toFloat(code.load(memref, code.index(at), count));
    if (count < lanes)
      part = vector::ShuffleOp::create(code.b, code.loc, part, part, order);
    table.push_back(part);
  }
  return table;
}

Value pith::moveTableVector(TileCode &code, Value table, unsigned from) {
  if (from == 0)
    return table;
  SmallVector<int64_t> order;
  for (int64_t lane = 0; lane < lengthOf(table); ++lane)
    order.push_back(lane >> from);
  return vector::ShuffleOp::create(code.b, code.loc, table, table, order);
}

Value pith::lookUpVectors(TileCode &code, ArrayRef<Value> table, Value places) {
  auto choose = [&](int64_t bit, Value set, Value clear) -> Value {
    Value moved = code.shiftRight(places, bit - 31);
    Value test =
        arith::CmpIOp::create(code.b, code.loc, arith::CmpIPredicate::slt, moved,
                              code.constant(places.getType(), 0));
    return arith::SelectOp::create(code.b, code.loc, test, set, clear);
  };
  if (table.size() == 1)
    return permuteVector(code, table[0], places);
  if (lengthOf(places) == 8) {
    Value low = permuteVector(code, table[0], places);
    return choose(3, permuteVector(code, table[1], places), low);
  }
  auto permute = [&](Value low, Value high) {
    return callIntrinsic(code, "llvm.x86.avx512.vpermi2var.ps.512", {low, places, high});
  };
  Value low = permute(table[0], table[1]);
  return table.size() == 2 ? low : choose(5, permute(table[2], table[3]), low);
}
