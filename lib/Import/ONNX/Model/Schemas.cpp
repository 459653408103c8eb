//===- Schemas.cpp - What the operator schemas tell -----------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Look-ups in the ONNX library's registry, at the model's operator set versions.
//
//===----------------------------------------------------------------------===//

#include "Guard.h"
#include "Model.h"
#include "onnx/defs/schema.h"

using namespace pith;

static const onnx::OpSchema *getSchema(const OnnxModel &model,
                                       const onnx::NodeProto &node) {
  int64_t opset = model.getOpset(node.domain());
  if (opset <= 0 || opset > 1000)
    return nullptr;
  const onnx::OpSchema *schema = nullptr;
  guard([&] {
    schema = onnx::OpSchemaRegistry::Instance()->GetSchema(node.op_type(), int(opset),
                                                           node.domain());
    return std::string();
  });
  return schema && !schema->Deprecated() ? schema : nullptr;
}

int64_t OnnxModel::getSchemaVersion(const onnx::NodeProto &node) const {
  const onnx::OpSchema *schema = getSchema(*this, node);
  return schema ? schema->since_version() : 0;
}

bool OnnxModel::hasFunction(const onnx::NodeProto &node) const {
  const onnx::OpSchema *schema = getSchema(*this, node);
  return schema && (schema->HasFunction() || schema->HasContextDependentFunction());
}

std::string OnnxModel::getMissingInput(const onnx::NodeProto &node) const {
  const onnx::OpSchema *schema = getSchema(*this, node);
  if (!schema)
    return "";
  for (size_t i = 0; i < schema->inputs().size(); ++i) {
    const auto &input = schema->inputs()[i];
    bool given = int(i) < node.input_size() && !node.input(int(i)).empty();
    bool required = input.GetOption() == onnx::OpSchema::Single ||
                    (input.GetOption() == onnx::OpSchema::Variadic &&
                     schema->min_input() > int(i));
    if (required && !given)
      return input.GetName();
  }
  return "";
}
