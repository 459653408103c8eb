//===- Registration.h - All that Pith brings to a context -------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The one list of what tools register.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_PIPELINES_REGISTRATION_H
#define PITH_PIPELINES_REGISTRATION_H

#include "mlir/IR/DialectRegistry.h"

namespace pith {

/// The pith dialect with all codec families, evaluators and kernel models, and
/// the upstream dialects that code generation uses.
void registerPithDialects(mlir::DialectRegistry &registry);

/// All passes and pipelines of Pith. May be called more than once.
void registerPithPasses();

} // namespace pith

#endif // PITH_PIPELINES_REGISTRATION_H
