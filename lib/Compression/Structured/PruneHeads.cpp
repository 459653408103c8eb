//===- PruneHeads.cpp - pith-prune-heads ----------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Removes heads of attention with their keys and values; see Pruner.h.
//
//===----------------------------------------------------------------------===//

#include "StructuredOptions.h"

#include "pith/Compression/CheckedPass.h"
#include "pith/Compression/Structured/Passes.h"
#include "pith/Compression/Structured/Pruner.h"
#include "pith/Dialect/Pith/IR/PithOps.h"

namespace pith {
#define GEN_PASS_DEF_PRUNEHEADSPASS
#include "pith/Compression/Structured/Passes.h.inc"
} // namespace pith

using namespace mlir;
using namespace pith;

namespace {
class PruneHeadsPass final
    : public CheckedPass<pith::impl::PruneHeadsPassBase<PruneHeadsPass>> {
public:
  using CheckedPass::CheckedPass;

  LogicalResult checkOptions(ErrorHandler error) const override {
    return checkRatios(ratio, maxRatio, error);
  }

  void runOnOperation() override {
    PruningRequest request{getArgumentName(), "heads", ChannelSeed::Kind::Heads,
                           select, exclude, minElements};
    request.ratio = ratio;
    request.ofParameters = false;
    request.scope = scope;
    request.importance = importance;
    request.maxRatio = maxRatio;
    request.fit = fit;
    if (failed(pruneUnits(getOperation(), request)))
      signalPassFailure();
  }
};
} // namespace
