//===- Elements.cpp - Elements and positions of tensors -------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Common element types are read and written in plain loops, all others through
// HostTensor's element access.
//
//===----------------------------------------------------------------------===//

#include "Elements.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace pith;
using namespace pith::reference;

//===----------------------------------------------------------------------===//
// Reading and writing
//===----------------------------------------------------------------------===//

template <typename Stored, typename Value>
static std::vector<Value> load(const HostTensor &tensor) {
  std::vector<Value> values(tensor.getNumElements());
  const char *bytes = tensor.getBytes().data();
  for (size_t i = 0; i < values.size(); ++i) {
    Stored stored; // mapped files need not be aligned
    std::memcpy(&stored, bytes + i * sizeof(Stored), sizeof(Stored));
    values[i] = static_cast<Value>(stored);
  }
  return values;
}

template <typename Stored, typename Value>
static HostTensor store(RankedTensorType type, const std::vector<Value> &values) {
  HostTensor tensor(type);
  auto stored = tensor.asMutable<Stored>();
  for (size_t i = 0; i < values.size(); ++i)
    stored[i] = static_cast<Stored>(values[i]);
  return tensor;
}

Reals pith::reference::toReals(const HostTensor &tensor) {
  Type type = tensor.getElementType();
  if (type.isF32())
    return load<float, double>(tensor);
  if (type.isF64())
    return load<double, double>(tensor);
  Reals values(tensor.getNumElements());
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = tensor.getDouble(i);
  return values;
}

Integers pith::reference::toIntegers(const HostTensor &tensor) {
  Type type = tensor.getElementType();
  if (type.isInteger(64))
    return load<int64_t, int64_t>(tensor);
  if (type.isInteger(32))
    return type.isUnsignedInteger() ? load<uint32_t, int64_t>(tensor)
                                    : load<int32_t, int64_t>(tensor);
  if (type.isInteger(8))
    return type.isUnsignedInteger() ? load<uint8_t, int64_t>(tensor)
                                    : load<int8_t, int64_t>(tensor);
  Integers values(tensor.getNumElements());
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = tensor.getInt(i);
  return values;
}

/// Truncated; 0 where no 64-bit integer of this sign is near.
static int64_t truncate(double value, bool isUnsigned) {
  constexpr double half = 9223372036854775808.0; // 2^63
  if (value >= -half && value < half)
    return static_cast<int64_t>(value);
  if (isUnsigned && value >= half && value < 2 * half)
    return static_cast<int64_t>(static_cast<uint64_t>(value));
  return 0;
}

HostTensor pith::reference::fromReals(RankedTensorType type, const Reals &values) {
  Type element = type.getElementType();
  if (element.isF32())
    return store<float>(type, values);
  if (element.isF64())
    return store<double>(type, values);
  HostTensor tensor(type);
  bool isInteger = isa<IntegerType>(element) && !element.isInteger(1);
  for (size_t i = 0; i < values.size(); ++i) {
    if (isInteger)
      tensor.setInt(i, truncate(values[i], element.isUnsignedInteger()));
    else
      tensor.setDouble(i, values[i]);
  }
  return tensor;
}

HostTensor pith::reference::fromIntegers(RankedTensorType type, const Integers &values) {
  Type element = type.getElementType();
  if (element.isInteger(64))
    return store<int64_t>(type, values);
  if (element.isInteger(32))
    return store<int32_t>(type, values);
  if (element.isInteger(8))
    return store<int8_t>(type, values);
  HostTensor tensor(type);
  for (size_t i = 0; i < values.size(); ++i)
    tensor.setInt(i, values[i]);
  return tensor;
}

//===----------------------------------------------------------------------===//
// Integer types
//===----------------------------------------------------------------------===//

int64_t pith::reference::getLowest(Type integer) {
  unsigned width = integer.getIntOrFloatBitWidth();
  if (width == 1 || integer.isUnsignedInteger())
    return 0;
  return width >= 64 ? std::numeric_limits<int64_t>::min() : -(int64_t(1) << (width - 1));
}

int64_t pith::reference::getHighest(Type integer) {
  unsigned width = integer.getIntOrFloatBitWidth();
  if (width >= 64)
    return integer.isUnsignedInteger() ? -1 : std::numeric_limits<int64_t>::max();
  bool allBits = width == 1 || integer.isUnsignedInteger();
  return (int64_t(1) << (allBits ? width : width - 1)) - 1;
}

int64_t pith::reference::saturate(double value, Type integer) {
  if (std::isnan(value))
    return 0;
  double rounded = std::nearbyint(value);
  if (rounded <= double(getLowest(integer)))
    return getLowest(integer);
  bool isWide = integer.isUnsignedInteger(64);
  if (rounded >= (isWide ? 18446744073709551616.0 : double(getHighest(integer))))
    return getHighest(integer);
  return truncate(rounded, isWide);
}

//===----------------------------------------------------------------------===//
// Copies
//===----------------------------------------------------------------------===//

ElementCopy::ElementCopy(HostTensor &to, const HostTensor &from) : to(to), from(from) {
  unsigned bits = getStorageBits(to.getElementType());
  bytes = bits % 8 == 0 ? bits / 8 : 0;
  out = to.getMutableBytes().data();
  in = from.getBytes().data();
}

void ElementCopy::copyPacked(int64_t target, int64_t source) {
  if (isReal(from))
    to.setDouble(target, from.getDouble(source));
  else
    to.setInt(target, from.getInt(source));
}

HostTensor pith::reference::takeStrided(RankedTensorType type, const HostTensor &source,
                                        int64_t first, Shape strides) {
  HostTensor result(type);
  ElementCopy copy(result, source);
  forEachOffset<1>(type.getShape(), {Sizes(strides)},
                   [&](int64_t i, auto &at) { copy(i, first + at[0]); });
  return result;
}

//===----------------------------------------------------------------------===//
// Positions
//===----------------------------------------------------------------------===//

Sizes pith::reference::getStrides(Shape shape) {
  Sizes strides(shape.size());
  int64_t stride = 1;
  for (int64_t axis = int64_t(shape.size()) - 1; axis >= 0; --axis) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}

Sizes pith::reference::getBroadcastStrides(Shape shape, Shape result) {
  Sizes own = getStrides(shape), strides(result.size(), 0);
  size_t skip = result.size() - shape.size();
  for (size_t axis = 0; axis < shape.size(); ++axis)
    if (shape[axis] != 1 || result[skip + axis] == 1)
      strides[skip + axis] = own[axis];
  return strides;
}
