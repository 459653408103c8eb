//===- LeastSquares.h - Fitting the weights that remain ---------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Least squares on the support of each row, from a Gram matrix. Knows no IR.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_SPARSITY_LEASTSQUARES_H
#define PITH_COMPRESSION_SPARSITY_LEASTSQUARES_H

#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/ArrayRef.h"

#include <cstdint>

namespace pith {

struct LeastSquaresOptions {
  double damping = 0.01;    ///< λ, as a part of the mean of the Gram matrix's diagonal
  int64_t directSize = 256; ///< rows of at most so many elements: Cholesky
  int64_t iterations = 100; ///< others: conjugate gradients, at most so many steps
};

/// Replaces each row of `weights` (`[rows, size]`, zero outside of `support`) by the
/// row w' with the same support of least (w' − w)(G + λI)(w' − w)ᵀ, w a row of
/// `original`; rows whose (w' − w)G(w' − w)ᵀ would not become less stay.
void fitSupports(mlir::MLIRContext *context, llvm::ArrayRef<float> gram, int64_t size,
                 llvm::ArrayRef<float> original, llvm::ArrayRef<char> support,
                 const LeastSquaresOptions &options,
                 llvm::MutableArrayRef<float> weights);

} // namespace pith

#endif // PITH_COMPRESSION_SPARSITY_LEASTSQUARES_H
