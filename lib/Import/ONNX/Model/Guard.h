//===- Guard.h - Where exceptions end ---------------------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_IMPORT_ONNX_MODEL_GUARD_H
#define PITH_LIB_IMPORT_ONNX_MODEL_GUARD_H

#include "onnx/checker.h"

#include <exception>
#include <string>

namespace pith {

/// A message of the ONNX library in one line, without decoration.
std::string flatten(const char *text);

/// Runs `step`; whatever it throws becomes its result.
template <typename Step>
std::string guard(Step step) {
  try {
    return step();
  } catch (const std::exception &error) {
    return flatten(error.what());
  } catch (...) {
    return "expected a model that the ONNX library reads, found an unknown error";
  }
}

} // namespace pith

#endif // PITH_LIB_IMPORT_ONNX_MODEL_GUARD_H
