//===- FactorizeWeights.cpp - pith-factorize-weights ----------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Replaces ops by two ops with the factors of their weight.
//
//===----------------------------------------------------------------------===//

#include "FactorRewriter.h"

#include "pith/Compression/CheckedPass.h"
#include "pith/Compression/CodedWeight.h"
#include "pith/Compression/Codec.h"
#include "pith/Compression/LowRank/LowRank.h"
#include "pith/Compression/LowRank/Passes.h"
#include "pith/Compression/Weights.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "mlir/IR/Remarks.h"
#include "llvm/Support/FormatVariadic.h"

namespace pith {
#define GEN_PASS_DEF_FACTORIZEWEIGHTSPASS
#include "pith/Compression/LowRank/Passes.h.inc"
} // namespace pith

using namespace mlir;
using namespace pith;

namespace {
class FactorizeWeightsPass final
    : public CheckedPass<pith::impl::FactorizeWeightsPassBase<FactorizeWeightsPass>> {
public:
  using CheckedPass::CheckedPass;

  LogicalResult checkOptions(ErrorHandler error) const override {
    if (rank < 0)
      return error("expected a rank of at least 1, found " + llvm::Twine(rank));
    for (auto [name, value] : {std::pair("energy", double(energy)),
                               std::pair("ratio", double(ratio))})
      if (!(value >= 0 && value < 1))
        return error(llvm::formatv("expected {0} between 0 and 1, found {1}", name,
                                   value).str());
    if ((rank > 0) + (energy > 0) + (ratio > 0) > 1)
      return error("expected one of rank, energy and ratio, found more");
    return success();
  }

  void runOnOperation() override {
    WeightSelection selection{getArgumentName(), select, exclude, minElements};
    if (failed(rewriteWeights(getOperation(), selection,
                              [&](const Weight &weight) { return factorize(weight); })))
      signalPassFailure();
  }

private:
  LogicalResult factorize(const Weight &weight);
  LowRankTarget getTarget(int64_t rows, int64_t columns) const;
  void replace(const Weight &weight, const LowRankFactors &factors);
};
} // namespace

/// The greatest rank at which factors have fewer elements than the matrix.
static int64_t getGreatestRank(int64_t rows, int64_t columns) {
  return (rows * columns - 1) / (rows + columns);
}

LowRankTarget FactorizeWeightsPass::getTarget(int64_t rows, int64_t columns) const {
  constexpr double kDefaultEnergy = 0.95;
  LowRankTarget target;
  target.maxRank = getGreatestRank(rows, columns);
  target.rank = rank;
  if (ratio > 0)
    target.rank = int64_t(ratio * rows * columns / (rows + columns));
  if (rank == 0 && ratio == 0)
    target.energy = energy > 0 ? double(energy) : kDefaultEnergy;
  return target;
}

LogicalResult FactorizeWeightsPass::factorize(const Weight &weight) {
  if (weight.value.getDefiningOp<WeightCodecOpInterface>()) {
    keepWeight(weight, getArgumentName(),
               "it is " + getFormatName(weight.value) + " already; factorize first");
    return success();
  }
  int64_t rows = weight.getType().getShape().front();
  int64_t columns = getReductionSize(weight.getType());
  LowRankTarget target = getTarget(rows, columns);
  if (target.energy == 0 && (target.rank < 1 || target.rank > target.maxRank)) {
    keepWeight(weight, getArgumentName(),
               "rank " + llvm::Twine(target.rank) + " of " + llvm::Twine(rows) +
                   " x " + llvm::Twine(columns) +
                   (target.rank < 1 ? " is no rank" : " would take no fewer bytes"));
    return success();
  }
  float largest;
  FailureOr<HostTensor> floats = decodeFinite(weight, largest);
  if (failed(floats))
    return failure();
  if (largest == 0) {
    keepWeight(weight, getArgumentName(), "all of it is zero");
    return success();
  }
  std::optional<LowRankFactors> factors =
      approximateLowRank(&getContext(), floats->as<float>(), rows, columns, target);
  if (!factors) {
    keepWeight(weight, getArgumentName(),
               llvm::formatv("no rank up to {0} keeps {1} of the energy",
                             target.maxRank, target.energy).str());
    return success();
  }
  replace(weight, *factors);
  return success();
}

void FactorizeWeightsPass::replace(const Weight &weight,
                                   const LowRankFactors &factors) {
  FactorRewriter rewriter(weight, factors, "");
  std::optional<SmallVector<Value>> results = rewriter.rewriteUses(/*residual=*/false);
  if (!results)
    return keepWeight(weight, getArgumentName(), "an op that uses it does not factorize");
  double decibels = toDecibels({factors.signal, factors.noise});
  remark::passed(weight.getLoc(), remark::RemarkOpts::name("Factorized")
                                      .category(getArgumentName())
                                      .function("main"))
      << remark::add("rank {0}", factors.rank)
      << remark::metric("node", weight.node) << remark::metric("tensor", weight.name)
      << remark::metric("sqnr_db", llvm::formatv("{0:f2}", decibels).str())
      << remark::metric("elements_before", weight.getType().getNumElements())
      << remark::metric("elements_after",
                        int64_t(factors.a.size() + factors.b.size()));

  // Each factor answers for its part of the original bytes.
  int64_t bytes = WeightHistory::get(weight.value).originalBytes;
  int64_t all = factors.a.size() + factors.b.size();
  int64_t left = bytes, count = rewriter.getConstants().size();
  for (auto [index, constant] : llvm::enumerate(rewriter.getConstants())) {
    auto type = cast<RankedTensorType>(constant->getResult(0).getType());
    int64_t share = bytes * type.getNumElements() / all;
    if (int64_t(index) == count - 1)
      share = left;
    left -= share;
    WeightHistory{decibels, share, nullptr}.set(constant);
  }
  Value old = weight.value;
  for (auto [use, result] : llvm::zip_equal(weight.uses, *results)) {
    Operation *op = use->getOwner();
    op->getResult(0).replaceAllUsesWith(result);
    op->erase();
  }
  eraseStoredValue(old);
}
