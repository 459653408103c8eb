//===- ExternalData.h - Tensors outside the model's file --------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_IMPORT_ONNX_MODEL_EXTERNALDATA_H
#define PITH_LIB_IMPORT_ONNX_MODEL_EXTERNALDATA_H

#include "Model.h"

namespace pith {

/// Maps `expected` bytes of external data, from a file that lies in the model's
/// folder. The one place that opens such files.
std::string mapExternalData(const std::string &folder, const onnx::TensorProto &tensor,
                            size_t expected, TensorBytes &bytes);

} // namespace pith

#endif // PITH_LIB_IMPORT_ONNX_MODEL_EXTERNALDATA_H
