//===- Transpose.h - Transposes by blocks in registers ----------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_CODEGEN_MOVEMENT_TRANSPOSE_H
#define PITH_LIB_CODEGEN_MOVEMENT_TRANSPOSE_H

#include "pith/Dialect/Pith/IR/PithOps.h"

namespace pith {
class KernelEmitter;

/// Whether the last axis moves, and there is enough of it for a kernel of its own.
bool isBlockTranspose(TransposeOp op);
mlir::LogicalResult emitBlockTranspose(TransposeOp op, KernelEmitter &kernel);

} // namespace pith

#endif // PITH_LIB_CODEGEN_MOVEMENT_TRANSPOSE_H
