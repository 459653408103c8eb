//===- ScaleSalientChannels.cpp - pith-scale-salient-channels -------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tries factors m^α on each activation and keeps those with the least error of the
// rounded layers' outputs.
//
//===----------------------------------------------------------------------===//

#include "FlowSearch.h"
#include "RowRounding.h"

#include "pith/Compression/CheckedPass.h"
#include "pith/Compression/CodedWeight.h"
#include "pith/Compression/Codec.h"
#include "pith/Compression/Equalization/Passes.h"
#include "pith/Compression/Quantization/WeightQuantizer.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "mlir/IR/Remarks.h"
#include "llvm/Support/FormatVariadic.h"

#include <numeric>

namespace pith {
#define GEN_PASS_DEF_SCALESALIENTCHANNELSPASS
#include "pith/Compression/Equalization/Passes.h.inc"
} // namespace pith

using namespace mlir;
using namespace pith;

namespace {
/// What is known of one layer behind an activation.
struct Layer {
  HostTensor weight; ///< f32
  ActivationStatistics statistics;
  RowRounding rounding;
  double importance = 0; ///< per squared error of its outputs
};

/// Factors on trial.
struct Trial {
  double alpha = 0;
  bool divides = false; ///< by the magnitudes of weights
  std::vector<double> factors; ///< s
  std::vector<double> errors; ///< of each layer, by its importance

  double getError() const { return std::accumulate(errors.begin(), errors.end(), 0.0); }
  /// Whether no layer loses and some gain.
  bool improves(const Trial &other) const {
    return getError() < other.getError() &&
           llvm::all_of_zip(errors, other.errors, [](double a, double b) { return a <= b; });
  }
};

class ScaleSalientChannelsPass final
    : public CheckedPass<
          pith::impl::ScaleSalientChannelsPassBase<ScaleSalientChannelsPass>> {
public:
  using CheckedPass::CheckedPass;

  LogicalResult checkOptions(ErrorHandler error) const override {
    if (bits > 8)
      return error("expected bits from 1 to 8, or 0, found " + Twine(bits));
    if (groupSize != 0 && (groupSize < 16 || groupSize > 256))
      return error("expected a group-size from 16 to 256, or 0, found " +
                   Twine(groupSize));
    if (steps == 0 || steps > 1000)
      return error("expected steps from 1 to 1000, found " + Twine(steps));
    return success();
  }

  void runOnOperation() override {
    if (failed(scaleAll()))
      signalPassFailure();
  }

private:
  LogicalResult scaleAll();
  LogicalResult scale(ScalingSite &site);
  FailureOr<std::vector<Layer>> collect(ScalingSite &site);
  /// The best factors, and what comes of none.
  std::pair<Trial, Trial> search(const ScalingSite &site, ArrayRef<Layer> layers);
  LogicalResult clip(const Weight &weight);
  FailureOr<Value> getClipped(const Weight &weight, WeightError &error);
  RowRounding getRounding(const Weight &weight) const;
};
} // namespace

RowRounding ScaleSalientChannelsPass::getRounding(const Weight &weight) const {
  RowRounding rounding;
  int64_t chosen = bits ? int64_t(bits) : getChoice(weight, kBitsAttr).value_or(4);
  // A weight that stays in float loses nothing whatever its scale.
  rounding.quantizer.bits = std::clamp<int64_t>(chosen, 1, 8);
  rounding.quantizer.symmetric = !isAsymmetric;
  rounding.quantizer.search = searchesScales(scaleSearch, rounding.quantizer.bits);
  rounding.groupSize = groupSize;
  return rounding;
}

