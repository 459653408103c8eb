//===- WeightStatistics.cpp - What a profile says of a weight -------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Statistics of all uses of a weight, and errors of outputs.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/WeightStatistics.h"

#include "pith/Compression/Codec.h"
#include "pith/Compression/WideSums.h"
#include "pith/Dialect/Pith/IR/PithInterfaces.h"
#include "pith/Profile/ModelRunner.h"
#include "llvm/Support/FormatVariadic.h"

#include <vector>

using namespace mlir;
using namespace pith;

static bool contracts(OpOperand &use) {
  auto op = dyn_cast<CompressibleOpInterface>(use.getOwner());
  return op && op.getActivationOperand(use);
}

bool pith::isContracted(const Weight &weight) {
  return llvm::any_of(weight.uses, [](OpOperand *use) { return contracts(*use); });
}

std::optional<ActivationStatistics> pith::getStatistics(const Weight &weight) {
  std::optional<ActivationStatistics> sum;
  for (OpOperand *use : weight.uses) {
    if (!contracts(*use))
      continue;
    std::optional<ActivationStatistics> one = ActivationStatistics::get(use->getOwner());
    if (!one)
      return std::nullopt;
    if (!sum)
      sum = std::move(one);
    else if (sum->mean.getType() == one->mean.getType())
      sum->add(*one);
    else
      return std::nullopt;
  }
  return sum;
}

static LogicalResult emitMissingGram(const Weight &weight, StringRef pass,
                                     int64_t reduction) {
  InFlightDiagnostic error = emitWeightError(weight)
                             << pass << " needs a profile with Gram matrices, found one ";
  const int64_t greatest = CalibrationOptions().maxGramSize;
  if (reduction <= greatest)
    return error << "without";
  double gigabytes = 4e-9 * double(reduction) * double(reduction);
  return error << "that has none for rows of " << reduction << " elements, more than "
               << greatest << "; exclude the weight, or put calibrate{max-gram-size="
               << reduction << "} in front, which takes "
               << llvm::formatv("{0:f1} GB", gigabytes).str();
}

FailureOr<ActivationStatistics> pith::requireStatistics(const Weight &weight,
                                                        StringRef pass, bool needsGram) {
  std::optional<ActivationStatistics> found = getStatistics(weight);
  if (!found)
    return emitWeightError(weight)
           << pass << " needs a profile of the model's activations, found none; give "
           << "samples with --calibrate=DIR, or a profile with --profile=FILE";
  if (found->rows == 0)
    return emitWeightError(weight)
           << pass << " needs a profile of the model's activations, found one without rows "
           << "of this; give samples that are not empty";
  if (needsGram && !found->gram)
    return emitMissingGram(weight, pass, found->getReductionSize());
  if (found->getReductionSize() != pith::getReductionSize(weight.getType()) ||
      weight.getType().getShape()[0] % found->getGroups() != 0)
    return emitWeightError(weight)
           << "the profile is of another model: expected statistics of "
           << pith::getReductionSize(weight.getType()) << " elements, found "
           << found->getReductionSize();
  if (needsGram && failed(checkGram(weight, *found)))
    return failure();
  return std::move(*found);
}

LogicalResult pith::checkGram(const Weight &weight, const ActivationStatistics &seen) {
  if (!seen.gram || seen.hasPlausibleGram())
    return success();
  return emitGramError(weight);
}

InFlightDiagnostic pith::emitGramError(const Weight &weight) {
  return emitWeightError(weight)
         << "the profile's Gram matrix is not finite, or not positive definite however "
            "much it is damped; make a new profile";
}

/// w · G · wᵀ of one row, in the order of its elements.
static double getEnergy(const float *row, const float *gram, int64_t K) {
  double sum = 0;
  for (int64_t i = 0; i < K; ++i)
    if (row[i] != 0)
      sum += getDot(gram + i * K, row, K) * row[i];
  return sum;
}

/// Rounding may leave a little less than nothing; NaN stays.
static double clampRounding(double energy) { return energy < 0 ? 0 : energy; }

WeightError pith::getOutputError(MLIRContext *context,
                                 const ActivationStatistics &statistics,
                                 ArrayRef<float> original, ArrayRef<float> rewritten) {
  int64_t K = statistics.getReductionSize();
  int64_t outputs = int64_t(original.size()) / K;
  int64_t perGroup = std::max<int64_t>(outputs / statistics.getGroups(), 1);
  const float *gram = statistics.gram.as<float>().data();
  std::vector<WeightError> rows(outputs);
  forRowRuns(context, outputs, K * K, [&](int64_t begin, int64_t end) {
    std::vector<float> difference(K);
    for (int64_t r = begin; r < end; ++r) {
      const float *own = gram + r / perGroup * K * K;
      for (int64_t k = 0; k < K; ++k)
        difference[k] = original[r * K + k] - rewritten[r * K + k];
      rows[r] = {getEnergy(&original[r * K], own, K),
                 clampRounding(getEnergy(difference.data(), own, K))};
    }
  });
  WeightError sum;
  for (const WeightError &row : rows) {
    sum.signal += row.signal;
    sum.noise += row.noise;
  }
  return sum;
}

std::optional<int64_t> pith::getChoice(const Weight &weight, StringRef attribute) {
  for (OpOperand *use : weight.uses)
    if (auto attr = use->getOwner()->getAttrOfType<IntegerAttr>(attribute))
      return attr.getInt();
  return std::nullopt;
}

std::optional<double> pith::getSensitivity(const Weight &weight) {
  for (OpOperand *use : weight.uses)
    if (auto attr = use->getOwner()->getAttrOfType<FloatAttr>(kSensitivityAttr))
      return attr.getValueAsDouble();
  return std::nullopt;
}
