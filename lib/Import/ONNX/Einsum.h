//===- Einsum.h - The Einsum operator ---------------------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_IMPORT_ONNX_EINSUM_H
#define PITH_LIB_IMPORT_ONNX_EINSUM_H

namespace pith {

class Node;

/// Imports an equation as transposes, reductions and matrix products.
void importEinsum(Node &node);

} // namespace pith

#endif // PITH_LIB_IMPORT_ONNX_EINSUM_H
