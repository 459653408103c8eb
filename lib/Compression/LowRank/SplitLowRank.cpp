//===- SplitLowRank.cpp - pith-split-low-rank -----------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Takes a low-rank part out of weights before they are rounded.
//
//===----------------------------------------------------------------------===//

#include "Correction.h"
#include "WeightMetric.h"

#include "pith/Compression/CheckedPass.h"
#include "pith/Compression/CodedWeight.h"
#include "pith/Compression/Codec.h"
#include "pith/Compression/Quantization/WeightQuantizer.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "llvm/Support/FormatVariadic.h"

namespace pith {
#define GEN_PASS_DEF_SPLITLOWRANKPASS
#include "pith/Compression/LowRank/Passes.h.inc"
} // namespace pith

using namespace mlir;
using namespace pith;

namespace {
class SplitLowRankPass final
    : public CheckedPass<pith::impl::SplitLowRankPassBase<SplitLowRankPass>> {
public:
  using CheckedPass::CheckedPass;

  LogicalResult checkOptions(ErrorHandler error) const override {
    if (rank < 0)
      return error("expected a rank of at least 1, or 0, found " + llvm::Twine(rank));
    if (bits < 1 || bits > 8)
      return error("expected bits from 1 to 8, found " + llvm::Twine(bits));
    if (groupSize != 0 && (groupSize < 16 || groupSize > 256))
      return error("expected a group-size from 16 to 256, or 0, found " +
                   llvm::Twine(groupSize));
    if (!(damping >= 0 && damping <= 1))
      return error(llvm::formatv("expected damping from 0 to 1, found {0}",
                                 double(damping)).str());
    return success();
  }

  void runOnOperation() override {
    WeightSelection selection{getArgumentName(), select, exclude, minElements};
    if (failed(rewriteWeights(getOperation(), selection,
                              [&](const Weight &weight) { return split(weight); })))
      signalPassFailure();
  }

private:
  LogicalResult split(const Weight &weight);
  LogicalResult decline(const Weight &weight, const llvm::Twine &reason);
  std::optional<LowRankFactors> findFactors(const Weight &weight,
                                            const HostTensor &values, int64_t chosen,
                                            const WeightMetric &metric);
  FailureOr<HostTensor> round(const Weight &weight, const HostTensor &values);
};
} // namespace

LogicalResult SplitLowRankPass::decline(const Weight &weight, const llvm::Twine &reason) {
  remark::missed(weight.getLoc(), remark::RemarkOpts::name("NotSplit")
                                      .category(getArgumentName())
                                      .function("main"))
      << reason.str() << remark::metric("node", weight.node)
      << remark::metric("tensor", weight.name);
  return success();
}

/// `left − right`.
static HostTensor subtract(const HostTensor &left, ArrayRef<float> right) {
  HostTensor result = left;
  for (auto [value, other] : llvm::zip_equal(result.asMutable<float>(), right))
    value -= other;
  return result;
}

/// What rounding makes of the values.
FailureOr<HostTensor> SplitLowRankPass::round(const Weight &weight,
                                              const HostTensor &values) {
  WeightQuantizer quantizer;
  quantizer.group.bits = bits;
  quantizer.group.search = true;
  quantizer.granularity =
      groupSize ? QuantizationGranularity::Group : QuantizationGranularity::Channel;
  quantizer.groupSize = groupSize;
  float largest;
  if (!allFinite(values.as<float>(), largest))
    return failure();
  Value codes = createDequantize(weight, quantizer.quantize(values, largest),
                                 getArgumentName());
  FailureOr<HostTensor> rounded = decodeWeight(codes);
  eraseStoredValue(codes);
  if (failed(rounded))
    return failure();
  return rounded->converted(Float32Type::get(&getContext()));
}

/// The factors of the whole weight, or of the best one of the iterations.
std::optional<LowRankFactors>
SplitLowRankPass::findFactors(const Weight &weight, const HostTensor &values,
                              int64_t chosen, const WeightMetric &metric) {
  const int64_t rows = weight.getType().getShape().front();
  const int64_t columns = pith::getReductionSize(weight.getType());
  LowRankTarget target;
  target.rank = chosen;
  auto approximate = [&](const HostTensor &matrix) {
    return approximateLowRank(&getContext(), matrix.as<float>(), rows, columns, target,
                              metric.metric);
  };
  std::optional<LowRankFactors> factors = approximate(values), best = factors;
  double least = std::numeric_limits<double>::infinity();
  for (unsigned i = 0; factors && iterations > 0 && i <= iterations; ++i) {
    HostTensor rest = subtract(values, multiplyFactors(&getContext(), *factors));
    FailureOr<HostTensor> rounded = round(weight, rest);
    if (failed(rounded))
      break;
    HostTensor lost = subtract(rest, rounded->as<float>());
    double noise = 0;
    for (float x : metric.metric.apply(&getContext(), lost.as<float>(), columns))
      noise += double(x) * x;
    if (noise < least) {
      least = noise;
      best = factors;
    }
    if (i < iterations)
      factors = approximate(subtract(values, rounded->as<float>()));
  }
  return best;
}

LogicalResult SplitLowRankPass::split(const Weight &weight) {
  auto constant = weight.value.getDefiningOp<ConstantOp>();
  if (!constant)
    return decline(weight, "the weight is " + getFormatName(weight.value) +
                               " already; split it first");
  const int64_t rows = weight.getType().getShape().front();
  const int64_t columns = pith::getReductionSize(weight.getType());
  int64_t chosen = rank > 0 ? int64_t(rank) : getChoice(weight, kRankAttr).value_or(0);
  if (chosen == 0)
    return decline(weight, "no rank was chosen for it");
  if (chosen >= std::min(rows, columns))
    return decline(weight, "rank " + llvm::Twine(chosen) + " is all of a matrix of " +
                               llvm::Twine(rows) + " x " + llvm::Twine(columns));
  float largest;
  FailureOr<HostTensor> values = decodeFinite(weight, largest);
  if (failed(values))
    return failure();
  if (largest == 0)
    return decline(weight, "all of it is zero");
  FailureOr<WeightMetric> metric =
      WeightMetric::get(weight, weighting, damping, getArgumentName());
  if (failed(metric))
    return failure();
  std::optional<LowRankFactors> factors = findFactors(weight, *values, chosen, *metric);
  if (!factors)
    return decline(weight, "the decomposition did not converge");
  if (!addCorrection(weight, *factors, ".low_rank"))
    return decline(weight, "an op that uses it does not factorize");
  HostTensor rest = subtract(*values, multiplyFactors(&getContext(), *factors));
  float restLargest = 0;
  allFinite(rest.as<float>(), restLargest);
  WeightError left = getWeightError(values->as<float>(),
                                    multiplyFactors(&getContext(), *factors));
  remark::passed(weight.getLoc(), remark::RemarkOpts::name("Split")
                                      .category(getArgumentName())
                                      .function("main"))
      << remark::add("rank {0}", factors->rank) << remark::metric("node", weight.node)
      << remark::metric("tensor", weight.name)
      << remark::metric("weighting", metric->name)
      << remark::metric("energy_left",
                        llvm::formatv("{0:f4}", left.noise / left.signal).str())
      << remark::metric("largest_before", llvm::formatv("{0:f4}", largest).str())
      << remark::metric("largest_after", llvm::formatv("{0:f4}", restLargest).str());
  constant.setValueAttr(
      rest.converted(weight.getType().getElementType()).toAttribute(weight.name));
  return success();
}
