//===- EqualizeLayers.cpp - pith-equalize-layers --------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sweeps over all places where factors can move, on working copies of the weights, and
// writes the products of all sweeps' factors once.
//
//===----------------------------------------------------------------------===//

#include "BiasAbsorption.h"
#include "FlowSearch.h"

#include "pith/Compression/CheckedPass.h"
#include "pith/Compression/CodedWeight.h"
#include "pith/Compression/Equalization/Passes.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "mlir/IR/Remarks.h"
#include "llvm/Support/FormatVariadic.h"

namespace pith {
#define GEN_PASS_DEF_EQUALIZELAYERSPASS
#include "pith/Compression/Equalization/Passes.h.inc"
} // namespace pith

using namespace mlir;
using namespace pith;

namespace {
/// A place with what it does so far.
struct Equalized {
  std::unique_ptr<ScalingSite> site;
  std::vector<double> factors; ///< of all sweeps
  double before = 0;           ///< how uneven ranges were
};

class EqualizeLayersPass final
    : public CheckedPass<pith::impl::EqualizeLayersPassBase<EqualizeLayersPass>> {
public:
  using CheckedPass::CheckedPass;

  LogicalResult checkOptions(ErrorHandler error) const override {
    if (iterations == 0)
      return error("expected at least 1 iteration, found 0");
    if (!(tolerance > 0))
      return error("expected a tolerance above 0, found " +
                   llvm::formatv("{0}", double(tolerance)).str());
    if (!(deviations >= 0 && deviations <= 1000))
      return error("expected absorb-bias from 0 to 1000, found " +
                   llvm::formatv("{0}", double(deviations)).str());
    return success();
  }

  void runOnOperation() override {
    if (failed(equalize()) || (deviations > 0 && failed(absorb())))
      signalPassFailure();
  }

private:
  LogicalResult equalize();
  LogicalResult absorb();
  LogicalResult collect(SmallVectorImpl<Equalized> &places);
  double sweep(Equalized &place);
  std::vector<HostTensor> getCopies(ArrayRef<ScaledLayer> layers);

  /// Weights as scaled so far.
  llvm::MapVector<Value, HostTensor> copies;
};
} // namespace

std::vector<HostTensor> EqualizeLayersPass::getCopies(ArrayRef<ScaledLayer> layers) {
  std::vector<HostTensor> result;
  for (const ScaledLayer &layer : layers)
    result.push_back(copies[layer.weight.value]);
  return result;
}

/// Mean of log²(r₁ / r₂) over the channels that both sides have.
static double getUnevenness(ArrayRef<double> first, ArrayRef<double> second) {
  double sum = 0;
  int64_t count = 0;
  for (auto [a, b] : llvm::zip_equal(first, second))
    if (a > 0 && b > 0) {
      sum += std::log2(a / b) * std::log2(a / b);
      ++count;
    }
  return count ? std::sqrt(sum / count) : 0;
}

LogicalResult EqualizeLayersPass::collect(SmallVectorImpl<Equalized> &places) {
  WeightSelection selection{getArgumentName(), select, exclude, minElements};
  FailureOr<SmallVector<Weight>> weights = selectWeights(getOperation(), selection);
  if (failed(weights))
    return failure();
  for (std::unique_ptr<ScalingSite> &site : findSites(*weights, getArgumentName(), false)) {
    if (site->before.empty()) {
      remark::missed(site->getLoc(), remark::RemarkOpts::name("NotScaled")
                                         .category(getArgumentName())
                                         .function("main"))
          << remark::add("{0}", "no layer is in front of it: '" + site->getAbsorber() + "' is")
          << remark::metric("node", site->getNodes());
      continue;
    }
    for (std::vector<ScaledLayer> *layers : {&site->before, &site->after})
      for (const ScaledLayer &layer : *layers) {
        float largest;
        FailureOr<HostTensor> floats = decodeFinite(layer.weight, largest);
        if (failed(floats))
          return failure();
        copies.insert({layer.weight.value, *floats});
      }
    Equalized place;
    place.factors.assign(site->flow.getNumFactors(), 1);
    place.site = std::move(site);
    places.push_back(std::move(place));
  }
  return success();
}

/// Multiplies working copies; each weight once, whatever the number of its uses.
static void multiply(ArrayRef<ScaledLayer> layers, ArrayRef<double> factors, bool inverse,
                     llvm::MapVector<Value, HostTensor> &copies) {
  SmallVector<Value> done;
  for (const ScaledLayer &layer : layers) {
    if (llvm::is_contained(done, layer.weight.value))
      continue;
    done.push_back(layer.weight.value);
    MutableArrayRef<float> elements = copies[layer.weight.value].asMutable<float>();
    for (auto [number, element] : llvm::zip_equal(layer.factor, elements))
      element = float(inverse ? element / factors[number] : element * factors[number]);
  }
}

/// One step of one place; the greatest |log f|.
double EqualizeLayersPass::sweep(Equalized &place) {
  ScalingSite &site = *place.site;
  unsigned count = site.flow.getNumFactors();
  std::vector<double> first = getRanges(site.before, getCopies(site.before), count);
  std::vector<double> second = getRanges(site.after, getCopies(site.after), count);
  std::vector<double> factors(count, 1);
  double furthest = 0;
  for (unsigned i = 0; i < count; ++i) {
    if (!(first[i] > 0 && second[i] > 0))
      continue;
    factors[i] = std::sqrt(second[i] / first[i]);
    furthest = std::max(furthest, std::abs(std::log(factors[i])));
    place.factors[i] *= factors[i];
  }
  multiply(site.before, factors, false, copies);
  multiply(site.after, factors, true, copies);
  return furthest;
}

LogicalResult EqualizeLayersPass::equalize() {
  copies.clear();
  SmallVector<Equalized> places;
  if (failed(collect(places)))
    return failure();
  auto measure = [&](Equalized &place) {
    ScalingSite &site = *place.site;
    unsigned count = site.flow.getNumFactors();
    return getUnevenness(getRanges(site.before, getCopies(site.before), count),
                         getRanges(site.after, getCopies(site.after), count));
  };
  for (Equalized &place : places)
    place.before = measure(place);
  unsigned sweeps = 0;
  for (double furthest = 1; sweeps < iterations && furthest > tolerance; ++sweeps) {
    furthest = 0;
    for (Equalized &place : places)
      furthest = std::max(furthest, sweep(place));
  }
  for (Equalized &place : places) {
    remark::passed(place.site->getLoc(), remark::RemarkOpts::name("Equalized")
                                             .category(getArgumentName())
                                             .function("main"))
        << remark::metric("node", place.site->getNodes())
        << remark::metric("factors", llvm::formatv("{0}", place.factors.size()).str())
        << remark::metric("absorbed_by", place.site->getAbsorber())
        << remark::metric("octaves_apart_before",
                          llvm::formatv("{0:f2}", place.before).str())
        << remark::metric("octaves_apart", llvm::formatv("{0:f2}", measure(place)).str())
        << remark::metric("sweeps", llvm::formatv("{0}", sweeps).str());
    if (failed(applyFactors(place.site->flow, place.factors)))
      return failure();
  }
  return success();
}

LogicalResult EqualizeLayersPass::absorb() {
  WeightSelection selection{getArgumentName(), select, exclude, minElements};
  FailureOr<SmallVector<Weight>> weights = selectWeights(getOperation(), selection);
  return success(succeeded(weights) &&
                 succeeded(absorbBiases(*weights, deviations, getArgumentName())));
}
