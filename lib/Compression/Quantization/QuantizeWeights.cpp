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
#include "pith/Compression/Codec.h"
#include "pith/Compression/Quantization/Passes.h"
#include "pith/Compression/Quantization/QuantizationOps.h"
#include "pith/Compression/Quantization/WeightQuantizer.h"
#include "pith/Compression/Weights.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"
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
    FailureOr<SmallVector<Weight>> weights = selectWeights(getOperation(), selection);
    if (failed(weights))
      return signalPassFailure();
    for (const Weight &weight : *weights)
      if (failed(quantize(weight)))
        return signalPassFailure();
  }

private:
  WeightQuantizer getQuantizer() const;
  std::string getObstacle(const Weight &weight);
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

/// Of how many elements a group of a sparse weight must hold a multiple, so that
/// what is stored of it fills whole bytes.
static int64_t getGroupUnit(WeightCodecOpInterface codec, unsigned bits) {
  SmallVector<int64_t> steps;
  for (auto [index, operand] : llvm::enumerate(codec->getOperands())) {
    Type stored = getElementTypeOrSelf(operand.getType());
    unsigned width = index == 0 ? bits : stored.getIntOrFloatBitWidth();
    // Masks are bits of whole vectors.
    bool whole = width >= 8 || stored.isInteger(1);
    steps.push_back(whole ? 1 : 8 / (width & (0u - width)));
  }
  return codec.getTileStep(steps);
}

/// Why the weight cannot be quantized; empty if it can.
std::string QuantizeWeightsPass::getObstacle(const Weight &weight) {
  auto codec = weight.value.getDefiningOp<WeightCodecOpInterface>();
  if (!codec)
    return "";
  if (!codec.canReencode())
    return "it is " + codec.getFormatName() + " already";
  if (bits == 1)
    return "codes of 1 bit have no zero for the elements that are not stored";
  return "";
}

/// Creates the new value beside the old one. Codes of a sparse weight are stored
/// sparsely where that takes fewer bytes.
Value QuantizeWeightsPass::encode(const Weight &weight,
                                  const WeightQuantizer::Result &quantized) {
  Operation *old = weight.value.getDefiningOp();
  OpBuilder builder(old->getContext());
  builder.setInsertionPointAfter(old);
  Location loc = old->getLoc();
  Value codes;
  if (auto codec = dyn_cast<WeightCodecOpInterface>(old)) {
    codes = codec.reencode(builder, quantized.codes);
    auto type = quantized.codes.getType();
    int64_t denseBits = type.getNumElements() * type.getElementTypeBitWidth();
    if (codes && getStoredBits(codes) >= denseBits) {
      remark::analysis(weight.getLoc(), remark::RemarkOpts::name("StoredDense")
                                            .category(getArgumentName())
                                            .function("main"))
          << remark::add("{0} takes no fewer bytes than dense codes",
                         getFormatName(codes))
          << remark::metric("node", weight.node);
      eraseStoredValue(codes);
      codes = {};
    }
  }
  if (!codes)
    codes = createConstant(builder, loc, quantized.codes, weight.name);
  Value scale =
      createConstant(builder, loc, quantized.scale, weight.name + ".scale"), zero;
  if (quantized.zeroPoint)
    zero = createConstant(builder, loc, *quantized.zeroPoint,
                          weight.name + ".zero_point");
  return DequantizeOp::create(builder, loc, weight.getType(), codes, scale, zero,
                              /*axis=*/1, quantized.groupSize);
}

LogicalResult QuantizeWeightsPass::quantize(const Weight &weight) {
  if (std::string obstacle = getObstacle(weight); !obstacle.empty()) {
    keepWeight(weight, getArgumentName(), obstacle);
    return success();
  }
  FailureOr<HostTensor> dense = decodeWeight(weight.value);
  if (failed(dense))
    return failure();
  HostTensor floats = dense->converted(Float32Type::get(&getContext()));
  float largest;
  if (!allFinite(floats.as<float>(), largest))
    return emitWeightError(weight)
           << "expected finite elements, found an infinity or NaN";

  WeightQuantizer quantizer = getQuantizer();
  auto sparse = weight.value.getDefiningOp<WeightCodecOpInterface>();
  if (sparse) {
    quantizer.group.symmetric = true;
    quantizer.groupSize = llvm::alignTo(groupSize, getGroupUnit(sparse, bits));
  }
  WeightQuantizer::Result quantized = quantizer.quantize(floats, largest);
  if (quantizer.group.halfScales && quantized.scale.getElementType().isF32())
    remark::analysis(weight.getLoc(), remark::RemarkOpts::name("WideScales")
                                          .category(getArgumentName())
                                          .function("main"))
        << "scales are f32: the weight lies outside the range of f16"
        << remark::metric("node", weight.node);
  Value replacement = encode(weight, quantized);
  if (getStoredBits(replacement) >= getStoredBits(weight.value)) {
    keepWeight(weight, getArgumentName(),
               "codes and scales would take no fewer bytes");
    eraseStoredValue(replacement);
    return success();
  }
  replaceWeight(weight, replacement, quantized.error, getArgumentName());
  return success();
}
