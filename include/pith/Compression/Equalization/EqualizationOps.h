//===- EqualizationOps.h - What equalization leaves in the IR ---*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Declares the ops of EqualizationOps.td.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_EQUALIZATION_EQUALIZATIONOPS_H
#define PITH_COMPRESSION_EQUALIZATION_EQUALIZATIONOPS_H

#include "pith/Dialect/Pith/IR/PithOps.h"

#define GET_OP_CLASSES
#include "pith/Compression/Equalization/EqualizationOps.h.inc"

namespace pith {
/// Attaches the kernel generator to the op.
void registerHadamardKernel(mlir::MLIRContext *context);
} // namespace pith

#endif // PITH_COMPRESSION_EQUALIZATION_EQUALIZATIONOPS_H
