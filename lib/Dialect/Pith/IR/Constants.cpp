//===- Constants.cpp - Reading and making constant tensors ----------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "pith/Dialect/Pith/IR/Constants.h"

#include "pith/Dialect/Pith/IR/PithOps.h"
#include "mlir/IR/DialectResourceBlobManager.h"

#include <cstring>

using namespace mlir;
using namespace pith;

std::optional<HostTensor> pith::getConstantTensor(Value value) {
  auto op = value ? value.getDefiningOp<ConstantOp>() : ConstantOp();
  return op ? HostTensor::get(op.getValueAttr()) : std::nullopt;
}

std::optional<double> pith::getConstantScalar(Value value) {
  auto op = value ? value.getDefiningOp<ConstantOp>() : ConstantOp();
  if (!op)
    return std::nullopt;
  int64_t count = op.getValueAttr().getNumElements();
  bool splat = isa<DenseElementsAttr>(op.getValueAttr()) &&
               cast<DenseElementsAttr>(op.getValueAttr()).isSplat();
  if (count < 1 || (count > 4096 && !splat))
    return std::nullopt;
  std::optional<HostTensor> tensor = HostTensor::get(op.getValueAttr());
  if (!tensor)
    return std::nullopt;
  double first = tensor->getDouble(0);
  for (int64_t i = 1; i < count && !splat; ++i)
    if (tensor->getDouble(i) != first)
      return std::nullopt;
  return first;
}

std::optional<SmallVector<int64_t>> pith::getConstantList(Value value) {
  std::optional<HostTensor> tensor = getConstantTensor(value);
  if (!tensor || !isa<IntegerType>(tensor->getElementType()) ||
      tensor->getNumElements() > 4096)
    return std::nullopt;
  SmallVector<int64_t> result;
  for (int64_t i = 0, e = tensor->getNumElements(); i < e; ++i)
    result.push_back(tensor->getInt(i));
  return result;
}

StringAttr pith::getConstantName(Value value) {
  auto op = value.getDefiningOp<ConstantOp>();
  return op ? op.getNameAttr() : StringAttr();
}

Value pith::createConstant(OpBuilder &builder, Location loc,
                           const HostTensor &value, StringAttr name) {
  ElementsAttr attr = value.toAttribute(name ? name.getValue() : "constant");
  return ConstantOp::create(builder, loc, value.getType(), attr, name);
}

Value pith::createReshapedConstant(OpBuilder &builder, Value constant,
                                   ArrayRef<int64_t> shape) {
  auto op = constant.getDefiningOp<ConstantOp>();
  auto type = RankedTensorType::get(shape, tensorType(constant).getElementType());
  ElementsAttr attr = op.getValueAttr();
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(attr))
    attr = DenseResourceElementsAttr::get(type, resource.getRawHandle());
  else
    attr = cast<DenseElementsAttr>(attr).reshape(type);
  return ConstantOp::create(builder, op.getLoc(), type, attr, op.getNameAttr());
}

Value pith::createList(OpBuilder &builder, Location loc, ArrayRef<int64_t> values) {
  auto type = RankedTensorType::get({int64_t(values.size())}, builder.getI64Type());
  return ConstantOp::create(builder, loc, type, DenseElementsAttr::get(type, values),
                            StringAttr());
}

Value pith::createScalar(OpBuilder &builder, Location loc, Type element, double value) {
  HostTensor tensor(RankedTensorType::get({}, element));
  tensor.setDouble(0, value);
  return createConstant(builder, loc, tensor);
}

bool pith::keepsElementOrder(ArrayRef<int64_t> shape, ArrayRef<int64_t> permutation) {
  int64_t last = -1;
  for (int64_t axis : permutation) {
    if (shape[axis] == 1)
      continue;
    if (axis < last)
      return false;
    last = axis;
  }
  return true;
}

namespace {
/// A transpose as a nest of loops over the result, innermost first, with axes
/// that stay side by side made one.
struct TransposeLoops {
  SmallVector<int64_t> sizes, strides; ///< of the result's axes, in the source
  int64_t chunk = 1;                   ///< elements copied at once

  TransposeLoops(ArrayRef<int64_t> shape, ArrayRef<int64_t> permutation) {
    SmallVector<int64_t> from(shape.size(), 1);
    for (int64_t axis = int64_t(shape.size()) - 2; axis >= 0; --axis)
      from[axis] = from[axis + 1] * shape[axis + 1];
    for (int64_t axis : permutation) {
      if (shape[axis] == 1)
        continue;
      if (!sizes.empty() && strides.back() == from[axis] * shape[axis]) {
        sizes.back() *= shape[axis];
        strides.back() = from[axis];
        continue;
      }
      sizes.push_back(shape[axis]);
      strides.push_back(from[axis]);
    }
    if (!sizes.empty() && strides.back() == 1) {
      chunk = sizes.pop_back_val();
      strides.pop_back();
    }
  }
};
} // namespace

