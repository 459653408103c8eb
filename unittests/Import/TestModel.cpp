//===- TestModel.cpp - Small ONNX models in memory ------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Built by hand, so that the tests need no Python.
//
//===----------------------------------------------------------------------===//

#include "TestModel.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace pith;

static void setType(onnx::ValueInfoProto &value, const char *name) {
  value.set_name(name);
  auto &tensor = *value.mutable_type()->mutable_tensor_type();
  tensor.set_elem_type(onnx::TensorProto::FLOAT);
  tensor.mutable_shape()->add_dim()->set_dim_param("n");
  tensor.mutable_shape()->add_dim()->set_dim_value(3);
}

onnx::ModelProto pith::makeTestModel() {
  onnx::ModelProto model;
  model.set_ir_version(8);
  model.add_opset_import()->set_version(17);
  onnx::GraphProto &graph = *model.mutable_graph();
  graph.set_name("test");
  setType(*graph.add_input(), "x");
  setType(*graph.add_output(), "y");
  onnx::TensorProto &weight = *graph.add_initializer();
  weight.set_name("w");
  weight.set_data_type(onnx::TensorProto::FLOAT);
  weight.add_dims(3);
  weight.add_dims(3);
  weight.set_raw_data(std::string(36, '\0'));
  onnx::NodeProto &product = *graph.add_node();
  product.set_op_type("MatMul");
  product.add_input("x");
  product.add_input("w");
  product.add_output("z");
  onnx::NodeProto &activation = *graph.add_node();
  activation.set_op_type("LeakyRelu");
  activation.set_name("activation");
  activation.add_input("z");
  activation.add_output("y");
  onnx::AttributeProto &alpha = *activation.add_attribute();
  alpha.set_name("alpha");
  alpha.set_type(onnx::AttributeProto::FLOAT);
  alpha.set_f(0.5f);
  return model;
}

ImportResult pith::importBytes(llvm::StringRef bytes) {
  llvm::SmallString<128> path;
  int file;
  EXPECT_FALSE(llvm::sys::fs::createTemporaryFile("pith-test", "onnx", file, path));
  llvm::FileRemover remover(path);
  llvm::raw_fd_ostream(file, /*shouldClose=*/true) << bytes;
  MLIRContext context(MLIRContext::Threading::DISABLED);
  ImportResult result;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    result.errors += diagnostic.str() + "\n";
    return success();
  });
  result.imported = bool(importOnnx(path, context));
  return result;
}
