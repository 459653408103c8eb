//===- MemoryPlan.h - Offsets in the arena ----------------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_CODEGEN_MEMORYPLAN_H
#define PITH_LIB_CODEGEN_MEMORYPLAN_H

#include <cstdint>
#include <vector>

namespace pith {

/// A buffer that lives from step `first` to step `last`, both included.
struct PlannedBuffer {
  int64_t bytes = 0;
  int64_t first = 0, last = 0;
  int64_t offset = 0; ///< set by planMemory
};

/// Gives buffers offsets (multiples of 64) such that buffers alive at the same
/// step do not overlap. Largest first, each at the lowest offset that is free
/// during its life. Returns the bytes needed in all.
int64_t planMemory(std::vector<PlannedBuffer> &buffers);

} // namespace pith

#endif // PITH_LIB_CODEGEN_MEMORYPLAN_H
