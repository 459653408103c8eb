//===- RecomposeAttention.cpp - pith-recompose-attention ------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Matched from the end: the product with the values, the softmax, a mask, a scale,
// the product of queries and keys.
//
//===----------------------------------------------------------------------===//

#include "Rewriting.h"
#include "pith/Dialect/Pith/Transforms/Passes.h"

namespace pith {
#define GEN_PASS_DEF_RECOMPOSEATTENTIONPASS
#include "pith/Dialect/Pith/Transforms/Passes.h.inc"
} // namespace pith

using namespace mlir;
using namespace pith;

namespace {

/// Takes constant factors off a value.
Value takeScale(Value value, double &scale) {
  while (true) {
    if (auto product = matchScalarOperand<MulOp>(value);
        product && product->first.getType() == value.getType()) {
      scale *= product->second;
      value = product->first;
    } else if (auto quotient = matchScalarOperand<DivOp>(value);
               quotient && quotient->first.getType() == value.getType()) {
      scale /= quotient->second;
      value = quotient->first;
    } else {
      return value;
    }
  }
}

/// `x` of x[b, h / G, l, d], written as unsqueeze, expand and reshape; `value` if it
/// is not repeated.
Value takeRepeat(Value value) {
  auto join = value.getDefiningOp<ReshapeOp>();
  auto expand = join ? join.getInput().getDefiningOp<ExpandOp>() : ExpandOp();
  Operation *split = expand ? expand.getInput().getDefiningOp() : nullptr;
  if (!isa_and_nonnull<UnsqueezeOp, ReshapeOp>(split))
    return value;
  Value source = split->getOperand(0);
  auto from = tensorType(source).getShape(), one = tensorType(expand.getInput()).getShape();
  auto many = expand.getType().getShape(), to = tensorType(value).getShape();
  if (from.size() != 4 || one.size() != 5 || many.size() != 5 || to.size() != 4)
    return value;
  // [b, h, l, d] → [b, h, 1, l, d] → [b, h, g, l, d] → [b, h·g, l, d]
  auto isKept = [](int64_t a, int64_t b) { return a == b; };
  bool inserts = one[2] == 1 && isKept(from[0], one[0]) && isKept(from[1], one[1]) &&
                 isKept(from[2], one[3]) && isKept(from[3], one[4]);
  bool repeats = isKept(one[0], many[0]) && isKept(one[1], many[1]) &&
                 isKept(one[3], many[3]) && isKept(one[4], many[4]);
  bool isStatic = !ShapedType::isDynamic(one[1]) && !ShapedType::isDynamic(many[2]) &&
                  !ShapedType::isDynamic(from[3]);
  if (auto unsqueeze = dyn_cast<UnsqueezeOp>(split))
    inserts &= unsqueeze.getAxes() == ArrayRef<int64_t>{2};
  else
    inserts &= llvm::count(from, ShapedType::kDynamic) <= 1;
  bool joins = isStatic && to[0] == from[0] && to[1] == one[1] * many[2] &&
               to[2] == from[2] && to[3] == from[3];
  return inserts && repeats && joins ? source : value;
}

class AttentionMatcher {
public:
  AttentionMatcher(ShapeAnalysis &shapes, MatMulOp op)
      : shapes(shapes), op(op), builder(op) {}
  bool rewrite();

private:
  bool match();
  bool matchScores(Value scores);
  Value matchKeys(MatMulOp product);
  /// Sizes of a value, also of a transpose that was just made.
  SymbolicShape dims(Value value);
  Value withHeads(Value value);

  ShapeAnalysis &shapes;
  MatMulOp op;
  OpBuilder builder;
  Value query, key, value, mask;
  double scale = 1;
};

} // namespace

SymbolicShape AttentionMatcher::dims(Value v) {
  ArrayRef<AffineExpr> known = shapes.getDims(v);
  if (known.empty() && tensorType(v).getRank() > 0 && v.getDefiningOp() &&
      succeeded(shapes.infer(v.getDefiningOp())))
    known = shapes.getDims(v);
  return SymbolicShape(known);
}

/// Keys as `[…, length, size]`.
Value AttentionMatcher::matchKeys(MatMulOp product) {
  if (product.getTransposeRhs())
    return product.getRhs();
  auto transpose = product.getRhs().getDefiningOp<TransposeOp>();
  double keyScale = 1;
  if (!transpose) {
    transpose = takeScale(product.getRhs(), keyScale).getDefiningOp<TransposeOp>();
    scale *= keyScale;
  }
  if (!transpose)
    return {};
  SmallVector<int64_t> permutation(transpose.getPermutation());
  std::swap(permutation[permutation.size() - 1], permutation[permutation.size() - 2]);
  builder.setInsertionPoint(product);
  if (llvm::equal(permutation, llvm::seq<int64_t>(0, permutation.size())))
    return transpose.getInput();
  return createTranspose(builder, transpose.getLoc(), transpose.getInput(), permutation);
}

