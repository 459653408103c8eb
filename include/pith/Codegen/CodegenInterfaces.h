//===- CodegenInterfaces.h - How ops become kernels -------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_CODEGEN_CODEGENINTERFACES_H
#define PITH_CODEGEN_CODEGENINTERFACES_H

#include "mlir/IR/OpDefinition.h"
#include "llvm/ADT/ArrayRef.h"

namespace pith {
class ElementEmitter;
class KernelEmitter;
struct LaneIndex;

enum class KernelRole {
  Alias,     ///< the same bytes with another type: no code
  Pointwise, ///< elements at the same position; fuses anywhere
  Movement,  ///< elements from a mapped position; fuses into users
  Root,      ///< has a generator of its own
  Host,      ///< computed by the host code (sizes)
  None       ///< cannot be compiled
};
} // namespace pith

#include "pith/Codegen/CodegenInterfaces.h.inc"

#endif // PITH_CODEGEN_CODEGENINTERFACES_H
