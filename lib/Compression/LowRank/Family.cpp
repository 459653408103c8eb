//===- Family.cpp - The low-rank family -----------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Names the family's passes. It has no codec: factors are plain weights.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Family.h"
#include "pith/Compression/LowRank/Passes.h"

using namespace pith;

namespace pith {
CompressionFamily getLowRankFamily() {
  return {nullptr,
          {[] { return createFactorizeWeightsPass(); },
           [] { return createCorrectQuantizationPass(); }},
          {{"low-rank", "factorize", "truncated singular value decomposition"}}};
}
} // namespace pith
