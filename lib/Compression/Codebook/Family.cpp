//===- Family.cpp - The codebook family -----------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Adds the family's ops to the dialect and names its passes and presets.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Codebook/CodebookOps.h"
#include "pith/Compression/Codebook/Passes.h"
#include "pith/Compression/Family.h"

using namespace mlir;
using namespace pith;

static void registerOps(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, PithDialect *dialect) {
    dialect->registerExtensionOps<
#define GET_OP_LIST
#include "pith/Compression/Codebook/CodebookOps.cpp.inc"
        >();
  });
}

namespace pith {
CompressionFamily getCodebookFamily() {
  return {registerOps,
          {[] { return createQuantizeToCodebookPass(); },
           [] { return createQuantizeToVectorsPass(); },
           [] { return createQuantizeGptvqPass(); }},
          {{"nf4", "quantize-to-codebook{codebook=nf bits=4}",
            "NormalFloat of 4 bits in groups of 64"},
           {"fp4", "quantize-to-codebook{codebook=fp4}",
            "floats of 4 bits (e2m1) in groups of 64"},
           {"mxfp4", "quantize-to-codebook{codebook=mxfp4}",
            "OCP MX floats of 4 bits, in groups of 32"},
           {"mxfp8", "quantize-to-codebook{codebook=mxfp8-e4m3}",
            "OCP MX floats of 8 bits (e4m3), in groups of 32"},
           {"ternary", "quantize-to-codebook{codebook=ternary}",
            "-1, 0 and 1 in 2 bits, in groups of 64"},
           {"gptvq", "quantize-gptvq",
            "codebooks learnt by the output's error, 16 values per weight; needs a profile"},
           {"kmeans", "quantize-to-codebook{codebook=kmeans}",
            "learnt values, 16 per weight, in groups of 64"},
           {"vectors", "quantize-to-vectors",
            "learnt vectors of 4 elements, one code of 8 bits each"}}};
}
} // namespace pith
