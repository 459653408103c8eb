//===- IRFile.cpp - Files of IR, aligned for bytecode ---------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "pith/Pipelines/IRFile.h"

#include "llvm/Support/Alignment.h"

#include <cstring>

std::unique_ptr<llvm::MemoryBuffer> pith::openIRFile(llvm::StringRef path,
                                                     std::string &error) {
  const llvm::Align kPage(4096);
  auto file = llvm::MemoryBuffer::getFileOrSTDIN(path, /*IsText=*/false,
                                                 /*RequiresNullTerminator=*/true, kPage);
  if (!file) {
    error = "cannot open '" + path.str() + "': " + file.getError().message();
    return nullptr;
  }
  llvm::StringRef text = (*file)->getBuffer();
  // What comes from a pipe lies anywhere.
  if (llvm::isAddrAligned(kPage, text.data()))
    return std::move(*file);
  auto copy = llvm::WritableMemoryBuffer::getNewUninitMemBuffer(
      text.size(), (*file)->getBufferIdentifier(), kPage);
  if (!copy) {
    error = "no memory for '" + path.str() + "'";
    return nullptr;
  }
  std::memcpy(copy->getBufferStart(), text.data(), text.size());
  return copy;
}
