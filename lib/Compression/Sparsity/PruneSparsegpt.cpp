//===- PruneSparsegpt.cpp - pith-prune-sparsegpt --------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Replaces float weights by sparse forms whose elements make up for what is missing.
//
//===----------------------------------------------------------------------===//

#include "ActivationPruning.h"

#include "pith/Compression/CheckedPass.h"
#include "pith/Compression/Sparsity/Passes.h"
#include "pith/Compression/Sparsity/SparseGpt.h"
#include "pith/Dialect/Pith/IR/PithOps.h"

namespace pith {
#define GEN_PASS_DEF_PRUNESPARSEGPTPASS
#include "pith/Compression/Sparsity/Passes.h.inc"
} // namespace pith

using namespace mlir;
using namespace pith;

namespace {
class PruneSparsegptPass final
    : public CheckedPass<pith::impl::PruneSparsegptPassBase<PruneSparsegptPass>> {
public:
  using CheckedPass::CheckedPass;

  LogicalResult checkOptions(ErrorHandler error) const override {
    std::string message = checkSparsity(sparsity, sparsity.hasValue(), pattern, block);
    if (message.empty() && blockSize < 1)
      message = "expected a block-size of 1 or more, found " + std::to_string(blockSize);
    if (message.empty() && !(damping >= 0))
      message = "expected a damping of 0 or more, found " + std::to_string(damping);
    return message.empty() ? success() : error(message);
  }

  void runOnOperation() override;

private:
  LogicalResult prune(const Weight &weight, const SparseGptOptions &options);
};
} // namespace

LogicalResult PruneSparsegptPass::prune(const Weight &weight,
                                        const SparseGptOptions &options) {
  auto input = preparePruning(weight, !select.empty(), getArgumentName());
  if (failed(input) || !*input)
    return success(succeeded(input));
  auto &[seen, floats, mask] = **input;
  int64_t K = seen.getReductionSize(), groups = seen.getGroups();
  HostTensor pruned = floats;
  MutableArrayRef<float> values = pruned.asMutable<float>();
  MutableArrayRef<char> kept = mask.getMutableBytes();
  size_t part = values.size() / groups;
  GramDamping damping;
  damping.fraction = this->damping;
  for (int64_t g = 0; g < groups; ++g) {
    auto factor = GramFactor::compute(
        &getContext(), seen.gram.as<float>().slice(g * K * K, K * K), K, damping);
    if (!factor)
      return emitGramError(weight);
    pruneSparseGpt(&getContext(), *factor, options, values.slice(g * part, part),
                   kept.slice(g * part, part));
  }
  storeSparse(weight, floats, pruned, mask, options.pattern, getArgumentName());
  return success();
}

void PruneSparsegptPass::runOnOperation() {
  WeightSelection selection{getArgumentName(), select, exclude, minElements};
  std::string message;
  SparseGptOptions options;
  options.pattern = *SparsePattern::parse(pattern, block, message);
  options.sparsity = sparsity;
  options.blockSize = blockSize;
  if (failed(rewriteWeights(getOperation(), selection, [&](const Weight &weight) {
        return prune(weight, options);
      })))
    signalPassFailure();
}
