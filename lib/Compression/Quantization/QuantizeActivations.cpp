//===- QuantizeActivations.cpp - pith-quantize-activations ----------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Finds the activations that meet integer weights, decides for each how it is rounded
// (ActivationChoice.h), and puts codes behind it.
//
//===----------------------------------------------------------------------===//

#include "ActivationCodes.h"

#include "pith/Compression/CheckedPass.h"
#include "pith/Compression/CodedWeight.h"
#include "pith/Compression/Codec.h"
#include "pith/Compression/Quantization/ActivationChoice.h"
#include "pith/Compression/Quantization/Passes.h"
#include "pith/Compression/Quantization/QuantizationOps.h"
#include "pith/Compression/WeightStatistics.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/FormatVariadic.h"

#include <map>

namespace pith {
#define GEN_PASS_DEF_QUANTIZEACTIVATIONSPASS
#include "pith/Compression/Quantization/Passes.h.inc"
} // namespace pith

using namespace mlir;
using namespace pith;

namespace {
/// Where an activation meets an integer weight.
struct Site {
  const Weight *weight;
  IntegerForm form;
  CompressibleOpInterface op;
  OpOperand *activation;

  RankedTensorType getType() const {
    return cast<RankedTensorType>(activation->get().getType());
  }
  /// Whether the activation is contracted over its last axis alone.
  bool isRowProduct() const {
    return getType().getRank() > 0 && weight->getType().getRank() == 2 &&
           getType().getShape().back() == getReductionSize(weight->getType());
  }
};

class QuantizeActivationsPass final
    : public CheckedPass<
          pith::impl::QuantizeActivationsPassBase<QuantizeActivationsPass>> {
public:
  using CheckedPass::CheckedPass;
  LogicalResult checkOptions(ErrorHandler error) const override;
  void runOnOperation() override;

private:
  using Sites = SmallVector<Site>;
  void collect(const Weight &weight, OpOperand &use);
  LogicalResult quantize(Value activation, Sites &sites);
  /// Rounds what it can, by the profile; the rest stays in `sites`.
  LogicalResult quantizeStatically(Value activation, Sites &sites);
  /// The same with a scale per group of the weight, in one layer.
  bool quantizeGroups(Value activation, const Site &site, double signal);
  void quantizeDynamically(Value activation, const Site &site);
  void quantizeTensor(Value activation, const Site &site);
  FailureOr<std::optional<ActivationStatistics>> getSeen(const Site &site) const;
  FailureOr<RoundedLayer> makeLayer(const Site &site,
                                    const ActivationStatistics &statistics);
  /// What static codes must reach, in dB.
  double getThreshold(const Site &site) const;

  void keep(Operation *op, const llvm::Twine &reason);
  void remarkRounded(Operation *op, const std::string &what);

  llvm::MapVector<Value, Sites> activations;
  /// Weights in f32, by their stored value.
  std::map<void *, HostTensor> decoded;
  ActivationCodes codes;
};
} // namespace

LogicalResult QuantizeActivationsPass::checkOptions(ErrorHandler error) const {
  if (bits < 2 || bits > 8)
    return error("bits: expected 2 to 8, found " + llvm::Twine(bits));
  if (!(percentile >= 50 && percentile <= 100))
    return error("percentile: expected 50 to 100, found " +
                 llvm::formatv("{0}", double(percentile)).str());
  return success();
}

void QuantizeActivationsPass::runOnOperation() {
  WeightSelection selection{getArgumentName(), select, exclude,
                            /*minElements=*/0, /*replaceable=*/false};
  FailureOr<SmallVector<Weight>> weights = selectWeights(getOperation(), selection);
  if (failed(weights))
    return signalPassFailure();
  activations.clear();
  decoded.clear();
  codes = ActivationCodes(bits);
  for (const Weight &weight : *weights)
    for (OpOperand *use : weight.uses)
      collect(weight, *use);
  for (auto &[activation, sites] : activations)
    if (failed(quantize(activation, sites)))
      return signalPassFailure();
  decoded.clear();
}

