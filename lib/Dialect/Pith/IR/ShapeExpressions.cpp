//===- ShapeExpressions.cpp - Arithmetic on size expressions --------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Products are kept as sorted factors times a constant, sums in upstream's
// canonical form.
//
//===----------------------------------------------------------------------===//

#include "ShapeExpressions.h"

#include "pith/Dialect/Pith/IR/PithOps.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace pith;

namespace {
struct Factors {
  int64_t constant = 1;
  SmallVector<AffineExpr> others;
};
} // namespace

static void collect(AffineExpr expr, Factors &factors) {
  if (auto constant = getConstant(expr)) {
    factors.constant *= *constant;
  } else if (expr.getKind() == AffineExprKind::Mul) {
    auto binary = cast<AffineBinaryOpExpr>(expr);
    collect(binary.getLHS(), factors);
    collect(binary.getRHS(), factors);
  } else {
    factors.others.push_back(expr);
  }
}

/// Symbols by number, others by how they print: the same in every run.
static bool before(AffineExpr a, AffineExpr b) {
  auto x = dyn_cast<AffineSymbolExpr>(a), y = dyn_cast<AffineSymbolExpr>(b);
  if (x && y)
    return x.getPosition() < y.getPosition();
  if (bool(x) != bool(y))
    return bool(x);
  std::string s, t;
  llvm::raw_string_ostream(s) << a;
  llvm::raw_string_ostream(t) << b;
  return s < t;
}

static AffineExpr rebuild(MLIRContext *context, Factors factors) {
  if (factors.constant == 0)
    return getAffineConstantExpr(0, context);
  llvm::sort(factors.others, before);
  AffineExpr result;
  for (AffineExpr factor : factors.others)
    result = result ? result * factor : factor;
  if (!result)
    return getAffineConstantExpr(factors.constant, context);
  return factors.constant == 1 ? result : result * factors.constant;
}

AffineExpr pith::product(MLIRContext *context, ArrayRef<AffineExpr> list) {
  Factors factors;
  for (AffineExpr expr : list)
    collect(expr, factors);
  return rebuild(context, std::move(factors));
}

AffineExpr pith::simplify(AffineExpr expr) {
  unsigned symbols = 0;
  expr.walk([&](AffineExpr part) {
    if (auto symbol = dyn_cast<AffineSymbolExpr>(part))
      symbols = std::max(symbols, symbol.getPosition() + 1);
  });
  return simplifyAffineExpr(expr, 0, symbols);
}

AffineExpr pith::quotient(AffineExpr a, AffineExpr b) {
  Factors top, bottom;
  collect(a, top);
  collect(b, bottom);
  SmallVector<AffineExpr> left;
  for (AffineExpr factor : bottom.others) {
    auto *found = llvm::find(top.others, factor);
    if (found != top.others.end())
      top.others.erase(found);
    else
      left.push_back(factor);
  }
  bottom.others = left;
  if (bottom.constant != 0) {
    int64_t common = std::gcd(top.constant, bottom.constant);
    if (common > 1) {
      top.constant /= common;
      bottom.constant /= common;
    }
  }
  AffineExpr upper = rebuild(a.getContext(), top);
  AffineExpr lower = rebuild(a.getContext(), bottom);
  if (getConstant(lower) == 1)
    return upper;
  if (getConstant(lower) == 0)
    return getAffineConstantExpr(0, a.getContext());
  return upper.floorDiv(lower);
}

FailureOr<SymbolicShape>
pith::broadcastShapes(ShapeContext &context, ArrayRef<ArrayRef<AffineExpr>> shapes) {
  size_t rank = 0;
  for (auto shape : shapes)
    rank = std::max(rank, shape.size());
  SymbolicShape result(rank, context.constant(1));
  for (auto shape : shapes) {
    size_t skip = rank - shape.size();
    for (size_t axis = 0; axis < shape.size(); ++axis) {
      AffineExpr merged = context.broadcast(result[skip + axis], shape[axis]);
      if (!merged)
        return context.emitError()
                   << "expects operands that broadcast, found sizes "
                   << result[skip + axis] << " and " << shape[axis],
               failure();
      result[skip + axis] = merged;
    }
  }
  return result;
}

