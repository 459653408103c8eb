//===- Formula.cpp - Recognizing formulas in IR ---------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Formula.h"

using namespace mlir;
using namespace pith;

//===----------------------------------------------------------------------===//
// Polynomials
//===----------------------------------------------------------------------===//

static std::optional<Polynomial> multiply(const Polynomial &a, const Polynomial &b) {
  Polynomial result{};
  for (size_t i = 0; i < a.size(); ++i)
    for (size_t j = 0; j < b.size(); ++j) {
      if (a[i] == 0 || b[j] == 0)
        continue;
      if (i + j >= result.size())
        return std::nullopt;
      result[i + j] += a[i] * b[j];
    }
  return result;
}

static std::optional<Polynomial> polynomialOf(Value value, Value x, unsigned depth) {
  if (value == x)
    return Polynomial{0, 1, 0, 0};
  if (std::optional<double> constant = getConstantScalar(value))
    return Polynomial{*constant, 0, 0, 0};
  Operation *op = value.getDefiningOp();
  if (!op || depth == 0)
    return std::nullopt;
  if (isa<NegOp>(op)) {
    auto inner = polynomialOf(op->getOperand(0), x, depth - 1);
    return inner ? multiply(*inner, {-1, 0, 0, 0}) : std::nullopt;
  }
  if (!isa<AddOp, SubOp, MulOp, DivOp>(op))
    return std::nullopt;
  auto a = polynomialOf(op->getOperand(0), x, depth - 1);
  auto b = a ? polynomialOf(op->getOperand(1), x, depth - 1) : std::nullopt;
  if (!a || !b)
    return std::nullopt;
  if (isa<MulOp>(op))
    return multiply(*a, *b);
  if (isa<DivOp>(op)) {
    if ((*b)[0] == 0 || (*b)[1] != 0 || (*b)[2] != 0 || (*b)[3] != 0)
      return std::nullopt;
    return multiply(*a, {1 / (*b)[0], 0, 0, 0});
  }
  for (size_t i = 0; i < a->size(); ++i)
    (*a)[i] += isa<SubOp>(op) ? -(*b)[i] : (*b)[i];
  return a;
}

std::optional<Polynomial> pith::getPolynomial(Value value, Value x) {
  return polynomialOf(value, x, /*depth=*/8);
}

bool pith::isPolynomial(Value value, Value x, Polynomial expected) {
  std::optional<Polynomial> found = getPolynomial(value, x);
  if (!found)
    return false;
  // Constants are often written with four or five digits.
  for (size_t i = 0; i < expected.size(); ++i)
    if (std::abs((*found)[i] - expected[i]) > 2e-5 * std::abs(expected[i]))
      return false;
  return true;
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

Operation *ProductChain::match(Value factor, double expected,
                               function_ref<bool(Value)> isFactorOf, Value &x) {
  double constant = 1;
  bool seen = false;
  for (Value current = factor; current.hasOneUse();) {
    Operation *user = *current.user_begin();
    if (!isa<MulOp, DivOp>(user))
      return nullptr;
    bool divides = isa<DivOp>(user);
    if (divides && user->getOperand(0) != current)
      return nullptr;
    Value other = getOther(user, current);
    if (std::optional<double> number = getConstantScalar(other)) {
      constant *= divides ? 1 / *number : *number;
    } else if (divides || seen) {
      return nullptr;
    } else if (isFactorOf(other)) {
      x = other;
      seen = true;
    } else if (auto scaled = matchScalarOperand<MulOp>(other);
               scaled && isFactorOf(scaled->first)) {
      x = scaled->first;
      constant *= scaled->second;
      seen = true;
    } else {
      return nullptr;
    }
    if (seen && isClose(constant, expected))
      return user->getResult(0).getType() == x.getType() ? user : nullptr;
    current = user->getResult(0);
  }
  return nullptr;
}

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

std::optional<KeptReduction> pith::matchKeptReduction(Value value) {
  Value reduced = value;
  while (isa_and_nonnull<ReshapeOp, UnsqueezeOp>(reduced.getDefiningOp()))
    reduced = reduced.getDefiningOp()->getOperand(0);
  auto op = reduced.getDefiningOp<ReduceOp>();
  if (!op || (op.getKeepDims() && reduced != value))
    return std::nullopt;
  KeptReduction result{op.getInput(), op.getKind(), SmallVector<int64_t>(op.getAxes())};
  if (op.getKeepDims())
    return result;
  // The axes must come back as 1 where they were.
  SmallVector<int64_t> kept(tensorType(op.getInput()).getShape());
  for (int64_t axis : op.getAxes())
    kept[axis] = 1;
  if (tensorType(value).getShape() != ArrayRef(kept) ||
      llvm::count(kept, ShapedType::kDynamic) > 1)
    return std::nullopt;
  return result;
}

std::optional<KeptMean> pith::matchKeptMean(Value value) {
  double factor = 1;
  if (auto scaled = matchScalarOperand<MulOp>(value)) {
    value = scaled->first;
    factor = scaled->second;
  } else if (auto divided = matchScalarOperand<DivOp>(value)) {
    value = divided->first;
    factor = 1 / divided->second;
  }
  auto reduction = matchKeptReduction(value);
  if (!reduction)
    return std::nullopt;
  double count = 1;
  for (int64_t axis : reduction->axes)
    count *= double(tensorType(reduction->input).getDimSize(axis));
  bool sum = reduction->kind == ReduceKind::Sum || reduction->kind == ReduceKind::SumSquare;
  bool mean = reduction->kind == ReduceKind::Mean && factor == 1;
  if (!mean && !(sum && count > 0 && isClose(factor * count, 1)))
    return std::nullopt;
  return KeptMean{reduction->input, reduction->axes,
                  reduction->kind == ReduceKind::SumSquare};
}

std::optional<int64_t> pith::getTrailingAxis(ArrayRef<int64_t> axes, int64_t rank) {
  int64_t first = rank - int64_t(axes.size());
  if (axes.empty() || !llvm::equal(axes, llvm::seq<int64_t>(first, rank)))
    return std::nullopt;
  return first;
}
