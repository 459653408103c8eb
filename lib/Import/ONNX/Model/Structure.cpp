//===- Structure.cpp - Names of values ------------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// ONNX graphs are in single assignment form and sorted. The ONNX checker finds
// violations too, but does not name both places.
//
//===----------------------------------------------------------------------===//

#include "Guard.h"
#include "Model.h"

#include <unordered_map>

using namespace pith;

namespace {
class Names {
public:
  /// Defines a name, which must be new.
  std::string define(const std::string &name, const std::string &place) {
    auto [it, isNew] = places.try_emplace(name, place);
    if (isNew)
      return "";
    return place + " defines " + quote(name) + ", which " + it->second +
           " defines already";
  }
  bool has(const std::string &name) const { return places.count(name); }

private:
  std::unordered_map<std::string, std::string> places;
};
} // namespace

static std::string defineSources(const onnx::GraphProto &graph, Names &names) {
  for (const onnx::ValueInfoProto &input : graph.input()) {
    if (input.name().empty())
      return "expected a name for every input of the graph, found an empty one";
    std::string error = names.define(input.name(), "an input of the graph");
    if (!error.empty())
      return error;
  }
  Names initializers;
  for (const onnx::TensorProto &tensor : graph.initializer()) {
    std::string error = initializers.define(tensor.name(), "an initializer");
    size_t bytes;
    if (error.empty())
      error = checkTensor(tensor, bytes);
    if (!error.empty())
      return error;
    // An initializer may give the value of an input.
    if (!names.has(tensor.name()))
      names.define(tensor.name(), "an initializer");
  }
  if (graph.sparse_initializer_size() > 0)
    return "expected dense initializers, found the sparse tensor " +
           quote(graph.sparse_initializer(0).values().name());
  return "";
}

static std::string checkUse(const onnx::GraphProto &graph, const onnx::NodeProto &user,
                            const std::string &name) {
  for (const onnx::NodeProto &node : graph.node())
    for (const std::string &output : node.output())
      if (output == name)
        return describe(user) + ": expected inputs that are defined before, found " +
               quote(name) + " of " + describe(node) +
               "; the nodes are not sorted, or form a cycle";
  return describe(user) + ": expected an input that is defined, found " + quote(name);
}

std::string OnnxModel::checkStructure() const {
  return guard([&]() -> std::string {
    const onnx::GraphProto &graph = proto.graph();
    Names names;
    std::string error = defineSources(graph, names);
    if (!error.empty())
      return error;
    for (const onnx::NodeProto &node : graph.node()) {
      for (const std::string &input : node.input())
        if (!input.empty() && !names.has(input))
          return checkUse(graph, node, input);
      for (const std::string &output : node.output()) {
        if (output.empty())
          continue;
        error = names.define(output, describe(node));
        if (!error.empty())
          return error;
      }
    }
    if (graph.output_size() == 0)
      return "expected a graph with outputs, found none";
    for (const onnx::ValueInfoProto &output : graph.output())
      if (!names.has(output.name()))
        return "expected outputs that the graph defines, found " + quote(output.name());
    return "";
  });
}
