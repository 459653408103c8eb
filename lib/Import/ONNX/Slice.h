//===- Slice.h - The Slice and Split operators ----------------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_IMPORT_ONNX_SLICE_H
#define PITH_LIB_IMPORT_ONNX_SLICE_H

namespace pith {

class Node;

void importSlice(Node &node);
void importSplit(Node &node);

} // namespace pith

#endif // PITH_LIB_IMPORT_ONNX_SLICE_H
