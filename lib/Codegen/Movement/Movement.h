//===- Movement.h - Kernel models of ops that move elements -----*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_CODEGEN_MOVEMENT_MOVEMENT_H
#define PITH_LIB_CODEGEN_MOVEMENT_MOVEMENT_H

#include "mlir/IR/MLIRContext.h"

namespace pith {
void attachMovementModels(mlir::MLIRContext *context);
} // namespace pith

#endif // PITH_LIB_CODEGEN_MOVEMENT_MOVEMENT_H
