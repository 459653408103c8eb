//===- BlockSparseDecodeOp.cpp - pith.block_sparse_decode -----------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Shape rule, constraints, meaning and kernel code of pith.block_sparse_decode.
//
//===----------------------------------------------------------------------===//

#include "SparseElements.h"

#include "pith/Compression/Codec.h"
#include "pith/Compression/Sparsity/SparsityOps.h"
#include "pith/Compression/Weights.h"
#include "pith/Dialect/Pith/IR/ShapeAnalysis.h"
#include "llvm/Support/MathExtras.h"

#include <numeric>

using namespace mlir;
using namespace pith;

int64_t BlockSparseDecodeOp::getReduction() {
  int64_t size = 1;
  for (int64_t dim : getShape().drop_front())
    size *= dim;
  return size;
}

//===----------------------------------------------------------------------===//
// Constraints and shapes
//===----------------------------------------------------------------------===//

LogicalResult BlockSparseDecodeOp::verify() {
  RankedTensorType values = getValues().getType(), mask = getMask().getType();
  if (values.getRank() != 3 || values.getDimSize(1) < 1 || values.getDimSize(2) < 1) // C1
    return emitOpError("expected values [blocks, outputs, positions], found ") << values;
  if (getShape().size() < 2 ||
      llvm::any_of(getShape(), [](int64_t size) { return size < 1; })) // C2
    return emitOpError("expected a shape of 2 or more positive sizes, found [")
           << getShape() << "]";
  int64_t grid[] = {int64_t(llvm::divideCeil(getShape().front(), getBlockOutputs())),
                    int64_t(llvm::divideCeil(getReduction(), getBlockPositions()))};
  if (!mask.getElementType().isSignlessInteger(1) ||
      mask.getShape() != ArrayRef<int64_t>(grid)) // C3
    return emitOpError("expected a mask of type i1 and sizes [")
           << ArrayRef<int64_t>(grid) << "], found " << mask;
  std::optional<HostTensor> bits = getConstantTensor(getMask());
  if (bits && values.hasStaticShape()) { // C4
    int64_t count = llvm::count_if(bits->getBytes(), [](char bit) { return bit & 1; });
    if (count != values.getDimSize(0))
      return emitOpError("expected as many blocks as the mask has set bits, ")
             << count << ", found " << values.getDimSize(0);
  }
  if (getResult().getType().getElementType() != values.getElementType()) // C5
    return emitOpError("expected a result of type ")
           << values.getElementType() << " like the values, found "
           << getResult().getType().getElementType();
  return success();
}

LogicalResult BlockSparseDecodeOp::inferSymbolicShapes(ShapeContext &context) {
  SymbolicShape sizes;
  for (int64_t size : getShape())
    sizes.push_back(context.constant(size));
  context.setDims(0, sizes);
  return success();
}

//===----------------------------------------------------------------------===//
// Meaning
//===----------------------------------------------------------------------===//

/// Calls `visit(stored, element)` for all stored elements that stand for elements of
/// the dense tensor.
static void forEntries(BlockSparseDecodeOp op, const HostTensor &mask,
                       llvm::function_ref<void(int64_t, int64_t)> visit) {
  int64_t outputs = op.getShape().front(), reduction = op.getReduction();
  int64_t r = op.getBlockOutputs(), c = op.getBlockPositions(), block = 0;
  int64_t columns = (reduction + c - 1) / c;
  ArrayRef<char> bits = mask.getBytes();
  for (int64_t at = 0, e = bits.size(); at < e; ++at) {
    if (!(bits[at] & 1))
      continue;
    int64_t row = at / columns * r, column = at % columns * c;
    for (int64_t i = 0; i < r && row + i < outputs; ++i)
      for (int64_t k = 0; k < c && column + k < reduction; ++k)
        visit((block * r + i) * c + k, (row + i) * reduction + column + k);
    ++block;
  }
}

FailureOr<SmallVector<HostTensor>>
BlockSparseDecodeOp::evaluate(ArrayRef<HostTensor> operands) {
  const HostTensor &values = operands[0], &mask = operands[1];
  int64_t count = llvm::count_if(mask.getBytes(), [](char bit) { return bit & 1; });
  if (count != values.getShape()[0])
    return emitOpError("expected as many blocks as the mask has set bits, ")
           << count << ", found " << values.getShape()[0];
  HostTensor result(RankedTensorType::get(getShape(), values.getElementType()));
  ElementCopier copy(values, result);
  forEntries(*this, mask,
             [&](int64_t stored, int64_t element) { copy(stored, element); });
  return SmallVector<HostTensor>{result};
}

//===----------------------------------------------------------------------===//
// What kernels and passes ask
//===----------------------------------------------------------------------===//

std::string BlockSparseDecodeOp::getFormatName() {
  return "block " + std::to_string(getBlockOutputs()) + "x" +
         std::to_string(getBlockPositions()) + " " +
         pith::getFormatName(Value(getValues()));
}

int64_t BlockSparseDecodeOp::getStorageBits() { return getOperandBits(*this); }

int64_t BlockSparseDecodeOp::getTileStep(ArrayRef<int64_t> operandSteps) {
  // Groups hold whole blocks.
  return std::lcm(operandSteps[0], getBlockPositions());
}

int64_t BlockSparseDecodeOp::getTileGroup() { return 0; }

TilePacking BlockSparseDecodeOp::getOperandPacking(unsigned index) {
  TilePacking packing;
  packing.kind = index == 0 ? TilePacking::Kind::Blocks : TilePacking::Kind::BlockMask;
  packing.maskOperand = 1;
  packing.blockOutputs = getBlockOutputs();
  packing.blockPositions = getBlockPositions();
  return packing;
}

SmallVector<Value> BlockSparseDecodeOp::emitGroup(TileEmitter &emitter) { return {}; }

TileValues BlockSparseDecodeOp::emitTile(TileEmitter &emitter, ValueRange group) {
  // Kernels visit what is stored only.
  return emitter.operandTile(0);
}

bool BlockSparseDecodeOp::canReencode() {
  return getConstantTensor(getValues()) && getConstantTensor(getMask());
}

Value BlockSparseDecodeOp::reencode(OpBuilder &builder, const HostTensor &dense) {
  if (!canReencode() || dense.getNumElements() != getShape().front() * getReduction())
    return {};
  Type type = dense.getElementType();
  HostTensor values(RankedTensorType::get(getValues().getType().getShape(), type));
  ElementCopier copy(dense, values);
  forEntries(*this, *getConstantTensor(getMask()),
             [&](int64_t stored, int64_t element) { copy(element, stored); });
  Value stored = createConstant(builder, getLoc(), values, getTensorName(getValues()));
  return BlockSparseDecodeOp::create(builder, getLoc(),
                                     RankedTensorType::get(getShape(), type), stored,
                                     getMask(), getShape());
}
