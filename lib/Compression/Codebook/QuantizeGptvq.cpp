//===- QuantizeGptvq.cpp - pith-quantize-gptvq ----------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Replaces float weights by codes of learnt codebooks; the arithmetic is in
// CodebookFit.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/CheckedPass.h"
#include "pith/Compression/Codebook/CodebookFit.h"
#include "pith/Compression/Codebook/CodebookOps.h"
#include "pith/Compression/Codebook/Passes.h"
#include "pith/Compression/CodedWeight.h"
#include "pith/Compression/Codec.h"
#include "pith/Compression/WeightStatistics.h"
#include "mlir/IR/Builders.h"
#include "llvm/Support/FormatVariadic.h"

namespace pith {
#define GEN_PASS_DEF_QUANTIZEGPTVQPASS
#include "pith/Compression/Codebook/Passes.h.inc"
} // namespace pith

using namespace mlir;
using namespace pith;

namespace {
class QuantizeGptvqPass final
    : public CheckedPass<pith::impl::QuantizeGptvqPassBase<QuantizeGptvqPass>> {
public:
  using CheckedPass::CheckedPass;

  LogicalResult checkOptions(ErrorHandler error) const override {
    if (bits > 8)
      return error("expected bits from 1 to 8, or 0, found " + llvm::Twine(bits));
    if (maxBits < 1 || maxBits > 8)
      return error("expected max-bits from 1 to 8, found " + llvm::Twine(maxBits));
    if (groupSize != 0 && (groupSize < 16 || groupSize > 256))
      return error("expected a group-size from 16 to 256, or 0, found " +
                   llvm::Twine(groupSize));
    if (!(damping > 0 && damping <= 1))
      return error("expected a damping above 0 and at most 1, found " +
                   llvm::formatv("{0}", double(damping)).str());
    return success();
  }

  void runOnOperation() override {
    WeightSelection selection{getArgumentName(), select, exclude, minElements};
    if (failed(rewriteWeights(getOperation(), selection,
                              [&](const Weight &weight) { return quantize(weight); })))
      signalPassFailure();
  }

private:
  LogicalResult quantize(const Weight &weight);
  Value encode(const Weight &weight, const CodebookFit::Result &fitted, unsigned width);
};
} // namespace

/// Creates the new value beside the old one.
Value QuantizeGptvqPass::encode(const Weight &weight, const CodebookFit::Result &fitted,
                                unsigned width) {
  Operation *old = weight.value.getDefiningOp();
  OpBuilder builder(old->getContext());
  builder.setInsertionPointAfter(old);
  Location loc = old->getLoc();
  Value codes = createConstant(builder, loc, fitted.codes, weight.name);
  Value table = createConstant(builder, loc, fitted.codebook, weight.name + ".codebook");
  Value scale = createConstant(builder, loc, fitted.scale, weight.name + ".scale");
  return CodebookDecodeOp::create(builder, loc, weight.getType(), codes, table, scale,
                                  /*scale_scale=*/Value(), /*axis=*/1, fitted.groupSize,
                                  llvm::formatv("gptvq{0}", width).str());
}

LogicalResult QuantizeGptvqPass::quantize(const Weight &weight) {
  std::string obstacle;
  unsigned width = bits ? unsigned(bits) : unsigned(getChoice(weight, kBitsAttr).value_or(4));
  if (isa<WeightCodecOpInterface>(weight.value.getDefiningOp()))
    obstacle = "the weight is compressed already";
  else if (!isContracted(weight))
    obstacle = "no activation is multiplied with the weight";
  else if (width == 0)
    obstacle = "it was chosen to stay as it is";
  else if (width > maxBits)
    obstacle = llvm::formatv("{0} bits are more than max-bits", width).str();
  if (!obstacle.empty()) {
    keepWeight(weight, getArgumentName(), obstacle);
    return success();
  }
  FailureOr<ActivationStatistics> seen = requireStatistics(weight, getArgumentName());
  float largest;
  FailureOr<HostTensor> floats = decodeFinite(weight, largest);
  if (failed(seen) || failed(floats))
    return failure();
  CodebookFit how{width, groupSize, sweeps, damping};
  std::optional<CodebookFit::Result> fitted = how.fit(*floats, largest, *seen);
  if (!fitted)
    return emitGramError(weight);
  if (fitted->scale.getElementType().isF32())
    remarkWideScales(weight, getArgumentName());
  replaceIfSmaller(weight, encode(weight, *fitted, width), fitted->error,
                   getArgumentName(),
                   "codes, codebook and scales would take no fewer bytes",
                   fitted->outputError);
  return success();
}
