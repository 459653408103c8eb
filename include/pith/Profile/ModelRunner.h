//===- ModelRunner.h - Running a model inside the compiler ------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Lets passes run the model on the calibration samples without knowing how models are
// compiled: an interface of the pith dialect, which lib/Pipelines implements.
//
// The samples' place is the module's attribute `pith.samples` (a folder or an NPZ
// file, as --inputs of a compiled program takes it).
//
//===----------------------------------------------------------------------===//
#ifndef PITH_PROFILE_MODELRUNNER_H
#define PITH_PROFILE_MODELRUNNER_H

#include "pith/Support/HostTensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectInterface.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"

#include <memory>
#include <string>
#include <vector>

struct pith_observer; // pith/Runtime/Observer.h

namespace pith {

constexpr llvm::StringLiteral kSamplesAttr = "pith.samples";

/// A model compiled in memory.
class RunnableModel {
public:
  virtual ~RunnableModel() = default;
  /// The outputs for one set of inputs, in the order of `main`. Emits a diagnostic
  /// and fails if inputs do not fit or the run fails.
  virtual mlir::FailureOr<std::vector<HostTensor>>
  run(llvm::ArrayRef<HostTensor> inputs) = 0;
  /// The same without copies: `visit(index, output)` sees each output; what it is
  /// given is valid during the call.
  virtual mlir::LogicalResult
  run(llvm::ArrayRef<HostTensor> inputs,
      llvm::function_ref<void(unsigned index, const HostTensor &output)> visit) = 0;
  /// What the `pith.observe` ops of the model have seen in all runs so far, which
  /// then begin anew; null if there were none. Outlives the model.
  virtual std::shared_ptr<pith_observer> takeObserver() = 0;
};

class ModelRunner : public mlir::DialectInterface::Base<ModelRunner> {
public:
  ModelRunner(mlir::Dialect *dialect) : Base(dialect) {}

  /// Compiles a copy of `main` of the module, which stays as it is: pith IR,
  /// simplified, with or without codecs. Emits a diagnostic and fails if it does not
  /// compile.
  virtual mlir::FailureOr<std::unique_ptr<RunnableModel>>
  compile(mlir::ModuleOp module) const = 0;

  /// Calls `visit` with the inputs of each sample, in order, one at a time in memory,
  /// until it fails or there is none left. `count` is the number of samples. Emits a
  /// diagnostic and fails if there is none, or one does not fit the model's inputs.
  virtual mlir::LogicalResult forEachSample(
      mlir::ModuleOp module, llvm::StringRef samples,
      llvm::function_ref<mlir::LogicalResult(int64_t index, int64_t count,
                                             llvm::ArrayRef<HostTensor> inputs)>
          visit) const = 0;

  /// The runner of a context; null where the tool has none.
  static const ModelRunner *get(mlir::MLIRContext *context);
};

struct CalibrationOptions {
  bool gram = true; ///< whether to sum up Gram matrices
  /// Rows with more elements get no Gram matrix, which would not fit in memory.
  int64_t maxGramSize = 16384;
};

/// Runs the model on the module's samples and attaches `pith.statistics` to every op
/// that contracts an activation with a stored weight (whatever form the weight has
/// now), replacing what is there. Emits a diagnostic and fails if the module names no
/// samples, or they do not fit.
mlir::LogicalResult calibrate(mlir::ModuleOp module, const CalibrationOptions &options = {});

} // namespace pith

#endif // PITH_PROFILE_MODELRUNNER_H
