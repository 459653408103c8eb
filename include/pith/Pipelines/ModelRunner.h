//===- ModelRunner.h - Models compiled in memory ----------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_PIPELINES_MODELRUNNER_H
#define PITH_PIPELINES_MODELRUNNER_H

#include "pith/Profile/ModelRunner.h"

namespace pith {

/// Compiles models for this machine, in memory, and runs them on all processors.
class CompilingRunner final : public ModelRunner {
public:
  using ModelRunner::ModelRunner;
  mlir::FailureOr<std::unique_ptr<RunnableModel>>
  compile(mlir::ModuleOp module) const override;
  mlir::LogicalResult
  forEachSample(mlir::ModuleOp module, llvm::StringRef samples,
                llvm::function_ref<mlir::LogicalResult(int64_t, int64_t,
                                                       llvm::ArrayRef<HostTensor>)>
                    visit) const override;

private:
  /// Where files were found that no input reads: said once, however often passes ask.
  mutable std::string warnedOf;
};

} // namespace pith

#endif // PITH_PIPELINES_MODELRUNNER_H
