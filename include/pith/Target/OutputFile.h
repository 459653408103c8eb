//===- OutputFile.h - Files that appear whole or not at all -----*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_TARGET_OUTPUTFILE_H
#define PITH_TARGET_OUTPUTFILE_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

#include <string>

namespace pith {

/// A file that is written beside its final place and renamed at the end. Until
/// `commit` an older file of that name stays; without it, or when a signal ends
/// the process, nothing is left.
class OutputFile {
public:
  static llvm::Expected<OutputFile> create(llvm::StringRef path);
  OutputFile(OutputFile &&other);
  OutputFile &operator=(OutputFile &&) = delete;
  ~OutputFile();

  /// Where to write meanwhile: an existing, empty file.
  llvm::StringRef getTemporary() const { return temporary; }
  llvm::Error commit();

private:
  OutputFile(std::string path, std::string temporary)
      : path(std::move(path)), temporary(std::move(temporary)) {}
  std::string path, temporary;
};

/// Writes a file by calling `write`; `-` is the standard output.
llvm::Error writeOutput(llvm::StringRef path,
                        llvm::function_ref<llvm::Error(llvm::raw_pwrite_stream &)> write);

} // namespace pith

#endif // PITH_TARGET_OUTPUTFILE_H
