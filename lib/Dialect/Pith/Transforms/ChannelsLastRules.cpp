//===- ChannelsLastRules.cpp - What ops do in either layout ---------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One pair of functions per kind of op: `ruleOf`, whether the op can be computed
// with channels last, and `rewrite`, how.
//
//===----------------------------------------------------------------------===//

#include "ChannelsLast.h"

#include "Rewriting.h"
#include "pith/Compression/Quantization/QuantizationOps.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace pith;

using Need = LayoutRule::Need;
using ToLast = function_ref<Value(Value)>;

SmallVector<int64_t> pith::channelsToLast(int64_t rank) {
  SmallVector<int64_t> permutation{0};
  for (int64_t axis = 2; axis < rank; ++axis)
    permutation.push_back(axis);
  permutation.push_back(1);
  return permutation;
}

SmallVector<int64_t> pith::channelsToFirst(int64_t rank) {
  return invert(channelsToLast(rank));
}

/// Where an axis of `rank` axes is with channels last.
static int64_t moveAxis(int64_t axis, int64_t rank) {
  return axis == 0 ? 0 : axis == 1 ? rank - 1 : axis - 1;
}

static SmallVector<int64_t> moveAxes(ArrayRef<int64_t> axes, int64_t rank) {
  SmallVector<int64_t> moved;
  for (int64_t axis : axes)
    moved.push_back(moveAxis(axis, rank));
  return moved;
}

static int64_t rankOf(Value value) { return tensorType(value).getRank(); }

static RankedTensorType lastType(Value value) {
  auto type = tensorType(value);
  return RankedTensorType::get(permute(type.getShape(), channelsToLast(type.getRank())),
                               type.getElementType());
}

/// A list with one entry per axis in the order of the axes with channels last.
static Value permuteList(OpBuilder &b, Location loc, Value list, int64_t rank) {
  SmallVector<int64_t> order = channelsToLast(rank);
  if (auto constant = getConstantList(list)) {
    HostTensor permuted(tensorType(list));
    for (auto [i, axis] : llvm::enumerate(order))
      permuted.setInt(i, (*constant)[axis]);
    return createConstant(b, loc, permuted);
  }
  Value indices = createList(b, loc, order);
  return GatherOp::create(b, loc, tensorType(list), list, indices, 0);
}

static LayoutRule either(OpOperand &operand, bool resultFollows = true) {
  return {Need::Either, {&operand}, resultFollows};
}

/// Axes that disappear: the result is in the same layout if none of them is the
/// channel axis, and at least one spatial axis stays.
static std::optional<bool> followsWithout(ArrayRef<int64_t> axes, int64_t rank) {
  if (llvm::is_contained(axes, 0))
    return std::nullopt;
  bool channel = llvm::is_contained(axes, 1);
  return !channel && rank - int64_t(axes.size()) >= 3;
}

//===----------------------------------------------------------------------===//
// Convolutions and pools
//===----------------------------------------------------------------------===//

template <typename Op>
static LayoutRule windowRule(Op op) {
  if (op.getLayout() == Layout::ChannelsLast)
    return {};
  return {Need::Last, {&op.getInputMutable()}, true};
}

static LayoutRule ruleOf(ConvOp op) { return windowRule(op); }
static LayoutRule ruleOf(MaxPoolOp op) { return windowRule(op); }
static LayoutRule ruleOf(AveragePoolOp op) { return windowRule(op); }
static LayoutRule ruleOf(LpPoolOp op) { return windowRule(op); }

static Value rewrite(OpBuilder &b, ConvOp op, ToLast toLast) {
  Value weight = createTranspose(b, op.getLoc(), op.getWeight(),
                                 channelsToLast(rankOf(op.getWeight())));
  return ConvOp::create(b, op.getLoc(), lastType(op.getResult()), toLast(op.getInput()),
                        weight, op.getBias(), op.getStrides(), op.getDilations(),
                        op.getPadsLow(), op.getPadsHigh(), op.getGroup(),
                        Layout::ChannelsLast);
}

template <typename Op>
static Value rewritePool(OpBuilder &b, Op op, ToLast toLast) {
  IRMapping mapping;
  mapping.map(Value(op.getInput()), toLast(op.getInput()));
  auto pool = cast<Op>(b.clone(*op, mapping));
  pool.setLayout(Layout::ChannelsLast);
  pool.getResult().setType(lastType(op.getResult()));
  return pool.getResult();
}
static Value rewrite(OpBuilder &b, MaxPoolOp op, ToLast toLast) {
  return rewritePool(b, op, toLast);
}
static Value rewrite(OpBuilder &b, AveragePoolOp op, ToLast toLast) {
  return rewritePool(b, op, toLast);
}
static Value rewrite(OpBuilder &b, LpPoolOp op, ToLast toLast) {
  return rewritePool(b, op, toLast);
}