/// Copies `chunk` elements of `T` per step of the loops. The two innermost loops
/// run in blocks, so that neither side leaves the cache.
template <typename T>
static void copyTransposed(const T *source, T *target, const TransposeLoops &loops) {
  size_t depth = loops.sizes.size();
  if (depth == 0) {
    std::memcpy(target, source, loops.chunk * sizeof(T));
    return;
  }
  constexpr int64_t kBlock = 32;
  int64_t rows = depth > 1 ? loops.sizes[depth - 2] : 1;
  int64_t rowStride = depth > 1 ? loops.strides[depth - 2] : 0;
  int64_t columns = loops.sizes[depth - 1], columnStride = loops.strides[depth - 1];
  int64_t outer = 1;
  for (size_t axis = 0; axis + 2 < depth; ++axis)
    outer *= loops.sizes[axis];
  for (int64_t n = 0; n < outer; ++n, target += rows * columns * loops.chunk) {
    const T *from = source;
    for (int64_t axis = int64_t(depth) - 3, rest = n; axis >= 0; --axis) {
      from += rest % loops.sizes[axis] * loops.strides[axis];
      rest /= loops.sizes[axis];
    }
    for (int64_t r0 = 0; r0 < rows; r0 += kBlock)
      for (int64_t c0 = 0; c0 < columns; c0 += kBlock)
        for (int64_t r = r0; r < std::min(rows, r0 + kBlock); ++r) {
          int64_t end = std::min(columns, c0 + kBlock);
          const T *row = from + r * rowStride;
          if (loops.chunk == 1)
            for (int64_t c = c0; c < end; ++c)
              target[r * columns + c] = row[c * columnStride];
          else
            for (int64_t c = c0; c < end; ++c)
              std::memcpy(target + (r * columns + c) * loops.chunk,
                          row + c * columnStride, loops.chunk * sizeof(T));
        }
  }
}

HostTensor pith::transpose(const HostTensor &tensor, ArrayRef<int64_t> permutation) {
  SmallVector<int64_t> shape;
  for (int64_t axis : permutation)
    shape.push_back(tensor.getShape()[axis]);
  if (keepsElementOrder(tensor.getShape(), permutation))
    return tensor.reshaped(shape);
  HostTensor result(RankedTensorType::get(shape, tensor.getElementType()));
  if (result.getNumElements() == 0)
    return result;
  TransposeLoops loops(tensor.getShape(), permutation);
  const char *from = tensor.getBytes().data();
  char *to = result.getMutableBytes().data();
  switch (getStorageBits(tensor.getElementType())) {
  case 8:
    copyTransposed(from, to, loops);
    return result;
  case 16:
    copyTransposed(reinterpret_cast<const uint16_t *>(from),
                   reinterpret_cast<uint16_t *>(to), loops);
    return result;
  case 32:
    copyTransposed(reinterpret_cast<const uint32_t *>(from),
                   reinterpret_cast<uint32_t *>(to), loops);
    return result;
  case 64:
    copyTransposed(reinterpret_cast<const uint64_t *>(from),
                   reinterpret_cast<uint64_t *>(to), loops);
    return result;
  }
  // Narrow codes are one stream of bits.
  int64_t count = tensor.getNumElements(), rank = shape.size();
  SmallVector<int64_t> strides(rank, 1);
  for (int64_t axis = rank - 2; axis >= 0; --axis)
    strides[axis] = strides[axis + 1] * tensor.getShape()[axis + 1];
  for (int64_t i = 0; i < count; ++i) {
    int64_t source = 0, rest = i;
    for (int64_t axis = rank - 1; axis >= 0; --axis) {
      source += rest % shape[axis] * strides[permutation[axis]];
      rest /= shape[axis];
    }
    result.setInt(i, tensor.getInt(source));
  }
  return result;
}

std::optional<SmallVector<int64_t>> pith::getReshapeTarget(RankedTensorType type) {
  SmallVector<int64_t> target;
  bool dynamic = false;
  for (int64_t size : type.getShape()) {
    if (size == 0 || (ShapedType::isDynamic(size) && dynamic))
      return std::nullopt;
    dynamic |= ShapedType::isDynamic(size);
    target.push_back(ShapedType::isDynamic(size) ? -1 : size);
  }
  return target;
}