FailureOr<SymbolicShape> pith::needContents(ShapeContext &context, Value value,
                                            StringRef what) {
  auto contents = context.contents(value);
  if (!contents)
    return context.emitError() << "expects " << what
                               << " to be constant, sizes, or a small integer tensor",
           failure();
  return std::move(*contents);
}

//===----------------------------------------------------------------------===//
// Elementwise ops
//===----------------------------------------------------------------------===//

/// The elements of the result if they are again expressions of sizes.
static AffineExpr combine(ShapeContext &c, Operation *op, ArrayRef<AffineExpr> x) {
  auto constants = [&](auto fn) -> AffineExpr {
    auto a = getConstant(x[0]), b = getConstant(x[1]);
    return a && b ? c.constant(fn(*a, *b)) : AffineExpr();
  };
  if (isa<AddOp>(op))
    return simplify(x[0] + x[1]);
  if (isa<SubOp>(op))
    return difference(x[0], x[1]);
  if (isa<MulOp>(op))
    return product(c.getContext(), x);
  if (isa<DivOp>(op)) {
    // Truncates towards zero, as the floor does where both are sizes.
    auto a = getConstant(x[0]), b = getConstant(x[1]);
    if (b && *b == 0)
      return {};
    if (a && b)
      return c.constant(*a / *b);
    return b && *b > 0 ? quotient(x[0], x[1]) : AffineExpr();
  }
  if (isa<MinOp>(op))
    return c.minimum(x[0], x[1]);
  if (isa<MaxOp>(op))
    return c.maximum(x[0], x[1]);
  if (isa<NegOp>(op))
    return simplify(-x[0]);
  if (isa<EqualOp>(op)) {
    if (x[0] == x[1])
      return c.constant(1);
    return constants([](int64_t a, int64_t b) { return a == b; });
  }
  if (isa<LessOp>(op))
    return constants([](int64_t a, int64_t b) { return a < b; });
  if (isa<GreaterOp>(op))
    return constants([](int64_t a, int64_t b) { return a > b; });
  if (isa<WhereOp>(op)) {
    auto condition = getConstant(x[0]);
    return condition ? (*condition ? x[1] : x[2])
                     : x[1] == x[2] ? x[1] : AffineExpr();
  }
  if (isa<CastOp>(op)) {
    auto type = cast<RankedTensorType>(op->getResult(0).getType());
    if (type.getElementType().isInteger(1)) {
      auto value = getConstant(x[0]);
      return value ? c.constant(*value != 0) : AffineExpr();
    }
    return type.getElementType().getIntOrFloatBitWidth() >= 32 ? x[0] : AffineExpr();
  }
  return {};
}

static void inferContents(Operation *op, ShapeContext &c, ArrayRef<AffineExpr> shape) {
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  if (!isa<IntegerType>(type.getElementType()) || shape.size() > 1)
    return;
  auto count = shape.empty() ? std::optional<int64_t>(1) : getConstant(shape[0]);
  if (!count || *count > 64)
    return;
  SmallVector<SymbolicShape> operands;
  for (Value operand : op->getOperands()) {
    if (!isa<IntegerType>(cast<RankedTensorType>(operand.getType()).getElementType()))
      return;
    auto contents = c.contents(operand);
    if (!contents || (int64_t(contents->size()) != *count && contents->size() != 1))
      return;
    operands.push_back(std::move(*contents));
  }
  SymbolicShape result;
  for (int64_t i = 0; i < *count; ++i) {
    SmallVector<AffineExpr> x;
    for (auto &operand : operands)
      x.push_back(operand[operand.size() == 1 ? 0 : i]);
    AffineExpr value = combine(c, op, x);
    if (!value)
      return;
    result.push_back(value);
  }
  c.setContents(0, result);
}

LogicalResult pith::inferElementwise(Operation *op, ShapeContext &context) {
  SmallVector<SymbolicShape> own;
  for (Value operand : op->getOperands())
    own.emplace_back(context.dims(operand));
  SmallVector<ArrayRef<AffineExpr>> shapes(own.begin(), own.end());
  auto shape = broadcastShapes(context, shapes);
  if (failed(shape))
    return failure();
  context.setDims(0, *shape);
  inferContents(op, context, *shape);
  return success();
}
