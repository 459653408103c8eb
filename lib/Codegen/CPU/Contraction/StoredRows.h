//===- StoredRows.h - Where a product's kernel reads its rows ---*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The left side of a product: an argument of the kernel, or a copy that a task in front
// makes, because it is codes, or because its rows would compete. First-level caches
// choose a line's place by the low 12 bits of its address, and have some 8 places for
// equal ones: rows at a distance of a multiple of 4096 bytes drive each other out where
// whole lines of many are loaded at once.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_CODEGEN_CPU_CONTRACTION_STOREDROWS_H
#define PITH_LIB_CODEGEN_CPU_CONTRACTION_STOREDROWS_H

#include "RowSpace.h"

namespace pith {

struct StoredRows {
  /// Rows of `reduction` elements of `lhs`; emits the task that copies them, if one is
  /// needed. `loadsLines`: whole lines of many rows are loaded at once. Fails with a
  /// diagnostic.
  static mlir::FailureOr<StoredRows> get(KernelEmitter &kernel, mlir::Value lhs,
                                         const RowSpace &rows, int64_t reduction,
                                         bool loadsLines);

  /// For use inside a task.
  KernelBuffer getBuffer(KernelEmitter &kernel) const;

  mlir::Value lhs;
  int64_t stride = 0;   ///< elements from row to row
  int64_t scratch = -1; ///< number of the buffer with the copy, f32; −1: `lhs` is read
};

} // namespace pith

#endif // PITH_LIB_CODEGEN_CPU_CONTRACTION_STOREDROWS_H
