//===- WriteProfile.cpp - Statistics to a profile file --------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// pith-write-profile.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Calibration/Passes.h"
#include "pith/Compression/CheckedPass.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "pith/Profile/ProfileFile.h"

namespace pith {
#define GEN_PASS_DEF_WRITEPROFILEPASS
#include "pith/Compression/Calibration/Passes.h.inc"
} // namespace pith

using namespace mlir;
using namespace pith;

namespace {
class WriteProfilePass final
    : public CheckedPass<pith::impl::WriteProfilePassBase<WriteProfilePass>> {
public:
  using CheckedPass::CheckedPass;
  LogicalResult checkOptions(ErrorHandler error) const override {
    return file.empty() ? error("expects a file, as in file=model.profile") : success();
  }

private:
  void runOnOperation() override {
    Profile profile = getProfile(getOperation());
    if (profile.entries.empty()) {
      getOperation().emitError("expects statistics to write, found none; run "
                               "pith-calibrate or pith-apply-profile before");
      return signalPassFailure();
    }
    if (llvm::Error error = writeProfile(profile, file)) {
      emitError(UnknownLoc::get(&getContext())) << llvm::toString(std::move(error));
      signalPassFailure();
    }
  }
};
} // namespace