void QuantizeActivationsPass::keep(Operation *op, const llvm::Twine &reason) {
  remark::missed(op->getLoc(), remark::RemarkOpts::name("FloatActivation")
                                   .category(getArgumentName())
                                   .function("main"))
      << reason.str() << remark::metric("node", getNodeName(op));
}

void QuantizeActivationsPass::remarkRounded(Operation *op, const std::string &what) {
  remark::passed(op->getLoc(), remark::RemarkOpts::name("IntegerActivation")
                                   .category(getArgumentName())
                                   .function("main"))
      << what << remark::metric("node", getNodeName(op));
}

//===----------------------------------------------------------------------===//
// Where activations meet integer weights
//===----------------------------------------------------------------------===//

void QuantizeActivationsPass::collect(const Weight &weight, OpOperand &use) {
  auto codec = weight.value.getDefiningOp<WeightCodecOpInterface>();
  std::optional<IntegerForm> form = codec ? codec.getIntegerForm() : std::nullopt;
  Operation *op = use.getOwner();
  if (!form)
    return keep(op, "the weight has no integer form: " + getFormatName(weight.value));
  auto compressible = cast<CompressibleOpInterface>(op);
  OpOperand *activation = compressible.getActivationOperand(use);
  if (!activation)
    return keep(op, "nothing is multiplied with the weight");
  Site site{&weight, *form, compressible, activation};
  if (ActivationCodes::isRounded(activation->get()))
    return keep(op, "the activation is rounded already");
  if (!isa<FloatType>(site.getType().getElementType()))
    return keep(op, "the activation is not float");
  if (!compressible.isWeightOutputMajor(use))
    return keep(op, "the weight is not stored output by output");
  activations[activation->get()].push_back(site);
}

LogicalResult QuantizeActivationsPass::quantize(Value activation, Sites &sites) {
  if (mode != ActivationMode::Dynamic && failed(quantizeStatically(activation, sites)))
    return failure();
  for (const Site &site : sites)
    if (mode == ActivationMode::Static)
      continue; // a remark has said why
    else if (granularity == ActivationGranularity::Tensor)
      quantizeTensor(activation, site);
    else if (site.isRowProduct())
      quantizeDynamically(activation, site);
    else
      keep(site.op, "the activation is not contracted over its last axis alone, and "
                    "there is no profile (granularity=tensor needs neither)");
  return success();
}

//===----------------------------------------------------------------------===//
// Static codes
//===----------------------------------------------------------------------===//

/// What calibration saw of the op's activation. Emits an error and fails if it is
/// needed and missing, or of another model.
FailureOr<std::optional<ActivationStatistics>>
QuantizeActivationsPass::getSeen(const Site &site) const {
  auto seen = ActivationStatistics::get(site.op);
  bool isMissing = !seen || seen->rows == 0;
  if (isMissing && mode != ActivationMode::Static)
    return std::optional<ActivationStatistics>();
  if (isMissing || seen->getReductionSize() != getReductionSize(site.weight->getType()))
    if (failed(requireStatistics(*site.weight, getArgumentName(), /*needsGram=*/false)))
      return failure();
  return seen;
}

FailureOr<RoundedLayer>
QuantizeActivationsPass::makeLayer(const Site &site,
                                   const ActivationStatistics &statistics) {
  HostTensor &dense = decoded[site.weight->value.getAsOpaquePointer()];
  if (!dense) {
    float largest = 0;
    FailureOr<HostTensor> values = decodeFinite(*site.weight, largest);
    if (failed(values))
      return failure();
    dense = *values;
  }
  return RoundedLayer(statistics, dense.as<float>(), dense.getShape().back());
}

double QuantizeActivationsPass::getThreshold(const Site &site) const {
  if (minSqnr >= 0)
    return minSqnr;
  // Scales of every row are the better choice unless one for all is as good as exact.
  bool hasChoice = mode == ActivationMode::Auto && site.isRowProduct();
  return (hasChoice ? 5.0 : 2.5) * bits;
}

