//===- Movement.cpp - Kernel models of ops that move elements -------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For every result position, where in the operands the element comes from. The
// element emitter composes these maps through whole chains of such ops.
//
//===----------------------------------------------------------------------===//

#include "Movement.h"

#include "Lines.h"
#include "Range.h"
#include "Transpose.h"
#include "pith/Codegen/CPU/Contraction/ContractionKernels.h"
#include "pith/Codegen/CPU/KernelEmitter.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace pith;

namespace {

using Position = ArrayRef<LaneIndex>;

//===----------------------------------------------------------------------===//
// Helpers
//===----------------------------------------------------------------------===//

struct Index {
  ElementEmitter &e;
  OpBuilder &b;
  Location loc;
  explicit Index(ElementEmitter &e) : e(e), b(e.getBuilder()), loc(e.getLoc()) {}

  Value c(int64_t v) { return e.constantIndex(v); }
  Value compare(arith::CmpIPredicate p, Value x, Value y) {
    return b.createOrFold<arith::CmpIOp>(loc, p, x, y);
  }
  Value select(Value cond, Value x, Value y) {
    return b.createOrFold<arith::SelectOp>(loc, cond, x, y);
  }
  Value min(Value x, Value y) { return b.createOrFold<arith::MinSIOp>(loc, x, y); }
  Value max(Value x, Value y) { return b.createOrFold<arith::MaxSIOp>(loc, x, y); }
  Value div(Value x, Value y) { return b.createOrFold<arith::DivUIOp>(loc, x, y); }
  Value rem(Value x, Value y) { return b.createOrFold<arith::RemUIOp>(loc, x, y); }
  Value both(Value x, Value y) {
    return x ? b.createOrFold<arith::AndIOp>(loc, x, y) : y;
  }
  Value size(Value tensor, unsigned axis) {
    return e.getKernel().size(e.getKernel().dims(tensor)[axis]);
  }
  /// Element `i` of a small integer operand whose elements are sizes.
  Value content(Value tensor, unsigned i) {
    auto contents = e.getKernel().getShapes().getContents(tensor);
    return contents ? e.getKernel().size((*contents)[i]) : Value();
  }
  /// `x` of any integer type as an index; an unsigned one is extended by zeros.
  Value toIndex(Value x, Type element) {
    return element.isUnsignedInteger()
               ? arith::IndexCastUIOp::create(b, loc, b.getIndexType(), x).getResult()
               : arith::IndexCastOp::create(b, loc, b.getIndexType(), x).getResult();
  }
};

/// Emits `cond ? then() : else()` for a condition that all lanes share.
Value choose(ElementEmitter &e, Value condition, Type type,
             function_ref<Value()> then, function_ref<Value()> otherwise) {
  OpBuilder &b = e.getBuilder();
  auto op = scf::IfOp::create(b, e.getLoc(), TypeRange{type}, condition, true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(&op.getThenRegion().front());
  Value x = then();
  if (!x)
    return {};
  scf::YieldOp::create(b, e.getLoc(), ValueRange{x});
  b.setInsertionPointToStart(&op.getElseRegion().front());
  Value y = otherwise();
  if (!y)
    return {};
  scf::YieldOp::create(b, e.getLoc(), ValueRange{y});
  return op.getResult(0);
}

Type elementOf(Value v) { return cast<RankedTensorType>(v.getType()).getElementType(); }

/// Zero of the element type, in all lanes.
Value zero(ElementEmitter &e, Value tensor) {
  Type type = e.laneType(elementOf(tensor));
  return arith::ConstantOp::create(e.getBuilder(), e.getLoc(),
                                   cast<TypedAttr>(e.getBuilder().getZeroAttr(type)));
}

/// Positions whose lanes must not differ.
bool uniform(LaneIndex index) { return index.stride == 0; }

//===----------------------------------------------------------------------===//
// One position map per op
//===----------------------------------------------------------------------===//

Value emit(TransposeOp op, ElementEmitter &e, Position position) {
  SmallVector<LaneIndex> source(position.size());
  for (auto [axis, from] : llvm::enumerate(op.getPermutation()))
    source[from] = position[axis];
  return e.at(op.getInput(), source);
}

Value emit(ExpandOp op, ElementEmitter &e, Position position) {
  SmallVector<AffineExpr> shape(e.getKernel().dims(op.getResult()));
  return e.atBroadcast(op.getInput(), shape, position);
}

Value emit(SliceOp op, ElementEmitter &e, Position position) {
  Index x(e);
  SmallVector<LaneIndex> source(position);
  for (auto [i, axis] : llvm::enumerate(op.getAxes())) {
    int64_t step = op.getSteps()[i];
    Value start = x.content(op.getStarts(), i);
    if (!start)
      return {};
    Value extent = x.size(op.getInput(), axis);
    Value negative = x.compare(arith::CmpIPredicate::slt, start, x.c(0));
    start = x.select(negative, e.add(start, extent), start);
    Value last = step < 0 ? e.sub(extent, x.c(1)) : extent;
    start = x.max(x.c(0), x.min(start, last));
    source[axis] = e.add({start, 0}, e.scale(position[axis], step));
  }
  return e.at(op.getInput(), source);
}

Value emit(TileOp op, ElementEmitter &e, Position position) {
  Index x(e);
  SmallVector<LaneIndex> source;
  for (unsigned axis = 0; axis < position.size(); ++axis) {
    auto &kernel = e.getKernel();
    if (kernel.dims(op.getInput())[axis] == kernel.dims(op.getResult())[axis])
      source.push_back(position[axis]);
    else if (uniform(position[axis]))
      source.push_back({x.rem(position[axis].base, x.size(op.getInput(), axis)), 0});
    else
      return {};
  }
  return e.at(op.getInput(), source);
}

/// Input index for a padded axis in the modes that repeat elements.
Value mirrored(Index &x, PadMode mode, Value i, Value extent) {
  ElementEmitter &e = x.e;
  if (mode == PadMode::Edge)
    return x.max(x.c(0), x.min(i, e.sub(extent, x.c(1))));
  Value below = x.compare(arith::CmpIPredicate::slt, i, x.c(0));
  Value above = x.compare(arith::CmpIPredicate::sge, i, extent);
  if (mode == PadMode::Wrap) {
    Value low = e.add(i, extent), high = e.sub(i, extent);
    return x.select(below, low, x.select(above, high, i));
  }
  Value low = e.sub(x.c(0), i);
  Value high = e.sub(e.mul(x.c(2), e.sub(extent, x.c(1))), i);
  return x.select(below, low, x.select(above, high, i));
}

bool padsAxis(PadOp op, ElementEmitter &e, unsigned axis) {
  auto &shapes = e.getKernel().getShapes();
  auto low = shapes.getContents(op.getLow()), high = shapes.getContents(op.getHigh());
  return !low || !high || getConstant((*low)[axis]) != 0 ||
         getConstant((*high)[axis]) != 0;
}

Value emit(PadOp op, ElementEmitter &e, Position position) {
  Index x(e);
  SmallVector<LaneIndex> source(position);
  Value inside;
  for (unsigned axis = 0; axis < position.size(); ++axis) {
    if (!padsAxis(op, e, axis))
      continue;
    if (!uniform(position[axis]))
      return {};
    Value low = x.content(op.getLow(), axis);
    if (!low)
      return {};
    Value i = e.sub(position[axis].base, low);
    Value extent = x.size(op.getInput(), axis);
    if (op.getMode() == PadMode::Constant)
      inside = x.both(inside, x.compare(arith::CmpIPredicate::ult, i, extent));
    else
      i = mirrored(x, op.getMode(), i, extent);
    source[axis] = {i, 0};
  }
  if (!inside)
    return e.at(op.getInput(), source);
  auto fill = [&]() -> Value {
    if (!op.getValue())
      return zero(e, op.getInput());
    SmallVector<LaneIndex> scalar(
        cast<RankedTensorType>(op.getValue().getType()).getRank(), {x.c(0), 0});
    Value v = e.at(op.getValue(), scalar);
    return v ? e.splat(v) : Value();
  };
  return choose(e, inside, e.laneType(elementOf(op.getInput())),
                [&] { return e.at(op.getInput(), source); }, fill);
}

Value emit(ConcatOp op, ElementEmitter &e, Position position) {
  Index x(e);
  unsigned axis = op.getAxis();
  if (!uniform(position[axis]) && op.getInputs().size() > 1)
    return {};
  Type type = e.laneType(elementOf(op.getResult()));
  // From the first operand on: is the index below its end?
  std::function<Value(size_t, Value)> part = [&](size_t number, Value begin) -> Value {
    Value input = op.getInputs()[number];
    SmallVector<LaneIndex> source(position);
    source[axis].base = e.sub(position[axis].base, begin);
    if (number + 1 == op.getInputs().size())
      return e.at(input, source);
    Value end = e.add(begin, x.size(input, axis));
    Value here = x.compare(arith::CmpIPredicate::ult, position[axis].base, end);
    return choose(e, here, type, [&] { return e.at(input, source); },
                  [&] { return part(number + 1, end); });
  };
  return part(0, x.c(0));
}

Value emit(GatherOp op, ElementEmitter &e, Position position) {
  Index x(e);
  unsigned axis = op.getAxis();
  unsigned count = cast<RankedTensorType>(op.getIndices().getType()).getRank();
  Position where = position.slice(axis, count);
  if (!llvm::all_of(where, uniform))
    return {};
  Value index = e.indexAt(op.getIndices(), where, x.size(op.getInput(), axis));
  if (!index)
    return {};
  SmallVector<LaneIndex> source(position.take_front(axis));
  source.push_back({index, 0});
  llvm::append_range(source, position.drop_front(axis + count));
  return e.at(op.getInput(), source);
}

Value emit(GatherElementsOp op, ElementEmitter &e, Position position) {
  if (!llvm::all_of(position, uniform))
    return {};
  Index x(e);
  Value index = e.indexAt(op.getIndices(), position,
                            x.size(op.getInput(), op.getAxis()));
  if (!index)
    return {};
  SmallVector<LaneIndex> source(position);
  source[op.getAxis()] = {index, 0};
  return e.at(op.getInput(), source);
}

Value emit(GatherNdOp op, ElementEmitter &e, Position position) {
  Index x(e);
  auto indices = cast<RankedTensorType>(op.getIndices().getType());
  int64_t batch = op.getBatchDims(), outer = indices.getRank() - 1;
  int64_t tuple = indices.getShape().back();
  SmallVector<LaneIndex> where(position.take_front(outer));
  if (!llvm::all_of(where, uniform))
    return {};
  SmallVector<LaneIndex> source(position.take_front(batch));
  where.push_back({});
  for (int64_t i = 0; i < tuple; ++i) {
    where.back() = {x.c(i), 0};
    Value index = e.indexAt(op.getIndices(), where, x.size(op.getInput(), batch + i));
    if (!index)
      return {};
    source.push_back({index, 0});
  }
  llvm::append_range(source, position.drop_front(outer));
  return e.at(op.getInput(), source);
}

Value emit(DepthToSpaceOp op, ElementEmitter &e, Position position) {
  if (!llvm::all_of(position, uniform))
    return {};
  Index x(e);
  Value block = x.c(op.getBlock());
  Value row = x.rem(position[2].base, block), column = x.rem(position[3].base, block);
  Value channel;
  if (op.getColumnRowDepth()) {
    channel = e.add(e.mul(position[1].base, block), row);
    channel = e.add(e.mul(channel, block), column);
  } else {
    channel = e.add(e.mul(row, block), column);
    channel = e.add(e.mul(channel, x.size(op.getResult(), 1)), position[1].base);
  }
  SmallVector<LaneIndex> source{position[0],
                                {channel, 0},
                                {x.div(position[2].base, block), 0},
                                {x.div(position[3].base, block), 0}};
  return e.at(op.getInput(), source);
}

Value emit(SpaceToDepthOp op, ElementEmitter &e, Position position) {
  if (!uniform(position[1]))
    return {};
  Index x(e);
  Value block = x.c(op.getBlock());
  Value channels = x.size(op.getInput(), 1);
  Value offset = x.div(position[1].base, channels);
  Value channel = x.rem(position[1].base, channels);
  LaneIndex row = e.add(e.scale(position[2], op.getBlock()),
                        LaneIndex{x.div(offset, block), 0});
  LaneIndex column = e.add(e.scale(position[3], op.getBlock()),
                           LaneIndex{x.rem(offset, block), 0});
  return e.at(op.getInput(), {position[0], {channel, 0}, row, column});
}

Value emit(FillOp op, ElementEmitter &e, Position) {
  SmallVector<LaneIndex> scalar(
      cast<RankedTensorType>(op.getValue().getType()).getRank(),
      {e.constantIndex(0), 0});
  Value v = e.at(op.getValue(), scalar);
  return v ? e.splat(v) : Value();
}

/// Lanes of an index as numbers of the element type.
Value asNumber(ElementEmitter &e, Value index, Type element) {
  OpBuilder &b = e.getBuilder();
  Type type = e.laneType(element);
  if (isa<IntegerType>(element))
    return arith::IndexCastOp::create(b, e.getLoc(), type, index);
  Value wide = arith::IndexCastOp::create(b, e.getLoc(), e.laneType(b.getI64Type()),
                                          index);
  return arith::SIToFPOp::create(b, e.getLoc(), type, wide);
}

Value emit(RangeOp op, ElementEmitter &e, Position position) {
  OpBuilder &b = e.getBuilder();
  auto scalar = [&](Value v) -> Value {
    SmallVector<LaneIndex> where(cast<RankedTensorType>(v.getType()).getRank(),
                                 {e.constantIndex(0), 0});
    Value x = e.at(v, where);
    return x ? e.splat(x) : Value();
  };
  Value start = scalar(op.getStart()), delta = scalar(op.getDelta());
  if (!start || !delta)
    return {};
  Type element = elementOf(op.getResult());
  Value i = asNumber(e, e.materialize(position[0]), element);
  if (isa<FloatType>(element)) {
    Value step = arith::MulFOp::create(b, e.getLoc(), i, delta);
    return arith::AddFOp::create(b, e.getLoc(), start, step);
  }
  Value step = arith::MulIOp::create(b, e.getLoc(), i, delta);
  return arith::AddIOp::create(b, e.getLoc(), start, step);
}

Value emit(TriluOp op, ElementEmitter &e, Position position) {
  OpBuilder &b = e.getBuilder();
  Value element = e.at(op.getInput(), position);
  if (!element)
    return {};
  size_t rank = position.size();
  LaneIndex limit = e.add(position[rank - 2], LaneIndex{e.constantIndex(op.getK()), 0});
  auto predicate = op.getUpper() ? arith::CmpIPredicate::sge : arith::CmpIPredicate::sle;
  Value keep = arith::CmpIOp::create(b, e.getLoc(), predicate,
                                     e.materialize(position[rank - 1]),
                                     e.materialize(limit));
  return arith::SelectOp::create(b, e.getLoc(), keep, element, zero(e, op.getInput()));
}

Value emit(OneHotOp op, ElementEmitter &e, Position position) {
  OpBuilder &b = e.getBuilder();
  Index x(e);
  unsigned axis = op.getAxis();
  SmallVector<LaneIndex> where(position);
  where.erase(where.begin() + axis);
  Value raw = e.at(op.getIndices(), where);
  Value off = e.at(op.getValues(), {{x.c(0), 0}});
  Value on = e.at(op.getValues(), {{x.c(1), 0}});
  if (!raw || !off || !on)
    return {};
  // Compared as i64: float indices are allowed.
  Type element = elementOf(op.getIndices());
  Type wide = e.laneType(b.getI64Type());
  Value index = e.splat(raw);
  if (isa<FloatType>(element))
    index = arith::FPToSIOp::create(b, e.getLoc(), wide, index);
  else if (element.getIntOrFloatBitWidth() < 64)
    index = element.isUnsignedInteger()
                ? arith::ExtUIOp::create(b, e.getLoc(), wide, index).getResult()
                : arith::ExtSIOp::create(b, e.getLoc(), wide, index).getResult();
  Value depth = e.splat(arith::IndexCastOp::create(b, e.getLoc(), b.getI64Type(),
                                                   x.size(op.getResult(), axis)));
  Value none = arith::ConstantOp::create(b, e.getLoc(),
                                         cast<TypedAttr>(b.getZeroAttr(wide)));
  Value negative = arith::CmpIOp::create(b, e.getLoc(), arith::CmpIPredicate::slt,
                                         index, none);
  Value moved = arith::AddIOp::create(b, e.getLoc(), index, depth);
  index = arith::SelectOp::create(b, e.getLoc(), negative, moved, index);
  Value here = asNumber(e, e.materialize(position[axis]), b.getI64Type());
  Value hit = arith::CmpIOp::create(b, e.getLoc(), arith::CmpIPredicate::eq, index, here);
  return arith::SelectOp::create(b, e.getLoc(), hit, e.splat(on), e.splat(off));
}

Value emit(ReverseSequenceOp op, ElementEmitter &e, Position position) {
  Index x(e);
  LaneIndex batch = position[op.getBatchAxis()], time = position[op.getTimeAxis()];
  if (!uniform(batch) || !uniform(time))
    return {};
  ElementEmitter single(e.getKernel(), e.getBuilder(), 1);
  Value raw = single.at(op.getLengths(), {batch});
  if (!raw)
    return {};
  Value length = x.toIndex(raw, elementOf(op.getLengths()));
  Value inside = x.compare(arith::CmpIPredicate::slt, time.base, length);
  Value mirrored = e.sub(e.sub(length, x.c(1)), time.base);
  SmallVector<LaneIndex> source(position);
  source[op.getTimeAxis()] = {x.select(inside, mirrored, time.base), 0};
  return e.at(op.getInput(), source);
}

//===----------------------------------------------------------------------===//
// Whether lanes along the last axis can be kept
//===----------------------------------------------------------------------===//

template <typename Op>
bool keeps(Op) {
  return true;
}
int64_t lastAxis(Value v) { return cast<RankedTensorType>(v.getType()).getRank() - 1; }
bool keeps(TileOp op) {
  auto in = cast<RankedTensorType>(op.getInput().getType());
  auto out = cast<RankedTensorType>(op.getResult().getType());
  return out.getRank() > 0 && !ShapedType::isDynamic(in.getShape().back()) &&
         in.getShape().back() == out.getShape().back();
}
bool keeps(PadOp op) {
  int64_t last = lastAxis(op.getInput());
  for (Value amounts : {Value(op.getLow()), Value(op.getHigh())}) {
    DenseElementsAttr attr;
    if (last < 0 || !matchPattern(amounts, m_Constant(&attr)) ||
        attr.getValues<APInt>()[last].getSExtValue() != 0)
      return false;
  }
  return true;
}
bool keeps(ConcatOp op) {
  return op.getInputs().size() == 1 || int64_t(op.getAxis()) != lastAxis(op.getResult());
}
bool keeps(GatherOp op) {
  int64_t count = cast<RankedTensorType>(op.getIndices().getType()).getRank();
  return count == 0 || int64_t(op.getAxis()) + count - 1 != lastAxis(op.getResult());
}
bool keeps(GatherElementsOp) { return false; }
bool keeps(GatherNdOp op) {
  return lastAxis(op.getIndices()) <= lastAxis(op.getResult());
}
bool keeps(DepthToSpaceOp) { return false; }
bool keeps(ReverseSequenceOp op) { return lastAxis(op.getInput()) > 1; }

/// Ops that have a kernel of their own where lanes cannot be kept.
bool isRoot(TransposeOp op) { return isBlockTranspose(op); }
template <typename Op>
bool hasLines(Op op) {
  auto type = cast<RankedTensorType>(op.getResult().getType());
  return type.getRank() > 0 && !keeps(op);
}
bool isRoot(ConcatOp op) { return hasLines(op); }
bool isRoot(PadOp op) { return hasLines(op); }
bool isRoot(TileOp op) { return hasLines(op); }
bool isRoot(DepthToSpaceOp) { return true; }
bool isRoot(RangeOp op) {
  return !cast<RankedTensorType>(op.getResult().getType()).hasStaticShape();
}
template <typename Op>
bool isRoot(Op) {
  return false;
}

template <typename Op>
struct MovementModel : KernelOpInterface::ExternalModel<MovementModel<Op>, Op> {
  KernelRole getKernelRole(Operation *op) const {
    return isRoot(cast<Op>(op)) ? KernelRole::Root : KernelRole::Movement;
  }
  bool acceptsEpilogue(Operation *) const {
    // Only the op's own result can have a size that the kernel finds out.
    return !std::is_same_v<Op, RangeOp>;
  }
  bool acceptsPrologue(Operation *op, unsigned operand) const {
    // Elements, not sizes; those that are repeated are not worth computing again.
    return std::is_same_v<Op, ConcatOp> ||
           (operand == 0 && !std::is_same_v<Op, TileOp>);
  }
  LogicalResult emitKernel(Operation *op, KernelEmitter &kernel) const {
    if constexpr (std::is_same_v<Op, TransposeOp>)
      return emitBlockTranspose(cast<TransposeOp>(op), kernel);
    else if constexpr (std::is_same_v<Op, RangeOp>)
      return emitRange(cast<RangeOp>(op), kernel);
    return emitLines(op, kernel);
  }
  bool keepsLanes(Operation *op) const { return keeps(cast<Op>(op)); }
  Value emitAt(Operation *op, ElementEmitter &emitter, unsigned,
               ArrayRef<LaneIndex> position) const {
    return emit(cast<Op>(op), emitter, position);
  }
};

/// Rows of a table that a codec decodes have a kernel of their own.
struct GatherModel : KernelOpInterface::ExternalModel<GatherModel, GatherOp> {
  KernelRole getKernelRole(Operation *op) const {
    return isTableLookUp(op) ? KernelRole::Root : KernelRole::Movement;
  }
  bool keepsLanes(Operation *op) const { return keeps(cast<GatherOp>(op)); }
  Value emitAt(Operation *op, ElementEmitter &emitter, unsigned,
               ArrayRef<LaneIndex> position) const {
    return emit(cast<GatherOp>(op), emitter, position);
  }
  bool acceptsEpilogue(Operation *) const { return true; }
  LogicalResult emitKernel(Operation *op, KernelEmitter &kernel) const {
    return emitTableLookUp(kernel, op);
  }
};

/// The same bytes under another type.
template <typename Op>
struct AliasModel : KernelOpInterface::ExternalModel<AliasModel<Op>, Op> {
  KernelRole getKernelRole(Operation *) const { return KernelRole::Alias; }
};

struct HostModel : KernelOpInterface::ExternalModel<HostModel, ShapeOp> {
  KernelRole getKernelRole(Operation *) const { return KernelRole::Host; }
};

} // namespace

void pith::attachMovementModels(MLIRContext *context) {
#define PITH_ATTACH(OP) OP::attachInterface<MovementModel<OP>>(*context);
  PITH_ATTACH(TransposeOp) PITH_ATTACH(ExpandOp) PITH_ATTACH(SliceOp)
  PITH_ATTACH(TileOp) PITH_ATTACH(PadOp) PITH_ATTACH(ConcatOp)
  PITH_ATTACH(GatherElementsOp) PITH_ATTACH(GatherNdOp) PITH_ATTACH(DepthToSpaceOp)
  PITH_ATTACH(SpaceToDepthOp) PITH_ATTACH(FillOp) PITH_ATTACH(RangeOp)
  PITH_ATTACH(TriluOp) PITH_ATTACH(OneHotOp) PITH_ATTACH(ReverseSequenceOp)
#undef PITH_ATTACH
  GatherOp::attachInterface<GatherModel>(*context);
  ReshapeOp::attachInterface<AliasModel<ReshapeOp>>(*context);
  SqueezeOp::attachInterface<AliasModel<SqueezeOp>>(*context);
  UnsqueezeOp::attachInterface<AliasModel<UnsqueezeOp>>(*context);
  FlattenOp::attachInterface<AliasModel<FlattenOp>>(*context);
  ShapeOp::attachInterface<HostModel>(*context);
}
