//===- ReferenceModel.cpp - The evaluator as a model ----------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ReferenceModel.h"

#include "pith/Codegen/Program.h"
#include "pith/Dialect/Pith/IR/ShapeAnalysis.h"
#include "pith/Reference/Evaluator.h"
#include "pith/Support/HostTensor.h"

#include <cstring>
#include <limits>

using namespace mlir;
using namespace pith;

/// The model whose function `run` is.
static ReferenceModel *current = nullptr;

ReferenceModel::~ReferenceModel() {
  if (current == this)
    current = nullptr;
}

llvm::Error ReferenceModel::describe(Value value, StringAttr name, StringRef otherwise,
                                     bool isInput, std::vector<pith_value_desc> &values) {
  auto type = cast<RankedTensorType>(value.getType());
  StringRef text = name ? name.getValue() : otherwise;
  auto runtimeType = getRuntimeType(type.getElementType());
  if (!runtimeType || type.getRank() > PITH_MAX_RANK)
    return llvm::createStringError("'" + text + "': not a tensor for inputs and outputs");
  std::vector<int64_t> &dims = sizes.emplace_back(type.getShape());
  for (auto [axis, size] : llvm::enumerate(dims)) {
    if (!ShapedType::isDynamic(size))
      continue;
    size = std::numeric_limits<int64_t>::min();
    if (!isInput)
      continue;
    // The sizes of arguments are stated, or symbols of their own.
    auto number = cast<BlockArgument>(value).getArgNumber();
    auto map = main.getArgAttrOfType<AffineMapAttr>(number, "pith.shape");
    auto symbol = map && axis < map.getValue().getNumResults()
                      ? dyn_cast<AffineSymbolExpr>(map.getValue().getResult(axis))
                      : AffineSymbolExpr(nullptr);
    if (!symbol || symbol.getPosition() >= symbols.size()) {
      symbols.push_back(keep(text.str() + "_" + std::to_string(axis)));
      size = -int64_t(symbols.size());
    } else {
      size = -1 - int64_t(symbol.getPosition());
    }
  }
  values.push_back({keep(text), *runtimeType, int32_t(dims.size()), dims.data()});
  return llvm::Error::success();
}

llvm::Expected<const pith_model *> ReferenceModel::getModel() {
  if (auto names = main->getAttrOfType<ArrayAttr>("pith.symbols"))
    for (Attribute name : names)
      symbols.push_back(keep(isa<StringAttr>(name) ? cast<StringAttr>(name).getValue()
                                                   : StringRef("size")));
  for (auto [i, argument] : llvm::enumerate(main.getArguments()))
    if (llvm::Error error = describe(
            argument, main.getArgAttrOfType<StringAttr>(i, "pith.name"),
            "input" + std::to_string(i), /*isInput=*/true, inputs))
      return error;
  Operation *end = main.getBody().front().getTerminator();
  for (auto [i, operand] : llvm::enumerate(end->getOperands()))
    if (llvm::Error error = describe(
            operand, main.getResultAttrOfType<StringAttr>(i, "pith.name"),
            "output" + std::to_string(i), /*isInput=*/false, outputs))
      return error;
  model.abi_version = PITH_ABI_VERSION;
  model.name = "reference";
  model.num_inputs = inputs.size();
  model.num_outputs = outputs.size();
  model.num_symbols = symbols.size();
  model.inputs = inputs.data();
  model.outputs = outputs.data();
  model.symbols = symbols.data();
  model.cpu = "evaluator";
  model.cpu_features = "";
  model.compiler = "pith-run";
  model.run = run;
  current = this;
  return &model;
}

int32_t ReferenceModel::run(pith_instance *instance, const pith_buffer *inputs,
                            const int64_t *) {
  if (!current)
    return pith_rt_fail(instance, nullptr, "the reference model is gone");
  return current->evaluate(instance, inputs);
}

int32_t ReferenceModel::evaluate(pith_instance *instance, const pith_buffer *buffers) {
  SmallVector<HostTensor> arguments;
  for (auto [i, argument] : llvm::enumerate(main.getArguments())) {
    auto type = cast<RankedTensorType>(argument.getType());
    auto shape = ArrayRef(buffers[i].dims, type.getRank());
    HostTensor tensor(RankedTensorType::get(shape, type.getElementType()));
    auto bytes = tensor.getMutableBytes();
    if (!bytes.empty())
      std::memcpy(bytes.data(), buffers[i].data, bytes.size());
    arguments.push_back(std::move(tensor));
  }
  auto results = pith::evaluate(main, arguments);
  if (failed(results))
    return pith_rt_fail(instance, nullptr, "the reference evaluator failed");
  for (auto [i, result] : llvm::enumerate(*results)) {
    void *output =
        pith_rt_output(instance, i, result.getRank(), result.getShape().data());
    if (!output)
      return 1;
    if (!result.getBytes().empty())
      std::memcpy(output, result.getBytes().data(), result.getBytes().size());
  }
  return 0;
}
