//===- Import.h - ONNX files to pith IR -------------------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_IMPORT_ONNX_IMPORT_H
#define PITH_IMPORT_ONNX_IMPORT_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/StringRef.h"

#include <string>
#include <vector>

namespace pith {

/// Sizes a user fixes for one input; −1 leaves an axis as it is.
struct InputShape {
  std::string name;
  std::vector<int64_t> sizes;
};

struct ImportOptions {
  std::vector<InputShape> shapes;
};

/// Reads an ONNX model. The module has one function `main`, with the attributes
/// that the dialect's description names; every op has the ONNX node's name as
/// location (`NameLoc` around a `FileLineColLoc` of the file); weights are
/// resources that refer to the file's own bytes where they can. Whatever is
/// wrong with the file has been reported through `context`'s diagnostics: all
/// unsupported operators together, each with its nodes and their number.
mlir::OwningOpRef<mlir::ModuleOp> importOnnx(llvm::StringRef path,
                                             mlir::MLIRContext &context,
                                             const ImportOptions &options = {});

} // namespace pith

#endif // PITH_IMPORT_ONNX_IMPORT_H
