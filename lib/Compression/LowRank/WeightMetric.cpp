//===- WeightMetric.cpp - The metric a profile gives a weight -------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Convolutions with groups do not factorize, so there is one Gram matrix at most.
//
//===----------------------------------------------------------------------===//

#include "WeightMetric.h"

#include "pith/Compression/Codec.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace pith;

/// Whether `auto` may use the statistics: without complaint where they are not there.
static bool fits(const std::optional<ActivationStatistics> &seen, const Weight &weight) {
  return seen && seen->rows > 0 && seen->getGroups() == 1 &&
         seen->getReductionSize() == pith::getReductionSize(weight.getType());
}

FailureOr<WeightMetric> WeightMetric::get(const Weight &weight, Weighting weighting,
                                          double damping, StringRef pass) {
  WeightMetric result;
  result.name = "none";
  if (!isContracted(weight))
    return result;
  if (weighting == Weighting::None || weighting == Weighting::Auto) {
    result.seen = getStatistics(weight);
    if (!fits(result.seen, weight))
      result.seen.reset();
    if (!result.seen || weighting == Weighting::None)
      return result;
    if (failed(checkGram(weight, *result.seen)))
      return failure();
    weighting = result.seen->gram ? Weighting::Gram : Weighting::Magnitude;
  } else {
    FailureOr<ActivationStatistics> seen =
        requireStatistics(weight, pass, weighting == Weighting::Gram);
    if (failed(seen))
      return failure();
    result.seen = std::move(*seen);
  }
  if (result.seen->getGroups() != 1) {
    result.seen.reset();
    return result;
  }
  if (weighting == Weighting::Magnitude) {
    result.name = "magnitude";
    result.metric = RowMetric::makeDiagonal(result.seen->magnitude.as<float>());
    return result;
  }
  result.name = "gram";
  std::optional<RowMetric> metric =
      RowMetric::makeGram(weight.value.getContext(), result.seen->gram.as<float>(),
                          result.seen->getReductionSize(), damping);
  if (!metric)
    return emitGramError(weight);
  result.metric = *metric;
  return result;
}

std::optional<WeightError>
WeightMetric::getOutputError(ArrayRef<float> original, ArrayRef<float> rewritten) const {
  if (!seen || !seen->gram)
    return std::nullopt;
  return pith::getOutputError(seen->gram.getType().getContext(), *seen, original,
                              rewritten);
}

WeightError pith::getWeightError(ArrayRef<float> original, ArrayRef<float> rewritten) {
  WeightError error;
  for (auto [before, after] : llvm::zip_equal(original, rewritten)) {
    error.signal += double(before) * before;
    error.noise += double(before - after) * double(before - after);
  }
  return error;
}

std::string pith::formatDecibels(WeightError error) {
  return llvm::formatv("{0:f2}", toDecibels(error)).str();
}
