//===- Saturate.h - Real numbers to the nearest integers --------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_CODEGEN_ELEMENTWISE_SATURATE_H
#define PITH_LIB_CODEGEN_ELEMENTWISE_SATURATE_H

#include "pith/Codegen/CPU/KernelEmitter.h"

namespace pith {

/// Whole numbers (f32 or f64, scalar or vector) as elements of the integer type
/// `target`: what does not fit `range` bits (0: those of the type) becomes the nearest
/// that does, NaN 0. Targets of more than 24 bits want f64.
mlir::Value saturatedInteger(mlir::OpBuilder &b, mlir::Location loc, mlir::Value whole,
                             mlir::Type target, unsigned range = 0);

} // namespace pith

#endif // PITH_LIB_CODEGEN_ELEMENTWISE_SATURATE_H
