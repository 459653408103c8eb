//===- ProfileFile.h - Statistics as files ----------------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The format is described in docs/guides/calibration.md: an NPZ file, which numpy
// reads, with a JSON index. Files are not trusted: every size is checked.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_PROFILE_PROFILEFILE_H
#define PITH_PROFILE_PROFILEFILE_H

#include "pith/Profile/ActivationStatistics.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"

#include <string>
#include <vector>

namespace pith {

/// Statistics, and the names of the ops they are of (see ObservationSite).
struct ProfileEntry {
  std::vector<std::string> nodes;
  ActivationStatistics statistics;
};

struct Profile {
  std::vector<ProfileEntry> entries;
};

/// Reads a file; the error names it and says what is wrong.
llvm::Expected<Profile> readProfile(mlir::MLIRContext *context, llvm::StringRef path);
/// Writes a file, whole or not at all.
llvm::Error writeProfile(const Profile &profile, llvm::StringRef path);

/// What the ops of a module carry.
Profile getProfile(mlir::ModuleOp module);
/// Attaches a profile to the ops it names. Emits a diagnostic and fails if it is of
/// another model: an op without entry, an entry without op, or other sizes.
mlir::LogicalResult applyProfile(mlir::ModuleOp module, const Profile &profile);
/// Adds what another profile of the same model saw; the error says what differs.
llvm::Error mergeProfile(Profile &profile, const Profile &other);

} // namespace pith

#endif // PITH_PROFILE_PROFILEFILE_H
