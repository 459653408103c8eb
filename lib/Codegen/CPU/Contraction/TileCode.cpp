//===- TileCode.cpp - Small ops that tiles are made of --------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Thin wrappers that fold index constants, so that addresses come out as a base,
// a loop counter and a displacement.
//
//===----------------------------------------------------------------------===//

#include "pith/Codegen/CPU/Contraction/RegisterTile.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace pith;

static std::optional<int64_t> constantOf(Value value) {
  APInt known;
  if (matchPattern(value, m_ConstantInt(&known)))
    return known.getSExtValue();
  return std::nullopt;
}

Value TileCode::index(int64_t value) {
  return arith::ConstantIndexOp::create(b, loc, value);
}

Value TileCode::add(Value x, Value y) {
  auto left = constantOf(x), right = constantOf(y);
  if (left && right)
    return index(*left + *right);
  if (left == 0)
    return y;
  if (right == 0)
    return x;
  return arith::AddIOp::create(b, loc, x, y);
}
Value TileCode::add(Value x, int64_t y) {
  if (y == 0)
    return x;
  if (auto left = constantOf(x))
    return index(*left + y);
  return arith::AddIOp::create(b, loc, x, index(y));
}
Value TileCode::sub(Value x, Value y) {
  if (x == y)
    return index(0);
  auto left = constantOf(x), right = constantOf(y);
  if (left && right)
    return index(*left - *right);
  if (right == 0)
    return x;
  return arith::SubIOp::create(b, loc, x, y);
}
Value TileCode::mul(Value x, Value y) {
  if (auto right = constantOf(y))
    return mul(x, *right);
  if (auto left = constantOf(x))
    return mul(y, *left);
  return arith::MulIOp::create(b, loc, x, y);
}
Value TileCode::mul(Value x, int64_t y) {
  if (y == 1)
    return x;
  if (y == 0)
    return index(0);
  if (auto left = constantOf(x))
    return index(*left * y);
  return arith::MulIOp::create(b, loc, x, index(y));
}
Value TileCode::div(Value x, int64_t y) {
  if (y == 1)
    return x;
  if (auto left = constantOf(x))
    return index(*left / y);
  return arith::DivUIOp::create(b, loc, x, index(y));
}
Value TileCode::rem(Value x, int64_t y) {
  if (y == 1)
    return index(0);
  if (auto left = constantOf(x))
    return index(*left % y);
  return arith::RemUIOp::create(b, loc, x, index(y));
}
Value TileCode::min(Value x, Value y) {
  auto left = constantOf(x), right = constantOf(y);
  if (left && right)
    return index(std::min(*left, *right));
  return arith::MinSIOp::create(b, loc, x, y);
}
Value TileCode::max(Value x, Value y) {
  auto left = constantOf(x), right = constantOf(y);
  if (left && right)
    return index(std::max(*left, *right));
  return arith::MaxSIOp::create(b, loc, x, y);
}

/// Inline assembly without an instruction, of which the compiler sees the constraints.
static LLVM::InlineAsmOp createEmptyAsm(TileCode &code, TypeRange results,
                                        ValueRange operands, StringRef constraints,
                                        bool hasSideEffects) {
  return LLVM::InlineAsmOp::create(code.b, code.loc, results, operands,
                                   /*asm_string=*/"", constraints, hasSideEffects,
                                   /*is_align_stack=*/false, LLVM::TailCallKind::None,
                                   LLVM::AsmDialectAttr(), ArrayAttr());
}

Value TileCode::opaque(Value x) {
  Type word = b.getI64Type();
  Value in = arith::IndexCastOp::create(b, loc, word, x);
  Value out = createEmptyAsm(*this, word, in, "=r,0", /*hasSideEffects=*/false).getResult(0);
  return arith::IndexCastOp::create(b, loc, b.getIndexType(), out);
}

Value TileCode::opaqueBits(Value vector) {
  auto type = cast<VectorType>(vector.getType());
  int64_t bits = type.getNumElements() * type.getElementTypeBitWidth();
  Type word = b.getIntegerType(bits);
  Value one = vector::ExtractOp::create(
      b, loc, bitcast(vector, VectorType::get({1}, word)), ArrayRef<int64_t>{0});
  one = opaque(arith::IndexCastUIOp::create(b, loc, b.getIndexType(), one));
  one = arith::IndexCastUIOp::create(b, loc, word, one);
  return bitcast(splat(one, 1), type);
}

void TileCode::barrier() {
  createEmptyAsm(*this, TypeRange(), ValueRange(), "~{memory}", /*hasSideEffects=*/true);
}

Value TileCode::finish(Value vector) {
  return createEmptyAsm(*this, vector.getType(), vector, "=v,0,~{memory}",
                        /*hasSideEffects=*/true)
      .getResult(0);
}

Value TileCode::shiftRight(Value x, int64_t by) {
  if (by == 0)
    return x;
  Value amount = constant(x.getType(), std::abs(by));
  if (by < 0)
    return arith::ShLIOp::create(b, loc, x, amount);
  return arith::ShRUIOp::create(b, loc, x, amount);
}

