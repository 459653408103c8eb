//===- PowerOfTwoDecodeOp.cpp - A codec outside Pith's tree ---------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// All that Pith asks of a codec: constraints, meaning, names and sizes, and the
// code that kernels run. docs/guides/add-a-codec.md explains it.
//
//===----------------------------------------------------------------------===//

#include "PowerOfTwoOps.h"

#include "pith/Compression/Codec.h"
#include "pith/Dialect/Pith/IR/ShapeAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <cmath>

using namespace mlir;
using namespace pith;

#define GET_OP_CLASSES
#include "PowerOfTwoOps.cpp.inc"

constexpr int64_t kZeroExponent = 7;

//===----------------------------------------------------------------------===//
// Constraints and shapes
//===----------------------------------------------------------------------===//

LogicalResult PowerOfTwoDecodeOp::verify() {
  RankedTensorType codes = getCodes().getType();
  if (!codes.getElementType().isUnsignedInteger(4) || codes.getRank() < 2) // C1
    return emitOpError("expected codes of type ui4 and rank 2 or more, found ") << codes;
  if (!getScale().getType().getElementType().isF32()) // C2
    return emitOpError("expected a scale of type f32, found ") << getScale().getType();
  if (!getResult().getType().getElementType().isF32()) // C3
    return emitOpError("expected a result of type f32, found ") << getResult().getType();
  return success();
}

LogicalResult PowerOfTwoDecodeOp::inferSymbolicShapes(ShapeContext &context) {
  SymbolicShape codes(context.dims(getCodes())), scale(context.dims(getScale()));
  if (codes.empty() || scale.size() != 1 ||
      failed(context.requireEqual(codes.front(), scale.front()))) // C2
    return context.emitError() << "expected one scale per output";
  context.setDims(0, codes);
  return success();
}

//===----------------------------------------------------------------------===//
// Meaning
//===----------------------------------------------------------------------===//

FailureOr<SmallVector<HostTensor>>
PowerOfTwoDecodeOp::evaluate(ArrayRef<HostTensor> operands) {
  const HostTensor &codes = operands[0], &scale = operands[1];
  HostTensor result(RankedTensorType::get(codes.getShape(), scale.getElementType()));
  int64_t reduction = getReductionSize(codes.getType());
  for (int64_t i = 0, e = codes.getNumElements(); i < e; ++i) {
    int64_t code = codes.getInt(i), exponent = code & 7;
    if (exponent == kZeroExponent)
      continue;
    double value = std::ldexp(scale.getDouble(i / reduction), -int(exponent));
    result.setDouble(i, code & 8 ? -value : value);
  }
  return SmallVector<HostTensor>{result};
}

//===----------------------------------------------------------------------===//
// What reports and kernels ask
//===----------------------------------------------------------------------===//

std::string PowerOfTwoDecodeOp::getFormatName() { return "power of two"; }

int64_t PowerOfTwoDecodeOp::getStorageBits() { return getOperandBits(*this); }

int64_t PowerOfTwoDecodeOp::getTileStep(ArrayRef<int64_t> operandSteps) {
  return operandSteps.front(); // as many as the codes' tile has
}

int64_t PowerOfTwoDecodeOp::getTileGroup() { return 0; } // scales never change

TilePacking PowerOfTwoDecodeOp::getOperandPacking(unsigned index) {
  TilePacking packing;
  packing.kind = index == 0 ? TilePacking::Kind::Elements : TilePacking::Kind::Outputs;
  return packing;
}

SmallVector<Value> PowerOfTwoDecodeOp::emitGroup(TileEmitter &emitter) {
  return emitter.operandLanes(1);
}

TileValues PowerOfTwoDecodeOp::emitTile(TileEmitter &emitter, ValueRange group) {
  OpBuilder &b = emitter.builder();
  Location loc = emitter.loc();
  auto ints = VectorType::get({emitter.lanes()}, b.getI32Type());
  auto floats = VectorType::get({emitter.lanes()}, b.getF32Type());
  auto splat = [&](int32_t value) -> Value {
    return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(ints, value));
  };
  Value zero = arith::ConstantOp::create(b, loc, DenseElementsAttr::get(floats, 0.0f));
  // The bits of a float are its sign, exponent (of 1 it is 127) and fraction.
  Value one = splat(127 << 23), seven = splat(7), fraction = splat(23);
  Value signBit = splat(8), toTop = splat(28);
  TileValues tile = emitter.operandTile(0);
  for (SmallVector<Value> &step : tile)
    for (auto [vector, code] : llvm::enumerate(step)) {
      Value exponent = arith::AndIOp::create(b, loc, code, seven);
      Value shifted = arith::ShLIOp::create(b, loc, exponent, fraction);
      Value magnitude = arith::SubIOp::create(b, loc, one, shifted);
      Value sign = arith::AndIOp::create(b, loc, code, signBit);
      sign = arith::ShLIOp::create(b, loc, sign, toTop);
      Value bits = arith::OrIOp::create(b, loc, magnitude, sign);
      Value part = arith::BitcastOp::create(b, loc, floats, bits);
      Value isZero = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, exponent,
                                           seven);
      part = arith::SelectOp::create(b, loc, isZero, zero, part);
      code = arith::MulFOp::create(b, loc, part, group[vector]);
    }
  return tile;
}
