//===- InstrumentModel.cpp - Adds observers of activations ----------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// pith-instrument-model.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Calibration/Passes.h"
#include "pith/Compression/CheckedPass.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "pith/Profile/Instrument.h"
#include "pith/Profile/ProfileOps.h"

namespace pith {
#define GEN_PASS_DEF_INSTRUMENTMODELPASS
#include "pith/Compression/Calibration/Passes.h.inc"
} // namespace pith

using namespace mlir;
using namespace pith;

namespace {
class InstrumentModelPass final
    : public CheckedPass<pith::impl::InstrumentModelPassBase<InstrumentModelPass>> {
public:
  using CheckedPass::CheckedPass;
  LogicalResult checkOptions(ErrorHandler error) const override {
    if (maxGramSize < 0)
      return error("expects max-gram-size of at least 0, found " + Twine(maxGramSize));
    return success();
  }

private:
  void runOnOperation() override {
    CalibrationOptions options;
    options.gram = gram;
    options.maxGramSize = maxGramSize;
    addObservers(findSites(getOperation(), options));
  }
};
} // namespace
