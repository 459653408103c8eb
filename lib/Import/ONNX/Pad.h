//===- Pad.h - The Pad operator ----------------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_IMPORT_ONNX_PAD_H
#define PITH_LIB_IMPORT_ONNX_PAD_H

namespace pith {

class Node;

void importPad(Node &node);

} // namespace pith

#endif // PITH_LIB_IMPORT_ONNX_PAD_H
