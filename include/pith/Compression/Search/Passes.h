//===- Passes.h - Passes that choose how to compress ------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Declares the passes of Passes.td and the types of their options.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_SEARCH_PASSES_H
#define PITH_COMPRESSION_SEARCH_PASSES_H

#include "pith/Compression/Search/ModelError.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace pith {

/// How a pass that follows will round weights.
enum class CodingMethod { Nearest, Gptq, Gptvq };

#define GEN_PASS_DECL
#include "pith/Compression/Search/Passes.h.inc"

} // namespace pith

#endif // PITH_COMPRESSION_SEARCH_PASSES_H
