//===- NmDecodeOp.cpp - pith.nm_decode ------------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Shape rule, constraints, meaning and kernel code of pith.nm_decode.
//
//===----------------------------------------------------------------------===//

#include "SparseElements.h"

#include "pith/Compression/Codec.h"
#include "pith/Compression/Sparsity/SparsityOps.h"
#include "pith/Compression/Weights.h"
#include "pith/Dialect/Pith/IR/ShapeAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/MathExtras.h"

#include <numeric>

using namespace mlir;
using namespace pith;

int64_t NmDecodeOp::getReduction() {
  int64_t size = 1;
  for (int64_t dim : getShape().drop_front())
    size *= dim;
  return size;
}

//===----------------------------------------------------------------------===//
// Constraints and shapes
//===----------------------------------------------------------------------===//

LogicalResult NmDecodeOp::verify() {
  int64_t n = getN(), m = getM();
  if (n < 1 || n >= m || m > 32) // C1
    return emitOpError("expected 1 <= n < m <= 32, found n = ") << n << ", m = " << m;
  if (getShape().size() < 2 || llvm::any_of(getShape(), [](int64_t size) {
        return size < 1;
      })) // C2
    return emitOpError("expected a shape of 2 or more positive sizes, found [")
           << getShape() << "]";
  SmallVector<int64_t> stored = {getShape().front(), getBlocks() * n};
  for (Value operand : getOperands()) { // C3
    auto type = cast<RankedTensorType>(operand.getType());
    if (type.getShape() != ArrayRef<int64_t>(stored))
      return emitOpError("expected values and positions of sizes [")
             << stored << "], found " << type;
  }
  auto type = cast<IntegerType>(getPositions().getType().getElementType());
  if (!type.isUnsigned() || type.getWidth() != llvm::Log2_64_Ceil(m)) // C4
    return emitOpError("expected positions of type ui")
           << llvm::Log2_64_Ceil(m) << ", found " << type;
  if (!llvm::isPowerOf2_64(m))
    if (std::optional<HostTensor> positions = getConstantTensor(getPositions()))
      for (int64_t i = 0, e = positions->getNumElements(); i < e; ++i)
        if (int64_t position = positions->getInt(i); position >= m)
          return emitOpError("expected positions below ")
                 << m << ", found " << position;
  if (getResult().getType().getElementType() !=
      getValues().getType().getElementType()) // C5
    return emitOpError("expected a result of type ")
           << getValues().getType().getElementType() << " like the values, found "
           << getResult().getType().getElementType();
  return success();
}

LogicalResult NmDecodeOp::inferSymbolicShapes(ShapeContext &context) {
  SymbolicShape sizes;
  for (int64_t size : getShape())
    sizes.push_back(context.constant(size));
  context.setDims(0, sizes);
  return success();
}

//===----------------------------------------------------------------------===//
// Meaning
//===----------------------------------------------------------------------===//

/// Calls `visit(entry, element)` for the stored entries that stand for elements
/// of the dense tensor, in their order.
static void forEntries(NmDecodeOp op, const HostTensor &positions,
                       llvm::function_ref<void(int64_t, int64_t)> visit) {
  int64_t n = op.getN(), m = op.getM(), blocks = op.getBlocks();
  int64_t outputs = op.getShape().front(), reduction = op.getReduction();
  std::vector<int32_t> row(blocks * n);
  for (int64_t o = 0; o < outputs; ++o) {
    readIntegers(positions, o * blocks * n, row);
    for (int64_t j = 0, e = row.size(); j < e; ++j) {
      int64_t k = j / n * m + row[j];
      if (k < reduction)
        visit(o * blocks * n + j, o * reduction + k);
    }
  }
}

FailureOr<SmallVector<HostTensor>>
NmDecodeOp::evaluate(ArrayRef<HostTensor> operands) {
  Type type = operands[0].getElementType();
  HostTensor result(RankedTensorType::get(getShape(), type));
  bool packed = pith::getStorageBits(type) < 8;
  ElementCopier copy(operands[0], result);
  forEntries(*this, operands[1], [&](int64_t entry, int64_t element) {
    if (packed) // what an earlier entry left must go
      result.setInt(element, operands[0].getInt(entry));
    else
      copy(entry, element);
  });
  return SmallVector<HostTensor>{result};
}

