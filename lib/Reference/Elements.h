//===- Elements.h - Elements and positions of tensors -----------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What all reference models use: reading a tensor as reals or integers and
// writing it back with one rounding, walking through positions, broadcasting.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_REFERENCE_ELEMENTS_H
#define PITH_LIB_REFERENCE_ELEMENTS_H

#include "pith/Support/HostTensor.h"
#include "mlir/IR/BuiltinTypes.h"

#include <array>
#include <cstring>
#include <numeric>
#include <vector>

namespace pith::reference {

using Shape = llvm::ArrayRef<int64_t>;
using Sizes = llvm::SmallVector<int64_t>;

inline bool isReal(const HostTensor &tensor) {
  return llvm::isa<mlir::FloatType>(tensor.getElementType());
}
inline bool isUnsigned(const HostTensor &tensor) {
  return tensor.getElementType().isUnsignedInteger();
}

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

/// Values of integer tensors: 64 bits that wrap around; of unsigned 64-bit
/// types the bits.
using Integers = std::vector<int64_t>;
using Reals = std::vector<double>;

Reals toReals(const HostTensor &tensor);
Integers toIntegers(const HostTensor &tensor);
/// A tensor of these values, rounded (floats, ties to even), truncated (integers)
/// or compared with 0 (booleans).
HostTensor fromReals(mlir::RankedTensorType type, const Reals &values);
/// A tensor of these values; keeps their low bits.
HostTensor fromIntegers(mlir::RankedTensorType type, const Integers &values);

/// The least and the largest number of an integer type; of unsigned 64-bit types
/// the bits. Booleans are 0 and 1.
int64_t getLowest(mlir::Type integer);
int64_t getHighest(mlir::Type integer);

/// Rounded to the nearest, ties to even, and limited to what the integer type
/// holds; NaN gives 0.
int64_t saturate(double value, mlir::Type integer);

/// Arithmetic that wraps around.
inline int64_t wrapAdd(int64_t a, int64_t b) {
  return int64_t(uint64_t(a) + uint64_t(b));
}
inline int64_t wrapMul(int64_t a, int64_t b) {
  return int64_t(uint64_t(a) * uint64_t(b));
}
inline double wrapAdd(double a, double b) { return a + b; }
inline double wrapMul(double a, double b) { return a * b; }

/// `toReals` or `toIntegers`, and back, by the type of the elements.
template <typename T>
std::vector<T> toValues(const HostTensor &tensor) {
  if constexpr (std::is_same_v<T, double>)
    return toReals(tensor);
  else
    return toIntegers(tensor);
}
template <typename T>
HostTensor fromValues(mlir::RankedTensorType type, const std::vector<T> &values) {
  if constexpr (std::is_same_v<T, double>)
    return fromReals(type, values);
  else
    return fromIntegers(type, values);
}

/// Copies elements of one tensor to another one of the same element type.
class ElementCopy {
public:
  ElementCopy(HostTensor &to, const HostTensor &from);
  void operator()(int64_t target, int64_t source) {
    if (bytes)
      std::memcpy(out + target * bytes, in + source * bytes, bytes);
    else
      copyPacked(target, source);
  }

private:
  void copyPacked(int64_t target, int64_t source);
  HostTensor &to;
  const HostTensor &from;
  int64_t bytes; ///< of an element; 0 if packed
  char *out;
  const char *in;
};

//===----------------------------------------------------------------------===//
// Positions
//===----------------------------------------------------------------------===//

inline int64_t product(Shape shape) {
  return std::accumulate(shape.begin(), shape.end(), int64_t(1), std::multiplies<>());
}

/// How far apart neighbours along each axis lie, row-major.
Sizes getStrides(Shape shape);
/// The strides of a tensor that is broadcast to `result`: 0 along axes that are
/// repeated or that it lacks.
Sizes getBroadcastStrides(Shape shape, Shape result);
/// The offset of a position.
inline int64_t getOffset(Shape index, Shape strides) {
  int64_t offset = 0;
  for (size_t axis = 0; axis < index.size(); ++axis)
    offset += index[axis] * strides[axis];
  return offset;
}

/// Calls `body(i, index)` for every position in row-major order.
template <typename Body>
void forEachIndex(Shape shape, Body body) {
  int64_t count = product(shape);
  Sizes index(shape.size());
  for (int64_t i = 0; i < count; ++i) {
    body(i, Shape(index));
    for (int64_t axis = int64_t(shape.size()) - 1; axis >= 0; --axis) {
      if (++index[axis] < shape[axis])
        break;
      index[axis] = 0;
    }
  }
}

/// Calls `body(i, offsets)` for every position in row-major order, with the
/// offset of the position by each of several strides.
template <size_t N, typename Body>
void forEachOffset(Shape shape, const std::array<Sizes, N> &strides, Body body) {
  int64_t count = product(shape);
  Sizes index(shape.size());
  std::array<int64_t, N> offsets{};
  for (int64_t i = 0; i < count; ++i) {
    body(i, offsets);
    for (int64_t axis = int64_t(shape.size()) - 1; axis >= 0; --axis) {
      for (size_t n = 0; n < N; ++n)
        offsets[n] += strides[n][axis];
      if (++index[axis] < shape[axis])
        break;
      for (size_t n = 0; n < N; ++n)
        offsets[n] -= strides[n][axis] * shape[axis];
      index[axis] = 0;
    }
  }
}

/// Calls `body(first, stride)` for every line along an axis: the offsets of its
/// elements are `first + j · stride`.
template <typename Body>
void forEachLine(Shape shape, int64_t axis, Body body) {
  int64_t inner = product(shape.drop_front(axis + 1));
  int64_t outer = product(shape.take_front(axis));
  for (int64_t i = 0; i < outer; ++i)
    for (int64_t j = 0; j < inner; ++j)
      body(i * shape[axis] * inner + j, inner);
}

/// The elements at `first + Σ index · strides`, for every index of the result.
HostTensor takeStrided(mlir::RankedTensorType type, const HostTensor &source,
                       int64_t first, Shape strides);

/// Values with their axes in another order: axis `i` is axis `permutation[i]` of
/// the source.
template <typename T>
std::vector<T> permute(const std::vector<T> &values, Shape shape, Shape permutation) {
  Sizes sizes, strides, all = getStrides(shape);
  for (int64_t axis : permutation) {
    sizes.push_back(shape[axis]);
    strides.push_back(all[axis]);
  }
  std::vector<T> result(values.size());
  forEachOffset<1>(sizes, {strides},
                   [&](int64_t i, auto &at) { result[i] = values[at[0]]; });
  return result;
}

} // namespace pith::reference

#endif // PITH_LIB_REFERENCE_ELEMENTS_H
