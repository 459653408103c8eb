//===- Attention.h - The fused attention kernel -----------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Scores never leave the stack. Keys are re-laid into panels of lanes first (one
// task); then a job takes a block of query rows of one head, and for every block
// of keys
//
//     P  = Q · Kᵀ + mask         register tiles over the panels
//     m' = max(m, max P)         row by row
//     P  = e^(P − m'), l = l · e^(m − m') + Σ P
//     O  = O · e^(m − m') + P · V    register tiles over V's rows
//
// and in the end O / l. Where all keys are one block, nothing is rescaled. One or
// two query rows read keys where they lie, as dot products.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_CODEGEN_CPU_ATTENTION_ATTENTION_H
#define PITH_LIB_CODEGEN_CPU_ATTENTION_ATTENTION_H

#include "pith/Codegen/CPU/Contraction/RegisterTile.h"
#include "pith/Dialect/Pith/IR/PithOps.h"

namespace pith {

class AttentionKernel {
public:
  AttentionKernel(KernelEmitter &kernel, AttentionOp op);
  mlir::LogicalResult emit();

private:
  /// One head's block of query rows.
  struct Job {
    mlir::Value batch, head, keyHead;
    mlir::Value firstRow, lastRow; ///< the last one is not part of it
  };
  /// Stack memory of a task.
  struct Buffers {
    mlir::Value query;  ///< [row][size], scaled
    mlir::Value scores; ///< [row][kKeys]
    mlir::Value sums;   ///< [row][value size, padded]: O
    mlir::Value state;  ///< [row] m, then [row] l
  };

  /// The scores of one row: `count` keys that it sees, on the stack from `start`.
  struct ScoreLine {
    mlir::Value start, count;
    mlir::Value whole; ///< how many are in whole vectors
    /// The vector in which the line ends, if it ends in one. There is always room
    /// for it: lines are whole vectors, and a row that fills its line has no rest.
    mlir::Value mask, hasRest;
  };

  // Packing.cpp
  mlir::LogicalResult packKeys();
  mlir::LogicalResult packValues();
  /// Row `position` of `tensor`, of `size` elements, times `factor`, to `target`
  /// as f32; what a last vector has beyond it is 0. False if that is impossible.
  void copyRow(mlir::OpBuilder &b, mlir::Value tensor,
               llvm::ArrayRef<mlir::Value> position, int64_t size, double factor,
               mlir::Value target, mlir::Value offset);
  /// Emits `body`, under the condition that there are more than a few queries
  /// where that is not known.
  void ifMany(mlir::OpBuilder &b, llvm::function_ref<void(mlir::OpBuilder &)> body);

  // Attention.cpp
  Job jobAt(mlir::OpBuilder &b, llvm::ArrayRef<mlir::Value> at);
  void emitTiles(mlir::OpBuilder &b, const Job &job);
  void emitFew(mlir::OpBuilder &b, const Job &job);
  /// Runs `block` for every block of keys [from, to) that the rows see.
  void forKeys(mlir::OpBuilder &b, const Job &job,
               llvm::function_ref<void(mlir::OpBuilder &, mlir::Value from,
                                       mlir::Value to)>
                   block);
  void scoreTiles(mlir::OpBuilder &b, const Job &job, mlir::Value from, mlir::Value to);
  void scoreDots(mlir::OpBuilder &b, const Job &job, mlir::Value from, mlir::Value to);
  void addValues(mlir::OpBuilder &b, const Job &job, int64_t tileRows, mlir::Value from,
                 mlir::Value to);

  // Rows.cpp
  void startRows(mlir::OpBuilder &b, int64_t rows);
  void softmaxRow(mlir::OpBuilder &b, const Job &job, mlir::Value number,
                  mlir::Value row, mlir::Value from, mlir::Value to);
  ScoreLine lineAt(mlir::OpBuilder &b, mlir::Value start, mlir::Value count);
  /// `body` where the line has a rest, `other` elsewhere.
  mlir::Value withRest(mlir::OpBuilder &b, const ScoreLine &line, mlir::Value other,
                       llvm::function_ref<mlir::Value(mlir::OpBuilder &)> body);
  mlir::Value findPeak(mlir::OpBuilder &b, const ScoreLine &line);
  mlir::Value exponentiate(mlir::OpBuilder &b, const ScoreLine &line,
                           mlir::Value shift);
  void rescale(mlir::OpBuilder &b, mlir::Value number, mlir::Value factor);
  void addMask(mlir::OpBuilder &b, const Job &job, mlir::Value row, mlir::Value from,
               mlir::Value count, mlir::Value line);
  void storeRow(mlir::OpBuilder &b, const Job &job, mlir::Value number, mlir::Value row);
  /// Keys of [from, to) that a row sees, from `from` on.
  mlir::Value visible(mlir::OpBuilder &b, mlir::Value row, mlir::Value from,
                      mlir::Value to);

  int64_t padded(int64_t size) const { return llvm::divideCeil(size, lanes) * lanes; }
  mlir::VectorType vectorType() const;
  bool isOneBlock() const;

  KernelEmitter &kernel;
  mlir::Location loc;
  AttentionOp op;
  mlir::AffineExpr batch, heads, keyHeads, queries, keys;
  int64_t size = 0, valueSize = 0; ///< of a head
  int64_t lanes = 1;
  int64_t rows = 1, vectors = 1; ///< of a tile of scores
  int64_t block = 0;             ///< keys per block
  bool mayBeFew = false, mayBeMany = true;
  int64_t packedKeys = -1, packedValues = -1; ///< scratch buffers
  Buffers buffers;
  bool good = true; ///< false once an operand could not be computed
};

/// One row at a time in the type of the operands: for what the kernel above does
/// not do (f64, head sizes known at run time only).
mlir::LogicalResult emitPlainAttention(KernelEmitter &kernel, AttentionOp op);

} // namespace pith

#endif // PITH_LIB_CODEGEN_CPU_ATTENTION_ATTENTION_H
