//===- QuantizeToCodebook.cpp - pith-quantize-to-codebook -----------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Replaces float weights by pith.codebook_decode of constants; the arithmetic is
// in CodebookQuantizer.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/CheckedPass.h"
#include "pith/Compression/Codebook/CodebookOps.h"
#include "pith/Compression/Codebook/CodebookQuantizer.h"
#include "pith/Compression/Codec.h"
#include "pith/Compression/Weights.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"

#include <cmath>

namespace pith {
#define GEN_PASS_DEF_QUANTIZETOCODEBOOKPASS
#include "pith/Compression/Codebook/Passes.h.inc"
} // namespace pith

using namespace mlir;
using namespace pith;

namespace {
class QuantizeToCodebookPass final
    : public CheckedPass<
          pith::impl::QuantizeToCodebookPassBase<QuantizeToCodebookPass>> {
public:
  using CheckedPass::CheckedPass;

  LogicalResult checkOptions(ErrorHandler error) const override;

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
  const CodebookTraits &getTraits() const { return getCodebookTraits(codebook); }
  CodebookQuantizer getQuantizer() const;
  std::string getObstacle(const Weight &weight) const;
  FailureOr<HostTensor> getFloats(const Weight &weight, float &largest);
  LogicalResult quantize(const Weight &weight);
  Value encodeCodes(const Weight &weight, OpBuilder &builder, const HostTensor &codes);
  Value encode(const Weight &weight, const CodebookQuantizer::Result &quantized);
};
} // namespace

LogicalResult QuantizeToCodebookPass::checkOptions(ErrorHandler error) const {
  const CodebookTraits &traits = getTraits();
  bool isGroup = granularity == CodebookGranularity::Group;
  if (bits != 0 && (bits < traits.minBits || bits > traits.maxBits))
    return error("expected bits from " + llvm::Twine(traits.minBits) + " to " +
                 llvm::Twine(traits.maxBits) + " with codebook=" + traits.name +
                 ", found " + llvm::Twine(bits));
  if (isGroup && groupSize != 0 && (groupSize < 16 || groupSize > 256))
    return error("expected a group-size from 16 to 256, found " +
                 llvm::Twine(groupSize));
  if (scaleType == CodebookScaleType::TwoLevel && !isGroup)
    return error("scale-type=u8 needs granularity=group");
  if (!traits.microscaling)
    return success();
  if (!isGroup || (groupSize != 0 && groupSize != 32))
    return error("codebook=" + traits.name + " has groups of 32");
  if (scaleType != CodebookScaleType::Auto && scaleType != CodebookScaleType::E8M0)
    return error("codebook=" + traits.name + " has scales of type e8m0");
  return success();
}

CodebookQuantizer QuantizeToCodebookPass::getQuantizer() const {
  const CodebookTraits &traits = getTraits();
  CodebookQuantizer quantizer;
  quantizer.kind = codebook;
  quantizer.bits = bits ? unsigned(bits) : traits.defaultBits;
  quantizer.granularity = granularity;
  quantizer.groupSize = groupSize ? int64_t(groupSize) : traits.microscaling ? 32 : 64;
  quantizer.scaleType = scaleType;
  if (scaleType == CodebookScaleType::Auto)
    quantizer.scaleType =
        traits.microscaling ? CodebookScaleType::E8M0 : CodebookScaleType::F16;
  quantizer.search = search == CodebookSearch::Mse ||
                     (search == CodebookSearch::Auto && !traits.microscaling);
  return quantizer;
}

/// Why the weight cannot be quantized; empty if it can.
std::string QuantizeToCodebookPass::getObstacle(const Weight &weight) const {
  auto codec = weight.value.getDefiningOp<WeightCodecOpInterface>();
  if (!codec)
    return "";
  if (!codec.canReencode())
    return "it is " + codec.getFormatName() + " already";
  if (getQuantizer().bits == 1)
    return "codes of 1 bit have no zero for the elements that are not stored";
  return "";
}

