//===- Codec.cpp - What codec families share ------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sizes, names and dense values of stored weights, and access to packed integer
// codes in runs.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Codec.h"

#include "pith/Dialect/Pith/IR/PithOps.h"
#include "mlir/IR/Threading.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/ADT/Twine.h"

#include <cstring>

using namespace mlir;
using namespace pith;

bool pith::isStoredWeight(Value value) {
  // Codec chains are short trees; a value seen twice is only walked twice.
  Operation *op = value.getDefiningOp();
  if (!op)
    return false;
  if (op->hasTrait<mlir::OpTrait::ConstantLike>())
    return isa<RankedTensorType>(value.getType());
  return isa<WeightCodecOpInterface>(op) &&
         llvm::all_of(op->getOperands(), isStoredWeight);
}

FailureOr<HostTensor> pith::decodeWeight(Value value) {
  if (std::optional<HostTensor> tensor = getConstantTensor(value))
    return *tensor;
  Operation *op = value.getDefiningOp();
  if (!op)
    return emitError(value.getLoc(), "expected a stored weight, found an argument");
  auto evaluable = dyn_cast<EvaluableOpInterface>(op);
  if (!evaluable || !isStoredWeight(value))
    return emitError(op->getLoc())
           << "expected a constant with data or a codec of constants";
  SmallVector<HostTensor> operands;
  for (Value operand : op->getOperands()) {
    FailureOr<HostTensor> tensor = decodeWeight(operand);
    if (failed(tensor))
      return failure();
    operands.push_back(*tensor);
  }
  FailureOr<SmallVector<HostTensor>> results = evaluable.evaluate(operands);
  if (failed(results))
    return failure();
  return (*results)[cast<OpResult>(value).getResultNumber()];
}

static int64_t getTypeBits(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || !type.hasStaticShape() || !type.getElementType().isIntOrFloat())
    return 0;
  return type.getNumElements() * type.getElementTypeBitWidth();
}

static void addStoredBits(Value value, llvm::SmallPtrSetImpl<Operation *> &seen,
                          int64_t &bits) {
  Operation *op = value.getDefiningOp();
  if (!op || !seen.insert(op).second)
    return;
  if (op->hasTrait<mlir::OpTrait::ConstantLike>()) {
    bits += getTypeBits(value);
    return;
  }
  for (Value operand : op->getOperands())
    addStoredBits(operand, seen, bits);
}

int64_t pith::getStoredBits(Value weight) {
  llvm::SmallPtrSet<Operation *, 8> seen;
  int64_t bits = 0;
  addStoredBits(weight, seen, bits);
  return bits;
}

int64_t pith::getOperandBits(Operation *codec) {
  int64_t bits = 0;
  for (Value operand : codec->getOperands())
    if (!operand.getDefiningOp<WeightCodecOpInterface>())
      bits += getTypeBits(operand);
  return bits;
}

std::string pith::getFormatName(Type type) {
  std::string name;
  llvm::raw_string_ostream os(name);
  if (auto integer = dyn_cast<IntegerType>(type))
    os << (integer.isUnsigned() ? "uint" : "int") << integer.getWidth();
  else
    os << type;
  return name;
}

std::string pith::getFormatName(Value weight) {
  if (auto codec = weight.getDefiningOp<WeightCodecOpInterface>())
    return codec.getFormatName();
  return getFormatName(getElementTypeOrSelf(weight.getType()));
}

int64_t pith::getReductionSize(RankedTensorType type, int64_t axis) {
  int64_t size = 1;
  for (int64_t dim : type.getShape().drop_front(axis))
    size *= dim;
  return size;
}

void pith::readIntegers(const HostTensor &tensor, int64_t first,
                        MutableArrayRef<int32_t> values) {
  auto type = cast<IntegerType>(tensor.getElementType());
  unsigned width = type.getWidth();
  unsigned bits = pith::getStorageBits(type);
  bool extend = !type.isUnsigned() && width > 1;
  const char *bytes = tensor.getBytes().data();
  int64_t count = values.size();
  auto signExtend = [&](uint32_t code) {
    unsigned shift = 32 - width;
    return extend ? int32_t(code << shift) >> shift : int32_t(code);
  };
  if (bits == 8) {
    for (int64_t i = 0; i < count; ++i)
      values[i] = signExtend(static_cast<uint8_t>(bytes[first + i]));
    return;
  }
  if (bits < 8) {
    // A code lies in at most two bytes.
    const int64_t size = tensor.getBytes().size();
    const uint32_t mask = (1u << bits) - 1;
    for (int64_t i = 0; i < count; ++i) {
      int64_t bit = (first + i) * bits, byte = bit / 8;
      uint32_t word = static_cast<uint8_t>(bytes[byte]);
      if (byte + 1 < size)
        word |= uint32_t(static_cast<uint8_t>(bytes[byte + 1])) << 8;
      values[i] = signExtend((word >> (bit % 8)) & mask);
    }
    return;
  }
  for (int64_t i = 0; i < count; ++i)
    values[i] = static_cast<int32_t>(tensor.getInt(first + i));
}

void pith::packCodes(ArrayRef<int16_t> codes, unsigned bits, char *bytes) {
  if (bits == 8) {
    for (size_t i = 0; i < codes.size(); ++i)
      bytes[i] = static_cast<char>(codes[i]);
    return;
  }
  const uint32_t mask = (1u << bits) - 1;
  uint32_t word = 0;
  unsigned filled = 0;
  for (int16_t code : codes) {
    word |= (uint32_t(code) & mask) << filled;
    for (filled += bits; filled >= 8; filled -= 8) {
      *bytes++ = static_cast<char>(word);
      word >>= 8;
    }
  }
  if (filled)
    *bytes = static_cast<char>(word);
}

void pith::forRowRuns(MLIRContext *context, int64_t rows, int64_t rowElements,
                      llvm::function_ref<void(int64_t, int64_t)> body) {
  // Runs of about 64 Ki elements: enough work for a task, and few enough tasks.
  int64_t run = std::max<int64_t>(8, (65536 / std::max<int64_t>(rowElements, 1)) / 8 * 8);
  int64_t runs = (rows + run - 1) / run;
  parallelFor(context, 0, runs, [&](size_t i) {
    body(i * run, std::min<int64_t>(rows, (i + 1) * run));
  });
}

Value pith::createConstant(OpBuilder &builder, Location loc,
                           const HostTensor &tensor, StringRef name) {
  return createConstant(builder, loc, tensor,
                        name.empty() ? StringAttr() : builder.getStringAttr(name));
}
