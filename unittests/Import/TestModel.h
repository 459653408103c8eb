//===- TestModel.h - Small ONNX models in memory ----------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_UNITTESTS_IMPORT_TESTMODEL_H
#define PITH_UNITTESTS_IMPORT_TESTMODEL_H

#include "onnx/onnx_pb.h"
#include "pith/Import/ONNX/Import.h"

#include <string>

namespace pith {

/// A model with an initializer, a node and symbolic sizes.
onnx::ModelProto makeTestModel();

/// What an import said and did.
struct ImportResult {
  bool imported = false;
  std::string errors;
};

/// Writes bytes to a temporary file and imports it.
ImportResult importBytes(llvm::StringRef bytes);

} // namespace pith

#endif // PITH_UNITTESTS_IMPORT_TESTMODEL_H
