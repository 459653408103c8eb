//===- Tensors.cpp - ONNX tensors and types in MLIR -----------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tensors keep the bytes of the file: nothing is copied unless it lies
// unaligned.
//
//===----------------------------------------------------------------------===//

#include "Tensors.h"

#include <cstring>

using namespace mlir;
using namespace pith;
using onnx::TensorProto;

/// Alignment that element access relies on.
static constexpr uintptr_t kAlignment = 8;

Type pith::getElementType(int32_t dataType, MLIRContext *context) {
  Builder b(context);
  switch (dataType) {
  case TensorProto::FLOAT:
    return b.getF32Type();
  case TensorProto::DOUBLE:
    return b.getF64Type();
  case TensorProto::FLOAT16:
    return b.getF16Type();
  case TensorProto::BFLOAT16:
    return b.getBF16Type();
  case TensorProto::BOOL:
    return b.getI1Type();
  case TensorProto::INT2:
  case TensorProto::INT4:
  case TensorProto::INT8:
  case TensorProto::INT16:
  case TensorProto::INT32:
  case TensorProto::INT64:
    return b.getIntegerType(getElementBits(dataType));
  case TensorProto::UINT2:
  case TensorProto::UINT4:
  case TensorProto::UINT8:
  case TensorProto::UINT16:
  case TensorProto::UINT32:
  case TensorProto::UINT64:
    return IntegerType::get(context, getElementBits(dataType), IntegerType::Unsigned);
  default:
    return {};
  }
}

std::string pith::readTensor(const OnnxModel &model, TensorProto &proto,
                             MLIRContext *context, HostTensor &tensor) {
  TensorBytes bytes;
  std::string error = model.takeBytes(proto, bytes);
  if (!error.empty())
    return error;
  Type element = getElementType(proto.data_type(), context);
  SmallVector<int64_t> sizes(proto.dims().begin(), proto.dims().end());
  auto type = RankedTensorType::get(sizes, element);
  HostTensor view(type, ArrayRef<char>(bytes.data, bytes.size), bytes.owner);
  bool aligned = reinterpret_cast<uintptr_t>(bytes.data) % kAlignment == 0;
  bool canonical = true;
  if (element.isInteger(1))
    for (char byte : view.getBytes())
      canonical &= byte == 0 || byte == 1;
  if (bytes.data && aligned && canonical) {
    tensor = view;
    return "";
  }
  tensor = HostTensor(type);
  if (bytes.size)
    std::memcpy(tensor.getMutableBytes().data(), bytes.data, bytes.size);
  if (!canonical)
    for (char &byte : tensor.getMutableBytes())
      byte = byte != 0;
  return "";
}

Value pith::createConstant(ImportState &state, Location loc, const HostTensor &tensor,
                           StringRef name) {
  OpBuilder &b = state.builder;
  ElementsAttr value = tensor.toAttribute(name.empty() ? "constant" : name);
  StringAttr label = name.empty() ? StringAttr() : b.getStringAttr(name);
  auto op = ConstantOp::create(b, loc, tensor.getType(), value, label);
  // A constant's rule cannot fail: its sizes are static.
  (void)state.analysis.infer(op);
  return op;
}
