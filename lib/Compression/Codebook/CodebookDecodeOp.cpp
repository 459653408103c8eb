//===- CodebookDecodeOp.cpp - pith.codebook_decode ------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Shape rule, constraints and meaning of pith.codebook_decode.
//
//===----------------------------------------------------------------------===//

#include "CodebookDecode.h"

#include "pith/Compression/Codec.h"
#include "pith/Dialect/Pith/IR/ShapeAnalysis.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace pith;

#define GET_OP_CLASSES
#include "pith/Compression/Codebook/CodebookOps.cpp.inc"

bool pith::hasSingleElement(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  return type.hasStaticShape() && type.getNumElements() == 1;
}

bool pith::isSingleOrHalf(Type type) {
  return type.isF32() || type.isF16() || type.isBF16();
}

//===----------------------------------------------------------------------===//
// Constraints and shapes
//===----------------------------------------------------------------------===//

/// The first entry of the upper half that is not the negated one of the lower half.
static std::optional<int64_t> findUnsymmetric(const HostTensor &codebook) {
  for (int64_t i = 0, half = codebook.getNumElements() / 2; i < half; ++i) {
    double low = codebook.getDouble(i), high = codebook.getDouble(half + i);
    if (low != -high && !(std::isnan(low) && std::isnan(high)))
      return half + i;
  }
  return std::nullopt;
}

bool pith::isSignMagnitude(const HostTensor &codebook) {
  return !findUnsymmetric(codebook);
}

/// Checks C9.
static LogicalResult verifySignMagnitude(CodebookDecodeOp op) {
  if (!op.getSignMagnitude())
    return success();
  std::optional<HostTensor> table = getConstantTensor(op.getCodebook());
  std::optional<int64_t> entry = table ? findUnsymmetric(*table) : std::nullopt;
  if (!entry)
    return success();
  return op.emitOpError("expected entry ")
         << *entry << " to be "
         << -table->getDouble(*entry - table->getNumElements() / 2) << ", found "
         << table->getDouble(*entry);
}

/// Checks C8.
static LogicalResult verifyIntegers(CodebookDecodeOp op, int64_t count) {
  if (!op.getIntegers())
    return success();
  ArrayRef<int64_t> integers = *op.getIntegers();
  const int64_t exponent = op.getExponent();
  if (int64_t(integers.size()) != count ||
      llvm::any_of(integers, [](int64_t i) { return i < -127 || i > 127; }) ||
      exponent < -64 || exponent > 64)
    return op.emitOpError("expected ")
           << count << " integers from -127 to 127 and an exponent from -64 to 64";
  const double unit = std::ldexp(1.0, int(exponent));
  if (std::optional<HostTensor> table = getConstantTensor(op.getCodebook()))
    for (int64_t i = 0; i < count; ++i)
      if (table->getDouble(i) != double(integers[i]) * unit)
        return op.emitOpError("expected entry ")
               << i << " to be " << double(integers[i]) * unit << ", found "
               << table->getDouble(i);
  return success();
}

LogicalResult CodebookDecodeOp::verify() {
  auto code = cast<IntegerType>(getCodes().getType().getElementType());
  if (!code.isUnsigned() || code.getWidth() > 8) // C1
    return emitOpError("expected unsigned codes of 1 to 8 bits, found ") << code;
  RankedTensorType codebook = getCodebook().getType();
  int64_t count = int64_t(1) << code.getWidth();
  if (codebook.getRank() != 1 || codebook.getDimSize(0) != count ||
      !isSingleOrHalf(codebook.getElementType())) // C2
    return emitOpError("expected a codebook of ")
           << count << " elements of type f16, bf16 or f32, found " << codebook;
  Type scale = getScale().getType().getElementType();
  if (!isSingleOrHalf(scale) && !scale.isUnsignedInteger(8)) // C5
    return emitOpError("expected scales of type f16, bf16, f32 or ui8, found ")
           << scale;
  if (Value second = getScaleScale()) { // C6
    Type type = getElementTypeOrSelf(second.getType());
    if (!scale.isUnsignedInteger(8))
      return emitOpError("expected scales of type ui8 with a scale of scales, found ")
             << scale;
    if (!isSingleOrHalf(type))
      return emitOpError("expected scales of scales of type f16, bf16 or f32, found ")
             << type;
  }
  if (failed(verifySignMagnitude(*this)))
    return failure();
  return verifyIntegers(*this, count);
}

/// Checks the sizes of scales; a single one serves all. `what` names them.
static LogicalResult checkSizes(ShapeContext &context, Value scales,
                                ArrayRef<AffineExpr> expected, StringRef what) {
  if (hasSingleElement(scales))
    return success();
  SymbolicShape sizes = llvm::to_vector(context.dims(scales));
  if (sizes.size() != expected.size())
    return context.emitError() << "expected " << what << " of rank " << expected.size()
                               << " or a single one, found rank " << sizes.size();
  for (auto [index, size, wanted] : llvm::enumerate(sizes, expected)) {
    auto found = getConstant(size), constant = getConstant(wanted);
    if (found && constant && *found != *constant)
      return context.emitError() << "expected " << *constant << ' ' << what
                                 << " along axis " << index << ", found " << *found;
    if (failed(context.requireEqual(size, wanted)))
      return failure();
  }
  return success();
}

