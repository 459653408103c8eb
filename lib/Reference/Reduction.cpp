//===- Reduction.cpp - Reductions over axes -------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every input element goes to the one result element whose position it shares
// along the axes that are kept.
//
//===----------------------------------------------------------------------===//

#include "Elements.h"
#include "Models.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace pith;
using namespace pith::reference;

namespace {

/// Where the input's elements go.
struct Fold {
  Shape input;
  Sizes strides; ///< in the result, 0 along reduced axes
  int64_t results = 1, perResult = 1;

  Fold(ReduceOp op, Shape input) : input(input), strides(input.size(), 0) {
    for (int64_t axis = int64_t(input.size()) - 1; axis >= 0; --axis) {
      if (llvm::is_contained(op.getAxes(), axis)) {
        perResult *= input[axis];
        continue;
      }
      strides[axis] = results;
      results *= input[axis];
    }
  }

  /// `into[result] = combine(into[result], value)` for all elements in order.
  template <typename T, typename Combine>
  void run(const std::vector<T> &values, std::vector<T> &into, Combine combine) const {
    forEachOffset<1>(input, {strides}, [&](int64_t i, auto &at) {
      into[at[0]] = combine(into[at[0]], values[i]);
    });
  }
};

} // namespace

static double larger(double a, double b) { return std::isnan(a) || a > b ? a : b; }
static double smaller(double a, double b) { return std::isnan(a) || a < b ? a : b; }

/// ln Σ eˣ, with the maximum taken out of the sum.
static Reals logSumExp(const Fold &fold, const Reals &values) {
  Reals most(fold.results, -std::numeric_limits<double>::infinity());
  fold.run(values, most, larger);
  Reals sum(fold.results, 0);
  forEachOffset<1>(fold.input, {fold.strides}, [&](int64_t i, auto &at) {
    double top = most[at[0]];
    sum[at[0]] += std::isinf(top) ? 0 : std::exp(values[i] - top);
  });
  for (auto [total, top] : llvm::zip(sum, most))
    total = std::isinf(top) ? top : top + std::log(total);
  return sum;
}

static Reals reduceReals(ReduceKind kind, const Fold &fold, const Reals &values) {
  double infinity = std::numeric_limits<double>::infinity();
  auto with = [&](double neutral, auto combine) {
    Reals result(fold.results, neutral);
    fold.run(values, result, combine);
    return result;
  };
  auto after = [](Reals result, auto function) {
    for (double &value : result)
      value = function(value);
    return result;
  };
  auto add = [](double a, double b) { return a + b; };
  auto addSquare = [](double a, double b) { return a + b * b; };
  switch (kind) {
  case ReduceKind::Sum:
    return with(0, add);
  case ReduceKind::Mean:
    return after(with(0, add), [&](double x) { return x / double(fold.perResult); });
  case ReduceKind::Max:
    return with(-infinity, larger);
  case ReduceKind::Min:
    return with(infinity, smaller);
  case ReduceKind::Prod:
    return with(1, [](double a, double b) { return a * b; });
  case ReduceKind::L1:
    return with(0, [](double a, double b) { return a + std::abs(b); });
  case ReduceKind::L2:
    return after(with(0, addSquare), [](double x) { return std::sqrt(x); });
  case ReduceKind::LogSum:
    return after(with(0, add), [](double x) { return std::log(x); });
  case ReduceKind::LogSumExp:
    return logSumExp(fold, values);
  case ReduceKind::SumSquare:
    return with(0, addSquare);
  }
  return {};
}

/// The kinds that stay among integers.
static Integers reduceIntegers(ReduceKind kind, const Fold &fold, const Integers &values,
                               Type element) {
  bool isUnsigned = element.isUnsignedInteger();
  auto with = [&](int64_t neutral, auto combine) {
    Integers result(fold.results, neutral);
    fold.run(values, result, combine);
    return result;
  };
  auto isLess = [=](int64_t a, int64_t b) {
    return isUnsigned ? uint64_t(a) < uint64_t(b) : a < b;
  };
  auto add = [](int64_t a, int64_t b) { return wrapAdd(a, b); };
  switch (kind) {
  case ReduceKind::Mean: {
    Integers result = with(0, add);
    for (int64_t &value : result) {
      int64_t count = std::max<int64_t>(fold.perResult, 1);
      value = isUnsigned ? int64_t(uint64_t(value) / uint64_t(count)) : value / count;
    }
    return result;
  }
  case ReduceKind::Max:
    return with(getLowest(element),
                [&](int64_t a, int64_t b) { return isLess(a, b) ? b : a; });
  case ReduceKind::Min:
    return with(getHighest(element),
                [&](int64_t a, int64_t b) { return isLess(b, a) ? b : a; });
  case ReduceKind::Prod:
    return with(1, [](int64_t a, int64_t b) { return wrapMul(a, b); });
  case ReduceKind::L1:
    return with(0, [&](int64_t a, int64_t b) {
      return isUnsigned || b >= 0 ? wrapAdd(a, b) : int64_t(uint64_t(a) - uint64_t(b));
    });
  case ReduceKind::SumSquare:
    return with(0, [](int64_t a, int64_t b) { return wrapAdd(a, wrapMul(b, b)); });
  default:
    return with(0, add);
  }
}

static Results evaluate(ReduceOp op, Inputs inputs, Types types) {
  Fold fold(op, inputs[0].getShape());
  ReduceKind kind = op.getKind();
  bool needsReals = kind == ReduceKind::L2 || kind == ReduceKind::LogSum ||
                    kind == ReduceKind::LogSumExp;
  if (!isReal(inputs[0]) && !needsReals)
    return one(fromIntegers(types[0], reduceIntegers(kind, fold, toIntegers(inputs[0]),
                                                     inputs[0].getElementType())));
  return one(fromReals(types[0], reduceReals(kind, fold, toReals(inputs[0]))));
}

void pith::reference::attachReduction(MLIRContext *context) {
  attach<ReduceOp, evaluate>(context);
}
