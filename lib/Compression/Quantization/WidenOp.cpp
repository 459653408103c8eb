//===- WidenOp.cpp - pith.widen -------------------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Shape rule, constraints, meaning and kernel code of pith.widen.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Quantization/QuantizationOps.h"

#include "pith/Compression/Codec.h"
#include "pith/Dialect/Pith/IR/ShapeAnalysis.h"

using namespace mlir;
using namespace pith;

//===----------------------------------------------------------------------===//
// Constraints and shapes
//===----------------------------------------------------------------------===//

LogicalResult WidenOp::verify() {
  Type stored = getInput().getType().getElementType();
  if (!stored.isF16() && !stored.isBF16()) // C1
    return emitOpError("expected an input of type f16 or bf16, found ") << stored;
  if (Type result = getResult().getType().getElementType(); !result.isF32()) // C2
    return emitOpError("expected a result of type f32, found ") << result;
  return success();
}

LogicalResult WidenOp::inferSymbolicShapes(ShapeContext &context) {
  context.setDims(0, SymbolicShape(context.dims(getInput()))); // C3
  return success();
}

//===----------------------------------------------------------------------===//
// Meaning
//===----------------------------------------------------------------------===//

FailureOr<SmallVector<HostTensor>> WidenOp::evaluate(ArrayRef<HostTensor> operands) {
  return SmallVector<HostTensor>{
      operands[0].converted(getResult().getType().getElementType())};
}

//===----------------------------------------------------------------------===//
// What kernels and passes ask
//===----------------------------------------------------------------------===//

std::string WidenOp::getFormatName() { return pith::getFormatName(Value(getInput())); }

int64_t WidenOp::getStorageBits() { return getOperandBits(*this); }

int64_t WidenOp::getTileStep(ArrayRef<int64_t> operandSteps) {
  return operandSteps.front();
}

int64_t WidenOp::getTileGroup() { return 0; }

TilePacking WidenOp::getOperandPacking(unsigned index) {
  TilePacking packing;
  packing.kind = TilePacking::Kind::Elements;
  return packing;
}

SmallVector<Value> WidenOp::emitGroup(TileEmitter &emitter) { return {}; }

TileValues WidenOp::emitTile(TileEmitter &emitter, ValueRange group) {
  // Floats arrive as f32, whatever they are stored in.
  return emitter.operandTile(0);
}
