//===- PruneWanda.cpp - pith-prune-wanda ----------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Replaces float weights by sparse forms of the elements that count most in outputs.
//
//===----------------------------------------------------------------------===//

#include "ActivationPruning.h"
#include "PruningMask.h"

#include "pith/Compression/CheckedPass.h"
#include "pith/Compression/Sparsity/Passes.h"
#include "pith/Dialect/Pith/IR/PithOps.h"

#include <cmath>

namespace pith {
#define GEN_PASS_DEF_PRUNEWANDAPASS
#include "pith/Compression/Sparsity/Passes.h.inc"
} // namespace pith

using namespace mlir;
using namespace pith;

namespace {
class PruneWandaPass final
    : public CheckedPass<pith::impl::PruneWandaPassBase<PruneWandaPass>> {
public:
  using CheckedPass::CheckedPass;

  LogicalResult checkOptions(ErrorHandler error) const override {
    std::string message = checkSparsity(sparsity, sparsity.hasValue(), pattern, block);
    if (message.empty() && !pattern.empty() && compare == ComparisonGroup::Layer)
      message = "pattern " + pattern + " compares elements of one output, which "
                "contradicts compare=layer; give one of the two";
    return message.empty() ? success() : error(message);
  }

  void runOnOperation() override;

private:
  LogicalResult prune(const Weight &weight, const SparsePattern &how);
};
} // namespace

/// |w[o, k]| · √G[k, k].
static std::vector<float> getScores(ArrayRef<float> weights,
                                    const ActivationStatistics &seen) {
  int64_t K = seen.getReductionSize(), outputs = int64_t(weights.size()) / K;
  int64_t perGroup = std::max<int64_t>(outputs / seen.getGroups(), 1);
  std::vector<float> scores(weights.size());
  for (int64_t o = 0; o < outputs; ++o)
    for (int64_t k = 0; k < K; ++k)
      scores[o * K + k] = float(std::fabs(weights[o * K + k]) *
                                std::sqrt(std::max(0.0, seen.getSquareSum(o / perGroup, k))));
  return scores;
}

/// Keeps those of greatest score of every `outputs` outputs.
static void keepGreatest(ScoreMatrix matrix, double sparsity, const SparsePattern &how,
                         int64_t outputs, MutableArrayRef<char> mask) {
  int64_t K = matrix.reduction, r = outputs;
  for (int64_t o = 0; o < matrix.outputs; o += r) {
    int64_t rows = std::min(r, matrix.outputs - o);
    ScoreMatrix own{matrix.scores.slice(o * K, rows * K), rows, K};
    std::vector<float> scores = getBlockScores(own, how);
    MagnitudeCut cut(ArrayRef<float>(scores),
                     int64_t(std::floor(sparsity * double(scores.size()))));
    keepUncut(own, scores, how, cut, mask.slice(o * K, rows * K));
  }
}

LogicalResult PruneWandaPass::prune(const Weight &weight, const SparsePattern &how) {
  auto input = preparePruning(weight, !select.empty(), getArgumentName());
  if (failed(input) || !*input)
    return success(succeeded(input));
  auto &[seen, floats, mask] = **input;
  std::vector<float> scores = getScores(floats.as<float>(), seen);
  ScoreMatrix matrix{scores, floats.getShape().front(), seen.getReductionSize()};
  if (how.isNm())
    keepNm(&getContext(), matrix, how, mask.getMutableBytes());
  else
    keepGreatest(matrix, sparsity, how,
                 compare == ComparisonGroup::Layer ? matrix.outputs : how.blockOutputs,
                 mask.getMutableBytes());
  storeSparse(weight, floats, floats, mask, how, getArgumentName());
  return success();
}

void PruneWandaPass::runOnOperation() {
  WeightSelection selection{getArgumentName(), select, exclude, minElements};
  std::string message;
  const SparsePattern how = *SparsePattern::parse(pattern, block, message);
  if (failed(rewriteWeights(getOperation(), selection,
                            [&](const Weight &weight) { return prune(weight, how); })))
    signalPassFailure();
}