//===----------------------------------------------------------------------===//
// Elementwise ops
//===----------------------------------------------------------------------===//

static LayoutRule elementwiseRule(Operation *op) {
  LayoutRule rule;
  int64_t rank = rankOf(op->getResult(0));
  rule.need = Need::Either;
  for (OpOperand &operand : op->getOpOperands())
    if (rankOf(operand.get()) == rank)
      rule.operands.push_back(&operand);
  return rule;
}

/// An operand of `rank` axes or fewer, aligned at the last one, with channels last.
static Value alignedToLast(OpBuilder &b, Location loc, Value value, int64_t rank,
                           ToLast toLast) {
  auto type = tensorType(value);
  if (type.getRank() == rank)
    return toLast(value);
  if (llvm::all_of(type.getShape(), [](int64_t size) { return size == 1; }))
    return value;
  auto axes = llvm::to_vector(llvm::seq<int64_t>(0, rank - type.getRank()));
  SmallVector<int64_t> shape(axes.size(), 1);
  llvm::append_range(shape, type.getShape());
  Value full;
  if (getConstantTensor(value))
    full = createReshapedConstant(b, value, shape);
  else
    full = UnsqueezeOp::create(b, loc, RankedTensorType::get(shape, type.getElementType()),
                               value, axes);
  return createTranspose(b, loc, full, channelsToLast(rank));
}

static Value rewriteElementwise(OpBuilder &b, Operation *op, ToLast toLast) {
  IRMapping mapping;
  int64_t rank = rankOf(op->getResult(0));
  for (Value operand : op->getOperands())
    mapping.map(operand, alignedToLast(b, op->getLoc(), operand, rank, toLast));
  Operation *copy = b.clone(*op, mapping);
  copy->getResult(0).setType(lastType(op->getResult(0)));
  return copy->getResult(0);
}

static LayoutRule ruleOf(QuantizeOp op) { return either(op.getInputMutable()); }
static Value rewrite(OpBuilder &b, QuantizeOp op, ToLast toLast) {
  int64_t axis = op.getAxis(), rank = rankOf(op.getInput());
  return QuantizeOp::create(b, op.getLoc(), lastType(op.getResult()),
                            toLast(op.getInput()), op.getScale(), op.getZeroPoint(),
                            moveAxis(axis, rank), op.getBits());
}

/// Activations with one scale; weights are not activations.
static LayoutRule ruleOf(DequantizeOp op) {
  auto scale = tensorType(op.getScale());
  if (!scale.hasStaticShape() || scale.getNumElements() != 1 ||
      getConstantTensor(op.getCodes()))
    return {};
  return either(op.getCodesMutable());
}
static Value rewrite(OpBuilder &b, DequantizeOp op, ToLast toLast) {
  return DequantizeOp::create(b, op.getLoc(), lastType(op.getResult()),
                              toLast(op.getCodes()), op.getScale(), op.getZeroPoint(),
                              op.getAxis(), op.getGroupSize());
}

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

static LayoutRule ruleOf(ReduceOp op) {
  if (op.getKeepDims())
    return either(op.getInputMutable());
  auto follows = followsWithout(op.getAxes(), rankOf(op.getInput()));
  return follows ? either(op.getInputMutable(), *follows) : LayoutRule();
}
static Value rewrite(OpBuilder &b, ReduceOp op, ToLast toLast) {
  bool follows = getLayoutRule(op).resultFollows;
  SmallVector<int64_t> axes = moveAxes(op.getAxes(), rankOf(op.getInput()));
  llvm::sort(axes);
  return ReduceOp::create(b, op.getLoc(),
                          follows ? lastType(op.getResult()) : op.getType(),
                          toLast(op.getInput()), op.getKind(), axes, op.getKeepDims());
}

