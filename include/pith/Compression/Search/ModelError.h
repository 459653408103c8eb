//===- ModelError.h - How far a compressed model is off ---------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compares the outputs of a model with those it had before, on the calibration
// samples. Labels are not used: the model before is what is right.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_SEARCH_MODELERROR_H
#define PITH_COMPRESSION_SEARCH_MODELERROR_H

#include "pith/Support/HostTensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

#include <string>
#include <vector>

namespace pith {

enum class ErrorMetric {
  Noise, ///< Σ(y − y')² / Σy² over all elements of the outputs
  KL     ///< mean KL(softmax(y) ‖ softmax(y')) over rows of the last axis, in bits
};

/// Sums over outputs that can be added up. A pair with an element that is not finite
/// counts as an infinite error.
class ErrorSum {
public:
  explicit ErrorSum(ErrorMetric metric) : metric(metric) {}
  /// Float tensors of the same sizes, of rank 1 or more.
  void add(const HostTensor &wanted, const HostTensor &found);
  /// The metric so far; 0 if nothing was added.
  double get() const;

private:
  void addRow(llvm::ArrayRef<double> wanted, llvm::ArrayRef<double> found);
  ErrorMetric metric;
  double error = 0, weight = 0;
};

/// The outputs of a model on the first samples, to compare others with.
class ModelError {
public:
  struct Options {
    ErrorMetric metric = ErrorMetric::Noise;
    /// Names of the outputs that count; none: the first float output.
    llvm::ArrayRef<std::string> outputs;
    int64_t samples = 16; ///< at most so many; their outputs are kept in memory
  };

  /// Runs the module as it is. Emits a diagnostic and fails if the tool cannot run
  /// models, there are no samples, or no such output.
  static mlir::FailureOr<ModelError> create(mlir::ModuleOp module,
                                            const Options &options);

  /// The error of another module with the same inputs and outputs.
  mlir::FailureOr<double> measure(mlir::ModuleOp module) const;

private:
  ModelError(ErrorMetric metric, int64_t samples) : metric(metric), samples(samples) {}
  /// Runs a module; `visit` sees each output that counts, in order.
  mlir::LogicalResult
  runAll(mlir::ModuleOp module,
         llvm::function_ref<void(const HostTensor &output)> visit) const;

  ErrorMetric metric;
  int64_t samples;
  std::string place;
  llvm::SmallVector<unsigned> outputs;
  std::vector<HostTensor> wanted;
};

} // namespace pith

#endif // PITH_COMPRESSION_SEARCH_MODELERROR_H
