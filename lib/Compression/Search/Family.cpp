//===- Family.cpp - Choosing how to compress ------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Names the family's passes.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Family.h"
#include "pith/Compression/Search/Passes.h"

namespace pith {
CompressionFamily getSearchFamily() {
  return {nullptr,
          {[] { return createMeasureSensitivityPass(); },
           [] { return createChooseBitsPass(); }},
          {}};
}
} // namespace pith
