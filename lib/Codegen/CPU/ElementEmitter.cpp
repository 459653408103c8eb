//===- ElementEmitter.cpp - Values of a kernel at a position --------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Computes any value of a kernel at one position, as a scalar or a vector of
// lanes: arguments are loaded, fused producers are emitted recursively.
//
//===----------------------------------------------------------------------===//

#include "pith/Codegen/CPU/KernelEmitter.h"

#include "pith/Dialect/Pith/IR/PithOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace pith;

Location ElementEmitter::getLoc() { return kernel.getLoc(); }

static Type signless(Type type) {
  if (auto integer = dyn_cast<IntegerType>(type))
    return IntegerType::get(type.getContext(), integer.getWidth());
  return type;
}

Type ElementEmitter::laneType(Type elementType) {
  Type type = signless(elementType);
  return numLanes == 1 ? type : VectorType::get({numLanes}, type);
}

Value ElementEmitter::splat(Value scalar) {
  if (numLanes == 1 || isa<VectorType>(scalar.getType()))
    return scalar;
  return vector::BroadcastOp::create(
      builder, getLoc(), VectorType::get({numLanes}, scalar.getType()), scalar);
}

Value ElementEmitter::constantIndex(int64_t value) {
  return kernel.constantIndex(value);
}

Value ElementEmitter::add(Value a, Value b) {
  return builder.createOrFold<arith::AddIOp>(getLoc(), a, b);
}
Value ElementEmitter::sub(Value a, Value b) {
  return builder.createOrFold<arith::SubIOp>(getLoc(), a, b);
}
Value ElementEmitter::mul(Value a, Value b) {
  return builder.createOrFold<arith::MulIOp>(getLoc(), a, b);
}

LaneIndex ElementEmitter::add(LaneIndex a, LaneIndex b) {
  return {add(a.base, b.base), a.stride + b.stride};
}

LaneIndex ElementEmitter::scale(LaneIndex a, int64_t factor) {
  return {mul(a.base, constantIndex(factor)), a.stride * factor};
}

Value ElementEmitter::materialize(LaneIndex index) {
  if (numLanes == 1)
    return index.base;
  Value base = splat(index.base);
  if (index.stride == 0)
    return base;
  SmallVector<int64_t> offsets;
  for (int64_t lane = 0; lane < numLanes; ++lane)
    offsets.push_back(lane * index.stride);
  auto type = VectorType::get({numLanes}, builder.getIndexType());
  Value steps = arith::ConstantOp::create(builder, getLoc(),
                                          DenseIntElementsAttr::get(type, offsets));
  return arith::AddIOp::create(builder, getLoc(), base, steps);
}

/// Booleans are stored as bytes.
static Value fromStorage(OpBuilder &b, Location loc, Value stored, Type element) {
  if (!element.isInteger(1))
    return stored;
  Value zero = arith::ConstantOp::create(b, loc, b.getZeroAttr(stored.getType()));
  return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, stored, zero);
}

Value ElementEmitter::load(const KernelBuffer &buffer, LaneIndex offset) {
  Location loc = getLoc();
  Type stored = cast<MemRefType>(buffer.memref.getType()).getElementType();
  if (numLanes > 1 && offset.stride == 1) {
    auto type = VectorType::get({numLanes}, stored);
    Value v = vector::LoadOp::create(builder, loc, type, buffer.memref,
                                     ValueRange{offset.base});
    return fromStorage(builder, loc, v, buffer.elementType);
  }
  if (numLanes == 1 || offset.stride == 0) {
    Value v = memref::LoadOp::create(builder, loc, buffer.memref,
                                     ValueRange{offset.base});
    return splat(fromStorage(builder, loc, v, buffer.elementType));
  }
  return loadLanes(buffer, materialize(offset));
}

