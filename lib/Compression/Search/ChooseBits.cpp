//===- ChooseBits.cpp - pith-choose-bits ----------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tries all choices on each weight by itself and divides the budget.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/CheckedPass.h"
#include "pith/Compression/Codec.h"
#include "pith/Compression/CodedWeight.h"
#include "pith/Compression/Quantization/QuantizationOps.h"
#include "pith/Compression/Quantization/WeightQuantizer.h"
#include "pith/Compression/Report.h"
#include "pith/Compression/Search/Allocation.h"
#include "pith/Compression/Search/Passes.h"
#include "pith/Compression/WeightStatistics.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"
#include "llvm/Support/FormatVariadic.h"

namespace pith {
#define GEN_PASS_DEF_CHOOSEBITSPASS
#include "pith/Compression/Search/Passes.h.inc"
} // namespace pith

using namespace mlir;
using namespace pith;

/// Stands for a weight as it is.
static constexpr unsigned kAsItIs = 16;

namespace {
class ChooseBitsPass final
    : public CheckedPass<pith::impl::ChooseBitsPassBase<ChooseBitsPass>> {
public:
  using CheckedPass::CheckedPass;

  LogicalResult checkOptions(ErrorHandler error) const override {
    if (!(budget > 0 && budget <= 32))
      return error("expected a budget above 0 and at most 32 bits per parameter, found " +
                   llvm::formatv("{0}", double(budget)).str());
    if (groupSize != 0 && (groupSize < 16 || groupSize > 256))
      return error("expected a group-size from 16 to 256, or 0, found " +
                   Twine(groupSize));
    for (unsigned choice : choices)
      if ((choice < 1 || choice > 8) && choice != kAsItIs)
        return error("expected choices from 1 to 8, or 16, found " + Twine(choice));
    return success();
  }

  void runOnOperation() override {
    if (failed(choose()))
      signalPassFailure();
  }

private:
  LogicalResult choose();
  FailureOr<std::vector<AllocationChoice>> tryAll(const Weight &weight);
  void set(const Weight &weight, unsigned chosen, const AllocationChoice &what);

  std::vector<unsigned> bitsToTry;
};
} // namespace

/// Error of a rewritten weight, as the model's error as far as that is known.
static double getError(const Weight &weight, std::optional<ActivationStatistics> &seen,
                       const HostTensor &original, const HostTensor &rounded) {
  WeightError error;
  if (seen && seen->gram) {
    error = getOutputError(original.getType().getContext(), *seen, original.as<float>(),
                           rounded.as<float>());
  } else {
    for (auto [before, after] :
         llvm::zip_equal(original.as<float>(), rounded.as<float>())) {
      error.signal += double(before) * before;
      error.noise += double(before - after) * double(before - after);
    }
  }
  if (std::optional<double> sensitivity = getSensitivity(weight))
    return *sensitivity * error.noise;
  return error.signal > 0 ? error.noise / error.signal : 0;
}

/// The rounded weight, used by nothing yet.
static Value createDequantize(const Weight &weight,
                              const WeightQuantizer::Result &quantized) {
  OpBuilder builder(weight.value.getContext());
  builder.setInsertionPointAfterValue(weight.value);
  Location loc = weight.value.getLoc();
  Value codes = createConstant(builder, loc, quantized.codes, weight.name), zero;
  Value scale = createConstant(builder, loc, quantized.scale, weight.name + ".scale");
  if (quantized.zeroPoint)
    zero = createConstant(builder, loc, *quantized.zeroPoint, weight.name + ".zero_point");
  return DequantizeOp::create(builder, loc, weight.getType(), codes, scale, zero,
                              /*axis=*/1, quantized.groupSize);
}

