//===- Passes.h - Passes that move scales between layers --------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Declares the passes of Passes.td, whose options take types of rounding.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_EQUALIZATION_PASSES_H
#define PITH_COMPRESSION_EQUALIZATION_PASSES_H

#include "pith/Compression/Quantization/Passes.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace pith {

#define GEN_PASS_DECL
#include "pith/Compression/Equalization/Passes.h.inc"

} // namespace pith

#endif // PITH_COMPRESSION_EQUALIZATION_PASSES_H
