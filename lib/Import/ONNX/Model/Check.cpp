//===- Check.cpp - Shape inference and the ONNX checker -------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Shapes are inferred before the check, which refuses outputs without shape as
// real exporters write them. Shapes of inner values that the file states are not
// trusted: they may be of another run of the exporter.
//
//===----------------------------------------------------------------------===//

#include "Guard.h"
#include "Messages.h"
#include "Model.h"
#include "onnx/shape_inference/implementation.h"

#include <algorithm>
#include <climits>

using namespace pith;

/// Sizes that are negative mean "not known".
static void dropUnknownSizes(onnx::GraphProto &graph) {
  for (onnx::ValueInfoProto &input : *graph.mutable_input()) {
    if (!input.type().has_tensor_type() || !input.type().tensor_type().has_shape())
      continue;
    for (auto &dim : *input.mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim())
      if (dim.has_dim_value() && dim.dim_value() < 0)
        dim.clear_value();
  }
}

static void dropStatedShapes(onnx::GraphProto &graph) {
  graph.clear_value_info();
  for (onnx::ValueInfoProto &output : *graph.mutable_output())
    if (output.type().has_tensor_type())
      output.mutable_type()->mutable_tensor_type()->clear_shape();
}

std::string OnnxModel::inferShapes() {
  std::string error = guard([&]() -> std::string {
    // Values are followed by our own shape analysis: the library's writes out every
    // vector, however long.
    onnx::ShapeInferenceOptions options(/*check_type_val=*/true, /*strict_mode_val=*/1,
                                        /*data_prop_val=*/false);
    onnx::shape_inference::InferShapes(proto, onnx::OpSchemaRegistry::Instance(), options);
    return "";
  });
  return error.empty() ? error : explain(proto.graph(), error);
}

/// The shape a value has by inference; nothing where that is not known. Only for
/// the checker, which asks for one.
static void completeOutputs(onnx::GraphProto &graph) {
  for (onnx::ValueInfoProto &output : *graph.mutable_output())
    if (output.type().has_tensor_type() && !output.type().tensor_type().has_shape())
      output.mutable_type()->mutable_tensor_type()->mutable_shape();
}

/// Inference narrows axes to 32 bits before it checks them.
static std::string checkAxes(const onnx::GraphProto &graph) {
  for (const onnx::NodeProto &node : graph.node())
    for (const onnx::AttributeProto &attribute : node.attribute())
      if (attribute.name() == "axis" && attribute.i() != int32_t(attribute.i()))
        return describe(node) + ": expected an axis of less than 32 bits, found " +
               std::to_string(attribute.i());
  return "";
}

static std::string runChecker(const onnx::ModelProto &proto, const std::string &folder) {
  return guard([&]() -> std::string {
    onnx::checker::CheckerContext context;
    // Version 3 wants initializers among the inputs; nobody else minds.
    context.set_ir_version(std::max(int(proto.ir_version()), 4));
    std::unordered_map<std::string, int> imports;
    for (const onnx::OperatorSetIdProto &import : proto.opset_import())
      imports[import.domain()] = int(std::min<int64_t>(import.version(), INT_MAX));
    context.set_opset_imports(imports);
    context.set_model_dir(folder + "/");
    onnx::checker::LexicalScopeContext scope;
    onnx::checker::check_graph(proto.graph(), context, scope);
    return "";
  });
}

std::string OnnxModel::check() {
  onnx::GraphProto &graph = getGraph();
  std::string error = guard([&]() -> std::string {
    dropUnknownSizes(graph);
    dropStatedShapes(graph);
    completeAttributes();
    return checkAxes(graph);
  });
  if (error.empty())
    error = inferShapes();
  if (!error.empty())
    return error;
  // The checker sees the outputs completed, everybody else as they are.
  auto outputs = graph.output();
  completeOutputs(graph);
  error = runChecker(proto, folder);
  *graph.mutable_output() = outputs;
  return error.empty() ? error : explain(graph, error);
}
