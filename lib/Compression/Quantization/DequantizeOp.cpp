//===- DequantizeOp.cpp - pith.dequantize ---------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Shape rule, constraints, meaning and kernel code of pith.dequantize.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Quantization/QuantizationOps.h"

#include "pith/Compression/Codec.h"
#include "pith/Dialect/Pith/IR/ShapeAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace pith;

#define GET_OP_CLASSES
#include "pith/Compression/Quantization/QuantizationOps.cpp.inc"

static IntegerType getCodeType(DequantizeOp op) {
  return cast<IntegerType>(op.getCodes().getType().getElementType());
}

static bool hasSingleScale(DequantizeOp op) {
  RankedTensorType type = op.getScale().getType();
  return type.hasStaticShape() && type.getNumElements() == 1;
}

/// A bit that stands for −1 or +1.
static bool isSignBit(IntegerType type) {
  return type.getWidth() == 1 && !type.isUnsigned();
}

//===----------------------------------------------------------------------===//
// Constraints and shapes
//===----------------------------------------------------------------------===//

LogicalResult DequantizeOp::verify() {
  if (unsigned width = getCodeType(*this).getWidth(); width > 32) // C1
    return emitOpError("expected codes of at most 32 bits, found ") << width;
  Type scaleType = getScale().getType().getElementType();
  if (!scaleType.isF32() && !scaleType.isF16() && !scaleType.isBF16()) // C4
    return emitOpError("expected scales of type f16, bf16 or f32, found ")
           << scaleType;
  if (Value zero = getZeroPoint()) { // C5
    auto type = cast<RankedTensorType>(zero.getType());
    if (type.getShape() != getScale().getType().getShape())
      return emitOpError("expected a zero point of the scale's shape ")
             << getScale().getType() << ", found " << type;
    auto integer = dyn_cast<IntegerType>(type.getElementType());
    if (type.getElementType() != scaleType && !(integer && integer.getWidth() <= 32))
      return emitOpError("expected zero points of the scale's type or integers of "
                         "at most 32 bits, found ")
             << type.getElementType();
  }
  return success();
}

