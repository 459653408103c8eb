//===- SmoothActivations.cpp - pith-smooth-activations --------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Divides activations by factors between their largest elements and those of weights.
//
//===----------------------------------------------------------------------===//

#include "FlowSearch.h"
#include "RowRounding.h"

#include "pith/Compression/CheckedPass.h"
#include "pith/Compression/CodedWeight.h"
#include "pith/Compression/Codec.h"
#include "pith/Compression/Equalization/Passes.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "mlir/IR/Remarks.h"
#include "llvm/Support/FormatVariadic.h"

namespace pith {
#define GEN_PASS_DEF_SMOOTHACTIVATIONSPASS
#include "pith/Compression/Equalization/Passes.h.inc"
} // namespace pith

using namespace mlir;
using namespace pith;

/// Values of alpha that a search tries, besides 0.
static constexpr unsigned kSteps = 20;

namespace {
/// What is known of one layer behind an activation.
struct Layer {
  HostTensor weight; ///< f32
  ActivationStatistics statistics;
};

class SmoothActivationsPass final
    : public CheckedPass<pith::impl::SmoothActivationsPassBase<SmoothActivationsPass>> {
public:
  using CheckedPass::CheckedPass;

  LogicalResult checkOptions(ErrorHandler error) const override {
    if (!(alpha >= 0 && alpha <= 1))
      return error("expected alpha from 0 to 1, found " +
                   llvm::formatv("{0}", double(alpha)).str());
    for (unsigned bits : {unsigned(weightBits), unsigned(activationBits)})
      if (bits < 2 || bits > 8)
        return error("expected weight-bits and activation-bits from 2 to 8, found " +
                     Twine(bits));
    return success();
  }

  void runOnOperation() override {
    if (failed(smoothAll()))
      signalPassFailure();
  }

private:
  LogicalResult smoothAll();
  LogicalResult smooth(ScalingSite &site);
  double getError(const ScalingSite &site, ArrayRef<Layer> layers,
                  ArrayRef<double> factors, double reach) const;
};
} // namespace

/// For each factor the largest element of the activation's channels.
static std::vector<double> getActivationRanges(const ScalingSite &site,
                                               ArrayRef<Layer> layers) {
  std::vector<double> ranges(site.flow.getNumFactors(), 0);
  for (auto [where, layer] : llvm::zip_equal(site.after, layers)) {
    ArrayRef<float> largest = layer.statistics.largest.as<float>();
    int64_t K = layer.statistics.getReductionSize();
    int64_t perGroup = where.getOutputs() / layer.statistics.getGroups();
    for (auto [i, number] : llvm::enumerate(where.factor))
      ranges[number] =
          std::max(ranges[number], double(largest[int64_t(i) / K / perGroup * K + i % K]));
  }
  return ranges;
}

static std::vector<double> makeFactors(ArrayRef<double> activations,
                                       ArrayRef<double> weights, double alpha) {
  std::vector<double> factors(activations.size(), 1);
  for (size_t i = 0; i < factors.size(); ++i)
    if (activations[i] > 0 && weights[i] > 0)
      factors[i] = std::clamp(std::pow(activations[i], alpha) /
                                  std::pow(weights[i], 1 - alpha),
                              1e-5, 1e5);
  return factors;
}

/// The largest channel of x / s, and how much larger it is than the average one.
static double getReach(ArrayRef<double> ranges, ArrayRef<double> factors,
                       double *unevenness = nullptr) {
  double largest = 0, sum = 0;
  for (auto [range, factor] : llvm::zip_equal(ranges, factors)) {
    largest = std::max(largest, range / factor);
    sum += range / factor;
  }
  if (unevenness)
    *unevenness = sum > 0 ? largest * ranges.size() / sum : 1;
  return largest;
}

