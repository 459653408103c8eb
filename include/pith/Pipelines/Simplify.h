//===- Simplify.h - The simplify stage --------------------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_PIPELINES_SIMPLIFY_H
#define PITH_PIPELINES_SIMPLIFY_H

#include "mlir/Pass/PassManager.h"

namespace pith {

/// IR as imported to IR that compression and code generation work on. Ends with
/// pith-verify-simplified.
void buildSimplifyPipeline(mlir::OpPassManager &manager);

/// `pith-simplify`, for pith-opt.
void registerSimplifyPipeline();

} // namespace pith

#endif // PITH_PIPELINES_SIMPLIFY_H
