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
    return "data type " + std::to_string(dataType);
  return TensorProto::DataType_Name(TensorProto::DataType(dataType));
}

std::string pith::countElements(const TensorProto &tensor, int64_t &count) {
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

/// The entries of a typed field, each cut to `width` bytes.
template <typename Field>
static std::string packField(const Field &field, size_t width, size_t expected,
                             std::string &out) {
  if (size_t(field.size()) * width != expected)
    return "expected " + std::to_string(expected / width) + " entries of data, found " +
           std::to_string(field.size());
  out.resize(expected);
  char *to = out.data();
  for (const auto &entry : field) {
    std::memcpy(to, &entry, width); // little endian
    to += width;
  }
  return "";
}

static std::string packTyped(const TensorProto &tensor, size_t expected,
                             std::string &out) {
  unsigned bits = getElementBits(tensor.data_type());
  switch (tensor.data_type()) {
  case TensorProto::FLOAT:
    return packField(tensor.float_data(), 4, expected, out);
  case TensorProto::DOUBLE:
    return packField(tensor.double_data(), 8, expected, out);
  case TensorProto::INT64:
    return packField(tensor.int64_data(), 8, expected, out);
  case TensorProto::UINT32:
  case TensorProto::UINT64:
    return packField(tensor.uint64_data(), bits / 8, expected, out);
  default:
    // Elements below 8 bits come a byte per entry.
    return packField(tensor.int32_data(), bits < 8 ? 1 : bits / 8, expected, out);
  }
}

static TensorBytes own(std::string &&text) {
  auto owner = std::make_shared<std::string>(std::move(text));
  return {owner, owner->data(), owner->size()};
}

static std::string take(TensorProto &tensor, const std::string &folder,
                        TensorBytes &bytes) {
  int64_t count;
  std::string error = countElements(tensor, count);
  if (!error.empty())
    return error;
  std::string name = "tensor " + quote(tensor.name()) + ": ";
  unsigned bits = getElementBits(tensor.data_type());
  if (bits == 0)
    return name + "element type " + getTypeName(tensor.data_type()) + " is not supported";
  size_t expected = (size_t(count) * bits + 7) / 8;
  if (tensor.data_location() == TensorProto::EXTERNAL)
    return mapExternalData(folder, tensor, expected, bytes);
  if (tensor.has_raw_data()) {
    if (tensor.raw_data().size() != expected)
      return name + "expected " + std::to_string(expected) + " bytes of raw_data, found " +
             std::to_string(tensor.raw_data().size());
    bytes = own(std::move(*tensor.mutable_raw_data()));
    return "";
  }
  std::string packed;
  error = packTyped(tensor, expected, packed);
  if (!error.empty())
    return name + error;
  bytes = own(std::move(packed));
  return "";
}

std::string OnnxModel::takeBytes(TensorProto &tensor, TensorBytes &bytes) const {
  return guard([&] { return take(tensor, folder, bytes); });
}