/// Checks C3, C4 and the sizes of C5, C6 and C7; runs before `verify`.
LogicalResult CodebookDecodeOp::inferSymbolicShapes(ShapeContext &context) {
  SymbolicShape codes = llvm::to_vector(context.dims(getCodes()));
  int64_t rank = codes.size(), axis = getAxis(), groupSize = getGroupSize();
  if (axis < 0 || axis >= rank) // C3
    return context.emitError() << "expected an axis from 0 to " << rank - 1
                               << ", found " << axis;
  if (groupSize < 0) // C4
    return context.emitError()
           << "expected a group size that is not negative, found " << groupSize;
  context.setDims(0, codes);
  ArrayRef<AffineExpr> all(codes);
  SymbolicShape expected(all.take_front(axis));
  if (Value second = getScaleScale())
    if (failed(checkSizes(context, second, expected, "scales of scales")))
      return failure();
  AffineExpr groups = context.constant(1);
  if (groupSize != 0)
    groups = product(context.getContext(), all.drop_front(axis)).ceilDiv(groupSize);
  expected.push_back(groups);
  return checkSizes(context, getScale(), expected, "scales");
}

//===----------------------------------------------------------------------===//
// Meaning
//===----------------------------------------------------------------------===//

float pith::decodeE8M0(unsigned code) {
  if (code == 255)
    return std::numeric_limits<float>::quiet_NaN();
  return std::ldexp(1.0f, int(code) - 127);
}

namespace {
/// The scale of each row and group.
class Scales {
public:
  Scales(const HostTensor &scale, const HostTensor *second)
      : scale(scale), second(second), single(scale.getNumElements() == 1),
        isExponent(!second && isa<IntegerType>(scale.getElementType())) {}

  float get(int64_t row, int64_t index) const {
    int64_t i = single ? 0 : index;
    if (isExponent)
      return decodeE8M0(scale.getInt(i));
    float first = static_cast<float>(scale.getDouble(i));
    if (!second)
      return first;
    int64_t outer = second->getNumElements() == 1 ? 0 : row;
    return first * static_cast<float>(second->getDouble(outer));
  }

private:
  const HostTensor &scale, *second;
  bool single, isExponent;
};
} // namespace

FailureOr<SmallVector<HostTensor>>
CodebookDecodeOp::evaluate(ArrayRef<HostTensor> operands) {
  const HostTensor &codes = operands[0], &codebook = operands[1];
  const HostTensor *second = operands.size() > 3 ? &operands[3] : nullptr;
  int64_t reduction = getReductionSize(codes.getType(), getAxis());
  int64_t rows = reduction ? codes.getNumElements() / reduction : 0;
  int64_t size = getGroupSize() ? int64_t(getGroupSize()) : std::max<int64_t>(reduction, 1);
  int64_t groups = (reduction + size - 1) / size;
  for (auto [tensor, count] : {std::pair(&operands[2], rows * groups),
                               std::pair(second, rows)})
    if (tensor && tensor->getNumElements() != 1 && tensor->getNumElements() != count)
      return emitOpError("expected ") << count << " scales, found "
                                      << tensor->getNumElements();
  Scales scales(operands[2], second);
  HostTensor result(RankedTensorType::get(codes.getShape(),
                                          getResult().getType().getElementType()));
  std::vector<int32_t> row(reduction);
  for (int64_t r = 0; r < rows; ++r) {
    readIntegers(codes, r * reduction, row);
    for (int64_t first = 0; first < reduction; first += size) {
      float scale = scales.get(r, r * groups + first / size);
      for (int64_t k = first, e = std::min(first + size, reduction); k < e; ++k)
        result.setDouble(r * reduction + k,
                         static_cast<float>(codebook.getDouble(row[k])) * scale);
    }
  }
  return SmallVector<HostTensor>{result};
}

//===----------------------------------------------------------------------===//
// What passes and reports ask
//===----------------------------------------------------------------------===//

std::string CodebookDecodeOp::getFormatName() {
  std::string name;
  llvm::raw_string_ostream os(name);
  // Codes of a sparse form tell which form it is.
  if (getCodes().getDefiningOp<WeightCodecOpInterface>())
    os << pith::getFormatName(Value(getCodes())) << " as ";
  os << getFormat();
  if (hasSingleElement(getScale()))
    os << " tensor";
  else if (getGroupSize() == 0)
    os << " channel";
  else
    os << " g" << getGroupSize();
  Type scale = getScale().getType().getElementType();
  if (isa<FloatType>(scale))
    os << ' ' << scale;
  else
    os << (getScaleScale() ? " u8" : " e8m0");
  return name;
}

int64_t CodebookDecodeOp::getStorageBits() { return getOperandBits(*this); }
