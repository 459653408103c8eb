//===- RowMetric.h - How errors of a matrix count ---------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An approximation W' of a weight W (outputs × K) is judged by ‖(W − W') · S‖²:
//
//     plain     S = I             the error of the weight itself
//     diagonal  S = diag(s)       with s the magnitudes of the activations: the outputs'
//                                 error if activations were uncorrelated (ASVD, LQER)
//     gram      S · Sᵀ = G + λI   the error of the outputs for all activations seen
//                                 (SVD-LLM, QERA)
//
// Knows no op.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_LOWRANK_ROWMETRIC_H
#define PITH_COMPRESSION_LOWRANK_ROWMETRIC_H

#include "pith/Compression/GramInverse.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace pith {

class RowMetric {
public:
  /// The plain one.
  RowMetric() = default;
  /// Scales that are 0 or not finite are replaced by the least positive one.
  static RowMetric makeDiagonal(llvm::ArrayRef<float> scales);
  /// Of a Gram matrix `size` x `size`; λ is the part `damping` of its mean diagonal.
  /// Nothing if the matrix is not finite.
  static std::optional<RowMetric> makeGram(mlir::MLIRContext *context,
                                           llvm::ArrayRef<float> gram, int64_t size,
                                           double damping);

  bool isPlain() const { return scales.empty() && !factor; }
  bool isGram() const { return static_cast<bool>(factor); }

  /// `M · S` and `M · S⁻¹` of a matrix of rows of `columns` elements.
  std::vector<float> apply(mlir::MLIRContext *context, llvm::ArrayRef<float> matrix,
                           int64_t columns) const;
  std::vector<float> undo(mlir::MLIRContext *context, llvm::ArrayRef<float> matrix,
                          int64_t columns) const;

private:
  std::vector<float> scales;
  std::shared_ptr<const GramFactor> factor;
};

} // namespace pith

#endif // PITH_COMPRESSION_LOWRANK_ROWMETRIC_H
