//===- PruneChannels.cpp - pith-prune-channels ----------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Removes channels of convolutions and neurons of products; see Pruner.h.
//
//===----------------------------------------------------------------------===//

#include "StructuredOptions.h"

#include "pith/Compression/CheckedPass.h"
#include "pith/Compression/Structured/Passes.h"
#include "pith/Compression/Structured/Pruner.h"
#include "pith/Dialect/Pith/IR/PithOps.h"

namespace pith {
#define GEN_PASS_DEF_PRUNECHANNELSPASS
#include "pith/Compression/Structured/Passes.h.inc"
} // namespace pith

using namespace mlir;
using namespace pith;

namespace {
class PruneChannelsPass final
    : public CheckedPass<pith::impl::PruneChannelsPassBase<PruneChannelsPass>> {
public:
  using CheckedPass::CheckedPass;

  LogicalResult checkOptions(ErrorHandler error) const override {
    if (multipleOf < 1)
      return error("expected multiple-of to be at least 1, found " +
                   llvm::Twine(multipleOf));
    if (steps < 1)
      return error("expected steps to be at least 1, found " + llvm::Twine(steps));
    return checkRatios(ratio, maxRatio, error);
  }

  void runOnOperation() override {
    PruningRequest request{getArgumentName(), "channels", ChannelSeed::Kind::Outputs,
                           select, exclude, minElements};
    request.ratio = ratio;
    request.ofParameters = true;
    request.scope = scope;
    request.importance = importance;
    request.maxRatio = maxRatio;
    request.multipleOf = multipleOf;
    request.fit = fit;
    request.steps = scope == StructuredScope::Global ? int64_t(steps) : 1;
    if (failed(pruneUnits(getOperation(), request)))
      signalPassFailure();
  }
};
} // namespace
