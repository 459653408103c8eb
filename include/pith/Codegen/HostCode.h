//===- HostCode.h - The code that calls the kernels -------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// `main` of an outlined program becomes one function in the LLVM dialect,
//
//     i32 run(ptr instance, ptr inputs, ptr symbols)
//
// (pith_model.run of pith/Runtime/Model.h): it computes sizes, gives every tensor
// a place in the arena (static sizes) or from the runtime's allocator (others),
// and hands the kernels' tasks to the thread pool, one after the other.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_CODEGEN_HOSTCODE_H
#define PITH_CODEGEN_HOSTCODE_H

#include "pith/Codegen/CPU/KernelEmitter.h"
#include "pith/Codegen/OutlineKernels.h"
#include "llvm/ADT/StringMap.h"

#include <string>
#include <vector>

namespace pith {

/// A constant in the program's weights section.
struct PlacedConstant {
  std::vector<char> owned;       ///< packed bytes, or
  std::optional<HostTensor> tensor; ///< the tensor as it is
  int64_t offset = 0;
  llvm::ArrayRef<char> bytes() const {
    return tensor ? tensor->getBytes() : llvm::ArrayRef<char>(owned);
  }
};

struct HostCode {
  std::string runFunction;
  int64_t arenaBytes = 0;
  /// By ascending offset; aligned to 64 bytes.
  std::vector<PlacedConstant> constants;
  int64_t constantBytes = 0; ///< with padding
};

/// Emits `runFunction` into `lowered`, in which all tasks are llvm.funcs already.
/// The weights are read through the symbol `weightsSymbol`.
mlir::FailureOr<HostCode>
emitHostCode(OutlinedProgram &program,
             const llvm::StringMap<KernelPlan> &plans, mlir::ModuleOp lowered,
             llvm::StringRef runFunction, llvm::StringRef weightsSymbol);

} // namespace pith

#endif // PITH_CODEGEN_HOSTCODE_H
