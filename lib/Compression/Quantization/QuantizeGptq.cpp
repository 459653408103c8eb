//===- QuantizeGptq.cpp - pith-quantize-gptq ------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Replaces float weights by pith.dequantize of codes that OutputQuantizer chooses.
//
//===----------------------------------------------------------------------===//

#include "BiasCorrection.h"
#include "WeightCodes.h"

#include "pith/Compression/CheckedPass.h"
#include "pith/Compression/Codec.h"
#include "pith/Compression/Quantization/OutputQuantizer.h"
#include "pith/Compression/Quantization/QuantizationOps.h"
#include "pith/Compression/WeightStatistics.h"
#include "pith/Profile/ModelRunner.h"
#include "mlir/IR/Remarks.h"
#include "llvm/Support/FormatVariadic.h"

namespace pith {
#define GEN_PASS_DEF_QUANTIZEGPTQPASS
#include "pith/Compression/Quantization/Passes.h.inc"
} // namespace pith

using namespace mlir;
using namespace pith;

namespace {
class QuantizeGptqPass final
    : public CheckedPass<pith::impl::QuantizeGptqPassBase<QuantizeGptqPass>> {
public:
  using CheckedPass::CheckedPass;

  LogicalResult checkOptions(ErrorHandler error) const override {
    if (!(damping >= 0 && damping <= 1))
      return error("expected a damping from 0 to 1, found " +
                   llvm::formatv("{0}", double(damping)).str());
    if (sweeps > 100)
      return error("expected at most 100 sweeps, found " + Twine(sweeps));
    return getCodes().check(error);
  }

  void runOnOperation() override {
    WeightSelection selection{getArgumentName(), select, exclude, minElements};
    hasProfile = false;
    getOperation().walk([&](Operation *op) { hasProfile |= op->hasAttr(kStatisticsAttr); });
    sinceCalibration = 0;
    if (failed(rewriteWeights(getOperation(), selection,
                              [&](const Weight &weight) { return quantize(weight); })))
      signalPassFailure();
  }

private:
  WeightCodes getCodes() const {
    return {getArgumentName(), bits, scheme, granularity, groupSize, scaleType};
  }
  LogicalResult quantize(const Weight &weight);
  LogicalResult roundToNearest(const Weight &weight, const WeightCodes::Input &input);
  bool correctsBias(const Weight &weight) const {
    if (correctBias == BiasChoice::None || weight.uses.size() != 1)
      return false;
    OpOperand &use = *weight.uses.front();
    return correctBias == BiasChoice::All ? canHaveBias(use) : hasBias(use);
  }
  void correct(const Weight &weight, const HostTensor &input,
               const ActivationStatistics &statistics);
  void remarkErrors(const Weight &weight, const OutputQuantizer::Result &result);

  LogicalResult calibrateAgain();

  bool hasProfile = false;
  unsigned sinceCalibration = 0; ///< weights rounded
};
} // namespace

/// Runs the model as it is now, if it is time.
LogicalResult QuantizeGptqPass::calibrateAgain() {
  if (recalibrate == 0 || sinceCalibration < recalibrate)
    return success();

  sinceCalibration = 0;
  return pith::calibrate(getOperation());
}

/// For weights about whose activation nothing is known, in a model with a profile.
LogicalResult QuantizeGptqPass::roundToNearest(const Weight &weight,
                                               const WeightCodes::Input &input) {
  remark::analysis(weight.getLoc(), remark::RemarkOpts::name("Nearest")
                                        .category(getArgumentName())
                                        .function("main"))
      << (isContracted(weight) ? "rounded to nearest: the profile has no activation of it"
                               : "rounded to nearest: it is only looked up")
      << remark::metric("node", weight.node);
  getCodes().replace(weight, input,
                     input.quantizer.quantize(input.value, input.largest));
  return success();
}

void QuantizeGptqPass::remarkErrors(const Weight &weight,
                                    const OutputQuantizer::Result &result) {
  auto inDecibels = [](WeightError error) {
    return llvm::formatv("{0:f2}", toDecibels(error)).str();
  };
  remark::analysis(weight.getLoc(), remark::RemarkOpts::name("OutputError")
                                        .category(getArgumentName())
                                        .function("main"))
      << remark::add("{0} dB of output, {1} dB if rounded to nearest",
                     inDecibels(result.output), inDecibels(result.nearest))
      << remark::metric("node", weight.node)
      << remark::metric("damping", llvm::formatv("{0}", result.damping).str());
}

/// Removes the mean error of the outputs of a weight that was replaced.
void QuantizeGptqPass::correct(const Weight &weight, const HostTensor &input,
                               const ActivationStatistics &statistics) {
  OpOperand &use = *weight.uses.front();
  ElementsAttr attr = WeightHistory::get(use.get()).original;
  std::optional<HostTensor> original = attr ? HostTensor::get(attr) : std::nullopt;
  FailureOr<HostTensor> rewritten = decodeWeight(use.get());
  if (failed(rewritten))
    return;
  Type f32 = Float32Type::get(&getContext());
  HostTensor before = original && original->getShape() == input.getShape()
                          ? original->converted(f32)
                          : input;
  HostTensor after = rewritten->converted(f32);
  std::vector<float> error =
      getMeanError(statistics, before.as<float>(), after.as<float>());
  pith::correctBias(use, error, weight.name);
}

/// Σ of the squared mean outputs over all rows.
static double getMeanEnergy(const ActivationStatistics &statistics,
                            const HostTensor &value) {
  std::vector<float> zeros(value.getNumElements());
  double energy = 0;
  for (float mean : getMeanError(statistics, value.as<float>(), zeros))
    energy += double(mean) * mean * statistics.rows;
  return energy;
}

LogicalResult QuantizeGptqPass::quantize(const Weight &weight) {
  FailureOr<std::optional<WeightCodes::Input>> input = getCodes().prepare(weight);
  if (failed(input))
    return failure();
  if (!*input)
    return success();
  if (failed(calibrateAgain()))
    return failure();
  std::optional<ActivationStatistics> seen = pith::getStatistics(weight);
  if (!isContracted(weight) || (hasProfile && (!seen || seen->rows == 0)))
    return roundToNearest(weight, **input);
  FailureOr<ActivationStatistics> statistics =
      requireStatistics(weight, getArgumentName());
  if (failed(statistics))
    return failure();
  OutputQuantizer quantizer;
  quantizer.how = (*input)->quantizer;
  quantizer.damping.fraction = damping;
  quantizer.order = order;
  quantizer.sweeps = sweeps;
  quantizer.keepZeros = (*input)->isSparse;
  const bool corrects = correctsBias(weight);
  if (corrects)
    removeMean(*statistics);
  std::optional<OutputQuantizer::Result> result =
      quantizer.quantize((*input)->value, (*input)->largest, *statistics);
  if (!result)
    return emitGramError(weight);
  if (corrects) {
    double energy = getMeanEnergy(*statistics, (*input)->value);
    result->output.signal += energy;
    result->nearest.signal += energy;
  }
  remarkErrors(weight, *result);
  ++sinceCalibration;
  Value old = weight.value;
  getCodes().replace(weight, **input, result->weight, result->output);
  if (corrects && weight.uses.front()->get() != old)
    correct(weight, (*input)->value, *statistics);
  return success();
}
