//===- Quantize.cpp - Integer codes of activations ------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernels must give the same codes bit for bit. So the division is the one that
// they do: in single precision, or in double precision for inputs of that type.
//
//===----------------------------------------------------------------------===//

#include "Elements.h"
#include "Models.h"

#include <cmath>

using namespace mlir;
using namespace pith;
using namespace pith::reference;

static double divide(double x, double scale, bool isDouble) {
  return isDouble ? x / scale : double(float(x) / float(scale));
}

static Results quantize(QuantizeOp op, Inputs inputs, Types types) {
  Shape shape = inputs[0].getShape();
  auto code = cast<IntegerType>(types[0].getElementType());
  if (op.getBits())
    code = IntegerType::get(op.getContext(), op.getBits(), code.getSignedness());
  bool isDouble = inputs[0].getElementType().isF64();
  Reals values = toReals(inputs[0]), scales = toReals(inputs[1]);
  Integers zeros{0};
  if (inputs.size() > 2)
    zeros = toIntegers(inputs[2]);
  int64_t axis = op.getAxis(), inner = 1, size = 1;
  if (axis >= 0 && axis < int64_t(shape.size())) {
    size = shape[axis];
    inner = product(shape.drop_front(axis + 1));
  }
  for (size_t count : {scales.size(), zeros.size()})
    if (count != 1 && int64_t(count) != size)
      return op.emitOpError("expects 1 scale, or one per element of axis ")
                 << axis << " (C1), found " << count,
             failure();
  Integers codes(values.size());
  for (int64_t i = 0; i < int64_t(values.size()); ++i) {
    int64_t channel = i / inner % size;
    double scale = scales[scales.size() == 1 ? 0 : channel];
    double level = std::nearbyint(divide(values[i], scale, isDouble));
    codes[i] = saturate(level + double(zeros[zeros.size() == 1 ? 0 : channel]), code);
  }
  return one(fromIntegers(types[0], codes));
}

static Results dynamicQuantize(DynamicQuantizeOp op, Inputs inputs, Types types) {
  Shape shape = inputs[0].getShape();
  int64_t row = shape.back();
  int64_t size = int64_t(op.getGroupSize()) ? int64_t(op.getGroupSize()) : row;
  double limit = (1 << (op.getBits() - 1)) - 1;
  Reals values = toReals(inputs[0]), scales;
  Integers codes(values.size());
  for (int64_t first = 0; first < int64_t(values.size()); first += row)
    for (int64_t begin = 0; begin < row; begin += size) {
      int64_t count = std::min(size, row - begin);
      double largest = 0;
      for (int64_t i = first + begin; i < first + begin + count; ++i)
        largest = std::max(largest, double(std::abs(float(values[i]))));
      double scale = largest == 0 ? 1 : divide(largest, limit, false);
      for (int64_t i = first + begin; i < first + begin + count; ++i) {
        double code = std::nearbyint(divide(values[i], scale, false));
        codes[i] = int64_t(std::isnan(code) ? -limit : std::clamp(code, -limit, limit));
      }
      scales.push_back(scale);
    }
  scales.resize(types[1].getNumElements(), 1); // rows without elements
  return SmallVector<HostTensor>{fromIntegers(types[0], codes),
                                 fromReals(types[1], scales)};
}

void pith::reference::attachQuantize(MLIRContext *context) {
  attach<QuantizeOp, quantize>(context);
  attach<DynamicQuantizeOp, dynamicQuantize>(context);
}
