//===- Family.cpp - The quantization family -------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Adds the family's ops to the dialect and names its passes.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Family.h"
#include "pith/Compression/Quantization/Passes.h"
#include "pith/Compression/Quantization/QuantizationOps.h"

using namespace mlir;
using namespace pith;

static void registerOps(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, PithDialect *dialect) {
    dialect->registerExtensionOps<
#define GET_OP_LIST
#include "pith/Compression/Quantization/QuantizationOps.cpp.inc"
        >();
  });
}

namespace pith {
CompressionFamily getQuantizationFamily() {
  return {registerOps,
          {[] { return createQuantizeWeightsPass(); },
           [] { return createQuantizeActivationsPass(); }}};
}
} // namespace pith
