//===- ReadElement.cpp - Indices, and elements of codecs ------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What an element emitter reads that is not just a number: an index into an axis,
// checked; and the value of integer codes with scales, wherever no kernel decodes
// it in a better way.
//
//===----------------------------------------------------------------------===//

#include "pith/Codegen/CPU/Contraction/PanelPacking.h"
#include "pith/Codegen/CPU/KernelEmitter.h"
#include "pith/Compression/Quantization/QuantizationOps.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace pith;

static Type elementOf(Value tensor) {
  return cast<RankedTensorType>(tensor.getType()).getElementType();
}

Value ElementEmitter::indexAt(Value tensor, ArrayRef<LaneIndex> position,
                              Value extent) {
  ElementEmitter single(kernel, builder, 1);
  Value raw = single.at(tensor, position);
  if (!raw)
    return {};
  OpBuilder &b = builder;
  Location loc = getLoc();
  Type type = b.getIndexType();
  Value index = elementOf(tensor).isUnsignedInteger()
                    ? arith::IndexCastUIOp::create(b, loc, type, raw).getResult()
                    : arith::IndexCastOp::create(b, loc, type, raw).getResult();
  Value zero = constantIndex(0);
  Value negative = b.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::slt, index, zero);
  Value moved = b.createOrFold<arith::SelectOp>(loc, negative, add(index, extent), index);
  // Unsigned, so that what is still negative is too large.
  Value bad = b.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::uge, moved, extent);
  scf::IfOp::create(b, loc, bad, [&](OpBuilder &inner, Location) {
    kernel.trap(inner, "index out of range", index);
    scf::YieldOp::create(inner, loc);
  });
  return b.createOrFold<arith::SelectOp>(loc, bad, zero, moved);
}

namespace {
/// `(code − zero point) · scale` at one position.
class CodeElement {
public:
  CodeElement(ElementEmitter &e, DequantizeOp op)
      : e(e), b(e.getBuilder()), loc(e.getLoc()), op(op) {}

  Value at(ArrayRef<LaneIndex> position);

private:
  /// Where the scale of a position is; nothing if lanes have different ones.
  std::optional<SmallVector<LaneIndex>> scalePosition(ArrayRef<LaneIndex> position);
  Value perLane(ArrayRef<LaneIndex> position);
  /// Elements below 8 bits are stored as bytes.
  void widenStorage(Value tensor);
  Value number(Value tensor, ArrayRef<LaneIndex> position, bool isCode = false);

  ElementEmitter &e;
  OpBuilder &b;
  Location loc;
  DequantizeOp op;
};
} // namespace

std::optional<SmallVector<LaneIndex>>
CodeElement::scalePosition(ArrayRef<LaneIndex> position) {
  RankedTensorType type = op.getScale().getType();
  if (type.hasStaticShape() && type.getNumElements() == 1)
    return SmallVector<LaneIndex>(type.getRank(), {e.constantIndex(0), 0});
  // Rows, then groups of the axes behind them.
  size_t axis = op.getAxis();
  SmallVector<LaneIndex> where(position.take_front(axis));
  for (LaneIndex index : where)
    if (index.stride != 0 && e.lanes() > 1)
      return std::nullopt;
  if (op.getGroupSize() == 0) {
    where.push_back({e.constantIndex(0), 0});
    return where;
  }
  SmallVector<AffineExpr> dims(e.getKernel().dims(op.getCodes()));
  auto linear = e.getKernel().linearize(e, ArrayRef(dims).drop_front(axis),
                                        position.drop_front(axis));
  if (!linear || (linear->stride != 0 && e.lanes() > 1))
    return std::nullopt;
  Value size = e.constantIndex(op.getGroupSize());
  where.push_back({b.createOrFold<arith::DivUIOp>(loc, linear->base, size), 0});
  return where;
}

Value CodeElement::perLane(ArrayRef<LaneIndex> position) {
  SmallVector<Value> elements;
  for (int64_t lane = 0; lane < e.lanes(); ++lane) {
    ElementEmitter single(e.getKernel(), b, 1);
    SmallVector<LaneIndex> own;
    for (LaneIndex index : position)
      own.push_back({e.add(index.base, e.constantIndex(lane * index.stride)), 0});
    Value x = CodeElement(single, op).at(own);
    if (!x)
      return {};
    elements.push_back(x);
  }
  return vector::FromElementsOp::create(b, loc, e.laneType(elementOf(op.getResult())),
                                        elements);
}

void CodeElement::widenStorage(Value tensor) {
  auto argument = dyn_cast<BlockArgument>(tensor);
  unsigned bits = elementOf(tensor).getIntOrFloatBitWidth();
  if (!argument || bits >= 8 || bits == 1)
    return;
  ArgumentPacking &packing = e.getKernel().getPlan().packings[argument.getArgNumber()];
  if (packing.pack)
    return;
  packing.pack = widenElements;
  packing.key = "wide";
}

Value CodeElement::number(Value tensor, ArrayRef<LaneIndex> position, bool isCode) {
  widenStorage(tensor);
  Value x = e.at(tensor, position);
  if (!x)
    return {};
  x = e.splat(x);
  Type element = elementOf(tensor), single = e.laneType(b.getF32Type());
  Type own = getElementTypeOrSelf(x.getType());
  if (own.isF32())
    return x;
  if (isa<FloatType>(own))
    return arith::ExtFOp::create(b, loc, single, x);
  if (isCode && element.isSignlessInteger(1)) {
    // A bit stands for −1 or 1.
    Value bit = arith::UIToFPOp::create(b, loc, single, x);
    auto constant = [&](double value) {
      return e.splat(arith::ConstantOp::create(b, loc, b.getF32FloatAttr(value)));
    };
    bit = arith::MulFOp::create(b, loc, bit, constant(2));
    return arith::SubFOp::create(b, loc, bit, constant(1));
  }
  return element.isUnsignedInteger() || own.isInteger(1)
             ? arith::UIToFPOp::create(b, loc, single, x).getResult()
             : arith::SIToFPOp::create(b, loc, single, x).getResult();
}

Value CodeElement::at(ArrayRef<LaneIndex> position) {
  auto where = scalePosition(position);
  if (!where)
    return e.lanes() > 1 ? perLane(position) : Value();
  Value value = number(op.getCodes(), position, /*isCode=*/true);
  Value factor = number(op.getScale(), *where);
  if (!value || !factor)
    return {};
  if (op.getZeroPoint()) {
    Value zero = number(op.getZeroPoint(), *where);
    if (!zero)
      return {};
    value = arith::SubFOp::create(b, loc, value, zero);
  }
  value = arith::MulFOp::create(b, loc, value, factor);
  Type element = elementOf(op.getResult());
  if (element.isF32())
    return value;
  Type type = e.laneType(element);
  return element.getIntOrFloatBitWidth() < 32
             ? arith::TruncFOp::create(b, loc, type, value).getResult()
             : arith::ExtFOp::create(b, loc, type, value).getResult();
}

Value ElementEmitter::codecElement(Value value, ArrayRef<LaneIndex> position) {
  if (auto op = value.getDefiningOp<WidenOp>()) {
    Value x = at(op.getInput(), position);
    return x ? arith::ExtFOp::create(builder, getLoc(), laneType(builder.getF32Type()),
                                     splat(x))
                   .getResult()
             : Value();
  }
  auto op = value.getDefiningOp<DequantizeOp>();
  return op ? CodeElement(*this, op).at(position) : Value();
}
