//===- VectorDecodeOp.cpp - pith.vector_decode ----------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Shape rule, constraints, meaning and kernel code of pith.vector_decode.
//
//===----------------------------------------------------------------------===//

#include "CodebookDecode.h"

#include "pith/Compression/Codec.h"
#include "pith/Dialect/Pith/IR/ShapeAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace pith;

static constexpr unsigned kCodes = 0, kCodebook = 1, kScale = 2;

//===----------------------------------------------------------------------===//
// Constraints and shapes
//===----------------------------------------------------------------------===//

LogicalResult VectorDecodeOp::verify() {
  ArrayRef<int64_t> shape = getShape();
  if (shape.size() < 2 || llvm::any_of(shape, [](int64_t size) { return size < 1; })) // C1
    return emitOpError("expected a shape of 2 or more positive sizes, found [")
           << shape << "]";
  auto code = cast<IntegerType>(getCodes().getType().getElementType());
  if (!code.isUnsigned() || code.getWidth() < 2 || code.getWidth() > 8) // C2
    return emitOpError("expected unsigned codes of 2 to 8 bits, found ") << code;
  RankedTensorType codebook = getCodebook().getType();
  int64_t count = int64_t(1) << code.getWidth();
  Type entry = codebook.getElementType();
  if (codebook.getRank() != 2 || codebook.getDimSize(0) != count ||
      codebook.getDimSize(1) < 2 || codebook.getDimSize(1) > 8 ||
      !(isSingleOrHalf(entry) || entry.isSignlessInteger(8))) // C3
    return emitOpError("expected a codebook of ")
           << count << " vectors of 2 to 8 elements of type i8, f16, bf16 or f32, found "
           << codebook;
  int64_t reduction = getReductionSize(getResult().getType());
  SmallVector<int64_t> runs = {shape.front(),
                               int64_t(llvm::divideCeil(reduction, getLength()))};
  if (getCodes().getType().getShape() != ArrayRef(runs)) // C2
    return emitOpError("expected codes of sizes [")
           << runs << "], found " << getCodes().getType();
  int64_t groupSize = getGroupSize();
  if (groupSize < 0 || groupSize % getLength() != 0) // C4
    return emitOpError("expected a group size that is a multiple of ")
           << getLength() << ", found " << groupSize;
  RankedTensorType scale = getScale().getType();
  SmallVector<int64_t> groups = {
      shape.front(), groupSize ? int64_t(llvm::divideCeil(reduction, groupSize)) : 1};
  if (!isSingleOrHalf(scale.getElementType()) ||
      !(hasSingleElement(getScale()) || scale.getShape() == ArrayRef(groups))) // C5
    return emitOpError("expected scales of type f16, bf16 or f32 and sizes [")
           << groups << "] or a single one, found " << scale;
  return success();
}

LogicalResult VectorDecodeOp::inferSymbolicShapes(ShapeContext &context) {
  SymbolicShape sizes;
  for (int64_t size : getShape())
    sizes.push_back(context.constant(size));
  context.setDims(0, sizes);
  return success();
}

//===----------------------------------------------------------------------===//
// Meaning
//===----------------------------------------------------------------------===//

FailureOr<SmallVector<HostTensor>>
VectorDecodeOp::evaluate(ArrayRef<HostTensor> operands) {
  const HostTensor &codes = operands[0], &codebook = operands[1], &scale = operands[2];
  HostTensor result(
      RankedTensorType::get(getShape(), getResult().getType().getElementType()));
  int64_t rows = getShape().front(), reduction = result.getNumElements() / rows;
  int64_t length = codebook.getShape()[1], size = getGroupSize() ? int64_t(getGroupSize())
                                                                 : reduction;
  int64_t groups = llvm::divideCeil(reduction, size);
  bool single = scale.getNumElements() == 1;
  std::vector<int32_t> row(llvm::divideCeil(reduction, length));
  for (int64_t r = 0; r < rows; ++r) {
    readIntegers(codes, r * row.size(), row);
    for (int64_t k = 0; k < reduction; ++k) {
      float entry = codebook.getDouble(row[k / length] * length + k % length);
      float factor = scale.getDouble(single ? 0 : r * groups + k / size);
      result.setDouble(r * reduction + k, entry * factor);
    }
  }
  return SmallVector<HostTensor>{result};
}