double SmoothActivationsPass::getError(const ScalingSite &site, ArrayRef<Layer> layers,
                                       ArrayRef<double> factors, double reach) const {
  RowRounding rounding;
  rounding.quantizer.bits = weightBits;
  rounding.quantizer.halfScales = false;
  double step = 2 * reach / ((1 << activationBits) - 1), total = 0;
  for (auto [where, layer] : llvm::zip_equal(site.after, layers)) {
    ArrayRef<float> weight = layer.weight.as<float>();
    int64_t K = layer.statistics.getReductionSize(), rows = int64_t(weight.size()) / K;
    std::vector<float> rounded(weight.size()), scaled(K);
    double energy = 0;
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t k = 0; k < K; ++k) {
        scaled[k] = float(weight[r * K + k] * factors[where.factor[r * K + k]]);
        energy += double(scaled[k]) * scaled[k];
      }
      MutableArrayRef<float> row(&rounded[r * K], K);
      rounding.round(scaled, row);
      for (int64_t k = 0; k < K; ++k)
        row[k] = float(row[k] / factors[where.factor[r * K + k]]);
    }
    WeightError error = getOutputError(layer.weight.getType().getContext(),
                                       layer.statistics, weight, rounded);
    error.noise += double(layer.statistics.rows) * step * step / 12 * energy;
    total += error.signal > 0 ? error.noise / error.signal : 0;
  }
  return total;
}

LogicalResult SmoothActivationsPass::smooth(ScalingSite &site) {
  std::vector<Layer> layers;
  std::vector<HostTensor> weights;
  for (ScaledLayer &where : site.after) {
    where.weight.value = where.weight.uses.front()->get();
    FailureOr<ActivationStatistics> statistics =
        requireStatistics(where, getArgumentName(), isSearching);
    float largest;
    FailureOr<HostTensor> floats = decodeFinite(where.weight, largest);
    if (failed(statistics) || failed(floats))
      return failure();
    weights.push_back(*floats);
    layers.push_back({*floats, *statistics});
  }
  std::vector<double> ranges = getActivationRanges(site, layers);
  std::vector<double> ofWeights =
      getRanges(site.after, weights, site.flow.getNumFactors());
  std::vector<double> ones(ranges.size(), 1), best = makeFactors(ranges, ofWeights, alpha);
  double chosen = alpha;
  std::string errors;
  if (isSearching) {
    double unscaled = getError(site, layers, ones, getReach(ranges, ones));
    double least = unscaled;
    best = ones;
    chosen = 0;
    for (unsigned step = 0; step <= kSteps; ++step) {
      std::vector<double> factors =
          makeFactors(ranges, ofWeights, double(step) / kSteps);
      double error = getError(site, layers, factors, getReach(ranges, factors));
      if (error < least)
        least = error, best = std::move(factors), chosen = double(step) / kSteps;
    }
    double count = double(layers.size());
    errors = llvm::formatv("{0:f2} to {1:f2}", toDecibels({count, unscaled}),
                           toDecibels({count, least}))
                 .str();
  }
  double before, after;
  getReach(ranges, ones, &before);
  getReach(ranges, best, &after);
  auto remark = remark::passed(site.getLoc(), remark::RemarkOpts::name("Smoothed")
                                                  .category(getArgumentName())
                                                  .function("main"));
  remark << remark::metric("node", site.getNodes())
         << remark::metric("factors", llvm::formatv("{0}", best.size()).str())
         << remark::metric("absorbed_by", site.getAbsorber())
         << remark::metric("alpha", llvm::formatv("{0:f2}", chosen).str())
         << remark::metric("largest_to_mean_before", llvm::formatv("{0:f2}", before).str())
         << remark::metric("largest_to_mean", llvm::formatv("{0:f2}", after).str());
  if (!errors.empty())
    remark << remark::metric("output_sqnr_db", errors);
  std::vector<double> factors;
  for (double factor : best)
    factors.push_back(1 / factor);
  return applyFactors(site.flow, factors);
}

LogicalResult SmoothActivationsPass::smoothAll() {
  WeightSelection selection{getArgumentName(), select, exclude, minElements};
  FailureOr<SmallVector<Weight>> weights = selectWeights(getOperation(), selection);
  if (failed(weights))
    return failure();
  for (const Weight &weight : *weights)
    if (isContracted(weight) &&
        failed(pith::requireStatistics(weight, getArgumentName(), isSearching)))
      return failure();
  for (std::unique_ptr<ScalingSite> &site :
       findSites(*weights, getArgumentName(), isExplicit))
    if (failed(smooth(*site)))
      return failure();
  return success();
}
