//===- QuantizeHqq.cpp - pith-quantize-hqq --------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Replaces float weights by pith.dequantize with real zero points that
// HalfQuadraticQuantizer finds.
//
//===----------------------------------------------------------------------===//

#include "WeightCodes.h"

#include "pith/Compression/CheckedPass.h"
#include "pith/Compression/Codec.h"
#include "pith/Compression/CodedWeight.h"
#include "pith/Compression/Quantization/HalfQuadratic.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "llvm/Support/FormatVariadic.h"

namespace pith {
#define GEN_PASS_DEF_QUANTIZEHQQPASS
#include "pith/Compression/Quantization/Passes.h.inc"
} // namespace pith

using namespace mlir;
using namespace pith;

namespace {
class QuantizeHqqPass final
    : public CheckedPass<pith::impl::QuantizeHqqPassBase<QuantizeHqqPass>> {
public:
  using CheckedPass::CheckedPass;

  LogicalResult checkOptions(ErrorHandler error) const override {
    if (!(norm > 0 && norm <= 1))
      return error("expected a norm above 0 and at most 1, found " +
                   llvm::formatv("{0}", double(norm)).str());
    if (scaleType == ScaleType::U8 || scaleType == ScaleType::I8)
      return error("scale-type=u8 and i8 need integer zero points, which this pass "
                   "does not make");
    return getCodes().check(error);
  }

  void runOnOperation() override {
    WeightSelection selection{getArgumentName(), select, exclude, minElements};
    if (failed(rewriteWeights(getOperation(), selection,
                              [&](const Weight &weight) { return quantize(weight); })))
      signalPassFailure();
  }

private:
  WeightCodes getCodes() const {
    return {getArgumentName(), bits, QuantizationScheme::Asymmetric, granularity,
            groupSize, scaleType};
  }
  LogicalResult quantize(const Weight &weight);
};
} // namespace

/// Rounds all groups, in parallel runs of rows.
static ChosenCodes chooseCodes(const HalfQuadraticQuantizer &quantizer,
                               const WeightQuantizer::Groups &groups,
                               const HostTensor &value) {
  ChosenCodes chosen;
  chosen.codes.resize(value.getNumElements());
  chosen.scales.resize(groups.rows * groups.count);
  chosen.zeroPoints.resize(chosen.scales.size());
  chosen.wholeZeroPoints = false;
  ArrayRef<float> w = value.as<float>();
  MutableArrayRef<int16_t> codes(chosen.codes);
  forRowRuns(value.getType().getContext(), groups.rows, groups.reduction,
             [&](int64_t begin, int64_t end) {
               for (int64_t index = begin * groups.count; index < end * groups.count;
                    ++index) {
                 int64_t row = index / groups.count;
                 int64_t first = index % groups.count * groups.size;
                 int64_t count = std::min(groups.size, groups.reduction - first);
                 first += row * groups.reduction;
                 GroupQuantizer::Group done = quantizer.quantize(
                     w.slice(first, count), codes.slice(first, count));
                 chosen.scales[index] = done.scale;
                 chosen.zeroPoints[index] = done.zeroPoint;
               }
             });
  return chosen;
}

LogicalResult QuantizeHqqPass::quantize(const Weight &weight) {
  if (weight.value.getDefiningOp<WeightCodecOpInterface>()) {
    keepWeight(weight, getArgumentName(),
               "it is " + getFormatName(weight.value) +
                   " already, whose absent elements a zero point would fill");
    return success();
  }
  FailureOr<std::optional<WeightCodes::Input>> input = getCodes().prepare(weight);
  if (failed(input))
    return failure();
  if (!*input)
    return success();
  const WeightQuantizer &how = (*input)->quantizer;
  HalfQuadraticQuantizer quantizer;
  quantizer.group = how.getGroupQuantizer((*input)->largest);
  quantizer.norm = norm;
  quantizer.fitScale = fitScale;
  quantizer.iterations = iterations;
  const HostTensor &value = (*input)->value;
  ChosenCodes chosen = chooseCodes(quantizer, how.getGroups(value), value);
  getCodes().replace(weight, **input, assemble(how, quantizer.group, value, chosen));
  return success();
}
