//===- QuantizeWeights.cpp - pith-quantize-weights ------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Replaces float weights by pith.dequantize of constants; the arithmetic is in
// WeightQuantizer and GroupQuantizer.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/CheckedPass.h"
#include "pith/Compression/CodedWeight.h"
#include "pith/Compression/Codec.h"
#include "pith/Compression/Quantization/Passes.h"
#include "pith/Compression/Quantization/QuantizationOps.h"
#include "pith/Compression/Quantization/WeightQuantizer.h"
#include "mlir/IR/Builders.h"
#include "llvm/Support/MathExtras.h"

namespace pith {
#define GEN_PASS_DEF_QUANTIZEWEIGHTSPASS
#include "pith/Compression/Quantization/Passes.h.inc"
} // namespace pith

using namespace mlir;
using namespace pith;

namespace {
class QuantizeWeightsPass final
    : public CheckedPass<pith::impl::QuantizeWeightsPassBase<QuantizeWeightsPass>> {
public:
  using CheckedPass::CheckedPass;

  LogicalResult checkOptions(ErrorHandler error) const override {
    if (bits < 1 || bits > 8)
      return error("expected bits from 1 to 8, found " + llvm::Twine(bits));
    if (granularity == QuantizationGranularity::Group &&
        (groupSize < 16 || groupSize > 256))
      return error("expected a group-size from 16 to 256, found " +
                   llvm::Twine(groupSize));
    return success();
  }

  void runOnOperation() override {
    WeightSelection selection{getArgumentName(), select, exclude, minElements};
    if (failed(rewriteWeights(getOperation(), selection,
                              [&](const Weight &weight) { return quantize(weight); })))
      signalPassFailure();
  }

private:
  WeightQuantizer getQuantizer() const;
  LogicalResult quantize(const Weight &weight);
  Value encode(const Weight &weight, const WeightQuantizer::Result &quantized);
};
} // namespace

WeightQuantizer QuantizeWeightsPass::getQuantizer() const {
  WeightQuantizer quantizer;
  quantizer.granularity = granularity;
  quantizer.groupSize = groupSize;
  quantizer.group.bits = bits;
  quantizer.group.symmetric = scheme == QuantizationScheme::Symmetric;
  quantizer.group.halfScales = scaleType == ScaleType::F16;
  quantizer.group.search = search == ScaleSearch::Mse ||
                           (search == ScaleSearch::Auto && bits <= 4);
  return quantizer;
}

/// Creates the new value beside the old one.
Value QuantizeWeightsPass::encode(const Weight &weight,
                                  const WeightQuantizer::Result &quantized) {
  Operation *old = weight.value.getDefiningOp();
  OpBuilder builder(old->getContext());
  builder.setInsertionPointAfter(old);
  Location loc = old->getLoc();
  Value codes = createCodes(weight, builder, quantized.codes, getArgumentName());
  Value scale =
      createConstant(builder, loc, quantized.scale, weight.name + ".scale"), zero;
  if (quantized.zeroPoint)
    zero = createConstant(builder, loc, *quantized.zeroPoint,
                          weight.name + ".zero_point");
  return DequantizeOp::create(builder, loc, weight.getType(), codes, scale, zero,
                              /*axis=*/1, quantized.groupSize);
}

LogicalResult QuantizeWeightsPass::quantize(const Weight &weight) {
  if (std::string obstacle = getCodingObstacle(weight, bits); !obstacle.empty()) {
    keepWeight(weight, getArgumentName(), obstacle);
    return success();
  }
  float largest;
  FailureOr<HostTensor> floats = decodeFinite(weight, largest);
  if (failed(floats))
    return failure();
  WeightQuantizer quantizer = getQuantizer();
  if (weight.value.getDefiningOp<WeightCodecOpInterface>()) {
    quantizer.group.symmetric = true;
    quantizer.groupSize = llvm::alignTo(groupSize, getGroupUnit(weight, bits));
  }
  WeightQuantizer::Result quantized = quantizer.quantize(*floats, largest);
  if (quantizer.group.halfScales && quantized.scale.getElementType().isF32())
    remarkWideScales(weight, getArgumentName());
  replaceIfSmaller(weight, encode(weight, quantized), quantized.error, getArgumentName(),
                   "codes and scales would take no fewer bytes");
  return success();
}
