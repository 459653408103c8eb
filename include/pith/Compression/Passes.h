//===- Passes.h - What begins and ends the compress stage -------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Declares the passes of Passes.td and the attributes they set on the module.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_PASSES_H
#define PITH_COMPRESSION_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace pith {

/// Elements and bytes of all float constants before compression (i64).
constexpr llvm::StringLiteral kParametersAttr = "pith.parameters";
constexpr llvm::StringLiteral kParameterBytesAttr = "pith.parameter_bytes";

#define GEN_PASS_DECL
#include "pith/Compression/Passes.h.inc"

} // namespace pith

#endif // PITH_COMPRESSION_PASSES_H
