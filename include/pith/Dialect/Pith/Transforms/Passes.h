//===- Passes.h - Passes of the simplify stage ------------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_DIALECT_PITH_TRANSFORMS_PASSES_H
#define PITH_DIALECT_PITH_TRANSFORMS_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace pith {

#define GEN_PASS_DECL
#include "pith/Dialect/Pith/Transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "pith/Dialect/Pith/Transforms/Passes.h.inc"

} // namespace pith

#endif // PITH_DIALECT_PITH_TRANSFORMS_PASSES_H
