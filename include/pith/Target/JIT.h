//===- JIT.h - Programs in memory -------------------------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The same object code as in files, linked into this process.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_TARGET_JIT_H
#define PITH_TARGET_JIT_H

#include "pith/Codegen/Program.h"
#include "pith/Runtime/Model.h"
#include "pith/Target/TargetDescription.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/Memory.h"

#include <memory>

namespace pith {

/// A compiled model that can run as long as this object lives.
class LoadedProgram {
public:
  /// `runtime` holds the addresses of the functions that generated code calls
  /// (pith/Runtime/Model.h), which the caller has linked. The program is used up.
  static llvm::Expected<LoadedProgram>
  create(Program &program, const TargetDescription &target, unsigned level,
         const llvm::StringMap<void *> &runtime);

  const pith_model *getModel() const { return model; }

private:
  LoadedProgram() = default;
  llvm::sys::OwningMemoryBlock weights;
  std::unique_ptr<llvm::orc::LLJIT> jit;
  const pith_model *model = nullptr;
};

} // namespace pith

#endif // PITH_TARGET_JIT_H
