//===- OutputFile.cpp - Files that appear whole or not at all -------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "pith/Target/OutputFile.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Signals.h"

using namespace pith;

static llvm::Error cannotWrite(llvm::StringRef path, llvm::StringRef reason) {
  return llvm::createStringError("cannot write '" + path + "': " + reason);
}

llvm::Expected<OutputFile> OutputFile::create(llvm::StringRef path) {
  llvm::sys::fs::file_status status;
  if (!llvm::sys::fs::status(path, status) && llvm::sys::fs::exists(status) &&
      !llvm::sys::fs::is_regular_file(status))
    return cannotWrite(path, "it exists and is not a regular file");
  int descriptor = -1;
  llvm::SmallString<128> temporary;
  if (std::error_code error = llvm::sys::fs::createUniqueFile(
          path + ".tmp-%%%%%%%%", descriptor, temporary, llvm::sys::fs::OF_None,
          llvm::sys::fs::all_read | llvm::sys::fs::owner_write))
    return cannotWrite(path, error.message());
  llvm::sys::Process::SafelyCloseFileDescriptor(descriptor);
  llvm::sys::RemoveFileOnSignal(temporary);
  return OutputFile(path.str(), temporary.str().str());
}

OutputFile::OutputFile(OutputFile &&other)
    : path(std::move(other.path)), temporary(std::move(other.temporary)) {
  other.temporary.clear();
}

OutputFile::~OutputFile() {
  if (temporary.empty())
    return;
  llvm::sys::fs::remove(temporary);
  llvm::sys::DontRemoveFileOnSignal(temporary);
}

llvm::Error OutputFile::commit() {
  if (std::error_code error = llvm::sys::fs::rename(temporary, path))
    return cannotWrite(path, error.message());
  llvm::sys::DontRemoveFileOnSignal(temporary);
  temporary.clear();
  return llvm::Error::success();
}

llvm::Error pith::writeOutput(
    llvm::StringRef path,
    llvm::function_ref<llvm::Error(llvm::raw_pwrite_stream &)> write) {
  if (path == "-") {
    llvm::SmallVector<char, 0> buffer;
    llvm::raw_svector_ostream os(buffer);
    if (llvm::Error error = write(os))
      return error;
    llvm::outs().write(buffer.data(), buffer.size());
    llvm::outs().flush();
    if (std::error_code error = llvm::outs().error()) {
      llvm::outs().clear_error(); // or it is a fatal one at exit
      return llvm::createStringError("cannot write to the standard output: " +
                                     error.message());
    }
    return llvm::Error::success();
  }
  auto file = OutputFile::create(path);
  if (!file)
    return file.takeError();
  std::error_code error;
  llvm::raw_fd_ostream os(file->getTemporary(), error);
  if (error)
    return cannotWrite(path, error.message());
  if (llvm::Error written = write(os))
    return written;
  os.close();
  if (os.has_error()) {
    error = os.error();
    os.clear_error();
    return cannotWrite(path, error.message());
  }
  return file->commit();
}