static std::string describe(const ChosenGrid &chosen, unsigned bits, double decibels) {
  const CodeGrid &grid = chosen.grid;
  return llvm::formatv("static {0}int{1} activation, {2:f4} to {3:f4} ({4}), "
                       "estimated sqnr_db {5:f1}",
                       grid.isSigned() ? "" : "u", bits, grid.getLow(), grid.getHigh(),
                       chosen.range, decibels);
}

LogicalResult QuantizeActivationsPass::quantizeStatically(Value activation,
                                                          Sites &sites) {
  if (cast<RankedTensorType>(activation.getType()).getRank() == 0)
    return success();
  Sites seenSites, others;
  std::vector<RoundedLayer> layers;
  std::optional<ActivationStatistics> first;
  for (const Site &site : sites) {
    auto seen = getSeen(site);
    if (failed(seen))
      return failure();
    if (!*seen) {
      others.push_back(site);
      continue;
    }
    auto layer = makeLayer(site, **seen);
    if (failed(layer))
      return failure();
    layers.push_back(std::move(*layer));
    seenSites.push_back(site);
    if (!first)
      first = std::move(**seen);
  }
  sites = others;
  if (!first)
    return success();
  ArrayRef<int64_t> histogram;
  if (first->histogram)
    histogram = first->histogram.as<int64_t>();
  ValueCounts values(histogram, {first->minimum, first->maximum});
  ChosenGrid chosen = chooseGrid(values, layers, {bits, range, percentile, scheme});
  Value rounded;
  for (auto [site, layer] : llvm::zip(seenSites, layers)) {
    double decibels = toDecibels(layer.getError(values, chosen.grid));
    if (decibels < getThreshold(site)) {
      if (quantizeGroups(activation, site, layer.getSignal()))
        continue;
      keep(site.op, llvm::formatv("{0} would cost too much: expected at least {1:f1} dB",
                                  describe(chosen, bits, decibels), getThreshold(site))
                        .str());
      sites.push_back(site);
      continue;
    }
    if (!rounded)
      rounded = codes.makeStatic(activation, chosen.grid);
    site.activation->set(rounded);
    remarkRounded(site.op, describe(chosen, bits, decibels));
  }
  return success();
}

bool QuantizeActivationsPass::quantizeGroups(Value activation, const Site &site,
                                             double signal) {
  int64_t size = site.form.groupSize;
  if (granularity != ActivationGranularity::Weight || size == 0 || !site.isRowProduct() ||
      size >= site.getType().getShape().back() || scheme == ActivationScheme::Asymmetric)
    return false;
  auto seen = ActivationStatistics::get(site.op);
  const HostTensor &dense = decoded[site.weight->value.getAsOpaquePointer()];
  GroupScales groups = GroupScales::get(*seen, dense.as<float>(), size, bits, signal);
  if (groups.decibels < getThreshold(site) || !groups.takeInto(*site.weight, site.form))
    return false;
  site.activation->set(codes.getGrouped(activation, groups));
  remarkRounded(site.op, llvm::formatv("static int{0} activation, groups of {1}, scales "
                                       "{2:f6} to {3:f6}, estimated sqnr_db {4:f1}",
                                       bits, size, *llvm::min_element(groups.scales),
                                       groups.common, groups.decibels));
  return true;
}

//===----------------------------------------------------------------------===//
// Dynamic codes
//===----------------------------------------------------------------------===//

void QuantizeActivationsPass::quantizeTensor(Value activation, const Site &site) {
  Value rounded = codes.getDynamicTensor(activation);
  if (!rounded)
    return keep(site.op, "of the activation's sizes more than one is not known");
  site.activation->set(rounded);
  remarkRounded(site.op, llvm::formatv("int{0} activation, one scale", bits));
}

void QuantizeActivationsPass::quantizeDynamically(Value activation, const Site &site) {
  int64_t groupSize =
      granularity == ActivationGranularity::Weight ? site.form.groupSize : 0;
  site.activation->set(codes.getDynamic(activation, groupSize));
  int64_t reduction = getReductionSize(site.weight->getType());
  remarkRounded(site.op, llvm::formatv("int{0} activation, groups of {1}", bits,
                                       groupSize ? groupSize : reduction));
}
