//===- Functions.cpp - Replacing calls by function bodies -----------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Functions of the model, and functions by which schemas define operators: the
// latter are made functions of the model first, so that there is one way of
// inlining. What comes out is counted before anything is copied.
//
//===----------------------------------------------------------------------===//

#include "Guard.h"
#include "Model.h"
#include "ValueTypes.h"
#include "onnx/defs/function.h"
#include "onnx/defs/schema.h"
#include "onnx/inliner/inliner.h"

#include <map>

using namespace pith;

/// Nodes after inlining, and depth of calls.
static constexpr uint64_t kMaxNodes = 1000000;
static constexpr int kMaxDepth = 100;
/// Domain of functions made from schemas; no operator has it.
static const char kExpansionDomain[] = "pith.expansion";

//===----------------------------------------------------------------------===//
// Size of what comes out
//===----------------------------------------------------------------------===//

namespace {
class InlinedSize {
public:
  explicit InlinedSize(const onnx::ModelProto &proto) {
    for (const onnx::FunctionProto &function : proto.functions())
      functions[{function.domain(), function.name()}].proto = &function;
  }
  /// Nodes of a list with all calls replaced, at most just above the limit.
  template <typename Nodes>
  std::string count(const Nodes &nodes, int depth, uint64_t &total);

private:
  struct Entry {
    const onnx::FunctionProto *proto = nullptr;
    bool active = false;
    bool known = false;
    uint64_t size = 0;
  };
  std::map<std::pair<std::string, std::string>, Entry> functions;
};
} // namespace

template <typename Nodes>
std::string InlinedSize::count(const Nodes &nodes, int depth, uint64_t &total) {
  if (depth > kMaxDepth)
    return "expected functions nested at most " + std::to_string(kMaxDepth) + " deep";
  for (const onnx::NodeProto &node : nodes) {
    total += 1;
    auto it = functions.find({node.domain(), node.op_type()});
    if (it != functions.end()) {
      Entry &entry = it->second;
      if (entry.active)
        return "expected functions that do not call themselves, found " +
               quote(node.op_type());
      if (!entry.known) {
        entry.active = true;
        std::string error = count(entry.proto->node(), depth + 1, entry.size);
        entry.active = false;
        if (!error.empty())
          return error;
        entry.known = true;
      }
      total += entry.size;
    }
    for (const onnx::AttributeProto &attribute : node.attribute()) {
      std::string error;
      if (attribute.has_g())
        error = count(attribute.g().node(), depth + 1, total);
      for (const onnx::GraphProto &graph : attribute.graphs())
        if (error.empty())
          error = count(graph.node(), depth + 1, total);
      if (!error.empty())
        return error;
    }
    if (total > kMaxNodes)
      return "expected at most " + std::to_string(kMaxNodes) +
             " nodes after functions are inlined";
  }
  return "";
}

/// Operators of a function must mean the same at the model's versions.
static void adoptVersions(const OnnxModel &model, onnx::FunctionProto &function) {
  int64_t target = model.getOpset("");
  for (onnx::OperatorSetIdProto &import : *function.mutable_opset_import()) {
    if (!import.domain().empty() || import.version() == target || target == 0 ||
        import.version() < 1 || import.version() > kMaxOpset)
      continue;
    bool same = true;
    for (const onnx::NodeProto &node : function.node()) {
      if (!node.domain().empty())
        continue;
      auto *registry = onnx::OpSchemaRegistry::Instance();
      auto *own = registry->GetSchema(node.op_type(), int(import.version()), "");
      same &= own && own == registry->GetSchema(node.op_type(), int(target), "");
    }
    if (same)
      import.set_version(target);
  }
}

std::string OnnxModel::inlineLocalFunctions() {
  if (proto.functions_size() == 0)
    return "";
  return guard([&]() -> std::string {
    uint64_t total = 0;
    InlinedSize size(proto);
    std::string error = size.count(proto.graph().node(), 0, total);
    if (!error.empty())
      return error;
    for (onnx::FunctionProto &function : *proto.mutable_functions())
      adoptVersions(*this, function);
    onnx::inliner::InlineLocalFunctions(proto);
    // Those of other operator set versions are left; their calls will be found
    // unsupported.
    proto.clear_functions();
    return "";
  });
}

