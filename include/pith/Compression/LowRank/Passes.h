//===- Passes.h - Passes that make weights thin products --------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Declares the passes of Passes.td.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_LOWRANK_PASSES_H
#define PITH_COMPRESSION_LOWRANK_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace pith {

/// How errors of a weight's elements count.
enum class Weighting { Auto, None, Magnitude, Gram };
/// What products a weight becomes.
enum class FactorForm { Auto, Matrix, Channel, Spatial, Tucker };

#define GEN_PASS_DECL
#include "pith/Compression/LowRank/Passes.h.inc"

} // namespace pith

#endif // PITH_COMPRESSION_LOWRANK_PASSES_H
