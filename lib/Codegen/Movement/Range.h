//===- Range.h - Kernel of ranges of unknown length -------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_CODEGEN_MOVEMENT_RANGE_H
#define PITH_LIB_CODEGEN_MOVEMENT_RANGE_H

#include "pith/Dialect/Pith/IR/PithOps.h"

namespace pith {
class KernelEmitter;

/// The kernel of a range whose number of elements is not constant.
mlir::LogicalResult emitRange(RangeOp op, KernelEmitter &kernel);

} // namespace pith

#endif // PITH_LIB_CODEGEN_MOVEMENT_RANGE_H
