//===- JitModel.h - Compiling and running IR inside a test ------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From simplified IR to results, in one process: kernels are generated for a
// processor, compiled by LLVM's JIT, and run by the runtime that programs link.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_UNITTESTS_CODEGEN_JITMODEL_H
#define PITH_UNITTESTS_CODEGEN_JITMODEL_H

#include "pith/Codegen/Program.h"
#include "pith/Runtime/pith.h"
#include "pith/Support/HostTensor.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"

namespace pith {

class JitModel {
public:
  /// Compiles `main` of `module` for `cpu`. Null if that fails, after diagnostics
  /// or a message on standard error.
  static std::unique_ptr<JitModel> compile(mlir::ModuleOp module,
                                           llvm::StringRef cpu = "native",
                                           int threads = 2);
  ~JitModel();

  /// Runs on inputs in the order of `main`'s arguments. `types` of the results
  /// have the sizes that come out. Empty after an error.
  std::vector<HostTensor> run(llvm::ArrayRef<HostTensor> inputs,
                              llvm::ArrayRef<mlir::RankedTensorType> types);
  pith_instance *getInstance() { return instance; }

private:
  std::vector<char> storage; ///< of the weights
  std::unique_ptr<llvm::orc::LLJIT> jit;
  pith_instance *instance = nullptr;
};

/// Whether this machine can run what is compiled for `cpu`.
bool canRun(llvm::StringRef cpu);

} // namespace pith

#endif // PITH_UNITTESTS_CODEGEN_JITMODEL_H
