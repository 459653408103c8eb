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
    bool bytes = scaleType == ScaleType::U8 || scaleType == ScaleType::I8;
    if (bytes && granularity != QuantizationGranularity::Group)
      return error("scale-type=u8 and i8 need granularity=group");
    if (bytes && bits == 1 && scheme == QuantizationScheme::Asymmetric)
      return error("scale-type=u8 and i8 need integer zero points, which codes of 1 bit "
                   "do not have");
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
};
} // namespace

WeightQuantizer QuantizeWeightsPass::getQuantizer() const {
  WeightQuantizer quantizer;
  quantizer.granularity = granularity;
  quantizer.groupSize = groupSize;
  quantizer.group.bits = bits;
  quantizer.group.symmetric = scheme == QuantizationScheme::Symmetric;
  quantizer.group.halfScales = scaleType == ScaleType::F16;
  quantizer.byteScales = scaleType == ScaleType::U8 || scaleType == ScaleType::I8;
  quantizer.group.signedScales = scaleType == ScaleType::I8;
  quantizer.group.search = searchesScales(search, bits);
  return quantizer;
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
  replaceIfSmaller(weight, createDequantize(weight, quantized, getArgumentName()),
                   quantized.error, getArgumentName(),
                   "codes and scales would take no fewer bytes");
  return success();
}
