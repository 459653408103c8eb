//===- Recognize.h - What a file that is no ONNX model is -------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_IMPORT_ONNX_MODEL_RECOGNIZE_H
#define PITH_LIB_IMPORT_ONNX_MODEL_RECOGNIZE_H

#include <cstddef>
#include <string>

namespace pith {

/// What the first bytes of a file look like, with a hint; empty if they could
/// start an ONNX model.
std::string recognizeFile(const char *data, size_t size);

} // namespace pith

#endif // PITH_LIB_IMPORT_ONNX_MODEL_RECOGNIZE_H
