//===- Tensors.h - ONNX tensors and types in MLIR ---------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_IMPORT_ONNX_TENSORS_H
#define PITH_LIB_IMPORT_ONNX_TENSORS_H

#include "Node.h"

namespace pith {

/// The element type of a TensorProto data type; null if it is not supported.
mlir::Type getElementType(int32_t dataType, mlir::MLIRContext *context);

/// Reads a tensor of the model; returns an error text, or nothing.
std::string readTensor(const OnnxModel &model, onnx::TensorProto &proto,
                       mlir::MLIRContext *context, HostTensor &tensor);

/// A `pith.constant`, known to the analysis.
mlir::Value createConstant(ImportState &state, mlir::Location loc,
                           const HostTensor &tensor, llvm::StringRef name);

} // namespace pith

#endif // PITH_LIB_IMPORT_ONNX_TENSORS_H