Value ElementEmitter::loadLanes(const KernelBuffer &buffer, Value offsets) {
  Location loc = getLoc();
  SmallVector<Value> elements;
  for (int64_t lane = 0; lane < numLanes; ++lane) {
    Value offset = numLanes == 1 ? offsets
                                 : vector::ExtractOp::create(builder, loc, offsets,
                                                             ArrayRef<int64_t>{lane})
                                       .getResult();
    elements.push_back(memref::LoadOp::create(builder, loc, buffer.memref,
                                              ValueRange{offset}));
  }
  Value v = elements.front();
  if (numLanes > 1)
    v = vector::FromElementsOp::create(
        builder, loc, VectorType::get({numLanes}, v.getType()), elements);
  return fromStorage(builder, loc, v, buffer.elementType);
}

void ElementEmitter::store(const KernelBuffer &buffer, LaneIndex offset,
                           Value element) {
  Location loc = getLoc();
  Type stored = cast<MemRefType>(buffer.memref.getType()).getElementType();
  if (buffer.elementType.isInteger(1)) {
    Type to = isa<VectorType>(element.getType())
                  ? Type(VectorType::get({numLanes}, stored))
                  : stored;
    element = arith::ExtUIOp::create(builder, loc, to, element);
  }
  if (!isa<VectorType>(element.getType())) {
    memref::StoreOp::create(builder, loc, element, buffer.memref,
                            ValueRange{offset.base});
    return;
  }
  if (offset.stride == 1) {
    vector::StoreOp::create(builder, loc, element, buffer.memref,
                            ValueRange{offset.base});
    return;
  }
  for (int64_t lane = 0; lane < numLanes; ++lane) {
    Value scalar = vector::ExtractOp::create(builder, loc, element,
                                             ArrayRef<int64_t>{lane});
    Value at = add(offset.base, constantIndex(lane * offset.stride));
    memref::StoreOp::create(builder, loc, scalar, buffer.memref, ValueRange{at});
  }
}

//===----------------------------------------------------------------------===//
// Evaluation
//===----------------------------------------------------------------------===//

/// Whether a value made in `block` may be used where `builder` stands.
static bool isVisible(Block *block, OpBuilder &builder) {
  for (Block *b = builder.getInsertionBlock(); b;) {
    if (b == block)
      return true;
    Operation *parent = b->getParentOp();
    b = parent ? parent->getBlock() : nullptr;
  }
  return false;
}

/// The same position with index 0 along axes of size 1, so that one element is
/// known by one position.
SmallVector<LaneIndex> ElementEmitter::canonical(Value value,
                                                 ArrayRef<LaneIndex> position) {
  SmallVector<LaneIndex> result(position);
  ArrayRef<AffineExpr> dims = kernel.dims(value);
  if (dims.size() == position.size())
    for (auto [dim, index] : llvm::zip(dims, result))
      if (getConstant(dim) == 1)
        index = {constantIndex(0), 0};
  return result;
}

Value ElementEmitter::find(Value value, ArrayRef<LaneIndex> position) {
  for (const Memo &memo : memos) {
    if (memo.value != value || memo.position.size() != position.size() ||
        !isVisible(memo.block, builder))
      continue;
    bool same = true;
    for (auto [known, asked] : llvm::zip(memo.position, position))
      same &= known.first == asked.base && known.second == asked.stride;
    if (same)
      return memo.element;
  }
  return {};
}

void ElementEmitter::bind(Value value, ArrayRef<LaneIndex> position,
                          Value element) {
  Memo memo{value, {}, element, builder.getInsertionBlock()};
  for (LaneIndex index : canonical(value, position))
    memo.position.push_back({index.base, index.stride});
  memos.push_back(std::move(memo));
}

Value ElementEmitter::constant(Value value) {
  ElementsAttr attr;
  if (!matchPattern(value, m_Constant(&attr)))
    return {};
  auto tensor = HostTensor::get(attr);
  if (!tensor || tensor->getNumElements() == 0)
    return {};
  Type element = tensor->getElementType();
  Type type = signless(element);
  TypedAttr scalar;
  if (isa<FloatType>(type))
    scalar = builder.getFloatAttr(type, tensor->getDouble(0));
  else
    scalar = builder.getIntegerAttr(
        type, APInt(type.getIntOrFloatBitWidth(), tensor->getInt(0), true, true));
  for (int64_t i = 1, e = tensor->getNumElements(); i < e; ++i)
    if (tensor->getInt(i) != tensor->getInt(0) ||
        tensor->getDouble(i) != tensor->getDouble(0))
      return {};
  return splat(arith::ConstantOp::create(builder, getLoc(), scalar));
}

