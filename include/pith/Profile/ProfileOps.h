//===- ProfileOps.h - Watching what a model computes ------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Declares the ops of ProfileOps.td.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_PROFILE_PROFILEOPS_H
#define PITH_PROFILE_PROFILEOPS_H

#include "pith/Dialect/Pith/IR/PithOps.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#define GET_OP_CLASSES
#include "pith/Profile/ProfileOps.h.inc"

namespace pith {
/// Adds the ops to the pith dialect as it is loaded.
void registerProfileOps(mlir::DialectRegistry &registry);
} // namespace pith

#endif // PITH_PROFILE_PROFILEOPS_H
