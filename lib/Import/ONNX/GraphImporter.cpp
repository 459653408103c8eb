//===- GraphImporter.cpp - An ONNX graph to a function --------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Inputs become arguments whose named dimensions are symbols of the function;
// nodes are imported in order; initializers become constants where they are
// first used.
//
//===----------------------------------------------------------------------===//

#include "GraphImporter.h"

#include "InputSymbols.h"
#include "Operators.h"
#include "Tensors.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Verifier.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace pith;

namespace {
class GraphImporter {
public:
  GraphImporter(OnnxModel &model, LocationAttr file, MLIRContext &context)
      : model(model), graph(model.getGraph()), file(file), builder(&context) {}

  OwningOpRef<ModuleOp> run();

private:
  InFlightDiagnostic emitError() { return mlir::emitError(Location(file)); }
  LogicalResult createFunction(ModuleOp module);
  LogicalResult importNodes(ImportState &state);
  LogicalResult importNode(ImportState &state, onnx::NodeProto &node);
  LogicalResult bindResults(Node &node, const onnx::NodeProto &proto);
  /// What a name stands for; reads an initializer at its first use.
  FailureOr<Value> lookUp(ImportState &state, const std::string &name);
  void refine(ImportState &state, Value value, const std::string &name);
  LogicalResult finish(ImportState &state);

  OnnxModel &model;
  onnx::GraphProto &graph;
  LocationAttr file;
  OpBuilder builder;
  func::FuncOp function;
  InputSymbols symbols;
  llvm::StringMap<Value> values;
  llvm::StringMap<onnx::TensorProto *> initializers;
  llvm::StringMap<const onnx::TypeProto *> inferred;
  llvm::StringMap<unsigned> uses;
};
} // namespace

//===----------------------------------------------------------------------===//
// The function
//===----------------------------------------------------------------------===//

LogicalResult GraphImporter::createFunction(ModuleOp module) {
  SmallVector<Type> types;
  SmallVector<SymbolicShape> shapes;
  SmallVector<const onnx::ValueInfoProto *> inputs;
  for (const onnx::ValueInfoProto &input : graph.input()) {
    if (initializers.contains(input.name()))
      continue;
    std::string error;
    SymbolicShape shape;
    auto type = symbols.read(input, builder.getContext(), shape, error);
    if (!type)
      return emitError() << error;
    types.push_back(type);
    shapes.push_back(shape);
    inputs.push_back(&input);
  }
  builder.setInsertionPointToStart(module.getBody());
  function = func::FuncOp::create(builder, Location(file), "main",
                                  builder.getFunctionType(types, {}));
  function->setAttr("pith.symbols", builder.getStrArrayAttr(symbols.getNames()));
  Block *block = function.addEntryBlock();
  for (auto [i, input] : llvm::enumerate(inputs)) {
    function.setArgAttr(i, "pith.name", builder.getStringAttr(input->name()));
    function.setArgAttr(i, "pith.shape", AffineMapAttr::get(symbols.getMap(
                                             shapes[i], builder.getContext())));
    block->getArgument(i).setLoc(
        NameLoc::get(builder.getStringAttr(input->name()), Location(file)));
    values[input->name()] = block->getArgument(i);
  }
  builder.setInsertionPointToStart(block);
  return success();
}

