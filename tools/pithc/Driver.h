//===- Driver.h - What pithc does -------------------------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_TOOLS_PITHC_DRIVER_H
#define PITH_TOOLS_PITHC_DRIVER_H

#include "Options.h"
#include "pith/Compression/Report.h"
#include "pith/Pipelines/Compile.h"

namespace pith {

/// Compiles as the options say; returns the exit code.
int compileModel(const Options &options);

/// Says on the standard error what was made.
void printSummary(const Options &options, const Compilation &compilation,
                  const CompressionReport &report);

/// Writes --report.
llvm::Error writeReport(const Options &options, const Compilation &compilation,
                        const CompressionReport &report);

} // namespace pith

#endif // PITH_TOOLS_PITHC_DRIVER_H
