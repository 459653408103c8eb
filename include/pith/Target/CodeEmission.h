//===- CodeEmission.h - LLVM modules to object code -------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Optimizes the LLVM module of a program and compiles it. Big modules are cut
// into parts, which are compiled in parallel; the cut depends on the module alone,
// so the result is the same on every machine.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_TARGET_CODEEMISSION_H
#define PITH_TARGET_CODEEMISSION_H

#include "pith/Codegen/Program.h"
#include "pith/Target/TargetDescription.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

#include <vector>

namespace pith {

using ObjectCode = llvm::SmallVector<char, 0>;

/// Relocatable object files that together define the program, but for its weights.
/// `level` is that of -O. The module is used up.
llvm::Expected<std::vector<ObjectCode>> emitObjects(Program &program,
                                                    const TargetDescription &target,
                                                    unsigned level);

/// The whole program as one assembly file, or as optimized LLVM IR.
llvm::Error emitAssembly(Program &program, const TargetDescription &target,
                         unsigned level, llvm::raw_pwrite_stream &os);
llvm::Error emitLLVM(Program &program, const TargetDescription &target, unsigned level,
                     llvm::raw_pwrite_stream &os);

} // namespace pith

#endif // PITH_TARGET_CODEEMISSION_H