/// scale · q·kᵀ + mask.
bool AttentionMatcher::matchScores(Value scores) {
  MatMulOp product;
  if (auto sum = scores.getDefiningOp<AddOp>()) {
    for (Value side : sum->getOperands()) {
      double factor = 1;
      auto candidate = takeScale(side, factor).getDefiningOp<MatMulOp>();
      if (!candidate || side.getType() != scores.getType())
        continue;
      product = candidate;
      scale = factor;
      mask = getOther(sum, side);
      break;
    }
  } else {
    product = takeScale(scores, scale).getDefiningOp<MatMulOp>();
  }
  if (!product || product.getType() != scores.getType())
    return false;
  query = takeScale(product.getLhs(), scale);
  key = matchKeys(product);
  if (!key)
    return false;
  key = takeScale(key, scale);
  return true;
}

bool AttentionMatcher::match() {
  auto softmax = op.getLhs().getDefiningOp<SoftmaxOp>();
  int64_t rank = op.getType().getRank();
  if (!softmax || !softmax->hasOneUse() || op.getTransposeRhs() || (rank != 3 && rank != 4) ||
      int64_t(softmax.getAxis()) != rank - 1 || tensorType(op.getRhs()).getRank() != rank ||
      softmax.getType().getRank() != rank || !matchScores(softmax.getInput()))
    return false;
  value = op.getRhs();
  if (tensorType(query).getRank() != rank || tensorType(key).getRank() != rank)
    return false;
  Value oneKey = takeRepeat(key), oneValue = takeRepeat(value);
  if (oneKey != key && oneValue != value) {
    key = oneKey;
    value = oneValue;
  }
  // Constants on both sides would be weights, not activations.
  for (Value operand : {query, key, value})
    if (operand.getDefiningOp<ConstantOp>() || !isa<FloatType>(tensorType(operand).getElementType()))
      return false;
  // Nothing may be broadcast but the mask.
  SymbolicShape q = dims(query), k = dims(key), v = dims(value);
  if (q.size() != size_t(rank) || k.size() != q.size() || v.size() != q.size() ||
      q[0] != k[0] || q[0] != v[0] || k[rank - 2] != v[rank - 2] || q[rank - 1] != k[rank - 1])
    return false;
  if (rank == 3)
    return true;
  if (k[1] != v[1])
    return false;
  // With one key head a product would broadcast; any other number only fits here
  // if keys were repeated.
  auto heads = getConstant(q[1]), keyHeads = getConstant(k[1]);
  return q[1] == k[1] || (heads && keyHeads && *keyHeads > 0 && *heads % *keyHeads == 0);
}

/// [n, l, d] as [n, 1, l, d].
Value AttentionMatcher::withHeads(Value v) {
  if (!v || tensorType(v).getRank() != 3)
    return v;
  return createInferred<UnsqueezeOp>(builder, op.getLoc(), tensorType(v).getElementType(), v,
                                     ArrayRef<int64_t>{1});
}

bool AttentionMatcher::rewrite() {
  if (!match())
    return false;
  builder.setInsertionPoint(op);
  bool isFlat = op.getType().getRank() == 3;
  Location loc = op.getLhs().getLoc();
  auto element = op.getType().getElementType();
  auto type = op.getType();
  if (isFlat) {
    query = withHeads(query);
    key = withHeads(key);
    value = withHeads(value);
    mask = withHeads(mask);
    SmallVector<int64_t> shape(type.getShape());
    shape.insert(shape.begin() + 1, 1);
    type = RankedTensorType::get(shape, element);
  }
  Value result = AttentionOp::create(builder, loc, type, query, key, value, mask,
                                     llvm::APFloat(scale), /*causal=*/false);
  if (isFlat)
    result = SqueezeOp::create(builder, loc, op.getType(), result, ArrayRef<int64_t>{1});
  op.getResult().replaceAllUsesWith(result);
  op.erase();
  return true;
}

namespace {
struct RecomposeAttentionPass
    : pith::impl::RecomposeAttentionPassBase<RecomposeAttentionPass> {
  void runOnOperation() override {
    if (getOperation().isExternal())
      return;
    Block &block = getOperation().getBody().front();
    auto products = llvm::to_vector(block.getOps<MatMulOp>());
    bool any = llvm::any_of(
        products, [](MatMulOp op) { return bool(op.getLhs().getDefiningOp<SoftmaxOp>()); });
    if (!any)
      return;
    ShapeAnalysis shapes(getOperation());
    if (failed(shapes.run()))
      return signalPassFailure();
    for (MatMulOp op : products)
      AttentionMatcher(shapes, op).rewrite();
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
      if (isOpTriviallyDead(&op))
        op.erase();
  }
};
} // namespace
