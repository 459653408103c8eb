//===- GraphImporter.h - An ONNX graph to a function ------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_IMPORT_ONNX_GRAPHIMPORTER_H
#define PITH_LIB_IMPORT_ONNX_GRAPHIMPORTER_H

#include "Model/Model.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace pith {

/// Builds the module of a checked model, all of whose nodes have import
/// functions. Takes the weights out of the model.
mlir::OwningOpRef<mlir::ModuleOp> importGraph(OnnxModel &model, mlir::LocationAttr file,
                                              mlir::MLIRContext &context);

} // namespace pith

#endif // PITH_LIB_IMPORT_ONNX_GRAPHIMPORTER_H
