//===- Linker.h - Linking in process ----------------------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_TARGET_LINKER_H
#define PITH_LIB_TARGET_LINKER_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include "llvm/TargetParser/Triple.h"

#include <string>
#include <vector>

namespace pith {

/// How the C library is linked to a program.
enum class LinkKind { Dynamic, Static, Shared };

/// Arguments in front of and behind the objects of a program or shared library.
struct LinkFrame {
  std::vector<std::string> before, after;
};

/// Finds the C library's start files and libraries. Fails with a message that
/// says where they were looked for and which package brings them.
llvm::Expected<LinkFrame> getLinkFrame(const llvm::Triple &triple, LinkKind kind);

/// lld's name for what it makes, as in `-m`.
std::string getEmulation(const llvm::Triple &triple);

/// Runs lld as `ld.lld arguments…`. One at a time: lld keeps global state.
llvm::Error runLinker(llvm::ArrayRef<std::string> arguments);

} // namespace pith

#endif // PITH_LIB_TARGET_LINKER_H