/// Codes of a sparse weight are stored sparsely where that takes fewer bytes.
Value QuantizeToCodebookPass::encodeCodes(const Weight &weight, OpBuilder &builder,
                                          const HostTensor &codes) {
  Operation *old = weight.value.getDefiningOp();
  if (auto codec = dyn_cast<WeightCodecOpInterface>(old)) {
    Value sparse = codec.reencode(builder, codes);
    auto type = codes.getType();
    int64_t denseBits = type.getNumElements() * type.getElementTypeBitWidth();
    if (sparse && getStoredBits(sparse) < denseBits)
      return sparse;
    if (sparse) {
      remark::analysis(weight.getLoc(), remark::RemarkOpts::name("StoredDense")
                                            .category(getArgumentName())
                                            .function("main"))
          << remark::add("{0} takes no fewer bytes than dense codes",
                         getFormatName(sparse))
          << remark::metric("node", weight.node);
      eraseStoredValue(sparse);
    }
  }
  return createConstant(builder, old->getLoc(), codes, weight.name);
}

/// Creates the new value beside the old one.
Value QuantizeToCodebookPass::encode(const Weight &weight,
                                     const CodebookQuantizer::Result &quantized) {
  Operation *old = weight.value.getDefiningOp();
  OpBuilder builder(old->getContext());
  builder.setInsertionPointAfter(old);
  Location loc = old->getLoc();
  Value codes = encodeCodes(weight, builder, quantized.codes);
  Value table = createConstant(builder, loc, quantized.codebook, weight.name + ".codebook");
  Value scale = createConstant(builder, loc, quantized.scale, weight.name + ".scale");
  Value second;
  if (quantized.scaleScale)
    second = createConstant(builder, loc, *quantized.scaleScale,
                            weight.name + ".scale_scale");
  return CodebookDecodeOp::create(builder, loc, weight.getType(), codes, table, scale,
                                  second, /*axis=*/1, quantized.groupSize,
                                  getCodebookName(codebook, getQuantizer().bits));
}

/// The weight's elements, which are finite.
FailureOr<HostTensor> QuantizeToCodebookPass::getFloats(const Weight &weight,
                                                        float &largest) {
  FailureOr<HostTensor> dense = decodeWeight(weight.value);
  if (failed(dense))
    return failure();
  HostTensor floats = dense->converted(Float32Type::get(&getContext()));
  largest = 0;
  for (float x : floats.as<float>()) {
    if (!std::isfinite(x))
      return emitWeightError(weight)
             << "expected finite elements, found an infinity or NaN";
    largest = std::max(largest, std::fabs(x));
  }
  return floats;
}

LogicalResult QuantizeToCodebookPass::quantize(const Weight &weight) {
  if (std::string obstacle = getObstacle(weight); !obstacle.empty()) {
    keepWeight(weight, getArgumentName(), obstacle);
    return success();
  }
  float largest;
  FailureOr<HostTensor> floats = getFloats(weight, largest);
  if (failed(floats))
    return failure();
  CodebookQuantizer quantizer = getQuantizer();
  quantizer.zeroEntry = isa<WeightCodecOpInterface>(weight.value.getDefiningOp());
  CodebookQuantizer::Result quantized = quantizer.quantize(*floats, largest);
  if (quantizer.scaleType == CodebookScaleType::F16 &&
      quantized.scale.getElementType().isF32())
    remark::analysis(weight.getLoc(), remark::RemarkOpts::name("WideScales")
                                          .category(getArgumentName())
                                          .function("main"))
        << "scales are f32: the weight lies outside the range of f16"
        << remark::metric("node", weight.node);
  Value replacement = encode(weight, quantized);
  if (getStoredBits(replacement) >= getStoredBits(weight.value)) {
    keepWeight(weight, getArgumentName(),
               "codes, codebook and scales would take no fewer bytes");
    eraseStoredValue(replacement);
    return success();
  }
  replaceWeight(weight, replacement, quantized.error, getArgumentName());
  return success();
}
