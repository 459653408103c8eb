//===- FactorStatistics.h - What is seen behind a first factor --*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The profile of ops that a factorization makes: of y = M · x when x was profiled. So
// methods that need a profile (rounding by Gram matrices, say) work on factors.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_COMPRESSION_LOWRANK_FACTORSTATISTICS_H
#define PITH_LIB_COMPRESSION_LOWRANK_FACTORSTATISTICS_H

#include "pith/Profile/ActivationStatistics.h"
#include "mlir/IR/MLIRContext.h"

namespace pith {

/// Statistics of y = M · x, with `map` [outputs, K] and one group. Exact: rows, the mean
/// M · mean, the Gram matrix M · G · Mᵀ. Estimated: the magnitude √(Σy² / rows · 2 / π),
/// as of normally distributed values. Bounds: the largest, by √Σy² and by the sums of
/// |M| times what was largest; minimum and maximum accordingly. Without Gram matrix the
/// magnitude is the bound |M| · magnitude. There is no histogram.
ActivationStatistics transformStatistics(mlir::MLIRContext *context,
                                         const ActivationStatistics &seen,
                                         llvm::ArrayRef<float> map, int64_t outputs);

/// Statistics of the slices of a window: `slices` lists the elements of the reduction
/// that each slice has, all of one length. Averages over the slices; an estimate, since
/// a smaller window also sees what lies between the positions of the whole one.
ActivationStatistics
averageSlices(const ActivationStatistics &seen,
              llvm::ArrayRef<std::vector<int64_t>> slices);

} // namespace pith

#endif // PITH_LIB_COMPRESSION_LOWRANK_FACTORSTATISTICS_H
