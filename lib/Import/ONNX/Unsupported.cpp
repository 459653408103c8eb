//===- Unsupported.cpp - Operators that cannot be imported ----------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A user wants to know all that is missing, not the first of it.
//
//===----------------------------------------------------------------------===//

#include "Unsupported.h"

#include "Operators.h"

#include <map>
#include <set>

using namespace pith;

void pith::nameNodes(onnx::GraphProto &graph) {
  std::set<std::string> taken;
  for (const onnx::NodeProto &node : graph.node())
    taken.insert(node.name());
  for (int i = 0; i < graph.node_size(); ++i) {
    onnx::NodeProto &node = *graph.mutable_node(i);
    if (!node.name().empty())
      continue;
    std::string name = node.op_type() + "_" + std::to_string(i);
    while (!taken.insert(name).second)
      name += "_";
    node.set_name(name);
  }
}

/// Whether there is an import function for the node's version of the operator.
static const OperatorEntry *findEntry(const OnnxModel &model, const onnx::NodeProto &node) {
  const OperatorEntry *entry = findOperator(node.domain(), node.op_type());
  int64_t version = model.getSchemaVersion(node);
  bool known = entry && version >= entry->firstVersion && version <= entry->lastVersion;
  return known ? entry : nullptr;
}

bool pith::isDirect(const OnnxModel &model, const onnx::NodeProto &node) {
  const OperatorEntry *entry = findEntry(model, node);
  return entry && (!entry->takes || entry->takes(node));
}

/// The operator as messages name it, with the reason if it is not its name.
static std::string nameOperator(const OnnxModel &model, const onnx::NodeProto &node) {
  std::string domain = node.domain().empty() ? "" : node.domain() + ".";
  std::string name = quote(domain + node.op_type());
  name = name.substr(1, name.size() - 2);
  const OperatorEntry *entry = findOperator(node.domain(), node.op_type());
  if (!model.getOpset(node.domain()))
    return name + " (operator set " + quote(node.domain().empty() ? "ai.onnx" : node.domain()) +
           " is not imported)";
  int64_t version = model.getSchemaVersion(node);
  if (node.domain().empty() && version == 0)
    return name + " (unknown in operator set " + std::to_string(model.getOpset("")) + ")";
  if (entry && (version < entry->firstVersion || version > entry->lastVersion))
    return name + "-" + std::to_string(version) + " (versions " +
           std::to_string(entry->firstVersion) + " to " +
           std::to_string(entry->lastVersion) + " are supported)";
  return name;
}

std::string pith::findUnsupported(const OnnxModel &model) {
  static constexpr size_t kMaxNames = 3, kMaxOperators = 100;
  std::map<std::string, std::vector<std::string>> nodes;
  size_t total = 0;
  for (const onnx::NodeProto &node : model.getProto().graph().node()) {
    if (isDirect(model, node) || model.hasFunction(node))
      continue;
    nodes[nameOperator(model, node)].push_back(quote(node.name()));
    ++total;
  }
  if (nodes.empty())
    return "";
  std::string text = "expected supported operators, found " + std::to_string(total) +
                     (total == 1 ? " node of " : " nodes of ") +
                     std::to_string(nodes.size()) + " unsupported: ";
  size_t listed = 0;
  for (const auto &[name, names] : nodes) {
    if (++listed > kMaxOperators)
      return text + "…";
    text += (listed == 1 ? "" : "; ") + name + " × " + std::to_string(names.size()) + " (";
    for (size_t i = 0; i < names.size() && i < kMaxNames; ++i)
      text += (i ? ", " : "") + names[i];
    text += names.size() > kMaxNames ? ", …)" : ")";
  }
  return text;
}
