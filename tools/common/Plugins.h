//===- Plugins.h - --plugin -------------------------------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_TOOLS_COMMON_PLUGINS_H
#define PITH_TOOLS_COMMON_PLUGINS_H

#include "mlir/IR/DialectRegistry.h"
#include "llvm/Support/Error.h"

namespace pith {

/// Loads the shared objects that `--plugin` names and registers their passes. Call
/// it once, after the command line is parsed.
llvm::Error loadPlugins();
/// Pith's dialects, and those of the plugins that were loaded.
mlir::DialectRegistry makeToolRegistry();

} // namespace pith

#endif // PITH_TOOLS_COMMON_PLUGINS_H
