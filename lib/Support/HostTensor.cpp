//===- HostTensor.cpp - A tensor in the compiler's memory -----------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Element access for every element type the dialect knows. Types of fewer than 8
// bits are one stream of bits, lowest bits first.
//
//===----------------------------------------------------------------------===//

#include "pith/Support/HostTensor.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/ADT/APFloat.h"

#include <cmath>
#include <cstring>

using namespace mlir;
using namespace pith;

unsigned pith::getStorageBits(Type type) {
  unsigned width = type.isIntOrFloat() ? type.getIntOrFloatBitWidth() : 64;
  return width == 1 ? 8 : width;
}

int64_t pith::getStorageBytes(Type type, int64_t count) {
  return (count * int64_t(getStorageBits(type)) + 7) / 8;
}

/// Memory with the alignment that kernels like.
static std::shared_ptr<char> allocate(int64_t size) {
  auto *memory = static_cast<char *>(
      llvm::allocate_buffer(std::max<int64_t>(size, 1), 64));
  return std::shared_ptr<char>(memory, [size](char *p) {
    llvm::deallocate_buffer(p, std::max<int64_t>(size, 1), 64);
  });
}

HostTensor::HostTensor(RankedTensorType type) : type(type) {
  size = getStorageBytes(type.getElementType(), type.getNumElements());
  auto memory = allocate(size);
  std::memset(memory.get(), 0, size);
  data = memory.get();
  owner = memory;
  writable = true;
}

HostTensor::HostTensor(RankedTensorType type, ArrayRef<char> bytes,
                       std::shared_ptr<const void> keepAlive)
    : type(type), owner(std::move(keepAlive)), data(bytes.data()),
      size(getStorageBytes(type.getElementType(), type.getNumElements())) {}

std::optional<HostTensor> HostTensor::get(ElementsAttr attr) {
  auto type = dyn_cast<RankedTensorType>(attr.getType());
  if (!type || !type.hasStaticShape() || !type.getElementType().isIntOrFloat())
    return std::nullopt;
  int64_t bytes = getStorageBytes(type.getElementType(), type.getNumElements());
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(attr)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    if (!blob || int64_t(blob->getData().size()) < bytes)
      return std::nullopt;
    return HostTensor(type, blob->getData(), nullptr);
  }
  auto dense = dyn_cast<DenseElementsAttr>(attr);
  if (!dense)
    return std::nullopt;
  Type element = type.getElementType();
  unsigned width = element.getIntOrFloatBitWidth();
  if (!dense.isSplat() && width >= 8 && width % 8 == 0) {
    // The attribute's bytes live as long as the context.
    ArrayRef<char> raw = dense.getRawData();
    if (int64_t(raw.size()) == bytes)
      return HostTensor(type, raw, nullptr);
  }
  HostTensor result(type);
  if (isa<FloatType>(element)) {
    int64_t i = 0;
    for (const APFloat &value : dense.getValues<APFloat>()) {
      bool lossy;
      APFloat wide = value;
      wide.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &lossy);
      result.setDouble(i++, wide.convertToDouble());
    }
    return result;
  }
  int64_t i = 0;
  for (const APInt &value : dense.getValues<APInt>())
    result.setInt(i++, value.getLimitedValue(~uint64_t(0)) & ~uint64_t(0));
  return result;
}

MutableArrayRef<char> HostTensor::getMutableBytes() {
  if (!writable || owner.use_count() != 1) {
    auto memory = allocate(size);
    std::memcpy(memory.get(), data, size);
    data = memory.get();
    owner = memory;
    writable = true;
  }
  return {const_cast<char *>(data), size_t(size)};
}

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

static uint64_t readBits(const char *data, int64_t index, unsigned width) {
  uint64_t result = 0;
  int64_t bit = index * width;
  for (unsigned done = 0; done < width;) {
    unsigned offset = (bit + done) % 8;
    unsigned take = std::min(8 - offset, width - done);
    uint64_t part = (uint8_t(data[(bit + done) / 8]) >> offset) & ((1u << take) - 1);
    result |= part << done;
    done += take;
  }
  return result;
}

static void writeBits(char *data, int64_t index, unsigned width, uint64_t value) {
  int64_t bit = index * width;
  for (unsigned done = 0; done < width;) {
    unsigned offset = (bit + done) % 8;
    unsigned take = std::min(8 - offset, width - done);
    uint8_t mask = ((1u << take) - 1) << offset;
    uint8_t part = ((value >> done) << offset) & mask;
    char &byte = data[(bit + done) / 8];
    byte = char((uint8_t(byte) & ~mask) | part);
    done += take;
  }
}

template <typename T>
static T readAs(const char *data, int64_t index) {
  T value;
  std::memcpy(&value, data + index * sizeof(T), sizeof(T));
  return value;
}

template <typename T>
static void writeAs(char *data, int64_t index, T value) {
  std::memcpy(data + index * sizeof(T), &value, sizeof(T));
}

/// The raw bits of an element, zero extended.
static uint64_t rawBits(const char *data, int64_t index, unsigned width) {
  switch (width) {
  case 8:
    return readAs<uint8_t>(data, index);
  case 16:
    return readAs<uint16_t>(data, index);
  case 32:
    return readAs<uint32_t>(data, index);
  case 64:
    return readAs<uint64_t>(data, index);
  default:
    return readBits(data, index, width);
  }
}

