//===- CorrectQuantization.cpp - pith-correct-quantization ----------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Adds the product with a low-rank approximation of what compression lost.
//
//===----------------------------------------------------------------------===//

#include "Correction.h"
#include "WeightMetric.h"

#include "pith/Compression/CheckedPass.h"
#include "pith/Compression/Codec.h"
#include "pith/Compression/LowRank/LowRank.h"
#include "pith/Compression/LowRank/Passes.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "llvm/Support/FormatVariadic.h"

namespace pith {
#define GEN_PASS_DEF_CORRECTQUANTIZATIONPASS
#include "pith/Compression/LowRank/Passes.h.inc"
} // namespace pith

using namespace mlir;
using namespace pith;

namespace {
class CorrectQuantizationPass final
    : public CheckedPass<
          pith::impl::CorrectQuantizationPassBase<CorrectQuantizationPass>> {
public:
  using CheckedPass::CheckedPass;

  LogicalResult checkOptions(ErrorHandler error) const override {
    if (rank < 0)
      return error("expected a rank of at least 1, or 0, found " + llvm::Twine(rank));
    if (!(damping >= 0 && damping <= 1))
      return error(llvm::formatv("expected damping from 0 to 1, found {0}",
                                 double(damping)).str());
    return success();
  }

  void runOnOperation() override {
    WeightSelection selection{getArgumentName(), select, exclude, minElements,
                              /*replaceable=*/false};
    if (failed(rewriteWeights(getOperation(), selection,
                              [&](const Weight &weight) { return correct(weight); })))
      signalPassFailure();
  }

private:
  LogicalResult correct(const Weight &weight);
  LogicalResult decline(const Weight &weight, const llvm::Twine &reason);
  void remarkCorrected(const Weight &weight, const LowRankFactors &factors,
                       const WeightMetric &metric, ArrayRef<float> original,
                       ArrayRef<float> lossy);
};
} // namespace

/// Nothing is wrong with the weight; it only stays without a correction.
LogicalResult CorrectQuantizationPass::decline(const Weight &weight,
                                               const llvm::Twine &reason) {
  remark::missed(weight.getLoc(), remark::RemarkOpts::name("NotCorrected")
                                      .category(getArgumentName())
                                      .function("main"))
      << reason.str() << remark::metric("node", weight.node)
      << remark::metric("tensor", weight.name);
  return success();
}

LogicalResult CorrectQuantizationPass::correct(const Weight &weight) {
  Operation *codec = weight.value.getDefiningOp();
  if (!isa<WeightCodecOpInterface>(codec))
    return decline(weight, "the weight is not compressed");
  auto attr = codec->getAttrOfType<ElementsAttr>(kOriginalAttr);
  std::optional<HostTensor> original = attr ? HostTensor::get(attr) : std::nullopt;
  if (!original || original->getShape() != weight.getType().getShape())
    return decline(weight, "the original weight is not known any more");
  int64_t rows = weight.getType().getShape().front();
  int64_t columns = pith::getReductionSize(weight.getType());
  int64_t chosen = rank > 0 ? int64_t(rank) : getChoice(weight, kRankAttr).value_or(0);
  if (chosen == 0)
    return decline(weight, "no rank was chosen for it");
  if (chosen > std::min(rows, columns))
    return decline(weight, "rank " + llvm::Twine(chosen) +
                               " is more than a matrix of " + llvm::Twine(rows) + " x " +
                               llvm::Twine(columns) + " has");
  FailureOr<WeightMetric> metric =
      WeightMetric::get(weight, weighting, damping, getArgumentName());
  if (failed(metric))
    return failure();
  FailureOr<HostTensor> decoded = decodeWeight(weight.value);
  if (failed(decoded))
    return failure();
  Type f32 = Float32Type::get(&getContext());
  HostTensor floats = original->converted(f32), lossy = decoded->converted(f32);
  std::vector<float> difference(floats.as<float>());
  for (auto [left, right] : llvm::zip_equal(difference, lossy.as<float>()))
    left -= right;
  if (llvm::all_of(difference, [](float x) { return x == 0; }))
    return decline(weight, "compression lost nothing");
  LowRankTarget target;
  target.rank = chosen;
  std::optional<LowRankFactors> factors = approximateLowRank(
      &getContext(), difference, rows, columns, target, metric->metric);
  if (!factors)
    return decline(weight, "the decomposition did not converge");
  if (!addCorrection(weight, *factors, ".correction"))
    return decline(weight, "an op that uses it does not factorize");
  remarkCorrected(weight, *factors, *metric, floats.as<float>(), lossy.as<float>());
  return success();
}

void CorrectQuantizationPass::remarkCorrected(const Weight &weight,
                                              const LowRankFactors &factors,
                                              const WeightMetric &metric,
                                              ArrayRef<float> original,
                                              ArrayRef<float> lossy) {
  std::vector<float> corrected = multiplyFactors(&getContext(), factors);
  for (auto [value, base] : llvm::zip_equal(corrected, lossy))
    value += base;
  WeightError error = getWeightError(original, corrected);
  weight.value.getDefiningOp()->setAttr(
      kErrorAttr, Builder(&getContext()).getF64FloatAttr(toDecibels(error)));
  auto remark = remark::passed(weight.getLoc(), remark::RemarkOpts::name("Corrected")
                                                    .category(getArgumentName())
                                                    .function("main"));
  remark << remark::add("rank {0}", factors.rank) << remark::metric("node", weight.node)
         << remark::metric("tensor", weight.name)
         << remark::metric("sqnr_db", formatDecibels(error))
         << remark::metric("sqnr_db_before",
                           formatDecibels(getWeightError(original, lossy)))
         << remark::metric("weighting", metric.name);
  if (std::optional<WeightError> before = metric.getOutputError(original, lossy))
    remark << remark::metric("output_sqnr_db_before", formatDecibels(*before))
           << remark::metric("output_sqnr_db",
                             formatDecibels(*metric.getOutputError(original, corrected)));
}
