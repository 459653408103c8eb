//===- Passes.h - Passes that make models smaller ---------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Declares the passes of Passes.td and the types of their options.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_STRUCTURED_PASSES_H
#define PITH_COMPRESSION_STRUCTURED_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace pith {

enum class StructuredScope { Layer, Global };
enum class UnitImportance { Auto, Magnitude, Activation, Reconstruction };
enum class TokenNumbers { Old, New };

#define GEN_PASS_DECL
#include "pith/Compression/Structured/Passes.h.inc"

} // namespace pith

#endif // PITH_COMPRESSION_STRUCTURED_PASSES_H
