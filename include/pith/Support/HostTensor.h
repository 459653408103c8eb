//===- HostTensor.h - A tensor in the compiler's memory ---------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A dense, row-major tensor of static size: a type plus bytes. Copies share the
// bytes until one of them writes. Elements of fewer than 8 bits are packed,
// the first element in the lowest bits of the first byte; `i1` takes one byte.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_SUPPORT_HOSTTENSOR_H
#define PITH_SUPPORT_HOSTTENSOR_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/ArrayRef.h"

#include <memory>
#include <optional>

namespace pith {

/// Bytes that `count` elements of `type` take: packed below 8 bits, except `i1`.
int64_t getStorageBytes(mlir::Type type, int64_t count);
/// Bits of one stored element: 8 for `i1`, else the type's width.
unsigned getStorageBits(mlir::Type type);

class HostTensor {
public:
  HostTensor() = default;
  /// All elements zero.
  explicit HostTensor(mlir::RankedTensorType type);
  /// A tensor that refers to `bytes`, which `keepAlive` owns.
  HostTensor(mlir::RankedTensorType type, llvm::ArrayRef<char> bytes,
             std::shared_ptr<const void> keepAlive);

  /// The tensor's value; nothing if the attribute has no data, or too little
  /// (a resource without blob), or an element type without fixed width. A
  /// resource is not copied: the tensor is valid as long as the blob is.
  static std::optional<HostTensor> get(mlir::ElementsAttr attr);

  explicit operator bool() const { return static_cast<bool>(type); }
  mlir::RankedTensorType getType() const { return type; }
  mlir::Type getElementType() const { return type.getElementType(); }
  llvm::ArrayRef<int64_t> getShape() const { return type.getShape(); }
  int64_t getRank() const { return type.getRank(); }
  int64_t getNumElements() const { return type.getNumElements(); }
  llvm::ArrayRef<char> getBytes() const { return {data, size_t(size)}; }
  /// Bytes to write to; makes them this tensor's own first.
  llvm::MutableArrayRef<char> getMutableBytes();

  /// Element `index` in row-major order as a real number. Works for every type.
  double getDouble(int64_t index) const;
  /// Element `index` as an integer (floats truncate; unsigned 64-bit values wrap).
  int64_t getInt(int64_t index) const;
  /// Sets an element, rounded to the element type (ties to even); integers keep
  /// their low bits.
  void setDouble(int64_t index, double value);
  void setInt(int64_t index, int64_t value);

  /// Typed views; the element type must have exactly this layout.
  template <typename T>
  llvm::ArrayRef<T> as() const {
    return {reinterpret_cast<const T *>(data), size_t(size) / sizeof(T)};
  }
  template <typename T>
  llvm::MutableArrayRef<T> asMutable() {
    auto bytes = getMutableBytes();
    return {reinterpret_cast<T *>(bytes.data()), bytes.size() / sizeof(T)};
  }

  /// The same elements with other sizes of equal product.
  HostTensor reshaped(llvm::ArrayRef<int64_t> shape) const;
  /// Elements converted one by one (`setDouble`/`setInt` semantics).
  HostTensor converted(mlir::Type elementType) const;

  /// An attribute with this value: `dense` up to `maxInline` elements (and only
  /// for types it can hold), else a resource named `name` that owns the bytes.
  mlir::ElementsAttr toAttribute(llvm::StringRef name,
                                 int64_t maxInline = 64) const;

private:
  mlir::RankedTensorType type;
  std::shared_ptr<const void> owner;
  const char *data = nullptr;
  int64_t size = 0;
  bool writable = false;
};

} // namespace pith

#endif // PITH_SUPPORT_HOSTTENSOR_H