//===----------------------------------------------------------------------===//
// What kernels and passes ask
//===----------------------------------------------------------------------===//

std::string NmDecodeOp::getFormatName() {
  return std::to_string(getN()) + ":" + std::to_string(getM()) + " " +
         pith::getFormatName(Value(getValues()));
}

int64_t NmDecodeOp::getStorageBits() { return getOperandBits(*this); }

int64_t NmDecodeOp::getTileStep(ArrayRef<int64_t> operandSteps) {
  // The least number of blocks whose entries are whole tiles of both operands.
  int64_t entries = std::lcm(std::lcm(operandSteps[0], operandSteps[1]), int64_t(getN()));
  return entries / getN() * getM();
}

int64_t NmDecodeOp::getTileGroup() { return 0; }

TilePacking NmDecodeOp::getOperandPacking(unsigned index) {
  TilePacking packing;
  packing.kind = TilePacking::Kind::Elements;
  packing.stored = getN();
  packing.per = getM();
  return packing;
}

SmallVector<Value> NmDecodeOp::emitGroup(TileEmitter &emitter) { return {}; }

TileValues NmDecodeOp::emitTile(TileEmitter &emitter, ValueRange group) {
  OpBuilder &b = emitter.builder();
  Location loc = emitter.loc();
  int64_t n = getN(), m = getM();
  TileValues values = emitter.operandTile(0), positions = emitter.operandTile(1);
  auto splat = [&](Type type, int64_t value) -> Value {
    Type element = getElementTypeOrSelf(type);
    Attribute attr = isa<FloatType>(element)
                         ? Attribute(b.getFloatAttr(element, double(value)))
                         : Attribute(b.getIntegerAttr(element, value));
    return arith::ConstantOp::create(
        b, loc, DenseElementsAttr::get(cast<VectorType>(type), attr));
  };
  TileValues tile(emitter.step());
  for (int64_t step = 0; step < emitter.step(); ++step)
    for (int64_t v = 0; v < emitter.vectors(); ++v) {
      int64_t first = step / m * n; // row of the block's first entry
      Value element = splat(values[first][v].getType(), 0);
      for (int64_t j = first; j < first + n; ++j) {
        Value position = positions[j][v];
        // Positions of one bit arrive as booleans.
        Value here;
        if (getElementTypeOrSelf(position.getType()).isInteger(1)) {
          here = position;
          if (step % m == 0)
            here = arith::XOrIOp::create(b, loc, position,
                                         splat(position.getType(), 1));
        } else {
          here = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, position,
                                       splat(position.getType(), step % m));
        }
        element = arith::SelectOp::create(b, loc, here, values[j][v], element);
      }
      tile[step].push_back(element);
    }
  return tile;
}

std::optional<SparseForm> NmDecodeOp::getSparseForm() {
  return SparseForm{0, 1, int64_t(getN()), int64_t(getM())};
}

bool NmDecodeOp::canReencode() {
  return getConstantTensor(getValues()) && getConstantTensor(getPositions());
}

Value NmDecodeOp::reencode(OpBuilder &builder, const HostTensor &dense) {
  std::optional<HostTensor> positions = getConstantTensor(getPositions());
  if (!canReencode() || dense.getShape() != getShape())
    return {};
  Type type = dense.getElementType();
  HostTensor values(
      RankedTensorType::get(getValues().getType().getShape(), type));
  ElementCopier copy(dense, values);
  forEntries(*this, *positions,
             [&](int64_t entry, int64_t element) { copy(element, entry); });
  Value stored = createConstant(builder, getLoc(), values, getTensorName(getValues()));
  return NmDecodeOp::create(builder, getLoc(), RankedTensorType::get(getShape(), type),
                            stored, getPositions(), getN(), getM(), getShape());
}
