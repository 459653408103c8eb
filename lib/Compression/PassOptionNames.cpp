//===- PassOptionNames.cpp - Which options a pass has ---------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reaches protected members through pointers to members named in derived classes.
//
//===----------------------------------------------------------------------===//

#include "PassOptionNames.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace pith;

namespace {
struct OptionAccess : mlir::detail::PassOptions {
  static std::vector<PassOptionName> list(mlir::detail::PassOptions &options) {
    auto &subCommand = static_cast<llvm::cl::SubCommand &>(options);
    std::vector<PassOptionName> names;
    for (auto &entry : subCommand.OptionsMap)
      names.push_back({entry.getKey().str(), entry.getValue()->HelpStr.str()});
    return names;
  }
};

struct PassAccess : Pass {
  static mlir::detail::PassOptions &options(Pass &pass) {
    return pass.*(&PassAccess::passOptions);
  }
};
} // namespace

std::vector<PassOptionName> pith::getPassOptionNames(Pass &pass) {
  std::vector<PassOptionName> names = OptionAccess::list(PassAccess::options(pass));
  llvm::sort(names, [](const PassOptionName &a, const PassOptionName &b) {
    return a.name < b.name;
  });
  return names;
}
