//===- ValueTypes.h - Types of a graph's values -----------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_IMPORT_ONNX_MODEL_VALUETYPES_H
#define PITH_LIB_IMPORT_ONNX_MODEL_VALUETYPES_H

#include "onnx/onnx_pb.h"

#include <string>
#include <unordered_map>

namespace pith {

using ValueTypes = std::unordered_map<std::string, onnx::TypeProto>;

/// Types that are stated or have been inferred, those of initializers included.
ValueTypes collectTypes(const onnx::GraphProto &graph);

} // namespace pith

#endif // PITH_LIB_IMPORT_ONNX_MODEL_VALUETYPES_H
