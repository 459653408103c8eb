//===- QuantizeToVectors.cpp - pith-quantize-to-vectors -------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Replaces float weights by pith.vector_decode of constants; the arithmetic is in
// VectorQuantizer.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/CheckedPass.h"
#include "pith/Compression/Codebook/CodebookOps.h"
#include "pith/Compression/Codebook/Passes.h"
#include "pith/Compression/Codebook/VectorQuantizer.h"
#include "pith/Compression/CodedWeight.h"
#include "pith/Compression/Codec.h"
#include "pith/Compression/WeightStatistics.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"
#include "llvm/Support/MathExtras.h"

namespace pith {
#define GEN_PASS_DEF_QUANTIZETOVECTORSPASS
#include "pith/Compression/Codebook/Passes.h.inc"
} // namespace pith

using namespace mlir;
using namespace pith;

namespace {
class QuantizeToVectorsPass final
    : public CheckedPass<pith::impl::QuantizeToVectorsPassBase<QuantizeToVectorsPass>> {
public:
  using CheckedPass::CheckedPass;

  LogicalResult checkOptions(ErrorHandler error) const override {
    if (vector < 2 || vector > 8)
      return error("expected a vector of 2 to 8 elements, found " + llvm::Twine(vector));
    if (bits != 0 && (bits < 2 || bits > 8))
      return error("expected bits from 2 to 8, or 0, found " + llvm::Twine(bits));
    return success();
  }

  void runOnOperation() override {
    WeightSelection selection{getArgumentName(), select, exclude, minElements};
    if (failed(rewriteWeights(getOperation(), selection,
                              [&](const Weight &weight) { return quantize(weight); })))
      signalPassFailure();
  }

private:
  unsigned chooseBits(const Weight &weight) const;
  LogicalResult quantize(const Weight &weight);
  Value encode(const Weight &weight, const VectorQuantizer::Result &quantized);
};
} // namespace

/// As many as were asked for or chosen per element; else the most whose table takes at
/// most a quarter of what the codes take.
unsigned QuantizeToVectorsPass::chooseBits(const Weight &weight) const {
  if (bits != 0)
    return bits;
  if (std::optional<int64_t> chosen = getChoice(weight, kBitsAttr); chosen && *chosen > 0)
    return std::clamp<int64_t>(*chosen * vector, 2, 8);
  int64_t runs = weight.getType().getNumElements() / int64_t(vector);
  unsigned width = 8;
  while (width > 2 && (int64_t(8) << width) * int64_t(vector) * 4 > runs * width)
    --width;
  return width;
}

/// Creates the new value beside the old one.
Value QuantizeToVectorsPass::encode(const Weight &weight,
                                    const VectorQuantizer::Result &quantized) {
  Operation *old = weight.value.getDefiningOp();
  OpBuilder builder(old->getContext());
  builder.setInsertionPointAfter(old);
  Location loc = old->getLoc();
  Value codes = createConstant(builder, loc, quantized.codes, weight.name);
  Value table = createConstant(builder, loc, quantized.codebook, weight.name + ".codebook");
  Value scale = createConstant(builder, loc, quantized.scale, weight.name + ".scale");
  return VectorDecodeOp::create(builder, loc, weight.getType(), codes, table, scale,
                                weight.getType().getShape(), /*group_size=*/0);
}

LogicalResult QuantizeToVectorsPass::quantize(const Weight &weight) {
  if (auto codec = weight.value.getDefiningOp<WeightCodecOpInterface>()) {
    keepWeight(weight, getArgumentName(), "it is " + codec.getFormatName() + " already");
    return success();
  }
  float largest;
  FailureOr<HostTensor> floats = decodeFinite(weight, largest);
  if (failed(floats))
    return failure();
  std::optional<ActivationStatistics> seen = pith::getStatistics(weight);
  if (seen && (seen->rows == 0 ||
               seen->getReductionSize() != pith::getReductionSize(weight.getType()) ||
               weight.getType().getShape()[0] % seen->getGroups() != 0))
    seen.reset();
  if (seen && failed(checkGram(weight, *seen)))
    return failure();
  VectorQuantizer quantizer{vector, chooseBits(weight), sweeps};
  VectorQuantizer::Result quantized =
      quantizer.quantize(*floats, seen ? &*seen : nullptr);
  double entries = 8.0 * quantized.codebook.getNumElements();
  remark::analysis(weight.getLoc(), remark::RemarkOpts::name("Codebook")
                                        .category(getArgumentName())
                                        .function("main"))
      << remark::add("codes of {0} bits for {1} elements, {2}", quantizer.bits,
                     quantizer.length,
                     seen && seen->gram ? "by the error of outputs"
                     : seen             ? "by the error of weights and magnitudes of inputs"
                                        : "by the error of weights: no profile was given")
      << remark::metric("node", weight.node)
      << remark::metric("table_bits_per_weight",
                        llvm::formatv("{0:f3}", entries / floats->getNumElements()).str());
  replaceIfSmaller(weight, encode(weight, quantized), quantized.error, getArgumentName(),
                   "codes, codebook and scales would take no fewer bytes",
                   quantized.outputError);
  return success();
}
