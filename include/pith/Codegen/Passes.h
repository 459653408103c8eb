//===- Passes.h - From pith to kernels --------------------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_CODEGEN_PASSES_H
#define PITH_CODEGEN_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace pith {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "pith/Codegen/Passes.h.inc"

/// Attaches the kernel models of all ops (KernelOpInterface and
/// ElementwiseCodeOpInterface).
void registerKernelModels(mlir::DialectRegistry &registry);
} // namespace pith

#endif // PITH_CODEGEN_PASSES_H
