//===- Family.cpp - The equalization family -------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Defines the family's op, names its passes and attaches its interface to the ops of the
// dialect. It has no codec: what it changes are plain constants.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Equalization/EqualizationOps.h"
#include "pith/Compression/Equalization/Passes.h"
#include "pith/Compression/Equalization/ScaleFlow.h"
#include "pith/Compression/Family.h"
#include "pith/Dialect/Pith/IR/PithOps.h"

using namespace mlir;
using namespace pith;

#define GET_OP_CLASSES
#include "pith/Compression/Equalization/EqualizationOps.cpp.inc"

static void registerOps(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, PithDialect *dialect) {
    dialect->registerExtensionOps<
#define GET_OP_LIST
#include "pith/Compression/Equalization/EqualizationOps.cpp.inc"
        >();
    registerHadamardKernel(context);
    registerScaleFlow(context);
  });
}

namespace pith {
CompressionFamily getEqualizationFamily() {
  return {registerOps,
          {[] { return createEqualizeLayersPass(); },
           [] { return createRotateActivationsPass(); },
           [] { return createScaleSalientChannelsPass(); },
           [] { return createSmoothActivationsPass(); }},
          {{"awq", "scale-salient-channels,quantize",
            "4 bits in groups of 32, of weights scaled by their activations"}}};
}
} // namespace pith
