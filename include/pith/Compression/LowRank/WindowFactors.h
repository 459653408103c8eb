//===- WindowFactors.h - Convolutions in stages -----------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Approximates the weight of a convolution by those of several smaller ones:
//
//     spatial   W[o,i,j,c] ≈ Σ_r A[o,j,r] · B[r,i,c]
//     tucker    W[o,i,j,c] ≈ Σ_p Σ_q A[o,p] · C[p,i,j,q] · B[q,c]
//
// where i is the window's first axis and j its other ones. With a Gram matrix of the
// patches, the last stages are the best for the first one in the error of the outputs.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_LOWRANK_WINDOWFACTORS_H
#define PITH_COMPRESSION_LOWRANK_WINDOWFACTORS_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/OpDefinition.h"
#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace pith {

/// Lets the dialect's convolutions be written in stages.
void registerWindowFactors(mlir::MLIRContext *context);

/// `[outputs, first, rest, channels]`, row-major.
struct WindowShape {
  int64_t outputs = 0, first = 0, rest = 0, channels = 0;

  int64_t getWindow() const { return first * rest; }
  int64_t getReduction() const { return getWindow() * channels; }
  int64_t getElements() const { return outputs * getReduction(); }
};

/// Weights of the stages, each row-major `[outputs, first, rest, channels]` with 1 where
/// it has no window.
struct WindowStages {
  std::vector<WindowShape> shapes;
  std::vector<std::vector<float>> weights;
  std::vector<float> product; ///< what they stand for, in the shape of the weight
  /// What all stages but the last one make of a patch, `[inner, reduction]`; of three
  /// stages what the first makes of it.
  std::vector<float> firstMap;

  int64_t getElements() const;
};

/// How far to cut.
struct WindowTarget {
  int64_t elements = 0; ///< at most so many in all stages; 0: by energy
  double energy = 0;    ///< of the squared norm
  int64_t rank = 0;     ///< if it is positive, this, or less where that is full
  int64_t inputRank = 0; ///< of Tucker's first stage; 0: `rank`
};

/// A vertical and a horizontal stage. After Jaderberg, Vedaldi, Zisserman, "Speeding up
/// Convolutional Neural Networks with Low Rank Expansions" (2014), and Tai et al.,
/// "Convolutional Neural Networks with Low-Rank Regularization" (2015). `gram` is that of
/// the patches, or empty. Nothing if the target cannot be met with fewer elements than
/// the weight has, or a rank was given and does not exist.
std::optional<WindowStages> factorizeSpatial(mlir::MLIRContext *context,
                                             llvm::ArrayRef<float> weight,
                                             const WindowShape &shape,
                                             const WindowTarget &target,
                                             llvm::ArrayRef<float> gram, double damping);

/// Fewer channels, the window on these, all outputs: the partial Tucker decomposition of
/// Kim et al., "Compression of Deep Convolutional Neural Networks for Fast and Low Power
/// Mobile Applications" (2015). The ranks are those that leave out least of the energies
/// of both unfoldings together.
std::optional<WindowStages> factorizeTucker(mlir::MLIRContext *context,
                                            llvm::ArrayRef<float> weight,
                                            const WindowShape &shape,
                                            const WindowTarget &target,
                                            llvm::ArrayRef<float> gram, double damping);

} // namespace pith

#include "pith/Compression/LowRank/WindowFactorsInterface.h.inc"

#endif // PITH_COMPRESSION_LOWRANK_WINDOWFACTORS_H
