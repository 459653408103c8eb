//===- SparseGpt.h - Dropping weights that others make up for ---*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Frantar and Alistarh, "Massive Language Models Can Be Accurately Pruned in One-Shot"
// (2023), in the form of GramInverse.h. Knows no IR.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_SPARSITY_SPARSEGPT_H
#define PITH_COMPRESSION_SPARSITY_SPARSEGPT_H

#include "pith/Compression/GramInverse.h"
#include "pith/Compression/Sparsity/SparsePattern.h"

namespace pith {

struct SparseGptOptions {
  SparsePattern pattern;
  double sparsity = 0.5;   ///< of elements or blocks; a pattern N:M says it itself
  int64_t blockSize = 128; ///< columns whose elements compete
};

/// Prunes rows that are all multiplied with the activations of `factor`: `weights`
/// (`[rows, factor.size()]`) becomes what they are then, zero where the byte of `mask`
/// is 0.
void pruneSparseGpt(mlir::MLIRContext *context, const GramFactor &factor,
                    const SparseGptOptions &options,
                    llvm::MutableArrayRef<float> weights,
                    llvm::MutableArrayRef<char> mask);

} // namespace pith

#endif // PITH_COMPRESSION_SPARSITY_SPARSEGPT_H