template <typename Op>
static LayoutRule argReduceRule(Op op) {
  if (op.getKeepDims())
    return either(op.getInputMutable());
  auto follows = followsWithout({int64_t(op.getAxis())}, rankOf(op.getInput()));
  return follows ? either(op.getInputMutable(), *follows) : LayoutRule();
}
template <typename Op>
static Value rewriteArgReduce(OpBuilder &b, Op op, ToLast toLast) {
  bool follows = getLayoutRule(op).resultFollows;
  return Op::create(b, op.getLoc(), follows ? lastType(op.getResult()) : op.getType(),
                    toLast(op.getInput()), moveAxis(op.getAxis(), rankOf(op.getInput())),
                    op.getKeepDims(), op.getLastIndex());
}
static LayoutRule ruleOf(ArgMaxOp op) { return argReduceRule(op); }
static LayoutRule ruleOf(ArgMinOp op) { return argReduceRule(op); }
static Value rewrite(OpBuilder &b, ArgMaxOp op, ToLast toLast) {
  return rewriteArgReduce(b, op, toLast);
}
static Value rewrite(OpBuilder &b, ArgMinOp op, ToLast toLast) {
  return rewriteArgReduce(b, op, toLast);
}

/// Rows that are normalized lie side by side in the layout that is asked for.
template <typename Op>
static LayoutRule softmaxRule(Op op) {
  if (op.getAxis() != 1)
    return {};
  return {Need::Last, {&op.getInputMutable()}, true};
}
static LayoutRule ruleOf(SoftmaxOp op) { return softmaxRule(op); }
static LayoutRule ruleOf(LogSoftmaxOp op) { return softmaxRule(op); }
static Value rewrite(OpBuilder &b, SoftmaxOp op, ToLast toLast) {
  return SoftmaxOp::create(b, op.getLoc(), lastType(op.getResult()), toLast(op.getInput()),
                           rankOf(op.getInput()) - 1);
}
static Value rewrite(OpBuilder &b, LogSoftmaxOp op, ToLast toLast) {
  return LogSoftmaxOp::create(b, op.getLoc(), lastType(op.getResult()),
                              toLast(op.getInput()), rankOf(op.getInput()) - 1);
}

static LayoutRule ruleOf(CumSumOp op) { return either(op.getInputMutable()); }
static Value rewrite(OpBuilder &b, CumSumOp op, ToLast toLast) {
  return CumSumOp::create(b, op.getLoc(), lastType(op.getResult()), toLast(op.getInput()),
                          moveAxis(op.getAxis(), rankOf(op.getInput())), op.getExclusive(),
                          op.getReverse());
}

//===----------------------------------------------------------------------===//
// Ops that move elements
//===----------------------------------------------------------------------===//

static LayoutRule ruleOf(ConcatOp op) {
  LayoutRule rule;
  rule.need = Need::Either;
  for (OpOperand &operand : op->getOpOperands())
    rule.operands.push_back(&operand);
  return rule;
}
static Value rewrite(OpBuilder &b, ConcatOp op, ToLast toLast) {
  SmallVector<Value> parts = llvm::map_to_vector(op.getInputs(), toLast);
  return ConcatOp::create(b, op.getLoc(), lastType(op.getResult()), parts,
                          moveAxis(op.getAxis(), rankOf(op.getResult())));
}

static LayoutRule ruleOf(SliceOp op) { return either(op.getInputMutable()); }
static Value rewrite(OpBuilder &b, SliceOp op, ToLast toLast) {
  return SliceOp::create(b, op.getLoc(), lastType(op.getResult()), toLast(op.getInput()),
                         op.getStarts(), op.getEnds(),
                         moveAxes(op.getAxes(), rankOf(op.getInput())), op.getSteps());
}

static LayoutRule ruleOf(PadOp op) { return either(op.getInputMutable()); }
static Value rewrite(OpBuilder &b, PadOp op, ToLast toLast) {
  int64_t rank = rankOf(op.getInput());
  return PadOp::create(b, op.getLoc(), lastType(op.getResult()), toLast(op.getInput()),
                       permuteList(b, op.getLoc(), op.getLow(), rank),
                       permuteList(b, op.getLoc(), op.getHigh(), rank), op.getValue(),
                       op.getMode());
}

static LayoutRule ruleOf(TileOp op) { return either(op.getInputMutable()); }
static Value rewrite(OpBuilder &b, TileOp op, ToLast toLast) {
  return TileOp::create(b, op.getLoc(), lastType(op.getResult()), toLast(op.getInput()),
                        permuteList(b, op.getLoc(), op.getRepeats(), rankOf(op.getInput())));
}

static LayoutRule ruleOf(ExpandOp op) {
  int64_t rank = rankOf(op.getResult());
  if (rankOf(op.getInput()) != rank || tensorType(op.getShape()).getDimSize(0) != rank)
    return {};
  return either(op.getInputMutable());
}
static Value rewrite(OpBuilder &b, ExpandOp op, ToLast toLast) {
  return ExpandOp::create(b, op.getLoc(), lastType(op.getResult()), toLast(op.getInput()),
                          permuteList(b, op.getLoc(), op.getShape(), rankOf(op.getInput())));
}

