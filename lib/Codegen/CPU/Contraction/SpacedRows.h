//===- SpacedRows.h - Rows that do not share cache lines --------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// First-level caches choose a line's place by the low 12 bits of its address, and have
// some 8 places for equal ones. Rows at a distance of a multiple of 4096 bytes compete for
// them: kernels that load whole lines of many rows at once read a copy with other distances.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_CODEGEN_CPU_CONTRACTION_SPACEDROWS_H
#define PITH_LIB_CODEGEN_CPU_CONTRACTION_SPACEDROWS_H

#include "pith/Codegen/CPU/KernelEmitter.h"

namespace pith {

/// Elements between rows of `reduction` f32 that do not compete.
int64_t getSpacedStride(int64_t reduction);

/// Whether rows of `reduction` elements of `type`, `count` of them (nothing: any number),
/// would compete.
bool needsSpacedRows(int64_t reduction, mlir::Type type, std::optional<int64_t> count);

/// Adds a task that copies the rows of argument `lhs` as f32 to a buffer, at the stride of
/// `getSpacedStride`. Returns the number of the buffer.
mlir::FailureOr<int64_t> emitSpacedRows(KernelEmitter &kernel, mlir::Value lhs,
                                        mlir::AffineExpr count, int64_t reduction);

} // namespace pith

#endif // PITH_LIB_CODEGEN_CPU_CONTRACTION_SPACEDROWS_H
