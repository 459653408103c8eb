//===- Family.cpp - The sparsity family -----------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Defines the family's ops, adds them to the dialect and names its passes.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Family.h"
#include "pith/Compression/Sparsity/Passes.h"
#include "pith/Compression/Sparsity/SparsityOps.h"

using namespace mlir;
using namespace pith;

#define GET_OP_CLASSES
#include "pith/Compression/Sparsity/SparsityOps.cpp.inc"

static void registerOps(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, PithDialect *dialect) {
    dialect->registerExtensionOps<
#define GET_OP_LIST
#include "pith/Compression/Sparsity/SparsityOps.cpp.inc"
        >();
  });
}

namespace pith {
CompressionFamily getSparsityFamily() {
  return {registerOps,
          {[] { return createPruneWeightsPass(); }, [] { return createPruneWandaPass(); },
           [] { return createPruneSparsegptPass(); },
           [] { return createUpdateWeightsPass(); }},
          {}};
}
} // namespace pith
