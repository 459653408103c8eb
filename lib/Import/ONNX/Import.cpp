//===- Import.cpp - ONNX files to pith IR ---------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The steps of an import: read, refuse what is not supported, infer and check,
// expand functions, build.
//
//===----------------------------------------------------------------------===//

#include "pith/Import/ONNX/Import.h"

#include "GraphImporter.h"
#include "InputSymbols.h"
#include "Unsupported.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace pith;

/// Functions in functions of schemas.
static constexpr int kMaxExpansions = 8;

/// Types of inputs that cannot be arguments.
static std::string checkInputs(OnnxModel &model, MLIRContext &context) {
  const onnx::GraphProto &graph = model.getProto().graph();
  llvm::StringSet<> initializers;
  for (const onnx::TensorProto &tensor : graph.initializer())
    initializers.insert(tensor.name());
  InputSymbols symbols;
  for (const onnx::ValueInfoProto &input : graph.input()) {
    std::string error;
    SymbolicShape shape;
    if (!initializers.contains(input.name()) &&
        !symbols.read(input, &context, shape, error))
      return error;
  }
  return "";
}

static std::string prepare(OnnxModel &model, const ImportOptions &options,
                           MLIRContext &context) {
  std::vector<FixedShape> shapes;
  for (const InputShape &shape : options.shapes)
    shapes.push_back({shape.name, shape.sizes});
  std::string error = model.inlineLocalFunctions();
  if (!error.empty())
    return error;
  nameNodes(model.getGraph());
  error = findUnsupported(model);
  if (error.empty())
    error = model.checkStructure();
  if (error.empty())
    error = model.fixShapes(shapes);
  if (error.empty())
    error = checkInputs(model, context);
  if (error.empty())
    error = model.check();
  return error;
}

/// Expands what has no import function, until nothing is left.
static std::string expand(OnnxModel &model) {
  auto select = [&](const onnx::NodeProto &node) { return !isDirect(model, node); };
  for (int round = 0; round < kMaxExpansions; ++round) {
    if (llvm::all_of(model.getProto().graph().node(),
                     [&](const auto &node) { return isDirect(model, node); }))
      return "";
    std::string error = model.expandFunctions(select);
    if (!error.empty())
      return error;
    nameNodes(model.getGraph());
    error = findUnsupported(model);
    if (!error.empty())
      return error;
  }
  return "expected functions of operators nested at most " +
         std::to_string(kMaxExpansions) + " deep";
}

OwningOpRef<ModuleOp> pith::importOnnx(StringRef path, MLIRContext &context,
                                       const ImportOptions &options) {
  OnnxModel model;
  std::string error = model.read(path.str());
  if (error.empty())
    error = prepare(model, options, context);
  if (error.empty())
    error = expand(model);
  auto file = FileLineColLoc::get(&context, path, 0, 0);
  if (!error.empty()) {
    mlir::emitError(file) << error;
    return {};
  }
  return importGraph(model, file, context);
}
