//===- VectorClusters.h - k-means of weighted vectors -----------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Knows no weights and no codes. The same on every machine, with any number of threads.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_COMPRESSION_CODEBOOK_VECTORCLUSTERS_H
#define PITH_LIB_COMPRESSION_CODEBOOK_VECTORCLUSTERS_H

#include "mlir/IR/MLIRContext.h"

#include <vector>

namespace pith {

/// What is clustered: `count` vectors of `length` elements.
struct VectorSamples {
  int64_t count, length;
  std::vector<float> values, importance; ///< `[count, length]`

  VectorSamples(int64_t count, int64_t length)
      : count(count), length(length), values(count * length, 0.0f),
        importance(count * length, 0.0f) {}
};

/// At most 256 centers with a small sum of importance · (value − center)², `[length,
/// centers]`: k-means++ (Arthur and Vassilvitskii, 2007), then Lloyd's iterations, from
/// several seeds.
std::vector<float> clusterVectors(mlir::MLIRContext *context,
                                  const VectorSamples &samples, int64_t centers);

} // namespace pith

#endif // PITH_LIB_COMPRESSION_CODEBOOK_VECTORCLUSTERS_H
