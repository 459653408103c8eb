//===- Einsum.cpp - The Einsum operator ---------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Transposes, reductions and matrix products.
//
//===----------------------------------------------------------------------===//

#include "Einsum.h"

#include "Node.h"

using namespace mlir;
using namespace pith;

void pith::importEinsum(Node &node) {
  node.emitError() << "is not supported";
}