FailureOr<std::vector<AllocationChoice>> ChooseBitsPass::tryAll(const Weight &weight) {
  float largest;
  FailureOr<HostTensor> original = decodeFinite(weight, largest);
  if (failed(original))
    return failure();
  std::optional<ActivationStatistics> seen = pith::getStatistics(weight);
  Type f32 = Float32Type::get(&getContext());
  std::vector<AllocationChoice> tried;
  for (unsigned bits : bitsToTry) {
    if (bits == kAsItIs) {
      tried.push_back({getStoredBits(weight.value), 0});
      continue;
    }
    WeightQuantizer quantizer;
    quantizer.group.bits = bits;
    quantizer.group.search = true;
    quantizer.granularity =
        groupSize ? QuantizationGranularity::Group : QuantizationGranularity::Channel;
    quantizer.groupSize = groupSize;
    Value codes = createDequantize(weight, quantizer.quantize(*original, largest));
    FailureOr<HostTensor> rounded = decodeWeight(codes);
    if (failed(rounded))
      return failure();
    tried.push_back({getStoredBits(codes),
                     getError(weight, seen, *original, rounded->converted(f32))});
    eraseStoredValue(codes);
  }
  return tried;
}

void ChooseBitsPass::set(const Weight &weight, unsigned chosen,
                         const AllocationChoice &what) {
  Builder builder(&getContext());
  for (OpOperand *use : weight.uses)
    use->getOwner()->setAttr(
        kBitsAttr, builder.getI64IntegerAttr(chosen == kAsItIs ? 0 : int64_t(chosen)));
  remark::analysis(weight.getLoc(), remark::RemarkOpts::name("Bits")
                                        .category(getArgumentName())
                                        .function("main"))
      << (chosen == kAsItIs ? std::string("as it is") : llvm::formatv("{0} bits", chosen).str())
      << remark::metric("node", weight.node) << remark::metric("tensor", weight.name)
      << remark::metric("stored_bits", llvm::formatv("{0}", what.cost).str())
      << remark::metric("error", llvm::formatv("{0:e3}", what.error).str());
}

LogicalResult ChooseBitsPass::choose() {
  ModuleOp module = getOperation();
  bitsToTry.assign(choices.begin(), choices.end());
  if (bitsToTry.empty())
    bitsToTry = {2, 3, 4, 5, 6, 8};
  WeightSelection selection{getArgumentName(), select, exclude, minElements};
  SmallVector<Weight> weights;
  std::vector<std::vector<AllocationChoice>> layers;
  CompressionReport report = CompressionReport::get(module);
  int64_t others = report.bytes * 8, least = 0;
  if (failed(rewriteWeights(module, selection, [&](const Weight &weight) {
        if (!weight.value.getDefiningOp<ConstantOp>()) {
          remark::missed(weight.getLoc(), remark::RemarkOpts::name("NotChosen")
                                              .category(getArgumentName())
                                              .function("main"))
              << "the weight is compressed already"
              << remark::metric("node", weight.node);
          return LogicalResult(success());
        }
        FailureOr<std::vector<AllocationChoice>> tried = tryAll(weight);
        if (failed(tried))
          return LogicalResult(failure());
        weights.push_back(weight);
        others -= getStoredBits(weight.value);
        auto cheapest = *llvm::min_element(*tried, [](const auto &a, const auto &b) {
          return a.cost < b.cost;
        });
        least += cheapest.cost;
        layers.push_back(std::move(*tried));
        return LogicalResult(success());
      })))
    return failure();
  int64_t total = int64_t(budget * double(report.parameters));
  std::optional<std::vector<size_t>> chosen = allocate(layers, total - others);
  if (!chosen)
    return module.emitError() << getArgumentName() << ": expected a budget of at least "
                              << llvm::formatv("{0:f3}", double(others + least) /
                                                             double(report.parameters))
                                     .str()
                              << " bits per parameter, found "
                              << llvm::formatv("{0:f3}", double(budget)).str();
  for (size_t i = 0; i < weights.size(); ++i)
    set(weights[i], bitsToTry[(*chosen)[i]], layers[i][(*chosen)[i]]);
  return success();
}