//===----------------------------------------------------------------------===//
// Functions of schemas
//===----------------------------------------------------------------------===//

ValueTypes pith::collectTypes(const onnx::GraphProto &graph) {
  ValueTypes types;
  for (const auto *list : {&graph.input(), &graph.value_info(), &graph.output()})
    for (const onnx::ValueInfoProto &value : *list)
      types[value.name()] = value.type();
  for (const onnx::TensorProto &tensor : graph.initializer()) {
    onnx::TypeProto type;
    type.mutable_tensor_type()->set_elem_type(tensor.data_type());
    auto &shape = *type.mutable_tensor_type()->mutable_shape();
    for (int64_t size : tensor.dims())
      shape.add_dim()->set_dim_value(size);
    types[tensor.name()] = type;
  }
  return types;
}

/// The body for one node; false if the schema has none that fits.
static bool buildBody(const onnx::OpSchema &schema, const onnx::NodeProto &node,
                      const ValueTypes &types, int opset, onnx::FunctionProto &body) {
  if (schema.HasContextDependentFunction()) {
    std::vector<onnx::TypeProto> inputs;
    for (const std::string &input : node.input()) {
      auto it = types.find(input);
      inputs.push_back(it == types.end() ? onnx::TypeProto() : it->second);
    }
    onnx::FunctionBodyBuildContextImpl context(node, inputs);
    if (schema.BuildContextDependentFunction(context, body, opset))
      return true;
    body.Clear();
  }
  if (!schema.HasFunction())
    return false;
  const onnx::FunctionProto *fixed = schema.GetFunction(opset);
  if (!fixed)
    return false;
  body = *fixed;
  return true;
}

/// Attributes that the node leaves to their defaults: the body of a function
/// refers to them.
static void addDefaults(const onnx::OpSchema &schema, onnx::NodeProto &node) {
  for (const auto &[name, attribute] : schema.attributes()) {
    bool given = false;
    for (const onnx::AttributeProto &own : node.attribute())
      given |= own.name() == name;
    if (!given && attribute.default_value.type() != onnx::AttributeProto::UNDEFINED)
      *node.add_attribute() = attribute.default_value;
  }
}

void OnnxModel::completeAttributes() {
  for (onnx::NodeProto &node : *getGraph().mutable_node()) {
    if (!hasFunction(node))
      continue;
    addDefaults(*onnx::OpSchemaRegistry::Instance()->GetSchema(
                    node.op_type(), int(getOpset(node.domain())), node.domain()),
                node);
  }
}

std::string OnnxModel::expandFunctions(
    const std::function<bool(const onnx::NodeProto &)> &select) {
  std::string error = guard([&]() -> std::string {
    ValueTypes types;
    bool any = false;
    for (onnx::NodeProto &node : *getGraph().mutable_node()) {
      if (!select(node))
        continue;
      if (types.empty())
        types = collectTypes(proto.graph());
      int opset = int(getOpset(node.domain()));
      auto *schema = onnx::OpSchemaRegistry::Instance()->GetSchema(node.op_type(), opset,
                                                                   node.domain());
      onnx::FunctionProto body;
      if (!schema || !buildBody(*schema, node, types, opset, body))
        return describe(node) + ": is not supported in this form";
      body.set_domain(kExpansionDomain);
      body.set_name(node.op_type() + "_" + std::to_string(++expansions));
      body.mutable_opset_import()->CopyFrom(proto.opset_import());
      for (onnx::NodeProto &inner : *body.mutable_node())
        if (inner.name().empty())
          inner.set_name(node.name() + "/" + inner.op_type());
      node.set_domain(body.domain());
      node.set_op_type(body.name());
      *proto.add_functions() = std::move(body);
      any = true;
    }
    if (!any)
      return "";
    onnx::OperatorSetIdProto &import = *proto.add_opset_import();
    import.set_domain(kExpansionDomain);
    import.set_version(1);
    onnx::inliner::InlineLocalFunctions(proto);
    proto.mutable_opset_import()->RemoveLast();
    return "";
  });
  if (error.empty())
    error = guard([&] { return completeAttributes(), std::string(); });
  return error.empty() ? inferShapes() : error;
}
