//===- Passes.h - Passes that drop weights ----------------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Declares the passes of Passes.td and the types of their options.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_SPARSITY_PASSES_H
#define PITH_COMPRESSION_SPARSITY_PASSES_H

#include "pith/Compression/Sparsity/Schedule.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace pith {

enum class PruningScope { Layer, Global };
enum class ComparisonGroup { Output, Layer };

#define GEN_PASS_DECL
#include "pith/Compression/Sparsity/Passes.h.inc"

} // namespace pith

#endif // PITH_COMPRESSION_SPARSITY_PASSES_H
