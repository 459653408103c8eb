//===- Family.cpp - The equalization family -------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Names the family's passes and attaches its interface to the ops of the dialect. It has
// no codec: what it changes are plain constants.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Equalization/Passes.h"
#include "pith/Compression/Equalization/ScaleFlow.h"
#include "pith/Compression/Family.h"
#include "pith/Dialect/Pith/IR/PithOps.h"

using namespace mlir;
using namespace pith;

static void registerOps(DialectRegistry &registry) {
  registry.addExtension(
      +[](MLIRContext *context, PithDialect *) { registerScaleFlow(context); });
}

namespace pith {
CompressionFamily getEqualizationFamily() {
  return {registerOps,
          {[] { return createEqualizeLayersPass(); },
           [] { return createScaleSalientChannelsPass(); },
           [] { return createSmoothActivationsPass(); }},
          {{"awq", "scale-salient-channels,quantize",
            "4 bits in groups of 32, of weights scaled by their activations"}}};
}
} // namespace pith
