//===- ModelDescription.h - The constant pith_model -------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_CODEGEN_MODELDESCRIPTION_H
#define PITH_LIB_CODEGEN_MODELDESCRIPTION_H

#include "pith/Codegen/Program.h"

namespace pith {

/// Adds the constant `result.modelSymbol` of type `pith_model`
/// (pith/Runtime/Model.h) to `result.module`.
mlir::LogicalResult addModelDescription(OutlinedProgram &program,
                                        const TargetDescription &target,
                                        const ProgramOptions &options,
                                        llvm::StringRef runFunction,
                                        Program &result);

} // namespace pith

#endif // PITH_LIB_CODEGEN_MODELDESCRIPTION_H
