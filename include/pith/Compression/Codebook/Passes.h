//===- Passes.h - Passes that round to codebooks ----------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Declares the passes of Passes.td and the types of their options.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_CODEBOOK_PASSES_H
#define PITH_COMPRESSION_CODEBOOK_PASSES_H

#include "pith/Compression/Codebook/Codebook.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace pith {

enum class CodebookScaleType { Auto, F16, F32, E8M0, TwoLevel };
enum class CodebookGranularity { Tensor, Channel, Group };
enum class CodebookSearch { Auto, None, Mse };
/// Whether a learnt codebook is one of magnitudes, with the sign in the highest bit.
enum class CodebookSymmetry { Auto, None, Mirrored };

#define GEN_PASS_DECL
#include "pith/Compression/Codebook/Passes.h.inc"

} // namespace pith

#endif // PITH_COMPRESSION_CODEBOOK_PASSES_H
