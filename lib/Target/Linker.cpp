//===- Linker.cpp - Linking in process ------------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Linker.h"

#include "lld/Common/Driver.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <mutex>

using namespace pith;

LLD_HAS_DRIVER(elf)

std::string pith::getEmulation(const llvm::Triple &triple) {
  return triple.isAArch64() ? "aarch64linux" : "elf_x86_64";
}

llvm::Error pith::runLinker(llvm::ArrayRef<std::string> arguments) {
  static std::mutex oneAtATime;
  static bool broken = false;
  std::lock_guard<std::mutex> guard(oneAtATime);
  if (broken)
    return llvm::createStringError("internal error: the linker failed before and cannot "
                                   "run again in this process");
  std::vector<const char *> raw = {"ld.lld"};
  for (const std::string &argument : arguments)
    raw.push_back(argument.c_str());
  std::string messages;
  llvm::raw_string_ostream os(messages);
  lld::Result result =
      lld::lldMain(raw, os, os, {{lld::Gnu, &lld::elf::link}});
  broken = !result.canRunAgain;
  if (result.retCode == 0)
    return llvm::Error::success();
  return llvm::createStringError("linking failed:\n" + llvm::StringRef(messages).rtrim());
}
