//===- TensorBytes.cpp - The bytes of a tensor ----------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A tensor's data are in raw_data, in the typed field of its element type, or in
// another file. In each case the amount must fit the dimensions, and nothing is
// allocated before that is known.
//
//===----------------------------------------------------------------------===//

#include "ExternalData.h"
#include "Guard.h"
#include "Model.h"

#include <cstring>

using namespace pith;
using onnx::TensorProto;

unsigned pith::getElementBits(int32_t dataType) {
  switch (dataType) {
  case TensorProto::INT2:
  case TensorProto::UINT2:
    return 2;
  case TensorProto::INT4:
  case TensorProto::UINT4:
    return 4;
  case TensorProto::BOOL:
  case TensorProto::INT8:
  case TensorProto::UINT8:
    return 8;
  case TensorProto::INT16:
  case TensorProto::UINT16:
  case TensorProto::FLOAT16:
  case TensorProto::BFLOAT16:
    return 16;
  case TensorProto::INT32:
  case TensorProto::UINT32:
  case TensorProto::FLOAT:
    return 32;
  case TensorProto::INT64:
  case TensorProto::UINT64:
  case TensorProto::DOUBLE:
    return 64;
  default:
    return 0;
  }
}

std::string pith::getTypeName(int32_t dataType) {
  if (!TensorProto::DataType_IsValid(dataType))
    return std::to_string(dataType);
  return TensorProto::DataType_Name(TensorProto::DataType(dataType));
}

/// Elements of a tensor, or an error if the sizes are negative or too large.
static std::string countElements(const TensorProto &tensor, int64_t &count) {
  count = 1;
  bool empty = false;
  for (int64_t size : tensor.dims()) {
    if (size < 0)
      return "tensor " + quote(tensor.name()) + ": expected sizes of at least 0, found " +
             std::to_string(size);
    if (size == 0) {
      empty = true;
      continue;
    }
    if (size > kMaxElements / count)
      return "tensor " + quote(tensor.name()) + ": expected at most 2^48 elements";
    count *= size;
  }
  if (empty)
    count = 0;
  return "";
}

/// The entries of a typed field, each cut to `width` bytes; as many as fit.
template <typename Field>
static void packField(const Field &field, size_t width, std::string &out) {
  char *to = out.data(), *end = to + out.size();
  for (const auto &entry : field) {
    if (size_t(end - to) < width)
      return;
    std::memcpy(to, &entry, width); // little endian
    to += width;
  }
}

static void packTyped(const TensorProto &tensor, std::string &out) {
  unsigned bits = getElementBits(tensor.data_type());
  switch (tensor.data_type()) {
  case TensorProto::FLOAT:
    return packField(tensor.float_data(), 4, out);
  case TensorProto::DOUBLE:
    return packField(tensor.double_data(), 8, out);
  case TensorProto::INT64:
    return packField(tensor.int64_data(), 8, out);
  case TensorProto::UINT32:
  case TensorProto::UINT64:
    return packField(tensor.uint64_data(), bits / 8, out);
  default:
    return packField(tensor.int32_data(), bits < 8 ? 1 : bits / 8, out);
  }
}

static TensorBytes own(std::string &&text) {
  auto owner = std::make_shared<std::string>(std::move(text));
  return {owner, owner->data(), owner->size()};
}

/// Entries of the typed field of the tensor's element type.
static size_t countEntries(const TensorProto &tensor) {
  switch (tensor.data_type()) {
  case TensorProto::FLOAT:
    return tensor.float_data_size();
  case TensorProto::DOUBLE:
    return tensor.double_data_size();
  case TensorProto::INT64:
    return tensor.int64_data_size();
  case TensorProto::UINT32:
  case TensorProto::UINT64:
    return tensor.uint64_data_size();
  default:
    return tensor.int32_data_size();
  }
}

std::string pith::checkTensor(const TensorProto &tensor, size_t &bytes) {
  int64_t count;
  std::string error = countElements(tensor, count);
  if (!error.empty())
    return error;
  std::string name = "tensor " + quote(tensor.name()) + ": ";
  unsigned bits = getElementBits(tensor.data_type());
  if (bits == 0)
    return name + "element type " + getTypeName(tensor.data_type()) + " is not supported";
  bytes = (size_t(count) * bits + 7) / 8;
  if (tensor.data_location() == TensorProto::EXTERNAL)
    return "";
  if (tensor.has_raw_data() && tensor.raw_data().size() != bytes)
    return name + "expected " + std::to_string(bytes) + " bytes of raw_data, found " +
           std::to_string(tensor.raw_data().size());
  // Elements below 8 bits come a byte per entry.
  size_t entries = bits < 8 ? bytes : size_t(count);
  if (!tensor.has_raw_data() && countEntries(tensor) != entries)
    return name + "expected " + std::to_string(entries) + " entries of data, found " +
           std::to_string(countEntries(tensor));
  return "";
}

static std::string take(TensorProto &tensor, const std::string &folder,
                        TensorBytes &bytes) {
  size_t expected;
  std::string error = checkTensor(tensor, expected);
  if (!error.empty())
    return error;
  if (tensor.data_location() == TensorProto::EXTERNAL)
    return mapExternalData(folder, tensor, expected, bytes);
  if (tensor.has_raw_data()) {
    bytes = own(std::move(*tensor.mutable_raw_data()));
    return "";
  }
  std::string packed(expected, '\0');
  packTyped(tensor, packed);
  bytes = own(std::move(packed));
  return "";
}

std::string OnnxModel::takeBytes(TensorProto &tensor, TensorBytes &bytes) const {
  return guard([&] { return take(tensor, folder, bytes); });
}