/// Result types, names and sizes; the sizes of those that only the run tells are
/// left out.
LogicalResult GraphImporter::finish(ImportState &state) {
  SmallVector<Value> results;
  for (const onnx::ValueInfoProto &output : graph.output()) {
    auto value = lookUp(state, output.name());
    if (failed(value))
      return failure();
    results.push_back(*value);
  }
  auto type = builder.getFunctionType(function.getArgumentTypes(),
                                      TypeRange(ValueRange(results)));
  function.setType(type);
  func::ReturnOp::create(builder, Location(file), results);
  for (auto [i, output] : llvm::enumerate(graph.output())) {
    function.setResultAttr(i, "pith.name", builder.getStringAttr(output.name()));
    ArrayRef<AffineExpr> dims = state.analysis.getDims(results[i]);
    if (symbols.covers(dims))
      function.setResultAttr(i, "pith.shape", AffineMapAttr::get(symbols.getMap(
                                                  dims, builder.getContext())));
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------===//

FailureOr<Value> GraphImporter::lookUp(ImportState &state, const std::string &name) {
  if (name.empty())
    return Value();
  if (Value known = values.lookup(name))
    return known;
  onnx::TensorProto *proto = initializers.lookup(name);
  if (!proto)
    return emitError() << "expected a value that is defined, found " << quote(name);
  HostTensor tensor;
  std::string error = readTensor(model, *proto, builder.getContext(), tensor);
  if (!error.empty())
    return emitError() << error;
  auto loc = NameLoc::get(builder.getStringAttr(name), Location(file));
  Value value = createConstant(state, loc, tensor, name);
  values[name] = value;
  return value;
}

/// Sizes that ONNX's inference knows and ours does not.
void GraphImporter::refine(ImportState &state, Value value, const std::string &name) {
  const onnx::TypeProto *type = inferred.lookup(name);
  if (!type || !type->has_tensor_type() || !type->tensor_type().has_shape() ||
      isa<BlockArgument>(value))
    return;
  auto own = cast<RankedTensorType>(value.getType());
  const auto &shape = type->tensor_type().shape();
  if (shape.dim_size() != own.getRank())
    return;
  SymbolicShape dims(state.analysis.getDims(value));
  SmallVector<int64_t> sizes(own.getShape());
  for (auto [axis, dim] : llvm::enumerate(shape.dim()))
    if (ShapedType::isDynamic(sizes[axis]) && dim.has_dim_value() && dim.dim_value() >= 0) {
      sizes[axis] = dim.dim_value();
      dims[axis] = builder.getAffineConstantExpr(dim.dim_value());
    }
  if (ArrayRef(sizes) == own.getShape())
    return;
  value.setType(own.clone(sizes));
  state.analysis.setDims(value, dims);
}

LogicalResult GraphImporter::bindResults(Node &node, const onnx::NodeProto &proto) {
  for (auto [i, name] : llvm::enumerate(proto.output())) {
    Value value = node.getResults()[i];
    if (name.empty())
      continue;
    if (value) {
      refine(node.getState(), value, name);
      values[name] = value;
    } else if (uses.lookup(name)) {
      node.emitError() << "output " << i << " (" << quote(name) << ") is not supported";
      return failure();
    }
  }
  return success();
}

LogicalResult GraphImporter::importNode(ImportState &state, onnx::NodeProto &proto) {
  SmallVector<Value> operands;
  for (const std::string &input : proto.input()) {
    auto value = lookUp(state, input);
    if (failed(value))
      return failure();
    operands.push_back(*value);
  }
  auto loc = NameLoc::get(builder.getStringAttr(proto.name()), Location(file));
  Node node(state, proto, loc, operands);
  std::string missing = model.getMissingInput(proto);
  const OperatorEntry *entry = findOperator(proto.domain(), proto.op_type());
  if (!missing.empty())
    return node.emitError() << "expected an input '" << missing << "', found none";
  if (!entry)
    return node.emitError() << "the operator is not supported";
  entry->import(node);
  return node.hasFailed() ? failure() : bindResults(node, proto);
}

LogicalResult GraphImporter::importNodes(ImportState &state) {
  for (onnx::NodeProto &node : *graph.mutable_node())
    if (failed(importNode(state, node)))
      return failure();
  return success();
}

OwningOpRef<ModuleOp> GraphImporter::run() {
  for (onnx::TensorProto &tensor : *graph.mutable_initializer())
    initializers[tensor.name()] = &tensor;
  for (const onnx::ValueInfoProto &value : graph.value_info())
    inferred[value.name()] = &value.type();
  for (const onnx::ValueInfoProto &value : graph.output()) {
    inferred[value.name()] = &value.type();
    ++uses[value.name()];
  }
  for (const onnx::NodeProto &node : graph.node())
    for (const std::string &input : node.input())
      ++uses[input];
  OwningOpRef<ModuleOp> module = ModuleOp::create(Location(file));
  if (failed(createFunction(*module)))
    return {};
  ShapeAnalysis analysis(function);
  ImportState state{model, builder, analysis};
  if (failed(importNodes(state)) || failed(finish(state)) || failed(verify(*module)))
    return {};
  return module;
}

OwningOpRef<ModuleOp> pith::importGraph(OnnxModel &model, LocationAttr file,
                                        MLIRContext &context) {
  context.loadDialect<func::FuncDialect, PithDialect>();
  return GraphImporter(model, file, context).run();
}
