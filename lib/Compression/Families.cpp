//===- Families.cpp - All compression families ----------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Collects the families of CompressionFamilies.def, which the build writes: one
// line per folder.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Compression.h"
#include "pith/Compression/Passes.h"

using namespace mlir;
using namespace pith;

namespace pith {
#define PITH_COMPRESSION_FAMILY(name) CompressionFamily get##name##Family();
#include "CompressionFamilies.def"
#undef PITH_COMPRESSION_FAMILY
} // namespace pith

std::vector<CompressionFamily> pith::getCompressionFamilies() {
  return {
#define PITH_COMPRESSION_FAMILY(name) get##name##Family(),
#include "CompressionFamilies.def"
#undef PITH_COMPRESSION_FAMILY
  };
}

void pith::registerCompressionFamilies(DialectRegistry &registry) {
  for (const CompressionFamily &family : getCompressionFamilies())
    if (family.registerOps)
      family.registerOps(registry);
}

void pith::registerCompressionPasses() {
  for (const CompressionFamily &family : getCompressionFamilies())
    for (const PassAllocatorFunction &pass : family.passes)
      registerPass(pass);
  registerPass([] { return createCountParametersPass(); });
  registerPass([] { return createReleaseConstantsPass(); });
}
