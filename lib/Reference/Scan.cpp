//===- Scan.cpp - Ops along one axis --------------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Softmax, running sums, and the order of elements. A NaN comes before every
// number in either order, as in numpy's maxima and minima.
//
//===----------------------------------------------------------------------===//

#include "Elements.h"
#include "Models.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace pith;
using namespace pith::reference;

//===----------------------------------------------------------------------===//
// Softmax and running sums
//===----------------------------------------------------------------------===//

template <typename Op>
static Results softmax(Op op, Inputs inputs, Types types) {
  constexpr bool isLog = std::is_same_v<Op, LogSoftmaxOp>;
  Shape shape = types[0].getShape();
  Reals values = toReals(inputs[0]);
  int64_t axis = op.getAxis(), length = shape[axis];
  forEachLine(shape, axis, [&](int64_t first, int64_t stride) {
    double most = -std::numeric_limits<double>::infinity(), sum = 0;
    for (int64_t i = 0; i < length; ++i)
      most = std::max(most, values[first + i * stride]);
    for (int64_t i = 0; i < length; ++i)
      sum += std::exp(values[first + i * stride] - most);
    for (int64_t i = 0; i < length; ++i) {
      double &x = values[first + i * stride];
      x = isLog ? x - most - std::log(sum) : std::exp(x - most) / sum;
    }
  });
  return one(fromReals(types[0], values));
}

template <typename T>
static HostTensor sumUp(CumSumOp op, Inputs inputs, RankedTensorType type) {
  std::vector<T> values = toValues<T>(inputs[0]);
  int64_t axis = op.getAxis(), length = type.getShape()[axis];
  forEachLine(type.getShape(), axis, [&](int64_t first, int64_t stride) {
    T sum = 0;
    for (int64_t i = 0; i < length; ++i) {
      T &value = values[first + (op.getReverse() ? length - 1 - i : i) * stride];
      T next = wrapAdd(sum, value);
      value = op.getExclusive() ? sum : next;
      sum = next;
    }
  });
  return fromValues(type, values);
}

static Results cumulate(CumSumOp op, Inputs inputs, Types types) {
  return one(isReal(inputs[0]) ? sumUp<double>(op, inputs, types[0])
                               : sumUp<int64_t>(op, inputs, types[0]));
}

//===----------------------------------------------------------------------===//
// Order
//===----------------------------------------------------------------------===//

namespace {

/// Whether element `a` comes before element `b`.
class Order {
public:
  Order(const HostTensor &tensor, bool largestFirst)
      : isUnsigned(reference::isUnsigned(tensor)), largestFirst(largestFirst) {
    if (isReal(tensor))
      reals = toReals(tensor);
    else
      integers = toIntegers(tensor);
  }
  bool operator()(int64_t a, int64_t b) const {
    if (largestFirst)
      std::swap(a, b);
    if (reals.empty())
      return isUnsigned ? uint64_t(integers[a]) < uint64_t(integers[b])
                        : integers[a] < integers[b];
    double x = reals[a], y = reals[b];
    if (std::isnan(x) || std::isnan(y))
      return largestFirst ? !std::isnan(x) : !std::isnan(y);
    return x < y;
  }

private:
  bool isUnsigned, largestFirst;
  Reals reals;
  Integers integers;
};

} // namespace

template <typename Op>
static Results findFirst(Op op, Inputs inputs, Types types) {
  Shape shape = inputs[0].getShape();
  int64_t axis = op.getAxis(), length = shape[axis];
  if (length == 0 && types[0].getNumElements() != 0)
    return op.emitOpError("expects an axis that is not empty"), failure();
  Order before(inputs[0], std::is_same_v<Op, ArgMaxOp>);
  Integers positions;
  forEachLine(shape, axis, [&](int64_t first, int64_t stride) {
    int64_t best = 0;
    for (int64_t i = 1; i < length; ++i) {
      bool isBetter = before(first + i * stride, first + best * stride);
      bool isEqual = !isBetter && !before(first + best * stride, first + i * stride);
      if (isBetter || (isEqual && op.getLastIndex()))
        best = i;
    }
    positions.push_back(best);
  });
  return one(fromIntegers(types[0], positions));
}

static Results select(TopKOp op, Inputs inputs, Types types) {
  Shape shape = inputs[0].getShape();
  int64_t axis = op.getAxis(), length = shape[axis];
  if (inputs[1].getNumElements() != 1)
    return op.emitOpError("expects one k, found ") << inputs[1].getNumElements(),
           failure();
  int64_t k = inputs[1].getInt(0);
  if (k < 0 || k > length)
    return op.emitOpError("expects k from 0 to ") << length << ", found " << k, failure();
  Sizes sizes(shape);
  sizes[axis] = k;
  HostTensor values(RankedTensorType::get(sizes, types[0].getElementType()));
  HostTensor indices(RankedTensorType::get(sizes, types[1].getElementType()));
  ElementCopy copy(values, inputs[0]);
  Order before(inputs[0], op.getLargest());
  int64_t line = 0, inner = product(shape.drop_front(axis + 1));
  Integers order(length);
  forEachLine(shape, axis, [&](int64_t first, int64_t stride) {
    std::iota(order.begin(), order.end(), 0);
    llvm::sort(order, [&](int64_t a, int64_t b) {
      int64_t x = first + a * stride, y = first + b * stride;
      return before(x, y) || (!before(y, x) && a < b);
    });
    int64_t target = line / inner * k * inner + line % inner;
    for (int64_t i = 0; i < k; ++i) {
      copy(target + i * inner, first + order[i] * stride);
      indices.setInt(target + i * inner, order[i]);
    }
    ++line;
  });
  return SmallVector<HostTensor>{values, indices};
}

void pith::reference::attachScan(MLIRContext *context) {
  attach<SoftmaxOp, softmax<SoftmaxOp>>(context);
  attach<LogSoftmaxOp, softmax<LogSoftmaxOp>>(context);
  attach<CumSumOp, cumulate>(context);
  attach<ArgMaxOp, findFirst<ArgMaxOp>>(context);
  attach<ArgMinOp, findFirst<ArgMinOp>>(context);
  attach<TopKOp, select>(context);
}