static void setRawBits(char *data, int64_t index, unsigned width, uint64_t value) {
  switch (width) {
  case 8:
    return writeAs<uint8_t>(data, index, value);
  case 16:
    return writeAs<uint16_t>(data, index, value);
  case 32:
    return writeAs<uint32_t>(data, index, value);
  case 64:
    return writeAs<uint64_t>(data, index, value);
  default:
    return writeBits(data, index, width, value);
  }
}

int64_t HostTensor::getInt(int64_t index) const {
  Type element = getElementType();
  if (isa<FloatType>(element)) {
    double value = getDouble(index);
    if (!(value >= -9.3e18 && value <= 9.3e18))
      return value > 0 ? std::numeric_limits<int64_t>::max()
                       : std::numeric_limits<int64_t>::min();
    return int64_t(value);
  }
  unsigned width = getStorageBits(element);
  uint64_t raw = rawBits(data, index, width);
  if (width < 64 && !element.isUnsignedInteger() && !element.isInteger(1) &&
      (raw >> (width - 1)) & 1)
    raw |= ~uint64_t(0) << width;
  return int64_t(raw);
}

double HostTensor::getDouble(int64_t index) const {
  Type element = getElementType();
  if (element.isF32())
    return readAs<float>(data, index);
  if (element.isF64())
    return readAs<double>(data, index);
  if (element.isBF16()) {
    uint32_t bits = uint32_t(readAs<uint16_t>(data, index)) << 16;
    float value;
    std::memcpy(&value, &bits, 4);
    return value;
  }
  if (auto real = dyn_cast<FloatType>(element)) {
    unsigned width = getStorageBits(element);
    APFloat value(real.getFloatSemantics(),
                  APInt(width, rawBits(data, index, width)));
    bool lossy;
    value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &lossy);
    return value.convertToDouble();
  }
  int64_t whole = getInt(index);
  if (element.isUnsignedInteger(64))
    return double(uint64_t(whole));
  return double(whole);
}

void HostTensor::setInt(int64_t index, int64_t value) {
  Type element = getElementType();
  if (isa<FloatType>(element))
    return setDouble(index, double(value));
  char *bytes = getMutableBytes().data();
  if (element.isInteger(1))
    value = value != 0;
  setRawBits(bytes, index, getStorageBits(element), uint64_t(value));
}

void HostTensor::setDouble(int64_t index, double value) {
  Type element = getElementType();
  char *bytes = getMutableBytes().data();
  if (element.isF32())
    return writeAs<float>(bytes, index, float(value));
  if (element.isF64())
    return writeAs<double>(bytes, index, value);
  if (auto real = dyn_cast<FloatType>(element)) {
    APFloat rounded(value);
    bool lossy;
    rounded.convert(real.getFloatSemantics(), APFloat::rmNearestTiesToEven, &lossy);
    return setRawBits(bytes, index, getStorageBits(element),
                      rounded.bitcastToAPInt().getZExtValue());
  }
  if (element.isInteger(1))
    return setInt(index, value != 0);
  if (element.isUnsignedInteger(64) && value >= 9.2e18)
    return setInt(index, int64_t(uint64_t(value)));
  if (!(std::fabs(value) < 9.3e18))
    return setInt(index, 0);
  setInt(index, int64_t(value));
}

//===----------------------------------------------------------------------===//
// Whole tensors
//===----------------------------------------------------------------------===//

HostTensor HostTensor::reshaped(ArrayRef<int64_t> shape) const {
  HostTensor result = *this;
  result.type = RankedTensorType::get(shape, getElementType());
  return result;
}

HostTensor HostTensor::converted(Type elementType) const {
  if (elementType == getElementType())
    return *this;
  HostTensor result(RankedTensorType::get(getShape(), elementType));
  bool viaReal = isa<FloatType>(elementType) || isa<FloatType>(getElementType());
  for (int64_t i = 0, e = getNumElements(); i < e; ++i) {
    if (viaReal)
      result.setDouble(i, getDouble(i));
    else
      result.setInt(i, getInt(i));
  }
  return result;
}

ElementsAttr HostTensor::toAttribute(StringRef name, int64_t maxInline) const {
  Type element = getElementType();
  unsigned width = element.getIntOrFloatBitWidth();
  if (getNumElements() <= maxInline && (width == 1 || width % 8 == 0)) {
    if (width == 1) {
      SmallVector<bool> values;
      for (int64_t i = 0, e = getNumElements(); i < e; ++i)
        values.push_back(getInt(i) != 0);
      return DenseElementsAttr::get(type, values);
    }
    return DenseElementsAttr::getFromRawBuffer(type, getBytes());
  }
  // The blob shares this tensor's bytes and keeps their owner.
  std::shared_ptr<const void> keep = owner;
  const char *bytes = data;
  if (!keep) {
    auto memory = allocate(size);
    std::memcpy(memory.get(), data, size);
    bytes = memory.get();
    keep = memory;
  }
  auto deleter = [keep](void *, size_t, size_t) mutable { keep.reset(); };
  AsmResourceBlob blob(ArrayRef<char>(bytes, size), /*dataAlignment=*/64,
                       std::move(deleter), /*dataIsMutable=*/false);
  return DenseResourceElementsAttr::get(type, name, std::move(blob));
}
