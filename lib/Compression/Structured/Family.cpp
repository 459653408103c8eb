//===- Family.cpp - The family of structured pruning ----------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Attaches the family's op interface to the dialect's ops and names its passes.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Family.h"
#include "pith/Compression/Structured/ChannelFlow.h"
#include "pith/Compression/Structured/Passes.h"
#include "pith/Dialect/Pith/IR/PithOps.h"

using namespace mlir;
using namespace pith;

void pith::registerChannelFlow(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, PithDialect *) {
    registerContractionFlow(context);
    registerMovementFlow(context);
    registerAxisFlow(context);
  });
}

namespace pith {
CompressionFamily getStructuredFamily() {
  return {registerChannelFlow,
          {[] { return createPruneChannelsPass(); }, [] { return createPruneHeadsPass(); },
           [] { return createPruneLayersPass(); },
           [] { return createPruneEmbeddingPass(); }},
          {}};
}
} // namespace pith
