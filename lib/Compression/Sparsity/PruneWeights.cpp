//===- PruneWeights.cpp - pith-prune-weights ------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Replaces float weights by sparse forms of their largest elements or blocks.
//
//===----------------------------------------------------------------------===//

#include "PruningMask.h"

#include "pith/Compression/CheckedPass.h"
#include "pith/Compression/Codec.h"
#include "pith/Compression/CodedWeight.h"
#include "pith/Compression/Sparsity/Passes.h"
#include "pith/Dialect/Pith/IR/PithOps.h"

#include <cmath>

namespace pith {
#define GEN_PASS_DEF_PRUNEWEIGHTSPASS
#include "pith/Compression/Sparsity/Passes.h.inc"
} // namespace pith

using namespace mlir;
using namespace pith;

namespace {
/// A weight to prune.
struct Candidate {
  const Weight *weight;
  HostTensor floats;         ///< its value, as f32
  std::vector<float> blocks; ///< scores of its blocks, where blocks are dropped

  ScoreMatrix matrix() const {
    return {floats.as<float>(), floats.getShape().front(),
            getReductionSize(floats.getType())};
  }
  ArrayRef<float> scores() const {
    return blocks.empty() ? floats.as<float>() : ArrayRef<float>(blocks);
  }
};

class PruneWeightsPass final
    : public CheckedPass<pith::impl::PruneWeightsPassBase<PruneWeightsPass>> {
public:
  using CheckedPass::CheckedPass;

  LogicalResult checkOptions(ErrorHandler error) const override;
  void runOnOperation() override;

private:
  FailureOr<std::vector<Candidate>> collect(ArrayRef<Weight> weights,
                                            const SparsePattern &how);
  PruningSchedule getSchedule() const {
    return scope == PruningScope::Global ? PruningSchedule::Global : schedule;
  }
};
} // namespace

LogicalResult PruneWeightsPass::checkOptions(ErrorHandler error) const {
  std::string message = checkSparsity(sparsity, sparsity.hasValue(), pattern, block);
  if (message.empty() && schedule != PruningSchedule::Uniform &&
      scope == PruningScope::Global)
    message = "a schedule says how much of each layer is dropped, which contradicts "
              "scope=global; give one of the two";
  if (message.empty() && getSchedule() != PruningSchedule::Uniform && !pattern.empty())
    message = "pattern " + pattern + " drops the same part of each layer, which "
              "contradicts scope=global and schedules; give one of the two";
  return message.empty() ? success() : error(message);
}

/// The weights that may be pruned, with their values. Fails with a diagnostic if a
/// value is missing or not finite.
FailureOr<std::vector<Candidate>>
PruneWeightsPass::collect(ArrayRef<Weight> weights, const SparsePattern &how) {
  std::vector<Candidate> candidates;
  for (const Weight &weight : weights) {
    std::string obstacle = getPruningObstacle(weight, !select.empty());
    if (!obstacle.empty()) {
      keepWeight(weight, getArgumentName(), obstacle);
      continue;
    }
    float largest;
    FailureOr<HostTensor> floats = decodeFinite(weight, largest);
    if (failed(floats))
      return failure();
    Candidate candidate{&weight, *floats, {}};
    if (how.isBlock())
      candidate.blocks = getBlockScores(candidate.matrix(), how);
    candidates.push_back(std::move(candidate));
  }
  return candidates;
}

void PruneWeightsPass::runOnOperation() {
  WeightSelection selection{getArgumentName(), select, exclude, minElements};
  FailureOr<SmallVector<Weight>> weights = selectWeights(getOperation(), selection);
  if (failed(weights))
    return signalPassFailure();
  std::string message;
  const SparsePattern how = *SparsePattern::parse(pattern, block, message);
  FailureOr<std::vector<Candidate>> candidates = collect(*weights, how);
  if (failed(candidates))
    return signalPassFailure();
  SmallVector<ScheduledLayer> layers;
  for (const Candidate &candidate : *candidates)
    layers.push_back({candidate.scores(), candidate.floats.getShape()});
  std::vector<int64_t> drops = scheduleDrops(getSchedule(), sparsity, layers);
  for (auto [candidate, count] : llvm::zip(*candidates, drops)) {
    ArrayRef<int64_t> shape = candidate.floats.getShape();
    HostTensor mask(RankedTensorType::get(shape, IntegerType::get(&getContext(), 1)));
    if (how.isNm()) {
      keepNm(&getContext(), candidate.matrix(), how, mask.getMutableBytes());
    } else {
      MagnitudeCut cut(candidate.scores(), count);
      keepUncut(candidate.matrix(), candidate.scores(), how, cut, mask.getMutableBytes());
    }
    storeSparse(*candidate.weight, candidate.floats, candidate.floats, mask, how,
                getArgumentName());
  }
}
