//===- DotCode.cpp - Sums of four byte products per lane ------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Intrinsics, because LLVM 22 does not form these instructions from plain
// vector code on x86.
//
//===----------------------------------------------------------------------===//

#include "DotCode.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace pith;

DotCode::DotCode(const TargetDescription &target, unsigned weightBits,
                 int64_t lanes)
    : lanes(lanes) {
  if (target.triple.isAArch64()) {
    if (target.hasDotProd && lanes == 4)
      kind = Kind::Signed;
    return;
  }
  if (!target.triple.isX86())
    return;
  if ((lanes == 16 && target.hasVNNI) ||
      ((lanes == 8 || lanes == 4) && target.hasAVXVNNI)) {
    kind = Kind::Vnni;
    return;
  }
  bool wide = lanes == 16 ? target.hasAVX512 : lanes == 8 && target.hasAVX2;
  if (wide)
    kind = weightBits < 8 ? Kind::Pairs : Kind::WidePairs;
  else if (lanes == 4)
    kind = Kind::WidePairs; // SSE2
}

Value DotCode::call(TileCode &code, StringRef intrinsic, Type result,
                    ValueRange operands) const {
  return LLVM::CallIntrinsicOp::create(code.b, code.loc, result,
                                       code.b.getStringAttr(intrinsic), operands)
      .getResult(0);
}

Value DotCode::dot(TileCode &code, Value sums, Value weights,
                   Value activations) const {
  auto bytes = VectorType::get({4 * lanes}, code.b.getI8Type());
  switch (kind) {
  case Kind::Vnni:
    return call(code,
                lanes == 16  ? "llvm.x86.avx512.vpdpbusd.512"
                : lanes == 8 ? "llvm.x86.avx512.vpdpbusd.256"
                             : "llvm.x86.avx512.vpdpbusd.128",
                sums.getType(),
                {sums, weights, code.bitcast(activations, bytes)});
  case Kind::Signed:
    return call(code, "llvm.aarch64.neon.sdot", sums.getType(),
                {sums, weights, code.bitcast(activations, bytes)});
  case Kind::Pairs:
    return dotPairs(code, sums, weights, code.bitcast(activations, bytes));
  case Kind::WidePairs:
    return dotWidePairs(code, sums, weights, activations);
  case Kind::Plain:
    break;
  }
  return dotPlain(code, sums, weights, activations);
}

/// Sums of two neighbouring products of i16, as i32.
Value DotCode::multiplyPairs(TileCode &code, Value x, Value y) const {
  StringRef name = lanes == 16  ? "llvm.x86.avx512.pmaddw.d.512"
                   : lanes == 8 ? "llvm.x86.avx2.pmadd.wd"
                                : "llvm.x86.sse2.pmadd.wd";
  return call(code, name, VectorType::get({lanes}, code.b.getI32Type()), {x, y});
}

Value DotCode::dotPairs(TileCode &code, Value sums, Value weights,
                        Value activations) const {
  StringRef name = lanes == 16 ? "llvm.x86.avx512.pmaddubs.w.512"
                               : "llvm.x86.avx2.pmadd.ub.sw";
  auto half = VectorType::get({2 * lanes}, code.b.getI16Type());
  Value pairs = call(code, name, half, {weights, activations});
  Value words = multiplyPairs(code, pairs, code.constant(half, 1));
  return arith::AddIOp::create(code.b, code.loc, sums, words);
}

Value DotCode::dotWidePairs(TileCode &code, Value sums, Value weights,
                            Value activations) const {
  OpBuilder &b = code.b;
  Location loc = code.loc;
  auto half = VectorType::get({2 * lanes}, b.getI16Type());
  Value w = code.bitcast(weights, half), a = code.bitcast(activations, half);
  Value eight = code.constant(half, 8);
  Value low = arith::ShLIOp::create(b, loc, a, eight);
  Value even = multiplyPairs(
      code, arith::AndIOp::create(b, loc, w, code.constant(half, 255)),
      arith::ShRSIOp::create(b, loc, low, eight));
  Value odd = multiplyPairs(code, arith::ShRUIOp::create(b, loc, w, eight),
                            arith::ShRSIOp::create(b, loc, a, eight));
  sums = arith::AddIOp::create(b, loc, sums, even);
  return arith::AddIOp::create(b, loc, sums, odd);
}

Value DotCode::dotPlain(TileCode &code, Value sums, Value weights,
                        Value activations) const {
  OpBuilder &b = code.b;
  Location loc = code.loc;
  auto word = VectorType::get({lanes}, b.getI32Type());
  Value w = code.bitcast(weights, word);
  Value mask = code.constant(word, 255), top = code.constant(word, 24);
  for (int64_t j = 0; j < 4; ++j) {
    Value x = w, y = activations;
    if (j > 0)
      x = arith::ShRUIOp::create(b, loc, x, code.constant(word, 8 * j));
    if (j < 3) {
      x = arith::AndIOp::create(b, loc, x, mask);
      y = arith::ShLIOp::create(b, loc, y, code.constant(word, 24 - 8 * j));
    }
    y = arith::ShRSIOp::create(b, loc, y, top);
    Value product = arith::MulIOp::create(b, loc, x, y);
    sums = arith::AddIOp::create(b, loc, sums, product);
  }
  return sums;
}

Value pith::extractBits(TileCode &code, Value bytes, unsigned position, unsigned bits,
                        unsigned target) {
  if (bits == 8)
    return bytes;
  Type type = bytes.getType();
  if (position > target)
    bytes = arith::ShRUIOp::create(code.b, code.loc, bytes,
                                   code.constant(type, position - target));
  else if (position < target)
    bytes = arith::ShLIOp::create(code.b, code.loc, bytes,
                                  code.constant(type, target - position));
  if (target == 0 && position + bits == 8)
    return bytes;
  unsigned mask = ((1u << bits) - 1) << target;
  return arith::AndIOp::create(code.b, code.loc, bytes,
                               code.constant(type, int8_t(mask)));
}
