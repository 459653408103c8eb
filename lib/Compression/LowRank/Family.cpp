//===- Family.cpp - The low-rank family -----------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Names the family's passes and attaches its interface to the ops of the dialect. It has
// no codec: factors are plain weights.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Family.h"
#include "pith/Compression/LowRank/Passes.h"
#include "pith/Compression/LowRank/WindowFactors.h"
#include "pith/Dialect/Pith/IR/PithOps.h"

using namespace mlir;
using namespace pith;

static void registerOps(DialectRegistry &registry) {
  registry.addExtension(
      +[](MLIRContext *context, PithDialect *) { registerWindowFactors(context); });
}

namespace pith {
CompressionFamily getLowRankFamily() {
  return {registerOps,
          {[] { return createChooseRanksPass(); },
           [] { return createCorrectQuantizationPass(); },
           [] { return createFactorizeJointlyPass(); },
           [] { return createFactorizeWeightsPass(); },
           [] { return createSplitLowRankPass(); }},
          {{"low-rank", "factorize", "truncated singular value decomposition"}}};
}
} // namespace pith
