//===- Header.h - C headers of compiled models ------------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_TARGET_HEADER_H
#define PITH_LIB_TARGET_HEADER_H

#include "pith/Codegen/Program.h"
#include "llvm/Support/Error.h"

namespace pith {

/// Adds `const pith_model *PREFIX_get(void)`, which is visible outside.
void addAccessor(Program &program);
/// Adds what the runtime's `main` looks for.
void addMainModel(Program &program);

/// Writes the header that declares the accessor.
llvm::Error writeHeader(const Program &program, llvm::StringRef path);

} // namespace pith

#endif // PITH_LIB_TARGET_HEADER_H