/// Error of the outputs of a layer whose columns are enlarged before rounding.
static double getRoundingError(const ScaledLayer &where, const Layer &layer,
                               ArrayRef<double> factors) {
  ArrayRef<float> weight = layer.weight.as<float>();
  int64_t K = layer.statistics.getReductionSize(), rows = int64_t(weight.size()) / K;
  std::vector<float> rounded(weight.size());
  float largest = 0;
  for (size_t i = 0; i < rounded.size(); ++i) {
    rounded[i] = float(weight[i] * factors[where.factor[i]]);
    largest = std::max(largest, std::fabs(rounded[i]));
  }
  RowRounding rounding = layer.rounding;
  rounding.quantizer = WeightQuantizer{rounding.quantizer}.getGroupQuantizer(largest);
  forRowRuns(layer.weight.getType().getContext(), rows, K, [&](int64_t begin, int64_t end) {
    std::vector<float> scaled(K);
    for (int64_t r = begin; r < end; ++r) {
      MutableArrayRef<float> row(&rounded[r * K], K);
      llvm::copy(row, scaled.begin());
      rounding.round(scaled, row);
      for (int64_t k = 0; k < K; ++k)
        row[k] = float(row[k] / factors[where.factor[r * K + k]]);
    }
  });
  return getOutputError(layer.weight.getType().getContext(), layer.statistics, weight,
                        rounded)
      .noise;
}

FailureOr<std::vector<Layer>> ScaleSalientChannelsPass::collect(ScalingSite &site) {
  std::vector<Layer> layers;
  for (ScaledLayer &where : site.after) {
    where.weight.value = where.weight.uses.front()->get();
    Layer layer;
    FailureOr<ActivationStatistics> statistics =
        requireStatistics(where, getArgumentName(), true);
    float largest;
    FailureOr<HostTensor> floats = decodeFinite(where.weight, largest);
    if (failed(statistics) || failed(floats))
      return failure();
    layer.statistics = *statistics;
    layer.weight = *floats;
    layer.rounding = getRounding(where.weight);
    std::optional<double> sensitivity = getSensitivity(where.weight);
    if (sensitivity) {
      layer.importance = *sensitivity;
    } else {
      double signal = getOutputError(&getContext(), layer.statistics,
                                     layer.weight.as<float>(), layer.weight.as<float>())
                          .signal;
      layer.importance = signal > 0 ? 1 / signal : 0;
    }
    layers.push_back(std::move(layer));
  }
  return layers;
}

/// Means over all layers and elements: of what an activation's channel is, and of the
/// weights that it meets, relative to the row's largest.
static void getMagnitudes(const ScalingSite &site, ArrayRef<Layer> layers,
                          std::vector<double> &activations, std::vector<double> &weights) {
  unsigned count = site.flow.getNumFactors();
  activations.assign(count, 0);
  weights.assign(count, 0);
  std::vector<int64_t> seen(count, 0);
  for (auto [where, layer] : llvm::zip_equal(site.after, layers)) {
    ArrayRef<float> magnitude = layer.statistics.magnitude.as<float>();
    ArrayRef<float> elements = layer.weight.as<float>();
    int64_t K = layer.statistics.getReductionSize(), rows = where.getOutputs();
    int64_t perGroup = rows / layer.statistics.getGroups();
    for (int64_t r = 0; r < rows; ++r) {
      double largest = 1e-30;
      for (float element : elements.slice(r * K, K))
        largest = std::max(largest, double(std::fabs(element)));
      for (int64_t k = 0; k < K; ++k) {
        unsigned number = where.factor[r * K + k];
        activations[number] += magnitude[r / perGroup * K + k];
        weights[number] += std::fabs(elements[r * K + k]) / largest;
        ++seen[number];
      }
    }
  }
  for (unsigned i = 0; i < count; ++i)
    if (seen[i]) {
      activations[i] /= seen[i];
      weights[i] /= seen[i];
    }
}

/// Factors whose least and greatest are reciprocal; 1 for channels without activation.
static std::vector<double> makeFactors(double alpha, bool divides,
                                       ArrayRef<double> activations,
                                       ArrayRef<double> weights) {
  std::vector<double> factors(activations.size(), 1);
  double least = std::numeric_limits<double>::infinity(), greatest = 0;
  auto takesPart = [&](size_t i) { return activations[i] > 0 && weights[i] > 0; };
  for (size_t i = 0; i < factors.size(); ++i) {
    if (!takesPart(i))
      continue;
    factors[i] = std::pow(activations[i], alpha);
    if (divides)
      factors[i] /= std::pow(weights[i], 1 - alpha);
    factors[i] = std::clamp(factors[i], 1e-4, 1e4);
    least = std::min(least, factors[i]);
    greatest = std::max(greatest, factors[i]);
  }
  for (size_t i = 0; i < factors.size(); ++i)
    if (takesPart(i))
      factors[i] /= std::sqrt(least * greatest);
  return factors;
}

