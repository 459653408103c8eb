//===- WeightsSection.h - Constants in ELF files ----------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Weights never pass through LLVM or the linker. An object reserves a section
// without contents; when everything is linked, the bytes are appended to the file
// and the section's header (and the segment's, in a program) is made to point
// there. Pages are then read by the system as they are needed.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_TARGET_WEIGHTSSECTION_H
#define PITH_LIB_TARGET_WEIGHTSSECTION_H

#include "pith/Codegen/Program.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"
#include "llvm/TargetParser/Triple.h"

namespace pith {

/// A relocatable object with one section of `size` bytes without contents, aligned
/// to a page, at whose start the hidden symbol `symbol` is.
llvm::SmallVector<char, 0> makeReservation(llvm::StringRef symbol, uint64_t size,
                                           const llvm::Triple &triple);

/// Gives the reserved section of a linked file (program, shared library or
/// relocatable object) its contents.
llvm::Error fillReservation(llvm::StringRef path,
                            llvm::ArrayRef<PlacedConstant> constants);

} // namespace pith

#endif // PITH_LIB_TARGET_WEIGHTSSECTION_H