Value ElementEmitter::loadArgument(Value argument, ArrayRef<LaneIndex> position) {
  unsigned number = cast<BlockArgument>(argument).getArgNumber();
  KernelBuffer buffer = kernel.argument(number);
  if (auto offset = kernel.linearize(*this, kernel.dims(argument), position))
    return load(buffer, *offset);
  // Lanes vary along an axis whose stride is known only at run time.
  auto strides = kernel.strides(kernel.dims(argument));
  Value offsets;
  for (auto [index, stride] : llvm::zip(position, strides)) {
    Value part = arith::MulIOp::create(builder, getLoc(), materialize(index),
                                       splat(stride));
    offsets = offsets ? arith::AddIOp::create(builder, getLoc(), offsets, part)
                            .getResult()
                      : part;
  }
  return loadLanes(buffer, offsets);
}

Value ElementEmitter::at(Value value, ArrayRef<LaneIndex> given) {
  SmallVector<LaneIndex> position = canonical(value, given);
  if (Value known = find(value, position))
    return known;
  Value element;
  if (isa<BlockArgument>(value)) {
    element = loadArgument(value, position);
  } else if (Value immediate = constant(value)) {
    return immediate;
  } else if (auto op = dyn_cast<KernelOpInterface>(value.getDefiningOp())) {
    element = op.emitAt(*this, cast<OpResult>(value).getResultNumber(), position);
  } else {
    element = codecElement(value, position);
  }
  if (!element)
    return {};
  bind(value, position, element);
  return element;
}

Value ElementEmitter::atBroadcast(Value value, ArrayRef<AffineExpr> shape,
                                  ArrayRef<LaneIndex> position) {
  // A copy: evaluation may grow the analysis.
  SmallVector<AffineExpr> dims(kernel.dims(value));
  size_t skip = shape.size() - dims.size();
  SmallVector<LaneIndex> own;
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    LaneIndex index = position[skip + axis];
    if (getConstant(dims[axis]) == 1) {
      own.push_back({constantIndex(0), 0});
    } else if (dims[axis] == shape[skip + axis] || getConstant(dims[axis])) {
      own.push_back(index);
    } else if (index.stride == 0) {
      // Only at run time it is known whether this axis repeats.
      Value isOne = arith::CmpIOp::create(builder, getLoc(),
                                          arith::CmpIPredicate::eq,
                                          kernel.size(dims[axis]), constantIndex(1));
      own.push_back({arith::SelectOp::create(builder, getLoc(), isOne,
                                             constantIndex(0), index.base),
                     0});
    } else {
      // The same, for the axis along the lanes: two loops' worth of code.
      Value isOne = arith::CmpIOp::create(builder, getLoc(),
                                          arith::CmpIPredicate::eq,
                                          kernel.size(dims[axis]), constantIndex(1));
      SmallVector<LaneIndex> fixed(own), varying(own);
      fixed.push_back({constantIndex(0), 0});
      varying.push_back(index);
      // Other axes behind this one cannot vary; lanes run along one axis.
      for (size_t next = axis + 1; next < dims.size(); ++next) {
        fixed.push_back(position[skip + next]);
        varying.push_back(position[skip + next]);
      }
      Type type = laneType(cast<RankedTensorType>(value.getType()).getElementType());
      auto choice = scf::IfOp::create(builder, getLoc(), TypeRange{type}, isOne,
                                      /*withElseRegion=*/true);
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPointToStart(&choice.getThenRegion().front());
      Value repeated = at(value, fixed);
      scf::YieldOp::create(builder, getLoc(), ValueRange{repeated});
      builder.setInsertionPointToStart(&choice.getElseRegion().front());
      Value moving = at(value, varying);
      scf::YieldOp::create(builder, getLoc(), ValueRange{moving});
      return choice.getResult(0);
    }
  }
  return at(value, own);
}