static LayoutRule ruleOf(ResizeOp op) { return either(op.getInputMutable()); }
static Value rewrite(OpBuilder &b, ResizeOp op, ToLast toLast) {
  int64_t rank = rankOf(op.getInput());
  IRMapping mapping;
  mapping.map(Value(op.getInput()), toLast(op.getInput()));
  mapping.map(Value(op.getSizes()), permuteList(b, op.getLoc(), op.getSizes(), rank));
  auto copy = cast<ResizeOp>(b.clone(*op, mapping));
  if (auto scales = op.getScales()) {
    SmallVector<double> moved;
    for (int64_t axis : channelsToLast(rank))
      moved.push_back((*scales)[axis]);
    copy.setScales(moved);
  }
  copy.getResult().setType(lastType(op.getResult()));
  return copy.getResult();
}

static LayoutRule ruleOf(SqueezeOp op) {
  auto follows = followsWithout(op.getAxes(), rankOf(op.getInput()));
  return follows ? either(op.getInputMutable(), *follows) : LayoutRule();
}
static Value rewrite(OpBuilder &b, SqueezeOp op, ToLast toLast) {
  bool follows = getLayoutRule(op).resultFollows;
  SmallVector<int64_t> axes = moveAxes(op.getAxes(), rankOf(op.getInput()));
  llvm::sort(axes);
  return SqueezeOp::create(b, op.getLoc(),
                           follows ? lastType(op.getResult()) : op.getType(),
                           toLast(op.getInput()), axes);
}

/// New spatial axes.
static LayoutRule ruleOf(UnsqueezeOp op) {
  if (rankOf(op.getInput()) < 3 || op.getAxes().empty() || op.getAxes().front() < 2)
    return {};
  return either(op.getInputMutable());
}
static Value rewrite(OpBuilder &b, UnsqueezeOp op, ToLast toLast) {
  return UnsqueezeOp::create(b, op.getLoc(), lastType(op.getResult()),
                             toLast(op.getInput()),
                             moveAxes(op.getAxes(), rankOf(op.getResult())));
}

/// Other spatial axes for the same images and channels.
static LayoutRule ruleOf(ReshapeOp op) {
  auto from = tensorType(op.getInput()), to = op.getType();
  auto list = getConstantList(op.getShape());
  if (!list || from.getRank() < 3 || to.getRank() < 3 ||
      ShapedType::isDynamic(to.getDimSize(1)) || from.getDimSize(1) != to.getDimSize(1) ||
      from.getDimSize(0) != to.getDimSize(0))
    return {};
  // The batch is kept if both are static, if a 0 says so, or if everything else is
  // static.
  bool same = !ShapedType::isDynamic(to.getDimSize(0)) ||
              ((*list)[0] == 0 && !op.getAllowZero()) ||
              (getReshapeTarget(from) && getReshapeTarget(to));
  if (!same || llvm::is_contained(to.getShape(), 0))
    return {};
  return either(op.getInputMutable());
}
static Value rewrite(OpBuilder &b, ReshapeOp op, ToLast toLast) {
  auto list = *getConstantList(op.getShape());
  auto to = op.getType();
  list[0] = ShapedType::isDynamic(to.getDimSize(0)) ? 0 : to.getDimSize(0);
  list[1] = to.getDimSize(1);
  SmallVector<int64_t> moved = permute(list, channelsToLast(to.getRank()));
  return ReshapeOp::create(b, op.getLoc(), lastType(op.getResult()), toLast(op.getInput()),
                           createList(b, op.getLoc(), moved), /*allow_zero=*/false);
}

/// Look-ups along one axis by a list or one number.
static LayoutRule ruleOf(GatherOp op) {
  int64_t indices = rankOf(op.getIndices()), axis = op.getAxis();
  if (rankOf(op.getInput()) < 3 || getConstantTensor(op.getInput()) || indices > 1)
    return {};
  if (indices == 1)
    return either(op.getInputMutable());
  auto follows = followsWithout({axis}, rankOf(op.getInput()));
  return follows ? either(op.getInputMutable(), *follows) : LayoutRule();
}
static Value rewrite(OpBuilder &b, GatherOp op, ToLast toLast) {
  bool follows = getLayoutRule(op).resultFollows;
  return GatherOp::create(b, op.getLoc(),
                          follows ? lastType(op.getResult()) : op.getType(),
                          toLast(op.getInput()), op.getIndices(),
                          moveAxis(op.getAxis(), rankOf(op.getInput())));
}

