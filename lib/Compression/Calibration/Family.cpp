//===- Family.cpp - The calibration family --------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Names the family's passes.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Calibration/Passes.h"
#include "pith/Compression/Family.h"

using namespace mlir;
using namespace pith;

namespace pith {
CompressionFamily getCalibrationFamily() {
  return {nullptr,
          {[] { return createCalibratePass(); }, [] { return createInstrumentModelPass(); },
           [] { return createApplyProfilePass(); }, [] { return createWriteProfilePass(); }},
          {}};
}
} // namespace pith