std::pair<Trial, Trial> ScaleSalientChannelsPass::search(const ScalingSite &site,
                                                        ArrayRef<Layer> layers) {
  std::vector<double> activations, weights;
  getMagnitudes(site, layers, activations, weights);
  auto measure = [&](Trial &trial) {
    for (auto [where, layer] : llvm::zip_equal(site.after, layers))
      trial.errors.push_back(layer.importance *
                             getRoundingError(where, layer, trial.factors));
  };
  Trial unscaled;
  unscaled.factors.assign(activations.size(), 1);
  measure(unscaled);
  Trial best = unscaled;
  for (bool divides : {false, true})
    for (unsigned step = divides ? 0 : 1; step <= steps; ++step) {
      Trial trial;
      trial.alpha = double(step) / steps;
      trial.divides = divides;
      // With α = 1 nothing is left of the weights' magnitudes.
      if (divides && step == steps)
        continue;
      trial.factors = makeFactors(trial.alpha, divides, activations, weights);
      measure(trial);
      if (trial.improves(unscaled) && trial.getError() < best.getError())
        best = std::move(trial);
    }
  return {best, unscaled};
}

LogicalResult ScaleSalientChannelsPass::scale(ScalingSite &site) {
  FailureOr<std::vector<Layer>> layers = collect(site);
  if (failed(layers))
    return failure();
  auto [best, unscaled] = search(site, *layers);
  bool isScaled = best.getError() < unscaled.getError();
  auto remark = isScaled ? remark::passed(site.getLoc(), remark::RemarkOpts::name("Scaled")
                                                             .category(getArgumentName())
                                                             .function("main"))
                         : remark::missed(site.getLoc(), remark::RemarkOpts::name("NotScaled")
                                                             .category(getArgumentName())
                                                             .function("main"));
  if (!isScaled)
    remark << remark::add("{0}", layers->size() == 1
                                     ? "no factors lessen the error"
                                     : "no factors lessen the error of all layers' outputs");
  auto decibels = [&](double error) {
    return llvm::formatv("{0:f2}", toDecibels({double(layers->size()), error})).str();
  };
  remark << remark::metric("node", site.getNodes())
         << remark::metric("factors", llvm::formatv("{0}", best.factors.size()).str())
         << remark::metric("absorbed_by", site.getAbsorber())
         << remark::metric("alpha", llvm::formatv("{0:f2}", best.alpha).str())
         << remark::metric("by_weights", best.divides ? "yes" : "no")
         << remark::metric("output_sqnr_db_before", decibels(unscaled.getError()))
         << remark::metric("output_sqnr_db", decibels(best.getError()));
  if (!isScaled)
    return success();
  // The weights' columns are enlarged: the activation is divided.
  std::vector<double> factors;
  for (double factor : best.factors)
    factors.push_back(1 / factor);
  return applyFactors(site.flow, factors);
}

/// d · G · dᵀ for elements [begin, end) of a row.
static double getGroupError(ArrayRef<float> difference, const float *gram, int64_t K,
                            int64_t begin) {
  double sum = 0;
  for (size_t i = 0; i < difference.size(); ++i) {
    const float *column = gram + (begin + i) * K + begin;
    double inner = 0;
    for (size_t j = 0; j < difference.size(); ++j)
      inner += double(column[j]) * difference[j];
    sum += inner * difference[i];
  }
  return sum;
}

/// The limit of a group that loses least when what is within it is rounded, to the
/// codes that will be.
static float findLimit(const RowRounding &rounding, ArrayRef<float> group,
                       const float *gram, int64_t K, int64_t begin) {
  float largest = 0;
  for (float element : group)
    largest = std::max(largest, std::fabs(element));
  std::vector<float> limited(group.size()), difference(group.size());
  double least = std::numeric_limits<double>::infinity();
  float best = largest;
  constexpr int kSteps = 20;
  for (int step = kSteps; step >= kSteps / 2; --step) {
    float limit = largest * float(step) / kSteps;
    for (size_t i = 0; i < group.size(); ++i)
      limited[i] = std::clamp(group[i], -limit, limit);
    rounding.roundGroup(limited, difference);
    for (size_t i = 0; i < group.size(); ++i)
      difference[i] = group[i] - difference[i];
    double error = getGroupError(difference, gram, K, begin);
    if (error < least)
      least = error, best = limit;
  }
  return best;
}

