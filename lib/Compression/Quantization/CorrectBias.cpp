//===- CorrectBias.cpp - pith-correct-bias --------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Removes what compressed weights add to the mean of outputs.
//
//===----------------------------------------------------------------------===//

#include "BiasCorrection.h"
#include "pith/Compression/Codec.h"
#include "pith/Compression/Quantization/Passes.h"
#include "pith/Compression/WeightStatistics.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "mlir/IR/Remarks.h"
#include "llvm/Support/FormatVariadic.h"

namespace pith {
#define GEN_PASS_DEF_CORRECTBIASPASS
#include "pith/Compression/Quantization/Passes.h.inc"
} // namespace pith

using namespace mlir;
using namespace pith;

namespace {
class CorrectBiasPass final : public pith::impl::CorrectBiasPassBase<CorrectBiasPass> {
public:
  using CorrectBiasPassBase::CorrectBiasPassBase;

  void runOnOperation() override {
    WeightSelection selection{getArgumentName(), select, exclude, minElements,
                              /*replaceable=*/false};
    hasProfile = false;
    getOperation().walk([&](Operation *op) { hasProfile |= op->hasAttr(kStatisticsAttr); });
    if (failed(rewriteWeights(getOperation(), selection,
                              [&](const Weight &weight) { return correct(weight); })))
      signalPassFailure();
  }

private:
  LogicalResult correct(const Weight &weight);
  void correctUse(const Weight &weight, OpOperand &use, const HostTensor &original,
                  const HostTensor &rewritten);
  LogicalResult decline(const Weight &weight, const Twine &reason);

  bool hasProfile = false;
};
} // namespace

/// Nothing is wrong with the weight; its ops only keep their bias.
LogicalResult CorrectBiasPass::decline(const Weight &weight, const Twine &reason) {
  remark::missed(weight.getLoc(), remark::RemarkOpts::name("NotCorrected")
                                      .category(getArgumentName())
                                      .function("main"))
      << reason.str() << remark::metric("node", weight.node)
      << remark::metric("tensor", weight.name);
  return success();
}

void CorrectBiasPass::correctUse(const Weight &weight, OpOperand &use,
                                 const HostTensor &original,
                                 const HostTensor &rewritten) {
  std::optional<ActivationStatistics> statistics =
      ActivationStatistics::get(use.getOwner());
  if (!statistics || !canHaveBias(use) || statistics->rows == 0 ||
      statistics->getReductionSize() != pith::getReductionSize(weight.getType()) ||
      weight.getType().getShape()[0] % statistics->getGroups() != 0)
    return (void)decline(weight, "the op " + getNodeName(use.getOwner()) +
                                     " has no profile or takes no bias");
  std::vector<float> change =
      getMeanError(*statistics, original.as<float>(), rewritten.as<float>());
  double square = 0;
  for (float error : change)
    square += double(error) * error;
  if (square == 0)
    return (void)decline(weight, "the mean of its outputs is right");
  correctBias(use, change, weight.name);
  auto remark = remark::passed(weight.getLoc(), remark::RemarkOpts::name("BiasCorrected")
                                                    .category(getArgumentName())
                                                    .function("main"));
  remark << remark::add("root mean square {0}",
                        llvm::formatv("{0:e2}", std::sqrt(square / change.size())).str())
         << remark::metric("node", getNodeName(use.getOwner()))
         << remark::metric("tensor", weight.name);
  if (!statistics->gram)
    return;
  WeightError before = getOutputError(&getContext(), *statistics, original.as<float>(),
                                      rewritten.as<float>());
  WeightError after = before;
  after.noise = std::max(0.0, before.noise - double(statistics->rows) * square);
  remark << remark::metric("output_sqnr_db_before",
                           llvm::formatv("{0:f2}", toDecibels(before)).str())
         << remark::metric("output_sqnr_db",
                           llvm::formatv("{0:f2}", toDecibels(after)).str());
}

LogicalResult CorrectBiasPass::correct(const Weight &weight) {
  if (!weight.value.getDefiningOp()->hasAttr(kErrorAttr))
    return decline(weight, "the weight is not compressed");
  if (!isContracted(weight))
    return decline(weight, "it is only looked up");
  if (!hasProfile)
    return failure(
        failed(requireStatistics(weight, getArgumentName(), /*needsGram=*/false)));
  ElementsAttr attr = WeightHistory::get(weight.value).original;
  std::optional<HostTensor> original = attr ? HostTensor::get(attr) : std::nullopt;
  if (!original || original->getShape() != weight.getType().getShape())
    return decline(weight, "the original weight is not known any more");
  FailureOr<HostTensor> decoded = decodeWeight(weight.value);
  if (failed(decoded))
    return failure();
  Type f32 = Float32Type::get(&getContext());
  HostTensor before = original->converted(f32), after = decoded->converted(f32);
  for (OpOperand *use : weight.uses)
    if (cast<CompressibleOpInterface>(use->getOwner()).getActivationOperand(*use))
      correctUse(weight, *use, before, after);
  return success();
}