/// Checks C2, C3 and the sizes of C4 and C6; runs before `verify`.
LogicalResult DequantizeOp::inferSymbolicShapes(ShapeContext &context) {
  SymbolicShape codes = llvm::to_vector(context.dims(getCodes()));
  int64_t rank = codes.size(), axis = getAxis(), groupSize = getGroupSize();
  if (axis < 0 || axis >= rank) // C2
    return context.emitError() << "expected an axis from 0 to " << rank - 1
                               << ", found " << axis;
  if (groupSize < 0) // C3
    return context.emitError()
           << "expected a group size that is not negative, found " << groupSize;
  context.setDims(0, codes);
  if (hasSingleScale(*this))
    return success();
  ArrayRef<AffineExpr> all(codes);
  SymbolicShape expected(all.take_front(axis));
  AffineExpr groups = context.constant(1);
  if (groupSize != 0)
    groups = product(context.getContext(), all.drop_front(axis)).ceilDiv(groupSize);
  expected.push_back(groups);
  SymbolicShape scale = llvm::to_vector(context.dims(getScale()));
  if (scale.size() != expected.size())
    return context.emitError() << "expected scales of rank " << expected.size()
                               << " or a single one, found rank " << scale.size();
  for (auto [index, size, wanted] : llvm::enumerate(scale, expected)) {
    auto found = getConstant(size), constant = getConstant(wanted);
    if (found && constant && *found != *constant)
      return context.emitError() << "expected " << *constant << " scales along axis "
                                 << index << ", found " << *found;
    if (failed(context.requireEqual(size, wanted)))
      return failure();
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Meaning
//===----------------------------------------------------------------------===//

/// All elements as f32, to which they round (codes) or extend (scales).
static std::vector<float> toFloats(const HostTensor &tensor) {
  std::vector<float> values(tensor.getNumElements());
  for (int64_t i = 0, e = values.size(); i < e; ++i)
    values[i] = static_cast<float>(tensor.getDouble(i));
  return values;
}

FailureOr<SmallVector<HostTensor>>
DequantizeOp::evaluate(ArrayRef<HostTensor> operands) {
  const HostTensor &codes = operands[0];
  std::vector<float> scales = toFloats(operands[1]), zeros;
  if (operands.size() > 2)
    zeros = toFloats(operands[2]);
  int64_t reduction = getReductionSize(codes.getType(), getAxis());
  int64_t rows = reduction ? codes.getNumElements() / reduction : 0;
  int64_t size = getGroupSize() ? int64_t(getGroupSize()) : std::max<int64_t>(reduction, 1);
  int64_t groups = (reduction + size - 1) / size;
  bool single = operands[1].getNumElements() == 1;
  if (!single && operands[1].getNumElements() != rows * groups)
    return emitOpError("expected ") << rows * groups << " scales, found "
                                    << operands[1].getNumElements();

  auto codeType = cast<IntegerType>(codes.getElementType());
  bool isUnsigned32 = codeType.isUnsigned() && codeType.getWidth() == 32;
  HostTensor result(RankedTensorType::get(codes.getShape(),
                                          getResult().getType().getElementType()));
  bool isFloat = result.getElementType().isF32();
  float *floats = isFloat ? result.asMutable<float>().data() : nullptr;
  std::vector<int32_t> row(reduction);
  for (int64_t r = 0; r < rows; ++r) {
    readIntegers(codes, r * reduction, row);
    for (int64_t k = 0; k < reduction; ++k) {
      int64_t group = single ? 0 : r * groups + k / size;
      float code = isUnsigned32 ? float(uint32_t(row[k])) : float(row[k]);
      if (isSignBit(codeType))
        code = 2 * code - 1;
      float value = (code - (zeros.empty() ? 0.0f : zeros[group])) * scales[group];
      if (isFloat)
        floats[r * reduction + k] = value;
      else
        result.setDouble(r * reduction + k, value);
    }
  }
  return SmallVector<HostTensor>{result};
}

//===----------------------------------------------------------------------===//
// What kernels and passes ask
//===----------------------------------------------------------------------===//

std::string DequantizeOp::getFormatName() {
  std::string name;
  llvm::raw_string_ostream os(name);
  os << pith::getFormatName(Value(getCodes()));
  if (hasSingleScale(*this))
    os << " tensor";
  else if (getGroupSize() == 0)
    os << " channel";
  else
    os << " g" << getGroupSize();
  // Scales may be codes themselves.
  Type scale = getScale().getType().getElementType();
  if (auto codes = getScale().getDefiningOp<DequantizeOp>())
    os << (getCodeType(codes).isUnsigned() ? " u" : " i") << getCodeType(codes).getWidth();
  else
    os << ' ' << scale;
  if (getZeroPoint())
    os << " zp";
  return name;
}

int64_t DequantizeOp::getStorageBits() { return getOperandBits(*this); }

int64_t DequantizeOp::getTileStep(ArrayRef<int64_t> operandSteps) {
  return operandSteps.front();
}

int64_t DequantizeOp::getTileGroup() {
  return hasSingleScale(*this) ? 0 : getGroupSize();
}

TilePacking DequantizeOp::getOperandPacking(unsigned index) {
  TilePacking packing;
  if (index == 0) {
    packing.kind = TilePacking::Kind::Elements;
  } else if (hasSingleScale(*this)) {
    packing.kind = TilePacking::Kind::Tensor;
  } else if (getGroupSize() == 0) {
    packing.kind = TilePacking::Kind::Outputs;
  } else {
    packing.kind = TilePacking::Kind::Groups;
    packing.groupSize = getGroupSize();
  }
  return packing;
}

std::optional<unsigned> DequantizeOp::getZeroKeepingOperand() {
  if (getAxis() != 1 || getZeroPoint() || getCodeType(*this).getWidth() == 1)
    return std::nullopt;
  return 0;
}

std::optional<IntegerForm> DequantizeOp::getIntegerForm() {
  IntegerType type = getCodeType(*this);
  unsigned width = type.getWidth();
  if (getAxis() != 1 || width > 8)
    return std::nullopt;
  IntegerForm form;
  if (Value zero = getZeroPoint()) {
    if (!isa<IntegerType>(cast<RankedTensorType>(zero.getType()).getElementType()))
      return std::nullopt;
    form.zeroPoint = 2;
  }
  form.groupSize = getTileGroup();
  if (type.isUnsigned()) {
    form.maxCode = (int64_t(1) << width) - 1;
  } else if (isSignBit(type)) {
    form.minCode = -1;
    form.maxCode = 1;
  } else {
    form.minCode = -(int64_t(1) << (width - 1));
    form.maxCode = -form.minCode - 1;
  }
  return form;
}

/// The lanes of a scale or zero-point operand, as f32, one per panel vector.
static SmallVector<Value> emitLanes(DequantizeOp op, TileEmitter &emitter,
                                    unsigned index) {
  OpBuilder &b = emitter.builder();
  Location loc = emitter.loc();
  auto vectorType = VectorType::get({emitter.lanes()}, b.getF32Type());
  auto toFloat = [&](Value value, Type type) -> Value {
    if (isa<FloatType>(getElementTypeOrSelf(value.getType())))
      return value;
    return arith::SIToFPOp::create(b, loc, type, value);
  };
  SmallVector<Value> lanes;
  if (hasSingleScale(op)) {
    Value scalar = toFloat(emitter.loadScalar(index, 0), b.getF32Type());
    lanes.assign(emitter.vectors(),
                 vector::BroadcastOp::create(b, loc, vectorType, scalar));
    return lanes;
  }
  for (Value vector : emitter.operandLanes(index))
    lanes.push_back(toFloat(vector, vectorType));
  return lanes;
}

SmallVector<Value> DequantizeOp::emitGroup(TileEmitter &emitter) {
  SmallVector<Value> group = emitLanes(*this, emitter, 1);
  if (getZeroPoint())
    llvm::append_range(group, emitLanes(*this, emitter, 2));
  return group;
}

/// Values that are rounded to a narrower type are scaled one by one.
SmallVector<Value> DequantizeOp::getTileFactors(TileEmitter &emitter, ValueRange group) {
  if (!getResult().getType().getElementType().isF32())
    return {};
  return group.take_front(emitter.vectors());
}

TileValues DequantizeOp::emitUnscaledTile(TileEmitter &emitter, ValueRange group) {
  OpBuilder &b = emitter.builder();
  Location loc = emitter.loc();
  TileValues tile = emitter.operandFloats(0);
  if (getZeroPoint())
    for (SmallVector<Value> &step : tile)
      for (auto [index, value] : llvm::enumerate(step))
        value = arith::SubFOp::create(b, loc, value, group[emitter.vectors() + index]);
  return tile;
}

TileValues DequantizeOp::emitTile(TileEmitter &emitter, ValueRange group) {
  OpBuilder &b = emitter.builder();
  Location loc = emitter.loc();
  Type element = getResult().getType().getElementType();
  auto vectorType = VectorType::get({emitter.lanes()}, b.getF32Type());
  TileValues tile = emitUnscaledTile(emitter, group);
  for (SmallVector<Value> &step : tile)
    for (auto [index, value] : llvm::enumerate(step)) {
      value = arith::MulFOp::create(b, loc, value, group[index]);
      if (!element.isF32()) {
        auto narrow = VectorType::get({emitter.lanes()}, element);
        value = arith::TruncFOp::create(b, loc, narrow, value);
        value = arith::ExtFOp::create(b, loc, vectorType, value);
      }
    }
  return tile;
}