//===----------------------------------------------------------------------===//
// What kernels and passes ask
//===----------------------------------------------------------------------===//

std::string VectorDecodeOp::getFormatName() {
  std::string name;
  llvm::raw_string_ostream os(name);
  os << "vector" << getLength() << 'x'
     << getCodes().getType().getElementTypeBitWidth() << "bit "
     << pith::getFormatName(getCodebook().getType().getElementType());
  if (hasSingleElement(getScale()))
    os << " tensor";
  else if (getGroupSize() == 0)
    os << " channel";
  else
    os << " g" << getGroupSize();
  os << ' ' << getScale().getType().getElementType();
  return name;
}

int64_t VectorDecodeOp::getStorageBits() { return getOperandBits(*this); }

int64_t VectorDecodeOp::getTileStep(ArrayRef<int64_t> operandSteps) {
  return operandSteps[kCodes] * getLength();
}

int64_t VectorDecodeOp::getTileGroup() {
  return hasSingleElement(getScale()) ? 0 : getGroupSize();
}

TilePacking VectorDecodeOp::getOperandPacking(unsigned index) {
  TilePacking packing;
  if (index == kCodes) {
    packing.kind = TilePacking::Kind::Elements;
    packing.per = getLength();
  } else if (index == kCodebook) {
    packing.kind = TilePacking::Kind::Table;
  } else if (hasSingleElement(getScale())) {
    packing.kind = TilePacking::Kind::Tensor;
  } else if (getGroupSize() == 0) {
    packing.kind = TilePacking::Kind::Outputs;
  } else {
    packing.kind = TilePacking::Kind::Groups;
    packing.groupSize = getGroupSize();
  }
  return packing;
}

SmallVector<Value> VectorDecodeOp::emitGroup(TileEmitter &emitter) {
  if (!hasSingleElement(getScale()))
    return emitter.operandLanes(kScale);
  OpBuilder &b = emitter.builder();
  auto type = VectorType::get({emitter.lanes()}, b.getF32Type());
  Value scale = vector::BroadcastOp::create(b, emitter.loc(), type,
                                            emitter.loadScalar(kScale, 0));
  return SmallVector<Value>(emitter.vectors(), scale);
}

/// Values that are rounded to a narrower type are scaled one by one.
SmallVector<Value> VectorDecodeOp::getTileFactors(TileEmitter &emitter,
                                                  ValueRange group) {
  if (!getResult().getType().getElementType().isF32())
    return {};
  return group;
}

std::optional<TableForm> VectorDecodeOp::getTableForm() {
  if (!getResult().getType().getElementType().isF32())
    return std::nullopt;
  return TableForm{kCodes, kCodebook};
}

TileValues VectorDecodeOp::emitUnscaledTile(TileEmitter &emitter, ValueRange group) {
  return emitter.lookUpTile(kCodebook, kCodes);
}

TileValues VectorDecodeOp::emitTile(TileEmitter &emitter, ValueRange group) {
  OpBuilder &b = emitter.builder();
  Location loc = emitter.loc();
  Type element = getResult().getType().getElementType();
  auto floats = VectorType::get({emitter.lanes()}, b.getF32Type());
  TileValues tile = emitUnscaledTile(emitter, group);
  for (SmallVector<Value> &step : tile)
    for (auto [index, value] : llvm::enumerate(step)) {
      value = arith::MulFOp::create(b, loc, value, group[index]);
      if (element.isF32())
        continue;
      auto narrow = VectorType::get({emitter.lanes()}, element);
      value = arith::TruncFOp::create(b, loc, narrow, value);
      value = arith::ExtFOp::create(b, loc, floats, value);
    }
  return tile;
}
