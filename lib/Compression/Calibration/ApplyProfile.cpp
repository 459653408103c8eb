//===- ApplyProfile.cpp - Statistics from a profile file ------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// pith-apply-profile.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Calibration/Passes.h"
#include "pith/Compression/CheckedPass.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "pith/Profile/ProfileFile.h"

namespace pith {
#define GEN_PASS_DEF_APPLYPROFILEPASS
#include "pith/Compression/Calibration/Passes.h.inc"
} // namespace pith

using namespace mlir;
using namespace pith;

namespace {
class ApplyProfilePass final
    : public CheckedPass<pith::impl::ApplyProfilePassBase<ApplyProfilePass>> {
public:
  using CheckedPass::CheckedPass;
  LogicalResult checkOptions(ErrorHandler error) const override {
    return file.empty() ? error("expects a file, as in file=model.profile") : success();
  }

private:
  void runOnOperation() override {
    auto profile = readProfile(&getContext(), file);
    if (!profile)
      emitError(UnknownLoc::get(&getContext())) << llvm::toString(profile.takeError());
    else if (succeeded(applyProfile(getOperation(), *profile)))
      return;
    signalPassFailure();
  }
};
} // namespace
