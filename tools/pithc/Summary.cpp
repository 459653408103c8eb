//===- Summary.cpp - What was made, for people and as JSON ----------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Driver.h"

#include "pith/Target/OutputFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"

using namespace pith;

static uint64_t getFileBytes(const Options &options) {
  uint64_t bytes = 0;
  if (options.output.empty() || options.output == "-" ||
      llvm::sys::fs::file_size(options.output, bytes))
    return 0;
  return bytes;
}

void pith::printSummary(const Options &options, const Compilation &compilation,
                        const CompressionReport &report) {
  llvm::raw_ostream &os = llvm::errs();
  if (!options.recipe.empty())
    report.print(os);
  else if (report.parameters)
    os << llvm::formatv("weights: {0} parameters, {1:f2} MB (not compressed)\n",
                        report.parameters, report.bytes / 1e6);
  double total = 0;
  os << "time: ";
  for (const StageTime &time : compilation.getTimes()) {
    os << llvm::formatv("{0} {1:f2} s, ", time.name, time.seconds);
    total += time.seconds;
  }
  os << llvm::formatv("in all {0:f2} s\n", total);
  os << makePrintable(options.model);
  if (options.checkOnly)
    os << ": can be compiled";
  else if (options.dryRun)
    os << ": nothing was written";
  else
    os << " -> " << makePrintable(options.output);
  if (uint64_t bytes = options.dryRun || options.checkOnly ? 0 : getFileBytes(options))
    os << llvm::formatv(" ({0:f2} MB)", bytes / 1e6);
  os << ", for " << options.target.cpu << (options.isNative ? " (this machine)" : "")
     << ", -O" << options.level << '\n';
}

llvm::Error pith::writeReport(const Options &options, const Compilation &compilation,
                              const CompressionReport &report) {
  llvm::json::Object seconds;
  for (const StageTime &time : compilation.getTimes())
    seconds[time.name] = time.seconds;
  llvm::json::Object object{
      {"model", llvm::json::fixUTF8(options.model)},
      {"output", llvm::json::fixUTF8(options.output)},
      {"recipe", llvm::json::fixUTF8(options.recipe)},
      {"cpu", options.target.cpu},
      {"target", options.target.triple.str()},
      {"optimization", options.level},
      {"output_bytes", int64_t(getFileBytes(options))},
      {"seconds", std::move(seconds)},
      {"compression", report.toJSON()},
  };
  return writeOutput(options.report, [&](llvm::raw_pwrite_stream &os) {
    os << llvm::formatv("{0:2}\n", llvm::json::Value(std::move(object)));
    return llvm::Error::success();
  });
}
