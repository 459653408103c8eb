//===- Report.h - What became of the weights --------------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Collects what compression passes recorded (see Weights.h) and prints it.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_REPORT_H
#define PITH_COMPRESSION_REPORT_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <optional>
#include <string>

namespace pith {

/// One weight of an op that compression passes look at.
struct WeightRow {
  std::string name;   ///< of the tensor
  std::string node;   ///< of the first op that uses it
  std::string format; ///< `f32`, `int4 g32 f16`, …
  llvm::SmallVector<int64_t> shape;
  int64_t bytesBefore = 0;
  int64_t bytesAfter = 0;
  std::optional<double> decibels; ///< signal to noise, if it was rewritten
  std::string kept;               ///< why it was not, if a pass said so

  int64_t getNumElements() const;
  bool isCompressed() const { return decibels.has_value(); }
};

/// On the module: an array of what structured pruning took away, each a dictionary of
/// `name` (of a node or tensor), `what` ("channels"), `removed` and `of` (how many), and
/// `pass`.
constexpr llvm::StringLiteral kRemovedAttr = "pith.removed";

/// Parts of the model that are gone.
struct RemovedRow {
  std::string name, what;
  int64_t removed = 0, of = 0;
};

struct CompressionReport {
  std::vector<WeightRow> rows; ///< in the order of their first use
  std::vector<RemovedRow> removed;
  /// Elements and bytes of all float constants before compression.
  int64_t parameters = 0, parameterBytes = 0;
  /// Bytes of all constants now.
  int64_t bytes = 0;

  /// Reads a module after the compress stage. `parameters` come from
  /// `pith.parameters`, or where it is missing from the constants there are.
  static CompressionReport get(mlir::ModuleOp module);

  /// A table for people, at most `maxRows` weights (those with most bytes
  /// before), and the sums of all.
  void print(llvm::raw_ostream &os, size_t maxRows = 40) const;
  llvm::json::Value toJSON() const;
};

} // namespace pith

#endif // PITH_COMPRESSION_REPORT_H
