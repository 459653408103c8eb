//===- Shapes.cpp - Sizes that the user fixes -----------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A fixed size replaces a named dimension in all inputs.
//
//===----------------------------------------------------------------------===//

#include "Guard.h"
#include "Model.h"

#include <map>
#include <set>

using namespace pith;

static onnx::ValueInfoProto *findInput(onnx::GraphProto &graph, const std::string &name) {
  std::set<std::string> initializers;
  for (const onnx::TensorProto &tensor : graph.initializer())
    initializers.insert(tensor.name());
  for (onnx::ValueInfoProto &input : *graph.mutable_input())
    if (input.name() == name && !initializers.count(name))
      return &input;
  return nullptr;
}

using Symbols = std::map<std::string, int64_t>;

static std::string fixInput(onnx::ValueInfoProto &input, const FixedShape &fixed,
                            Symbols &symbols) {
  auto &type = *input.mutable_type()->mutable_tensor_type();
  bool known = type.has_shape();
  auto &shape = *type.mutable_shape();
  if (!known)
    for (size_t i = 0; i < fixed.sizes.size(); ++i)
      shape.add_dim();
  if (shape.dim_size() != int(fixed.sizes.size()))
    return "expected " + std::to_string(shape.dim_size()) + " sizes for input " +
           quote(input.name()) + ", got " + std::to_string(fixed.sizes.size());
  for (int axis = 0; axis < shape.dim_size(); ++axis) {
    int64_t size = fixed.sizes[axis];
    auto &dim = *shape.mutable_dim(axis);
    std::string place = "axis " + std::to_string(axis) + " of input " + quote(input.name());
    if (size < -1 || size > kMaxElements)
      return "expected a size of at least 0, or -1 to leave it open, for " + place +
             ", got " + std::to_string(size);
    if (size == -1)
      continue;
    if (dim.has_dim_value() && dim.dim_value() >= 0 && dim.dim_value() != size)
      return "expected size " + std::to_string(dim.dim_value()) + " for " + place +
             ", which the model fixes, got " + std::to_string(size);
    if (dim.has_dim_param()) {
      auto [it, isNew] = symbols.try_emplace(dim.dim_param(), size);
      if (it->second != size)
        return "expected size " + std::to_string(it->second) + " for " + place +
               ", as elsewhere for dimension " + quote(dim.dim_param()) + ", got " +
               std::to_string(size);
    }
    dim.set_dim_value(size);
  }
  return "";
}

std::string OnnxModel::fixShapes(const std::vector<FixedShape> &shapes) {
  return guard([&]() -> std::string {
    Symbols symbols;
    for (const FixedShape &fixed : shapes) {
      onnx::ValueInfoProto *input = findInput(getGraph(), fixed.name);
      if (!input)
        return "expected the name of an input of the model, got " + quote(fixed.name);
      if (!input->type().has_tensor_type())
        return "expected a tensor as input " + quote(fixed.name);
      std::string error = fixInput(*input, fixed, symbols);
      if (!error.empty())
        return error;
    }
    for (onnx::ValueInfoProto &input : *getGraph().mutable_input()) {
      if (!input.type().has_tensor_type() || !input.type().tensor_type().has_shape())
        continue;
      for (auto &dim : *input.mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim())
        if (auto it = symbols.find(dim.dim_param()); dim.has_dim_param() && it != symbols.end())
          dim.set_dim_value(it->second);
    }
    return "";
  });
}
