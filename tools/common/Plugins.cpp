//===- Plugins.cpp - --plugin ---------------------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A plugin may have passes, ops or both: one option loads it all.
//
//===----------------------------------------------------------------------===//

#include "Plugins.h"

#include "pith/Pipelines/Registration.h"
#include "mlir/Tools/Plugins/DialectPlugin.h"
#include "mlir/Tools/Plugins/PassPlugin.h"
#include "llvm/Support/CommandLine.h"

#include <vector>

using namespace pith;

static std::vector<std::string> &getPaths() {
  // Never destroyed: the linker resets all options there are.
  static auto *option = new llvm::cl::list<std::string>(
      "plugin", llvm::cl::desc("A shared object with further passes and codecs"),
      llvm::cl::value_desc("file.so"));
  return *option;
}
/// Makes the option known before the command line is parsed.
[[maybe_unused]] static std::vector<std::string> &paths = getPaths();

static std::vector<mlir::DialectPlugin> &getDialects() {
  static std::vector<mlir::DialectPlugin> dialects;
  return dialects;
}

llvm::Error pith::loadPlugins() {
  for (const std::string &path : getPaths()) {
    llvm::Expected<mlir::PassPlugin> passes = mlir::PassPlugin::load(path);
    llvm::Expected<mlir::DialectPlugin> dialect = mlir::DialectPlugin::load(path);
    if (!passes && !dialect) {
      llvm::consumeError(dialect.takeError());
      return passes.takeError();
    }
    if (passes)
      passes->registerPassRegistryCallbacks();
    else
      llvm::consumeError(passes.takeError());
    if (dialect)
      getDialects().push_back(*dialect);
    else
      llvm::consumeError(dialect.takeError());
  }
  return llvm::Error::success();
}

mlir::DialectRegistry pith::makeToolRegistry() {
  mlir::DialectRegistry registry;
  registerPithDialects(registry);
  for (const mlir::DialectPlugin &dialect : getDialects())
    dialect.registerDialectRegistryCallbacks(registry);
  return registry;
}
