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
#include "pith/Compression/Codebook/CodebookFit.h"
#include "pith/Compression/Codec.h"
#include "pith/Compression/CodedWeight.h"
#include "pith/Compression/Quantization/OutputQuantizer.h"
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
/// A weight for which numbers of bits are tried.
struct Candidate {
  const Weight *weight;
  HostTensor original;
  float largest = 0;
  std::optional<ActivationStatistics> seen;

  /// The model's error, as far as its sensitivity is known.
  double getError(WeightError error) const;
  double getError(const HostTensor &rounded) const;
};

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
    if (codebookBits > 8)
      return error("expected codebook-bits from 0 to 8, found " + Twine(codebookBits));
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
  AllocationChoice tryBits(const Candidate &candidate, unsigned bits);
  AllocationChoice tryNearest(const Candidate &candidate,
                              const WeightQuantizer &quantizer);
  void set(const Weight &weight, unsigned chosen, const AllocationChoice &what);

  std::vector<unsigned> bitsToTry;
};
} // namespace

double Candidate::getError(WeightError error) const {
  if (std::optional<double> sensitivity = getSensitivity(*weight))
    return *sensitivity * error.noise;
  return error.signal > 0 ? error.noise / error.signal : 0;
}

double Candidate::getError(const HostTensor &rounded) const {
  if (seen && seen->gram)
    return getError(getOutputError(original.getType().getContext(), *seen,
                                   original.as<float>(), rounded.as<float>()));
  WeightError error;
  for (auto [before, after] : llvm::zip_equal(original.as<float>(), rounded.as<float>())) {
    error.signal += double(before) * before;
    error.noise += double(before - after) * double(before - after);
  }
  return getError(error);
}

/// Bits of all tensors together.
static int64_t countBits(std::initializer_list<const HostTensor *> tensors) {
  int64_t bits = 0;
  for (const HostTensor *tensor : tensors)
    if (*tensor)
      bits += tensor->getNumElements() * pith::getStorageBits(tensor->getElementType());
  return bits;
}

AllocationChoice ChooseBitsPass::tryNearest(const Candidate &candidate,
                                            const WeightQuantizer &quantizer) {
  Value codes = createDequantize(
      *candidate.weight, quantizer.quantize(candidate.original, candidate.largest),
      getArgumentName());
  AllocationChoice choice{getStoredBits(codes), 0};
  if (FailureOr<HostTensor> rounded = decodeWeight(codes); succeeded(rounded))
    choice.error = candidate.getError(rounded->converted(candidate.original.getElementType()));
  eraseStoredValue(codes);
  return choice;
}

/// What a weight becomes with `bits` bits, by the method that will be used.
AllocationChoice ChooseBitsPass::tryBits(const Candidate &candidate, unsigned bits) {
  WeightQuantizer quantizer;
  quantizer.group.bits = bits;
  quantizer.group.search = true;
  quantizer.granularity =
      groupSize ? QuantizationGranularity::Group : QuantizationGranularity::Channel;
  quantizer.groupSize = groupSize;
  bool hasGram = candidate.seen && candidate.seen->gram;
  if (method == CodingMethod::Nearest || !hasGram)
    return tryNearest(candidate, quantizer);
  if (method == CodingMethod::Gptvq && bits <= codebookBits) {
    CodebookFit fit;
    fit.bits = bits;
    fit.groupSize = groupSize;
    if (auto fitted = fit.fit(candidate.original, candidate.largest, *candidate.seen))
      return {countBits({&fitted->codes, &fitted->codebook, &fitted->scale}),
              candidate.getError(fitted->outputError)};
  }
  OutputQuantizer output;
  output.how = quantizer;
  if (auto rounded = output.quantize(candidate.original, candidate.largest, *candidate.seen))
    return {countBits({&rounded->weight.codes, &rounded->weight.scale}),
            candidate.getError(rounded->output)};
  return tryNearest(candidate, quantizer);
}

FailureOr<std::vector<AllocationChoice>> ChooseBitsPass::tryAll(const Weight &weight) {
  Candidate candidate;
  candidate.weight = &weight;
  FailureOr<HostTensor> original = decodeFinite(weight, candidate.largest);
  if (failed(original))
    return failure();
  candidate.original = std::move(*original);
  candidate.seen = pith::getStatistics(weight);
  if (candidate.seen && failed(checkGram(weight, *candidate.seen)))
    return failure();
  std::vector<AllocationChoice> tried;
  for (unsigned bits : bitsToTry)
    tried.push_back(bits == kAsItIs
                        ? AllocationChoice{getStoredBits(weight.value), 0}
                        : tryBits(candidate, bits));
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
