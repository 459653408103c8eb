//===- RowMetric.cpp - How errors of a matrix count -----------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// S is the upper triangular factor of the Gram matrix, which GramFactor has.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/LowRank/RowMetric.h"

#include "BlockProduct.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace mlir;
using namespace pith;

RowMetric RowMetric::makeDiagonal(ArrayRef<float> scales) {
  RowMetric metric;
  float least = std::numeric_limits<float>::max();
  for (float scale : scales)
    if (scale > 0 && scale < least)
      least = scale;
  if (least == std::numeric_limits<float>::max())
    return metric;
  metric.scales.assign(scales.begin(), scales.end());
  for (float &scale : metric.scales)
    if (!(scale > 0) || !std::isfinite(scale))
      scale = least;
  return metric;
}

std::optional<RowMetric> RowMetric::makeGram(MLIRContext *context, ArrayRef<float> gram,
                                             int64_t size, double damping) {
  GramDamping how;
  how.fraction = damping;
  std::optional<GramFactor> factor = GramFactor::compute(context, gram, size, how);
  if (!factor)
    return std::nullopt;
  RowMetric metric;
  metric.factor = std::make_shared<const GramFactor>(std::move(*factor));
  return metric;
}

std::vector<float> RowMetric::apply(MLIRContext *context, ArrayRef<float> matrix,
                                    int64_t columns) const {
  if (factor)
    return multiplyMatrices(context, matrix, factor->getUpper(), columns);
  std::vector<float> result(matrix.begin(), matrix.end());
  if (!scales.empty())
    for (size_t i = 0; i < result.size(); ++i)
      result[i] *= scales[i % columns];
  return result;
}

std::vector<float> RowMetric::undo(MLIRContext *context, ArrayRef<float> matrix,
                                   int64_t columns) const {
  if (factor)
    return multiplyMatrices(context, matrix, factor->getInverseUpper(), columns);
  std::vector<float> result(matrix.begin(), matrix.end());
  if (!scales.empty())
    for (size_t i = 0; i < result.size(); ++i)
      result[i] /= scales[i % columns];
  return result;
}