/// Limits a row's groups, if its output has less error with all limits than with none.
static void clipRow(const RowRounding &rounding, MutableArrayRef<float> row,
                    const float *gram) {
  const int64_t K = row.size();
  std::vector<float> clipped(row.begin(), row.end());
  rounding.forGroups(K, [&](int64_t first, int64_t last) {
    float limit = findLimit(rounding, row.slice(first, last - first), gram, K, first);
    for (int64_t k = first; k < last; ++k)
      clipped[k] = std::clamp(row[k], -limit, limit);
  });
  auto getError = [&](ArrayRef<float> chosen) {
    std::vector<float> difference(K);
    rounding.round(chosen, difference);
    for (int64_t k = 0; k < K; ++k)
      difference[k] = row[k] - difference[k];
    return getGroupError(difference, gram, K, 0);
  };
  if (getError(clipped) < getError(row))
    llvm::copy(clipped, row.begin());
}

FailureOr<Value> ScaleSalientChannelsPass::getClipped(const Weight &weight,
                                                      WeightError &error) {
  FailureOr<ActivationStatistics> statistics =
      pith::requireStatistics(weight, getArgumentName());
  float largest;
  FailureOr<HostTensor> floats = decodeFinite(weight, largest);
  if (failed(statistics) || failed(floats))
    return failure();
  int64_t K = statistics->getReductionSize(), rows = weight.getType().getShape()[0];
  int64_t perGroup = rows / statistics->getGroups();
  const float *gram = statistics->gram.as<float>().data();
  RowRounding rounding = getRounding(weight);
  HostTensor clipped = *floats;
  MutableArrayRef<float> elements = clipped.asMutable<float>();
  forRowRuns(&getContext(), rows, K * K, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r)
      clipRow(rounding, elements.slice(r * K, K), gram + r / perGroup * K * K);
  });
  for (auto [before, after] : llvm::zip_equal(floats->as<float>(), clipped.as<float>())) {
    error.signal += double(before) * before;
    error.noise += double(before - after) * double(before - after);
  }
  OpBuilder builder(&getContext());
  builder.setInsertionPointAfterValue(weight.value);
  return createConstant(builder, weight.value.getLoc(),
                        clipped.converted(weight.getType().getElementType()), weight.name);
}

LogicalResult ScaleSalientChannelsPass::clip(const Weight &weight) {
  // What is looked up too is not only seen through activations.
  if (!weight.value.getDefiningOp<ConstantOp>() ||
      !llvm::all_of(weight.uses, [](OpOperand *use) {
        return cast<CompressibleOpInterface>(use->getOwner()).getActivationOperand(*use);
      }))
    return success();
  WeightError error;
  FailureOr<Value> clipped = getClipped(weight, error);
  if (failed(clipped))
    return failure();
  if (error.noise > 0)
    replaceWeight(weight, *clipped, error, getArgumentName());
  else
    eraseStoredValue(*clipped);
  return success();
}

LogicalResult ScaleSalientChannelsPass::scaleAll() {
  WeightSelection selection{getArgumentName(), select, exclude, minElements};
  FailureOr<SmallVector<Weight>> weights = selectWeights(getOperation(), selection);
  if (failed(weights))
    return failure();
  // Without a profile this says so once, before anything changes.
  for (const Weight &weight : *weights)
    if (isContracted(weight) &&
        failed(pith::requireStatistics(weight, getArgumentName())))
      return failure();
  for (std::unique_ptr<ScalingSite> &site :
       findSites(*weights, getArgumentName(), isExplicit))
    if (failed(scale(*site)))
      return failure();
  return isClipping ? rewriteWeights(getOperation(), selection,
                                     [&](const Weight &weight) { return clip(weight); })
                    : success();
}
