//===- Pooling.cpp - Windows ----------------------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each result element visits the positions of its window. NaN is the largest
// element.
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

template <typename Op>
struct Windows {
  mutable Op op; ///< whose accessors are not const
  Shape input, result;
  size_t channel, spatial; ///< the channel axis, the first spatial axis

  Windows(Op op, Shape input, Shape result)
      : op(op), input(input), result(result),
        channel(op.getLayout() == Layout::ChannelsLast ? input.size() - 1 : 1),
        spatial(op.getLayout() == Layout::ChannelsLast ? 1 : 2) {}

  /// For each result element: `begin(i)`, then `visit(i, input offset)` for the
  /// positions inside the input; `pad(i)` for those inside the padding.
  template <typename Begin, typename Visit, typename Pad>
  void forEach(Begin begin, Visit visit, Pad pad) const {
    Sizes strides = getStrides(input);
    forEachIndex(result, [&](int64_t i, Shape y) {
      begin(i);
      forEachIndex(op.getKernel(), [&](int64_t, Shape k) {
        int64_t offset = y[0] * strides[0] + y[channel] * strides[channel];
        bool isInside = true, isPadded = true;
        for (size_t s = 0; s < k.size(); ++s) {
          int64_t size = input[spatial + s];
          int64_t x = y[spatial + s] * op.getStrides()[s] + k[s] * op.getDilations()[s] -
                      op.getPadsLow()[s];
          isInside &= x >= 0 && x < size;
          isPadded &= x < size + op.getPadsHigh()[s];
          offset += x * strides[spatial + s];
        }
        if (isInside)
          visit(i, offset);
        else if (isPadded)
          pad(i);
      });
    });
  }
};

} // namespace

/// The largest element; the least number of the type where a window is empty.
static Results maxPool(MaxPoolOp op, Inputs inputs, Types types) {
  Windows<MaxPoolOp> windows(op, inputs[0].getShape(), types[0].getShape());
  auto ignore = [](int64_t) {};
  if (isReal(inputs[0])) {
    Reals values = toReals(inputs[0]);
    Reals result(types[0].getNumElements(), -std::numeric_limits<double>::infinity());
    auto visit = [&](int64_t i, int64_t x) {
      if (!std::isnan(result[i]) && !(values[x] <= result[i]))
        result[i] = values[x];
    };
    windows.forEach(ignore, visit, ignore);
    return one(fromReals(types[0], result));
  }
  Integers values = toIntegers(inputs[0]);
  Integers result(types[0].getNumElements(), getLowest(types[0].getElementType()));
  auto visit = [&](int64_t i, int64_t x) {
    bool isLarger = isUnsigned(inputs[0]) ? uint64_t(values[x]) > uint64_t(result[i])
                                          : values[x] > result[i];
    if (isLarger)
      result[i] = values[x];
  };
  windows.forEach(ignore, visit, ignore);
  return one(fromIntegers(types[0], result));
}

static Results averagePool(AveragePoolOp op, Inputs inputs, Types types) {
  Windows<AveragePoolOp> windows(op, inputs[0].getShape(), types[0].getShape());
  Reals values = toReals(inputs[0]), result(types[0].getNumElements());
  Integers counts(result.size());
  windows.forEach([](int64_t) {},
                  [&](int64_t i, int64_t x) {
                    result[i] += values[x];
                    ++counts[i];
                  },
                  [&](int64_t i) { counts[i] += op.getCountIncludePad(); });
  for (auto [sum, count] : llvm::zip(result, counts))
    sum /= double(count);
  return one(fromReals(types[0], result));
}

static Results lpPool(LpPoolOp op, Inputs inputs, Types types) {
  Windows<LpPoolOp> windows(op, inputs[0].getShape(), types[0].getShape());
  Reals values = toReals(inputs[0]), result(types[0].getNumElements());
  double p = double(int64_t(op.getP()));
  windows.forEach(
      [](int64_t) {},
      [&](int64_t i, int64_t x) { result[i] += std::pow(std::abs(values[x]), p); },
      [](int64_t) {});
  for (double &value : result)
    value = std::pow(value, 1 / p);
  return one(fromReals(types[0], result));
}

void pith::reference::attachPooling(MLIRContext *context) {
  attach<MaxPoolOp, maxPool>(context);
  attach<AveragePoolOp, averagePool>(context);
  attach<LpPoolOp, lpPool>(context);
}
