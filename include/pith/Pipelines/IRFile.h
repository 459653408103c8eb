//===- IRFile.h - Files of IR, aligned for bytecode -------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_PIPELINES_IRFILE_H
#define PITH_PIPELINES_IRFILE_H

#include "llvm/Support/MemoryBuffer.h"

#include <memory>
#include <string>

namespace pith {

/// Opens a file, or the standard input (`-`). The contents begin at a page: weights in
/// bytecode are used where they lie, and state what alignment they need. Null, and
/// why, on failure.
std::unique_ptr<llvm::MemoryBuffer> openIRFile(llvm::StringRef path, std::string &error);

} // namespace pith

#endif // PITH_PIPELINES_IRFILE_H
