//===- Registration.h - Kernel models of elementwise ops --------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_CODEGEN_ELEMENTWISE_REGISTRATION_H
#define PITH_LIB_CODEGEN_ELEMENTWISE_REGISTRATION_H

#include "mlir/IR/MLIRContext.h"

namespace pith {
void attachUnaryCode(mlir::MLIRContext *context);
void attachBinaryCode(mlir::MLIRContext *context);
} // namespace pith

#endif // PITH_LIB_CODEGEN_ELEMENTWISE_REGISTRATION_H
