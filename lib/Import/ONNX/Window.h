//===- Window.h - Attributes of sliding windows -----------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_IMPORT_ONNX_WINDOW_H
#define PITH_LIB_IMPORT_ONNX_WINDOW_H

#include "Node.h"

namespace pith {

/// Strides, dilations and pads of convolution and pooling, one value per spatial
/// axis; `auto_pad` is resolved into pads.
struct Window {
  llvm::SmallVector<int64_t> kernel, strides, dilations, low, high;
};

/// Reads the attributes of a node with this input and kernel. Reports an error if
/// they do not fit.
Window readWindow(Node &node, mlir::Value input, llvm::ArrayRef<int64_t> kernel);

/// An attribute with one value per spatial axis, all of them at least `least`;
/// all `otherwise` if it is left out.
llvm::SmallVector<int64_t> readPerAxis(Node &node, llvm::StringRef name, size_t count,
                                       int64_t otherwise, int64_t least);

} // namespace pith

#endif // PITH_LIB_IMPORT_ONNX_WINDOW_H
