//===- PassOptionNames.cpp - Which options a pass has ---------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// MLIR keeps a pass's options in a private member. An explicit instantiation may
// name it all the same, and hands it on to a function that we can call.
//
//===----------------------------------------------------------------------===//

#include "PassOptionNames.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace pith;

namespace {
using OptionsMember = mlir::detail::PassOptions Pass::*;
OptionsMember getOptionsMember();

template <OptionsMember member>
struct Expose {
  friend OptionsMember getOptionsMember() { return member; }
};
template struct Expose<&Pass::passOptions>;

/// Reaches the protected base, which lists the options.
struct OptionAccess : mlir::detail::PassOptions {
  static std::vector<PassOptionName> list(mlir::detail::PassOptions &options) {
    auto &subCommand = static_cast<llvm::cl::SubCommand &>(options);
    std::vector<PassOptionName> names;
    for (auto &[name, option] : subCommand.OptionsMap)
      names.push_back({name.str(), option->HelpStr.str()});
    return names;
  }
};
} // namespace

std::vector<PassOptionName> pith::getPassOptionNames(Pass &pass) {
  std::vector<PassOptionName> names = OptionAccess::list(pass.*getOptionsMember());
  llvm::sort(names, [](const PassOptionName &a, const PassOptionName &b) {
    return a.name < b.name;
  });
  return names;
}