/// The sizes as the model has them.
static LayoutRule ruleOf(ShapeOp op) { return either(op.getInputMutable(), false); }
static Value rewrite(OpBuilder &b, ShapeOp op, ToLast toLast) {
  int64_t rank = rankOf(op.getInput());
  auto all = createInferred<ShapeOp>(b, op.getLoc(), b.getI64Type(), toLast(op.getInput()),
                                     0, rank);
  int64_t start = std::clamp<int64_t>(op.getStart(), 0, rank);
  int64_t count = op.getType().getDimSize(0);
  SmallVector<int64_t> axes;
  for (int64_t axis = start; axis < start + count; ++axis)
    axes.push_back(moveAxis(axis, rank));
  return GatherOp::create(b, op.getLoc(), op.getType(), all,
                          createList(b, op.getLoc(), axes), 0);
}

/// Blocks of channels become blocks of the plane by a transpose of six axes.
static LayoutRule ruleOf(DepthToSpaceOp op) {
  auto type = tensorType(op.getInput());
  for (int64_t axis : {1, 2, 3})
    if (ShapedType::isDynamic(type.getDimSize(axis)))
      return {};
  return either(op.getInputMutable());
}
static Value rewrite(OpBuilder &b, DepthToSpaceOp op, ToLast toLast) {
  Location loc = op.getLoc();
  auto type = tensorType(op.getInput());
  Type element = type.getElementType();
  int64_t block = op.getBlock(), channels = type.getDimSize(1) / (block * block);
  int64_t n = type.getDimSize(0), h = type.getDimSize(2), w = type.getDimSize(3);
  SmallVector<int64_t> blocks, order;
  if (op.getColumnRowDepth()) {
    blocks = {n, h, w, channels, block, block};
    order = {0, 1, 4, 2, 5, 3};
  } else {
    blocks = {n, h, w, block, block, channels};
    order = {0, 1, 3, 2, 4, 5};
  }
  auto reshape = [&](Value value, ArrayRef<int64_t> shape) -> Value {
    SmallVector<int64_t> list(shape);
    if (ShapedType::isDynamic(n))
      list[0] = 0;
    return ReshapeOp::create(b, loc, RankedTensorType::get(shape, element), value,
                             createList(b, loc, list), /*allow_zero=*/false);
  };
  Value cut = reshape(toLast(op.getInput()), blocks);
  Value spread = TransposeOp::create(
      b, loc, RankedTensorType::get(permute(blocks, order), element), cut, order);
  return reshape(spread, lastType(op.getResult()).getShape());
}

//===----------------------------------------------------------------------===//
// All ops
//===----------------------------------------------------------------------===//

/// Calls `f` with the op as what it is, if there is a rule for it.
template <typename Result, typename Function>
static std::optional<Result> visit(Operation *op, Function f) {
  return llvm::TypeSwitch<Operation *, std::optional<Result>>(op)
      .template Case<ConvOp, MaxPoolOp, AveragePoolOp, LpPoolOp, QuantizeOp, DequantizeOp, ReduceOp,
            ArgMaxOp, ArgMinOp, SoftmaxOp, LogSoftmaxOp, CumSumOp, ConcatOp, SliceOp,
            PadOp, TileOp, ExpandOp, ResizeOp, SqueezeOp, UnsqueezeOp, ReshapeOp,
            GatherOp, ShapeOp, DepthToSpaceOp>(
          [&](auto typed) -> std::optional<Result> { return f(typed); })
      .Default([](Operation *) -> std::optional<Result> { return std::nullopt; });
}

LayoutRule pith::getLayoutRule(Operation *op) {
  if (op->getNumResults() != 1)
    return {};
  int64_t rank = rankOf(op->getResult(0));
  LayoutRule rule;
  if (op->hasTrait<pith::OpTrait::Elementwise>()) {
    if (rank >= 3)
      rule = elementwiseRule(op);
  } else if (op->getNumOperands() > 0 && rankOf(op->getOperand(0)) >= 3) {
    rule = visit<LayoutRule>(op, [](auto typed) { return ruleOf(typed); })
               .value_or(LayoutRule());
    if (rule.resultFollows && rank < 3)
      return {};
  }
  return rule;
}

Value pith::rewriteChannelsLast(OpBuilder &builder, Operation *op,
                                function_ref<Value(Value)> toLast) {
  if (op->hasTrait<pith::OpTrait::Elementwise>())
    return rewriteElementwise(builder, op, toLast);
  return visit<Value>(op, [&](auto typed) { return rewrite(builder, typed, toLast); })
      .value_or(Value());
}
