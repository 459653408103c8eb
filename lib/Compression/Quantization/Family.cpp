//===- Family.cpp - The quantization family -------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Adds the family's ops to the dialect and names its passes and presets.
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
           [] { return createQuantizeGptqPass(); },
           [] { return createQuantizeHqqPass(); },
           [] { return createLearnRoundingPass(); },
           [] { return createCorrectBiasPass(); },
           [] { return createQuantizeActivationsPass(); },
           [] { return createRoundFloatsPass(); }},
          {{"int8", "quantize{bits=8 granularity=per-channel}",
            "weights of 8 bits, one scale per output"},
           {"int4", "quantize{bits=4 group-size=32}", "weights of 4 bits in groups of 32"},
           {"int3", "quantize{bits=3 group-size=32}", "weights of 3 bits in groups of 32"},
           {"int2", "quantize{bits=2 group-size=32}", "weights of 2 bits in groups of 32"},
           {"gptq", "quantize-gptq{bits=4 group-size=32}",
            "weights of 4 bits in groups of 32, by output error; needs a profile"},
           {"w8a8", "quantize{bits=8 granularity=per-channel},quantize-activations",
            "int8 and activations of 8 bits, static where there is a profile, else dynamic per row"},
           {"w4a8", "quantize{bits=4 group-size=32},quantize-activations",
            "int4 and activations of 8 bits, static where there is a profile, else dynamic per row and group"}}};
}
} // namespace pith
