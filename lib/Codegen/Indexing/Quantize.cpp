//===- Quantize.cpp - Kernel model of pith.quantize -----------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Elementwise; with one scale for all it fuses like any elementwise op, with one
// per index of an axis it needs to know the axis, so axes must not be joined.
//
//===----------------------------------------------------------------------===//

#include "Indexing.h"

#include "../Elementwise/Saturate.h"
#include "pith/Codegen/CPU/KernelEmitter.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace pith;

namespace {

Type elementOf(Value tensor) {
  return cast<RankedTensorType>(tensor.getType()).getElementType();
}

bool isSingle(Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  return type.hasStaticShape() && type.getNumElements() == 1;
}

/// Whether all elements are 1, known when the kernel is made.
bool isOne(Value tensor) {
  ElementsAttr attr;
  if (isa<BlockArgument>(tensor) || !matchPattern(tensor, m_Constant(&attr)))
    return false;
  auto value = HostTensor::get(attr);
  if (!value)
    return false;
  for (int64_t i = 0; i < value->getNumElements(); ++i)
    if (value->getDouble(i) != 1)
      return false;
  return true;
}

/// A parameter at a position: one for all, or one per index of the axis.
Value parameter(QuantizeOp op, ElementEmitter &e, Value tensor,
                ArrayRef<LaneIndex> position) {
  SmallVector<LaneIndex> where(cast<RankedTensorType>(tensor.getType()).getRank(),
                               {e.constantIndex(0), 0});
  if (!isSingle(tensor) && where.size() == 1 && op.getAxis() < position.size())
    where[0] = position[op.getAxis()];
  Value x = e.at(tensor, where);
  return x ? e.splat(x) : Value();
}

Value toFloat(ElementEmitter &e, Value x, Type from, Type to) {
  OpBuilder &b = e.getBuilder();
  Type type = e.laneType(to), own = getElementTypeOrSelf(x.getType());
  if (own == to)
    return x;
  if (isa<IntegerType>(own))
    return from.isUnsignedInteger()
               ? arith::UIToFPOp::create(b, e.getLoc(), type, x).getResult()
               : arith::SIToFPOp::create(b, e.getLoc(), type, x).getResult();
  return own.getIntOrFloatBitWidth() < to.getIntOrFloatBitWidth()
             ? arith::ExtFOp::create(b, e.getLoc(), type, x).getResult()
             : arith::TruncFOp::create(b, e.getLoc(), type, x).getResult();
}

Value emit(QuantizeOp op, ElementEmitter &e, ArrayRef<LaneIndex> position) {
  OpBuilder &b = e.getBuilder();
  Location loc = e.getLoc();
  Type target = elementOf(op.getResult());
  // 32-bit codes need more digits than f32 has.
  unsigned bits = target.getIntOrFloatBitWidth();
  bool isDouble = elementOf(op.getInput()).isF64() || bits > 24;
  Type real = isDouble ? Type(b.getF64Type()) : Type(b.getF32Type());
  Value x = e.at(op.getInput(), position);
  Value scale = parameter(op, e, op.getScale(), position);
  if (!x || !scale)
    return {};
  x = toFloat(e, e.splat(x), elementOf(op.getInput()), real);
  scale = toFloat(e, scale, elementOf(op.getScale()), real);
  // The quotient is rounded as the operands are, to f32 at least.
  if (!isOne(op.getScale()))
    x = arith::DivFOp::create(b, loc, x, scale);
  if (isDouble && !elementOf(op.getInput()).isF64()) {
    x = arith::TruncFOp::create(b, loc, e.laneType(b.getF32Type()), x);
    x = arith::ExtFOp::create(b, loc, e.laneType(real), x);
  }
  x = math::RoundEvenOp::create(b, loc, x);
  if (op.getZeroPoint()) {
    Value zero = parameter(op, e, op.getZeroPoint(), position);
    if (!zero)
      return {};
    x = arith::AddFOp::create(b, loc, x,
                              toFloat(e, zero, elementOf(op.getZeroPoint()), real));
  }
  return saturatedInteger(b, loc, x, target, op.getBits());
}

struct QuantizeModel : KernelOpInterface::ExternalModel<QuantizeModel, QuantizeOp> {
  KernelRole getKernelRole(Operation *operation) const {
    auto op = cast<QuantizeOp>(operation);
    bool single = isSingle(op.getScale()) &&
                  (!op.getZeroPoint() || isSingle(op.getZeroPoint()));
    return single ? KernelRole::Pointwise : KernelRole::Movement;
  }
  Value emitAt(Operation *op, ElementEmitter &emitter, unsigned,
               ArrayRef<LaneIndex> position) const {
    return emit(cast<QuantizeOp>(op), emitter, position);
  }
};

} // namespace

void pith::attachQuantizeModel(MLIRContext *context) {
  QuantizeOp::attachInterface<QuantizeModel>(*context);
}
