//===- Program.h - From pith IR to an LLVM module ---------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The codegen stage as a whole: outlined kernels are emitted and lowered, host
// code is added, all of it is translated to LLVM IR, and the constant that
// describes the model (`pith_model`) is built.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_CODEGEN_PROGRAM_H
#define PITH_CODEGEN_PROGRAM_H

#include "pith/Codegen/HostCode.h"
#include "pith/Codegen/OutlineKernels.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pith {

/// One constant of the model for `--info`.
struct WeightInfo {
  std::string name, format;
  std::vector<int64_t> shape; ///< of the dense tensor
  int64_t bytes = 0;          ///< stored, padding aside
};

struct ProgramOptions {
  std::string modelName = "model";
  /// Prefix of all symbols the program defines.
  std::string symbolPrefix = "model";
  std::string compiler = "pith";
};

struct Program {
  // The context outlives the module.
  std::unique_ptr<llvm::LLVMContext> context;
  std::unique_ptr<llvm::Module> module;
  std::string symbolPrefix;  ///< as in ProgramOptions
  std::string modelSymbol;   ///< the constant `pith_model`
  std::string weightsSymbol; ///< external: where the weights will lie
  std::vector<PlacedConstant> constants;
  int64_t constantBytes = 0; ///< of the weights section, with padding
  int64_t arenaBytes = 0;
  std::vector<WeightInfo> weights;
};

/// The runtime's type (pith_dtype) for elements of inputs and outputs, if it has one.
std::optional<int32_t> getRuntimeType(mlir::Type elementType);

/// Passes from emitted tasks to the LLVM dialect.
void buildLoweringPipeline(mlir::OpPassManager &pm);

/// Emits all kernels of `program` into a new module of tasks.
mlir::FailureOr<mlir::OwningOpRef<mlir::ModuleOp>>
emitKernels(OutlinedProgram &program, const TargetDescription &target,
            llvm::StringMap<KernelPlan> &plans);

/// Kernels, host code and description of an outlined program. On failure
/// diagnostics have been emitted. If `lowered` is given, it receives the
/// module in the LLVM dialect.
mlir::FailureOr<Program> generateProgram(OutlinedProgram &program,
                                         const TargetDescription &target,
                                         const ProgramOptions &options);

} // namespace pith

#endif // PITH_CODEGEN_PROGRAM_H
