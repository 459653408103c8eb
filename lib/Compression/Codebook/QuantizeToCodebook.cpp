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

#include "CodebookDecode.h"

#include "pith/Compression/CheckedPass.h"
#include "pith/Compression/Codebook/CodebookOps.h"
#include "pith/Compression/Codebook/CodebookQuantizer.h"
#include "pith/Compression/CodedWeight.h"
#include "pith/Compression/Codec.h"
#include "mlir/IR/Builders.h"
#include "llvm/Support/MathExtras.h"

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
    if (failed(rewriteWeights(getOperation(), selection,
                              [&](const Weight &weight) { return quantize(weight); })))
      signalPassFailure();
  }

private:
  const CodebookTraits &getTraits() const { return getCodebookTraits(codebook); }
  CodebookQuantizer getQuantizer() const;
  std::string getObstacle(const Weight &weight) const;
  LogicalResult quantize(const Weight &weight);
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
  if (symmetry == CodebookSymmetry::Mirrored && codebook != CodebookKind::KMeans)
    return error("symmetry=mirrored needs codebook=kmeans, found codebook=" + traits.name);
  if (symmetry == CodebookSymmetry::Mirrored && getQuantizer().bits < 2)
    return error("expected bits from 2 to 8 with symmetry=mirrored, found 1");
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
  quantizer.symmetry = symmetry;
  quantizer.search = search == CodebookSearch::Mse ||
                     (search == CodebookSearch::Auto && !traits.microscaling);
  return quantizer;
}

/// Why the weight cannot be quantized; empty if it can.
std::string QuantizeToCodebookPass::getObstacle(const Weight &weight) const {
  unsigned width = getQuantizer().bits;
  std::string obstacle = getCodingObstacle(weight, width);
  if (obstacle.empty() && getTraits().microscaling &&
      32 % getGroupUnit(weight, width) != 0)
    return "of its pattern, groups of 32 would not fill whole bytes";
  return obstacle;
}

/// Notes that entries are small multiples of a power of two (those of ternary weights
/// and of fp4 are), for kernels that multiply integers.
static void setIntegers(CodebookDecodeOp op, const HostTensor &codebook) {
  for (int64_t exponent = 0; exponent >= -6; --exponent) {
    SmallVector<int64_t> integers;
    for (int64_t i = 0, e = codebook.getNumElements(); i < e; ++i) {
      double value = std::ldexp(codebook.getDouble(i), -int(exponent));
      if (std::fabs(value) <= 127 && value == std::floor(value))
        integers.push_back(int64_t(value));
    }
    if (int64_t(integers.size()) != codebook.getNumElements())
      continue;
    op.setIntegers(integers);
    op.setExponent(exponent);
    return;
  }
}

/// Creates the new value beside the old one.
Value QuantizeToCodebookPass::encode(const Weight &weight,
                                     const CodebookQuantizer::Result &quantized) {
  Operation *old = weight.value.getDefiningOp();
  OpBuilder builder(old->getContext());
  builder.setInsertionPointAfter(old);
  Location loc = old->getLoc();
  Value codes = createCodes(weight, builder, quantized.codes, getArgumentName());
  Value table = createConstant(builder, loc, quantized.codebook, weight.name + ".codebook");
  Value scale = createConstant(builder, loc, quantized.scale, weight.name + ".scale");
  Value second;
  if (quantized.scaleScale)
    second = createConstant(builder, loc, *quantized.scaleScale,
                            weight.name + ".scale_scale");
  auto op = CodebookDecodeOp::create(builder, loc, weight.getType(), codes, table, scale,
                                     second, /*axis=*/1, quantized.groupSize,
                                     getCodebookName(codebook, getQuantizer().bits));
  setIntegers(op, quantized.codebook);
  op.setSignMagnitude(isSignMagnitude(quantized.codebook));
  return op;
}

LogicalResult QuantizeToCodebookPass::quantize(const Weight &weight) {
  if (std::string obstacle = getObstacle(weight); !obstacle.empty()) {
    keepWeight(weight, getArgumentName(), obstacle);
    return success();
  }
  float largest;
  FailureOr<HostTensor> floats = decodeFinite(weight, largest);
  if (failed(floats))
    return failure();
  CodebookQuantizer quantizer = getQuantizer();
  quantizer.zeroEntry = isa<WeightCodecOpInterface>(weight.value.getDefiningOp());
  quantizer.groupSize =
      llvm::alignTo(quantizer.groupSize, getGroupUnit(weight, quantizer.bits));
  CodebookQuantizer::Result quantized = quantizer.quantize(*floats, largest);
  if (quantizer.scaleType == CodebookScaleType::F16 &&
      quantized.scale.getElementType().isF32())
    remarkWideScales(weight, getArgumentName());
  replaceIfSmaller(weight, encode(weight, quantized), quantized.error, getArgumentName(),
                   "codes, codebook and scales would take no fewer bytes");
  return success();
}
