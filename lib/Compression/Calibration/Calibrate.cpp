//===- Calibrate.cpp - Attaches statistics of activations -----------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// pith-calibrate. How a model is run is behind ModelRunner.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Calibration/Passes.h"
#include "pith/Compression/CheckedPass.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "pith/Profile/ModelRunner.h"

namespace pith {
#define GEN_PASS_DEF_CALIBRATEPASS
#include "pith/Compression/Calibration/Passes.h.inc"
} // namespace pith

using namespace mlir;
using namespace pith;

namespace {
class CalibratePass final
    : public CheckedPass<pith::impl::CalibratePassBase<CalibratePass>> {
public:
  using CheckedPass::CheckedPass;
  LogicalResult checkOptions(ErrorHandler error) const override {
    if (maxGramSize < 0)
      return error("expects max-gram-size of at least 0, found " + Twine(maxGramSize));
    return success();
  }

private:
  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (!samples.empty())
      module->setAttr(kSamplesAttr, StringAttr::get(&getContext(), samples));
    CalibrationOptions options;
    options.gram = gram;
    options.maxGramSize = maxGramSize;
    if (failed(calibrate(module, options)))
      signalPassFailure();
  }
};
} // namespace
