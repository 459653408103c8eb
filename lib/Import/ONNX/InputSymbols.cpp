//===- InputSymbols.cpp - Named sizes of the inputs -----------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Types of graph inputs.
//
//===----------------------------------------------------------------------===//

#include "InputSymbols.h"

#include "Tensors.h"

using namespace mlir;
using namespace pith;

AffineExpr InputSymbols::getSymbol(const std::string &name, MLIRContext *context) {
  auto it = llvm::find(names, name);
  size_t index = it - names.begin();
  if (it == names.end())
    names.push_back(name);
  return getAffineSymbolExpr(index, context);
}

static const char *getKind(const onnx::TypeProto &type) {
  if (type.has_sequence_type())
    return "a sequence";
  if (type.has_map_type())
    return "a map";
  if (type.has_optional_type())
    return "an optional";
  if (type.has_sparse_tensor_type())
    return "a sparse tensor";
  return "no type";
}

RankedTensorType InputSymbols::read(const onnx::ValueInfoProto &input,
                                    MLIRContext *context, SymbolicShape &shape,
                                    std::string &error) {
  std::string name = "input " + quote(input.name());
  if (!input.type().has_tensor_type()) {
    error = name + ": expected a tensor, found " + getKind(input.type());
    return {};
  }
  const auto &tensor = input.type().tensor_type();
  Type element = getElementType(tensor.elem_type(), context);
  if (!element) {
    error = name + ": element type " + getTypeName(tensor.elem_type()) +
            " is not supported";
    return {};
  }
  if (!tensor.has_shape()) {
    error = name + ": expected a shape, found none; fix it when compiling";
    return {};
  }
  SmallVector<int64_t> sizes;
  int64_t count = 1;
  for (auto [axis, dim] : llvm::enumerate(tensor.shape().dim())) {
    // Exporters write −1 for what they do not know.
    if (!dim.has_dim_value() || dim.dim_value() < 0) {
      std::string symbol = dim.dim_param();
      if (symbol.empty())
        symbol = input.name() + "_dim" + std::to_string(axis);
      shape.push_back(getSymbol(symbol, context));
      sizes.push_back(ShapedType::kDynamic);
      continue;
    }
    int64_t size = dim.dim_value();
    if (size > kMaxElements / std::max<int64_t>(count, 1)) {
      error = name + ": expected at most 2^48 elements";
      return {};
    }
    count *= std::max<int64_t>(size, 1);
    shape.push_back(getAffineConstantExpr(size, context));
    sizes.push_back(size);
  }
  return RankedTensorType::get(sizes, element);
}

AffineMap InputSymbols::getMap(ArrayRef<AffineExpr> sizes, MLIRContext *context) const {
  return AffineMap::get(/*dimCount=*/0, names.size(), sizes, context);
}

bool InputSymbols::covers(ArrayRef<AffineExpr> sizes) const {
  bool covered = true;
  for (AffineExpr size : sizes)
    size.walk([&](AffineExpr part) {
      auto symbol = dyn_cast<AffineSymbolExpr>(part);
      covered &= !symbol || symbol.getPosition() < names.size();
    });
  return covered;
}