Value TileCode::constant(Type type, double value) {
  Type element = getElementTypeOrSelf(type);
  TypedAttr scalar;
  if (isa<FloatType>(element))
    scalar = b.getFloatAttr(element, value);
  else
    scalar = b.getIntegerAttr(element, int64_t(value));
  if (auto vector = dyn_cast<VectorType>(type))
    scalar = DenseElementsAttr::get(vector, Attribute(scalar));
  return arith::ConstantOp::create(b, loc, scalar);
}

Value TileCode::splat(Value scalar, int64_t lanes) {
  auto type = VectorType::get({lanes}, scalar.getType());
  return vector::BroadcastOp::create(b, loc, type, scalar);
}

Value TileCode::bitcast(Value value, Type type) {
  if (value.getType() == type)
    return value;
  return vector::BitCastOp::create(b, loc, cast<VectorType>(type), value);
}

static Type storedType(Value memref) {
  return cast<MemRefType>(memref.getType()).getElementType();
}

Value TileCode::load(Value memref, Value offset, int64_t lanes) {
  auto type = VectorType::get({lanes}, storedType(memref));
  return vector::LoadOp::create(b, loc, type, memref, ValueRange{offset});
}
Value TileCode::loadScalar(Value memref, Value offset) {
  return memref::LoadOp::create(b, loc, memref, ValueRange{offset});
}
Value TileCode::loadIndex(Value memref, Value offset, unsigned bits) {
  Value raw = load(memref, offset, bits / 8);
  raw = bitcast(raw, VectorType::get({1}, b.getIntegerType(bits)));
  Value one = vector::ExtractOp::create(b, loc, raw, ArrayRef<int64_t>{0});
  return arith::IndexCastUIOp::create(b, loc, b.getIndexType(), one);
}
void TileCode::store(Value value, Value memref, Value offset) {
  if (isa<VectorType>(value.getType()))
    vector::StoreOp::create(b, loc, value, memref, ValueRange{offset});
  else
    memref::StoreOp::create(b, loc, value, memref, ValueRange{offset});
}

static Type likeShape(Type element, Type shape) {
  if (auto vector = dyn_cast<VectorType>(shape))
    return VectorType::get(vector.getShape(), element);
  return element;
}

Value TileCode::toFloat(Value value) {
  Type element = getElementTypeOrSelf(value.getType());
  Type single = likeShape(b.getF32Type(), value.getType());
  if (element.isF32())
    return value;
  if (!isa<FloatType>(element))
    return arith::SIToFPOp::create(b, loc, single, value);
  if (element.getIntOrFloatBitWidth() < 32)
    return arith::ExtFOp::create(b, loc, single, value);
  return arith::TruncFOp::create(b, loc, single, value);
}

Value TileCode::toInt(Value value, bool isUnsigned) {
  Type element = getElementTypeOrSelf(value.getType());
  Type word = likeShape(b.getI32Type(), value.getType());
  unsigned bits = element.getIntOrFloatBitWidth();
  if (bits == 32)
    return value;
  if (bits > 32)
    return arith::TruncIOp::create(b, loc, word, value);
  if (isUnsigned)
    return arith::ExtUIOp::create(b, loc, word, value);
  return arith::ExtSIOp::create(b, loc, word, value);
}

Value TileCode::fma(Value x, Value y, Value z, bool hasFMA) {
  if (hasFMA)
    return vector::FMAOp::create(b, loc, x, y, z);
  Value product = arith::MulFOp::create(b, loc, x, y);
  return arith::AddFOp::create(b, loc, product, z);
}

Value TileCode::fold(Value vector, function_ref<Value(Value, Value)> op) {
  int64_t lanes = cast<VectorType>(vector.getType()).getDimSize(0);
  for (int64_t by = lanes / 2; by > 0; by /= 2) {
    SmallVector<int64_t> order;
    for (int64_t lane = 0; lane < lanes; ++lane)
      order.push_back(lane ^ by);
    Value other = vector::ShuffleOp::create(b, loc, vector, vector, order);
    vector = op(vector, other);
  }
  return vector;
}

void TileCode::prefetch(Value memref, Value offset, unsigned locality) {
  memref::PrefetchOp::create(b, loc, memref, ValueRange{offset},
                             /*isWrite=*/false, locality, /*isDataCache=*/true);
}

Value pith::makeStackBuffer(OpBuilder &builder, Location loc, int64_t elements,
                            Type type) {
  Operation *function = builder.getInsertionBlock()->getParentOp();
  while (function && !isa<FunctionOpInterface>(function))
    function = function->getParentOp();
  OpBuilder entry(function->getContext());
  entry.setInsertionPointToStart(&function->getRegion(0).front());
  // Dynamic in type, so that it can stand for any other flat buffer.
  auto made = memref::AllocaOp::create(
      entry, loc, MemRefType::get({std::max<int64_t>(elements, 1)}, type),
      entry.getI64IntegerAttr(64));
  return memref::CastOp::create(
      entry, loc, MemRefType::get({ShapedType::kDynamic}, type), made);
}
