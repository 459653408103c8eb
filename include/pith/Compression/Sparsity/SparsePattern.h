//===- SparsePattern.h - Which weights are dropped together -----*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The options that all pruning passes share: what may be dropped, how much of it,
// and the sparse form that the rest is stored in.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_SPARSITY_SPARSEPATTERN_H
#define PITH_COMPRESSION_SPARSITY_SPARSEPATTERN_H

#include "pith/Compression/Weights.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringRef.h"

#include <optional>

namespace pith {

/// What is dropped together: single elements, with n of every m consecutive ones of
/// an output's reduction staying where `m` > 0, or blocks of outputs and positions.
struct SparsePattern {
  int64_t n = 0, m = 0;
  int64_t blockOutputs = 1, blockPositions = 1;

  bool isNm() const { return m > 0; }
  bool isBlock() const { return blockOutputs * blockPositions > 1; }

  /// From `pattern` (N:M or empty) and `block` (RxC or empty); nothing, with
  /// `message` set, if they are neither, or both are given.
  static std::optional<SparsePattern> parse(llvm::StringRef pattern,
                                            llvm::StringRef block, std::string &message);
};

/// What is wrong with a pass's options; empty if nothing. `given` tells whether the
/// user said what part to drop: a pattern says that, too.
std::string checkSparsity(double sparsity, bool given, llvm::StringRef pattern,
                          llvm::StringRef block);

/// Why no pass prunes this weight; empty if it may: it is dense, and no table of
/// features (unless `isNamed`: the user selected it by name). The rows of an
/// embedding are a language model's most sensitive weights: each is one token's only
/// representation, nothing sums up what is lost of it, and a tied head loses twice.
std::string getPruningObstacle(const Weight &weight, bool isNamed);

/// The elements of `dense` where `mask` (`i1`, of the same sizes) is set, in the
/// sparse form of the pattern. Null, with a remark, if that takes no fewer bytes.
/// The pattern holds: at most n elements of every m stay, and whole blocks.
mlir::Value createSparse(const Weight &weight, mlir::OpBuilder &builder,
                         const HostTensor &dense, const HostTensor &mask,
                         const SparsePattern &pattern, llvm::StringRef pass);

/// Replaces the weight, whose value is `original` (f32), by the elements of `pruned`
/// (f32) under the mask, or keeps it where `createSparse` does. Errors of outputs
/// are reported where a profile tells them.
void storeSparse(const Weight &weight, const HostTensor &original,
                 const HostTensor &pruned, const HostTensor &mask,
                 const SparsePattern &pattern, llvm::StringRef pass);

} // namespace pith

#endif // PITH_COMPRESSION_SPARSITY_SPARSEPATTERN_H
