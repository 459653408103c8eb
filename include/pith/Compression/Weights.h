//===- Weights.h - The weights of a module, for passes ----------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Finds weights through CompressibleOpInterface, chooses some of them, replaces
// them, and records what was decided and why: as a remark, and as attributes that
// the compression report reads.
//
//   on the op that computes a compressed weight
//     pith.error           f64   signal to noise, in dB, against the original
//     pith.original_bytes  i64   what the original takes
//     pith.original              the original value (until the stage's end)
//   on a constant that stayed as it is
//     pith.kept            why
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_WEIGHTS_H
#define PITH_COMPRESSION_WEIGHTS_H

#include "pith/Support/HostTensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/Twine.h"

#include <cmath>
#include <limits>
#include <optional>
#include <string>

namespace pith {

/// Names of the attributes above.
constexpr llvm::StringLiteral kErrorAttr = "pith.error";
constexpr llvm::StringLiteral kOriginalBytesAttr = "pith.original_bytes";
constexpr llvm::StringLiteral kOriginalAttr = "pith.original";
constexpr llvm::StringLiteral kKeptAttr = "pith.kept";

/// A weight: one value, used by one op or (tied) by several.
struct Weight {
  mlir::Value value;
  /// Where compressible ops use it as a weight.
  llvm::SmallVector<mlir::OpOperand *> uses;
  std::string name; ///< of the tensor
  std::string node; ///< of the first op that uses it

  mlir::RankedTensorType getType() const {
    return mlir::cast<mlir::RankedTensorType>(value.getType());
  }
  mlir::Location getLoc() const { return uses.front()->getOwner()->getLoc(); }
};

/// The name of the ONNX node an op came from, or the op's name.
std::string getNodeName(mlir::Operation *op);
/// The name of the tensor a stored weight is about; empty if it has none.
std::string getTensorName(mlir::Value weight);

/// All float weights of the module that are stored, in the order of their first
/// use.
llvm::SmallVector<Weight> findWeights(mlir::ModuleOp module);

/// Which weights a pass is asked to look at.
struct WeightSelection {
  llvm::StringRef pass; ///< the pass's argument, a literal
  llvm::ArrayRef<std::string> select, exclude;
  int64_t minElements = 0;
  /// Only weights that no op but compressible ones use, output-major.
  bool replaceable = true;
  /// Also tables whose rows only scale activations.
  bool factors = false;
};

/// The selected weights of the module; remarks say why others are left out. Without
/// `select`, tables whose rows only scale activations (rotary embeddings) are. Emits
/// an error and fails if a pattern is no regular expression or matches nothing.
mlir::FailureOr<llvm::SmallVector<Weight>>
selectWeights(mlir::ModuleOp module, const WeightSelection &selection);
/// The same for `weights`, which may be other constants, too.
mlir::FailureOr<llvm::SmallVector<Weight>>
selectWeights(mlir::ModuleOp module, const WeightSelection &selection,
              llvm::SmallVector<Weight> weights);
/// Calls `rewrite` for each of them; fails at the first that fails.
mlir::LogicalResult
rewriteWeights(mlir::ModuleOp module, const WeightSelection &selection,
               llvm::function_ref<mlir::LogicalResult(const Weight &)> rewrite);

/// How far a replacement is from what it replaces: sums over all elements.
struct WeightError {
  double signal = 0; ///< Σ w²
  double noise = 0;  ///< Σ (w − w')²
};

/// 10 · log₁₀(signal / noise), from −999 (also if the noise is NaN) to 999.
double toDecibels(WeightError error);

/// Errors of two rewrites in sequence, the second measured against the result
/// of the first. Exact where the two noises do not correlate.
double combineDecibels(std::optional<double> first, double second);

/// What a replacement carries on from the op that computed the old value.
struct WeightHistory {
  std::optional<double> error;
  int64_t originalBytes = 0;
  mlir::ElementsAttr original;

  static WeightHistory get(mlir::Value weight);
  void set(mlir::Operation *op) const;
};

/// Uses `replacement`, a new stored value, in all of the weight's uses; erases
/// the old one; sets attributes and emits a remark. `outputError`, where a profile
/// tells it, is that of the products with the activations seen.
void replaceWeight(const Weight &weight, mlir::Value replacement,
                   WeightError error, llvm::StringRef pass,
                   std::optional<WeightError> outputError = {});

/// Erases the ops of a stored value that nothing uses.
void eraseStoredValue(mlir::Value value);

/// Emits the remark for a weight that was compressed.
void remarkCompressed(const Weight &weight, mlir::Value replacement,
                      double decibels, llvm::StringRef pass,
                      std::optional<WeightError> outputError = {});

/// Records that a weight stays as it is.
void keepWeight(const Weight &weight, llvm::StringRef pass,
                const llvm::Twine &reason);

/// Emits an error that names the weight, where the first op that uses it is (people are
/// shown that op's node).
mlir::InFlightDiagnostic emitWeightError(const Weight &weight);

} // namespace pith

#endif // PITH_COMPRESSION_WEIGHTS_H
