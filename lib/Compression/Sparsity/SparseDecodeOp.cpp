//===- SparseDecodeOp.cpp - pith.sparse_decode ----------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Shape rule, constraints, meaning and kernel code of pith.sparse_decode.
//
//===----------------------------------------------------------------------===//

#include "SparseElements.h"

#include "pith/Compression/Codec.h"
#include "pith/Compression/Sparsity/SparsityOps.h"
#include "pith/Compression/Weights.h"
#include "pith/Dialect/Pith/IR/ShapeAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace pith;

//===----------------------------------------------------------------------===//
// Constraints and shapes
//===----------------------------------------------------------------------===//

/// Set bits of a mask, which has one byte per element.
static int64_t countBits(const HostTensor &mask) {
  int64_t count = 0;
  for (char bit : mask.getBytes())
    count += bit & 1;
  return count;
}

LogicalResult SparseDecodeOp::verify() {
  RankedTensorType values = getValues().getType(), mask = getMask().getType();
  if (values.getRank() != 1) // C1
    return emitOpError("expected values of rank 1, found rank ") << values.getRank();
  if (!mask.getElementType().isSignlessInteger(1) || mask.getRank() < 2) // C2
    return emitOpError("expected a mask of type i1 and rank 2 or more, found ")
           << mask;
  std::optional<HostTensor> bits = getConstantTensor(getMask());
  if (bits && values.hasStaticShape()) // C3
    if (int64_t count = countBits(*bits); count != values.getNumElements())
      return emitOpError("expected as many values as the mask has set bits, ")
             << count << ", found " << values.getNumElements();
  if (getResult().getType().getElementType() != values.getElementType()) // C4
    return emitOpError("expected a result of type ")
           << values.getElementType() << " like the values, found "
           << getResult().getType().getElementType();
  int64_t fill = getFill();
  if (auto type = dyn_cast<IntegerType>(values.getElementType())) { // C5
    bool fits = type.isUnsigned() ? fill >= 0 && llvm::isUIntN(std::min(type.getWidth(), 63u), fill)
                                  : llvm::isIntN(type.getWidth(), fill);
    if (!fits)
      return emitOpError("expected a fill that fits ") << type << ", found " << fill;
  } else if (fill != 0) {
    return emitOpError("expected a fill of 0 for float values, found ") << fill;
  }
  return success();
}

LogicalResult SparseDecodeOp::inferSymbolicShapes(ShapeContext &context) {
  context.setDims(0, llvm::to_vector(context.dims(getMask())));
  return success();
}

//===----------------------------------------------------------------------===//
// Meaning
//===----------------------------------------------------------------------===//

FailureOr<SmallVector<HostTensor>>
SparseDecodeOp::evaluate(ArrayRef<HostTensor> operands) {
  const HostTensor &values = operands[0], &mask = operands[1];
  if (countBits(mask) != values.getNumElements())
    return emitOpError("expected as many values as the mask has set bits, ")
           << countBits(mask) << ", found " << values.getNumElements();
  HostTensor result(RankedTensorType::get(mask.getShape(), values.getElementType()));
  ElementCopier copy(values, result);
  ArrayRef<char> bits = mask.getBytes();
  int64_t next = 0;
  for (int64_t i = 0, e = bits.size(); i < e; ++i) {
    if (bits[i] & 1)
      copy(next++, i);
    else if (getFill() != 0)
      result.setInt(i, getFill());
  }
  return SmallVector<HostTensor>{result};
}

//===----------------------------------------------------------------------===//
// What kernels and passes ask
//===----------------------------------------------------------------------===//

std::string SparseDecodeOp::getFormatName() {
  return "bitmap " + pith::getFormatName(Value(getValues()));
}

int64_t SparseDecodeOp::getStorageBits() { return getOperandBits(*this); }

int64_t SparseDecodeOp::getTileStep(ArrayRef<int64_t> operandSteps) {
  // Values come one by one; the mask decides.
  return operandSteps[1];
}

int64_t SparseDecodeOp::getTileGroup() { return 0; }

TilePacking SparseDecodeOp::getOperandPacking(unsigned index) {
  TilePacking packing;
  packing.kind =
      index == 0 ? TilePacking::Kind::Compact : TilePacking::Kind::Elements;
  packing.maskOperand = 1;
  return packing;
}

SmallVector<Value> SparseDecodeOp::emitGroup(TileEmitter &emitter) { return {}; }

TileValues SparseDecodeOp::emitTile(TileEmitter &emitter, ValueRange group) {
  OpBuilder &b = emitter.builder();
  TileValues tile = emitter.operandTile(1);
  for (SmallVector<Value> &step : tile)
    for (Value &element : step) {
      Value mask = element;
      element = emitter.expand(0, mask); // absent lanes are zero
      if (getFill() == 0)
        continue;
      Value fill = arith::ConstantOp::create(
          b, emitter.loc(),
          DenseElementsAttr::get(cast<VectorType>(element.getType()),
                                 b.getI32IntegerAttr(getFill()).getValue()));
      element = arith::SelectOp::create(b, emitter.loc(), mask, element, fill);
    }
  return tile;
}

std::optional<SparseForm> SparseDecodeOp::getSparseForm() {
  if (getFill() != 0)
    return std::nullopt;
  return SparseForm{};
}

bool SparseDecodeOp::canReencode() {
  return getConstantTensor(getValues()) && getConstantTensor(getMask()) &&
         getFill() == 0;
}

Value SparseDecodeOp::reencode(OpBuilder &builder, const HostTensor &dense) {
  std::optional<HostTensor> mask = getConstantTensor(getMask());
  if (!canReencode() || dense.getNumElements() != mask->getNumElements())
    return {};
  HostTensor values(RankedTensorType::get({countBits(*mask)}, dense.getElementType()));
  ElementCopier copy(dense, values);
  ArrayRef<char> bits = mask->getBytes();
  int64_t next = 0;
  for (int64_t i = 0, e = bits.size(); i < e; ++i)
    if (bits[i] & 1)
      copy(i, next++);
  Value stored = createConstant(builder, getLoc(), values, getTensorName(getValues()));
  return SparseDecodeOp::create(
      builder, getLoc(), RankedTensorType::get(mask->getShape(), dense.getElementType()),
      stored, getMask(), /*fill=*/0);
}
