//===- ChooseRanks.cpp - pith-choose-ranks --------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Divides a budget of elements by what singular values say of each weight.
//
//===----------------------------------------------------------------------===//

#include "WeightMetric.h"

#include "pith/Compression/CheckedPass.h"
#include "pith/Compression/Codec.h"
#include "pith/Compression/CodedWeight.h"
#include "pith/Compression/LowRank/LowRank.h"
#include "pith/Compression/Report.h"
#include "pith/Compression/Search/Allocation.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "mlir/IR/Builders.h"
#include "llvm/Support/FormatVariadic.h"

namespace pith {
#define GEN_PASS_DEF_CHOOSERANKSPASS
#include "pith/Compression/LowRank/Passes.h.inc"
} // namespace pith

using namespace mlir;
using namespace pith;

namespace {
/// The forms of one weight: ranks, 0 for the weight as it is, and what they cost.
struct Layer {
  Weight weight;
  StringRef weighting;
  std::vector<int64_t> ranks;
  std::vector<AllocationChoice> choices; ///< costs in bits
};

class ChooseRanksPass final
    : public CheckedPass<pith::impl::ChooseRanksPassBase<ChooseRanksPass>> {
public:
  using CheckedPass::CheckedPass;

  LogicalResult checkOptions(ErrorHandler error) const override;
  void runOnOperation() override {
    if (failed(choose()))
      signalPassFailure();
  }

private:
  LogicalResult choose();
  FailureOr<Layer> examine(const Weight &weight);
  void set(const Layer &layer, size_t chosen);
};
} // namespace

LogicalResult ChooseRanksPass::checkOptions(ErrorHandler error) const {
  auto format = [](double value) { return llvm::formatv("{0}", value).str(); };
  if (ratio.hasValue() && !(ratio > 0 && ratio < 1))
    return error("expected a ratio above 0 and below 1, found " + format(ratio));
  if (bitsPerParameter.hasValue() && !(bitsPerParameter > 0 && bitsPerParameter <= 32))
    return error("expected bits-per-parameter above 0 and at most 32, found " +
                 format(bitsPerParameter));
  if ((ratio > 0) == (bitsPerParameter > 0))
    return error(llvm::Twine("expected one of ratio and bits-per-parameter, found ") +
                 (ratio > 0 ? "both" : "none"));
  if (steps < 1 || steps > 4096)
    return error("expected steps from 1 to 4096, found " + llvm::Twine(steps));
  if (!(leastRatio >= 0 && leastRatio <= 1))
    return error("expected least-ratio from 0 to 1, found " + format(leastRatio));
  if (!(damping >= 0 && damping <= 1))
    return error("expected damping from 0 to 1, found " + format(damping));
  return success();
}

FailureOr<Layer> ChooseRanksPass::examine(const Weight &weight) {
  Layer layer{weight, {}, {}, {}};
  const int64_t rows = weight.getType().getShape().front();
  const int64_t columns = pith::getReductionSize(weight.getType());
  const int64_t bits = weight.getType().getElementTypeBitWidth();
  float largest;
  FailureOr<HostTensor> values = decodeFinite(weight, largest);
  if (failed(values))
    return failure();
  FailureOr<WeightMetric> metric =
      WeightMetric::get(weight, weighting, damping, getArgumentName());
  if (failed(metric))
    return failure();
  layer.weighting = metric->name;
  std::vector<double> squares =
      getSpectrum(&getContext(), values->as<float>(), rows, columns, metric->metric);
  double total = 0;
  for (double square : squares)
    total += square;
  layer.ranks.push_back(0);
  layer.choices.push_back({rows * columns * bits, 0});
  if (squares.empty() || !(total > 0))
    return layer;
  double scale = getSensitivity(weight).value_or(1 / total);
  const int64_t most = (rows * columns - 1) / (rows + columns);
  const auto least = int64_t(std::ceil(leastRatio * rows * columns / (rows + columns)));
  double left = total;
  for (int64_t rank = 1, next = 1; rank <= most; ++rank) {
    left = std::max(0.0, left - squares[rank - 1]);
    // `steps` of them, evenly distributed up to the greatest.
    if (rank < std::max(least, (next * most + steps - 1) / steps))
      continue;
    while ((next * most + steps - 1) / steps <= rank)
      ++next;
    layer.ranks.push_back(rank);
    layer.choices.push_back({rank * (rows + columns) * bits, scale * left});
  }
  return layer;
}

void ChooseRanksPass::set(const Layer &layer, size_t chosen) {
  Builder builder(&getContext());
  int64_t rank = layer.ranks[chosen];
  for (OpOperand *use : layer.weight.uses)
    use->getOwner()->setAttr(kRankAttr, builder.getI64IntegerAttr(rank));
  remark::analysis(layer.weight.getLoc(), remark::RemarkOpts::name("Rank")
                                              .category(getArgumentName())
                                              .function("main"))
      << (rank == 0 ? std::string("as it is") : llvm::formatv("rank {0}", rank).str())
      << remark::metric("node", layer.weight.node)
      << remark::metric("tensor", layer.weight.name)
      << remark::metric("part", llvm::formatv("{0:f3}", double(layer.choices[chosen].cost) /
                                                            layer.choices[0].cost).str())
      << remark::metric("weighting", layer.weighting)
      << remark::metric("error", llvm::formatv("{0:e3}", layer.choices[chosen].error).str());
}

LogicalResult ChooseRanksPass::choose() {
  ModuleOp module = getOperation();
  WeightSelection selection{getArgumentName(), select, exclude, minElements};
  std::vector<Layer> layers;
  if (failed(rewriteWeights(module, selection, [&](const Weight &weight) {
        if (!weight.value.getDefiningOp<ConstantOp>()) {
          remark::missed(weight.getLoc(), remark::RemarkOpts::name("NotChosen")
                                              .category(getArgumentName())
                                              .function("main"))
              << "the weight is compressed already"
              << remark::metric("node", weight.node);
          return LogicalResult(success());
        }
        FailureOr<Layer> layer = examine(weight);
        if (failed(layer))
          return LogicalResult(failure());
        layers.push_back(std::move(*layer));
        return LogicalResult(success());
      })))
    return failure();
  std::vector<std::vector<AllocationChoice>> choices;
  int64_t whole = 0, least = 0;
  for (const Layer &layer : layers) {
    choices.push_back(layer.choices);
    whole += layer.choices[0].cost;
    least += llvm::min_element(layer.choices, [](const auto &a, const auto &b) {
               return a.cost < b.cost;
             })->cost;
  }
  CompressionReport report = CompressionReport::get(module);
  int64_t others = bitsPerParameter > 0 ? report.bytes * 8 - whole : 0;
  int64_t budget = bitsPerParameter > 0
                       ? int64_t(bitsPerParameter * double(report.parameters)) - others
                       : int64_t(ratio * double(whole));
  std::optional<std::vector<size_t>> chosen = allocate(choices, budget);
  if (!chosen && ratio > 0)
    return module.emitError() << getArgumentName() << ": expected a ratio of at least "
                              << llvm::formatv("{0:f3}", double(least) / whole).str()
                              << ", found " << llvm::formatv("{0:f3}", double(ratio)).str();
  if (!chosen)
    return module.emitError()
           << getArgumentName() << ": expected at least "
           << llvm::formatv("{0:f3}", double(others + least) / double(report.parameters))
                  .str()
           << " bits per parameter, found "
           << llvm::formatv("{0:f3}", double(bitsPerParameter)).str();
  for (size_t i = 0; i < layers.size(); ++i)
    set(layers[i], (*chosen)[i]);
  return success();
}
