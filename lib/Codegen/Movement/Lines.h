//===- Lines.h - Kernels that put lines together ----------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_CODEGEN_MOVEMENT_LINES_H
#define PITH_LIB_CODEGEN_MOVEMENT_LINES_H

#include "mlir/IR/Operation.h"
#include "mlir/Support/LLVM.h"

namespace pith {
class KernelEmitter;

/// The kernel of a concat, pad, tile or depth-to-space whose last axis is not the
/// operand's as it is.
mlir::LogicalResult emitLines(mlir::Operation *op, KernelEmitter &kernel);

} // namespace pith

#endif // PITH_LIB_CODEGEN_MOVEMENT_LINES_H
