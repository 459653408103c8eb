//===- FactorRewriter.h - Ops by two factors --------------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Creates the factors of a weight as constants and the ops that use them, so that
// both factors are ordinary output-major weights.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_COMPRESSION_LOWRANK_FACTORREWRITER_H
#define PITH_LIB_COMPRESSION_LOWRANK_FACTORREWRITER_H

#include "pith/Compression/LowRank/LowRank.h"
#include "pith/Compression/Weights.h"
#include "mlir/IR/Builders.h"

namespace pith {

class FactorRewriter {
public:
  /// Creates `A` [outputs, rank] and `B` [rank, reduction…] beside the weight, in
  /// its element type, named `<weight><suffix>.a` and `.b`.
  /// `shared`, if given, is B, a constant that exists already.
  FactorRewriter(const Weight &weight, const LowRankFactors &factors,
                 llvm::StringRef suffix, mlir::Value shared = {});

  /// For every op that uses the weight, the value that the factors give instead
  /// of its result; with `residual`, without the part that does not depend on the
  /// weight (a bias). The new ops carry what a profile says of the old one.
  /// Nothing, and nothing created, if an op does not factorize.
  std::optional<llvm::SmallVector<mlir::Value>> rewriteUses(bool residual);

  /// The constants that hold the factors now.
  llvm::ArrayRef<mlir::Operation *> getConstants() const { return constants; }

private:
  void carryProfile(mlir::OpOperand &use, mlir::Value result, bool residual);
  mlir::Value rewriteUse(mlir::OpOperand &use, bool residual);
  void normalize();

  const Weight &weight;
  const LowRankFactors &factors;
  mlir::OpBuilder builder;
  mlir::Value a, b;
  bool isShared;
  llvm::SmallVector<mlir::Operation *> constants;
};

} // namespace pith

#endif // PITH_LIB_COMPRESSION_LOWRANK_FACTORREWRITER_H
