//===- ProfileView.h - Profiles for people and scripts ----------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_TOOLS_PITH_PROFILE_PROFILEVIEW_H
#define PITH_TOOLS_PITH_PROFILE_PROFILEVIEW_H

#include "pith/Profile/ProfileFile.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

namespace pith {

/// A line per site.
void printProfile(const Profile &profile, llvm::raw_ostream &os);
llvm::json::Value toJSON(const Profile &profile);

} // namespace pith

#endif // PITH_TOOLS_PITH_PROFILE_PROFILEVIEW_H
