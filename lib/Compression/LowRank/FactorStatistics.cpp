//===- FactorStatistics.cpp - What is seen behind a first factor ----------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Linear maps of statistics.
//
//===----------------------------------------------------------------------===//

#include "FactorStatistics.h"

#include "BlockProduct.h"

#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace pith;

static HostTensor makeTensor(MLIRContext *context, ArrayRef<int64_t> shape) {
  return HostTensor(RankedTensorType::get(shape, Float32Type::get(context)));
}

static ActivationStatistics makeEmpty(MLIRContext *context, int64_t rows, int64_t size,
                                      bool hasGram) {
  ActivationStatistics result;
  result.rows = rows;
  for (HostTensor *tensor : {&result.mean, &result.magnitude, &result.largest})
    *tensor = makeTensor(context, {1, size});
  if (hasGram)
    result.gram = makeTensor(context, {1, size, size});
  return result;
}

ActivationStatistics pith::transformStatistics(MLIRContext *context,
                                               const ActivationStatistics &seen,
                                               ArrayRef<float> map, int64_t outputs) {
  const int64_t K = seen.getReductionSize();
  const bool hasGram = bool(seen.gram);
  ActivationStatistics result = makeEmpty(context, seen.rows, outputs, hasGram);
  MutableArrayRef<float> gram;
  if (hasGram) {
    std::vector<float> half = multiplyMatrices(context, map, seen.gram.as<float>(), K);
    std::vector<float> turned(map.size());
    for (int64_t i = 0; i < outputs; ++i)
      for (int64_t k = 0; k < K; ++k)
        turned[k * outputs + i] = map[i * K + k];
    std::vector<float> whole = multiplyMatrices(context, half, turned, K);
    gram = result.gram.asMutable<float>();
    for (int64_t i = 0; i < outputs; ++i)
      for (int64_t j = 0; j < outputs; ++j)
        gram[i * outputs + j] = (whole[i * outputs + j] + whole[j * outputs + i]) / 2;
  }
  ArrayRef<float> mean = seen.mean.as<float>(), magnitude = seen.magnitude.as<float>(),
                  largest = seen.largest.as<float>();
  float reach = 0;
  for (int64_t i = 0; i < outputs; ++i) {
    double sum = 0, size = 0, bound = 0;
    for (int64_t k = 0; k < K; ++k) {
      double factor = map[i * K + k];
      sum += factor * mean[k];
      size += std::fabs(factor) * magnitude[k];
      bound += std::fabs(factor) * largest[k];
    }
    if (hasGram) {
      constexpr double kNormal = 0.6366197723675814; // 2 / π
      double squares = std::max(0.0f, gram[i * outputs + i]);
      size = std::min(size, std::sqrt(squares / std::max<int64_t>(seen.rows, 1) * kNormal));
      bound = std::min(bound, std::sqrt(squares));
    }
    result.mean.asMutable<float>()[i] = static_cast<float>(sum);
    result.magnitude.asMutable<float>()[i] = static_cast<float>(size);
    result.largest.asMutable<float>()[i] = static_cast<float>(bound);
    reach = std::max(reach, static_cast<float>(bound));
  }
  result.minimum = -reach;
  result.maximum = reach;
  return result;
}

ActivationStatistics pith::averageSlices(const ActivationStatistics &seen,
                                         ArrayRef<std::vector<int64_t>> slices) {
  const int64_t K = seen.getReductionSize(), size = slices.front().size();
  const auto share = 1 / static_cast<float>(slices.size());
  ActivationStatistics result =
      makeEmpty(seen.mean.getType().getContext(), seen.rows, size, bool(seen.gram));
  result.minimum = seen.minimum;
  result.maximum = seen.maximum;
  result.histogram = seen.histogram;
  MutableArrayRef<float> mean = result.mean.asMutable<float>();
  MutableArrayRef<float> magnitude = result.magnitude.asMutable<float>();
  MutableArrayRef<float> largest = result.largest.asMutable<float>();
  MutableArrayRef<float> gram;
  if (seen.gram)
    gram = result.gram.asMutable<float>();
  for (const std::vector<int64_t> &slice : slices)
    for (int64_t i = 0; i < size; ++i) {
      mean[i] += seen.mean.as<float>()[slice[i]] * share;
      magnitude[i] += seen.magnitude.as<float>()[slice[i]] * share;
      largest[i] = std::max(largest[i], seen.largest.as<float>()[slice[i]]);
      for (int64_t j = 0; seen.gram && j < size; ++j)
        gram[i * size + j] += seen.gram.as<float>()[slice[i] * K + slice[j]] * share;
    }
  return result;
}
