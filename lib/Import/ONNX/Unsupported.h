//===- Unsupported.h - Operators that cannot be imported --------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_IMPORT_ONNX_UNSUPPORTED_H
#define PITH_LIB_IMPORT_ONNX_UNSUPPORTED_H

#include "Model/Model.h"

namespace pith {

/// Gives nodes without a name one: `MatMul_3` for the fourth node.
void nameNodes(onnx::GraphProto &graph);

/// Whether an import function takes the node as it is.
bool isDirect(const OnnxModel &model, const onnx::NodeProto &node);

/// One text that lists all operators that have neither an import function nor a
/// function to expand, with their nodes; empty if there are none.
std::string findUnsupported(const OnnxModel &model);

} // namespace pith

#endif // PITH_LIB_IMPORT_ONNX_UNSUPPORTED_H
