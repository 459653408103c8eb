//===- Messages.h - Errors of the ONNX library ------------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_IMPORT_ONNX_MODEL_MESSAGES_H
#define PITH_LIB_IMPORT_ONNX_MODEL_MESSAGES_H

#include "onnx/onnx_pb.h"

#include <string>

namespace pith {

/// The first problem of a message of the ONNX library, with its node in front and
/// the types of the node's inputs behind.
std::string explain(const onnx::GraphProto &graph, std::string text);

} // namespace pith

#endif // PITH_LIB_IMPORT_ONNX_MODEL_MESSAGES_H
