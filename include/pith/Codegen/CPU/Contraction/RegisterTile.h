//===- RegisterTile.h - Sums of products in registers -----------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The inner loop of every float contraction: a tile of `rows × vectors` vectors
// of f32 is kept in registers, and for every reduction position each of the
// tile's rows gives one number, broadcast, and the right-hand side one row of
// vectors:
//
//     for k: for v: b = B[k][v];  for m: acc[m][v] = fma(b, broadcast A[m][k], acc[m][v])
//
// Where B's rows come from is a `ColumnSource`: panels in memory, rows of a plain
// matrix, or a codec that decodes in registers.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_CODEGEN_CPU_CONTRACTION_REGISTERTILE_H
#define PITH_CODEGEN_CPU_CONTRACTION_REGISTERTILE_H

#include "pith/Codegen/CPU/Contraction/PanelPacking.h"
#include "pith/Codegen/CPU/KernelEmitter.h"

namespace pith {

/// A reduction position `base + offset`.
struct TilePosition {
  mlir::Value base; ///< of type `index`
  int64_t offset = 0;
  /// Which position of the unrolled loop body this is.
  int64_t ordinal = 0;
};

/// Reduction positions `[from, from + length)`; `length` is a constant, or
/// `to` says where they end.
struct TileRange {
  mlir::Value from;
  int64_t length = -1;
  mlir::Value to;
};

/// Small ops that tiles are made of. Index arithmetic folds constants.
struct TileCode {
  mlir::OpBuilder &b;
  mlir::Location loc;
  TileCode(mlir::OpBuilder &b, mlir::Location loc) : b(b), loc(loc) {}

  mlir::Value index(int64_t value);
  mlir::Value add(mlir::Value x, mlir::Value y);
  mlir::Value add(mlir::Value x, int64_t y);
  mlir::Value sub(mlir::Value x, mlir::Value y);
  mlir::Value mul(mlir::Value x, mlir::Value y);
  mlir::Value mul(mlir::Value x, int64_t y);
  /// Of non-negative numbers; `y` positive.
  mlir::Value div(mlir::Value x, int64_t y);
  mlir::Value rem(mlir::Value x, int64_t y);
  mlir::Value min(mlir::Value x, mlir::Value y);
  mlir::Value max(mlir::Value x, mlir::Value y);
  /// An index of the same value, which no pass can tell to be the same.
  mlir::Value opaque(mlir::Value x);
  /// The same for a vector of up to 64 bits, which then comes from a scalar register.
  mlir::Value opaqueBits(mlir::Value vector);
  /// Keeps accesses to memory on their side of this place.
  void barrier();
  /// The same vector, computed before any access to memory behind this place.
  mlir::Value finish(mlir::Value vector);
  /// Zeros come from above; a negative number shifts left.
  mlir::Value shiftRight(mlir::Value x, int64_t by);
  mlir::Value constant(mlir::Type type, double value);
  mlir::Value splat(mlir::Value scalar, int64_t lanes);
  mlir::Value bitcast(mlir::Value vector, mlir::Type type);
  mlir::Value load(mlir::Value memref, mlir::Value offset, int64_t lanes);
  mlir::Value loadScalar(mlir::Value memref, mlir::Value offset);
  /// An unsigned integer of `bits` bits in a buffer of bytes, as an index.
  mlir::Value loadIndex(mlir::Value memref, mlir::Value offset, unsigned bits);
  void store(mlir::Value value, mlir::Value memref, mlir::Value offset);
  /// f16, bf16 and f64 to f32; integers to i32. Scalars and vectors.
  mlir::Value toFloat(mlir::Value value);
  mlir::Value toInt(mlir::Value value, bool isUnsigned);
  /// `x · y + z` in f32, as one instruction only where the target has it.
  mlir::Value fma(mlir::Value x, mlir::Value y, mlir::Value z, bool hasFMA);
  /// The sum or maximum of all lanes, in all lanes.
  mlir::Value fold(mlir::Value vector,
                   llvm::function_ref<mlir::Value(mlir::Value, mlir::Value)> op);
  void prefetch(mlir::Value memref, mlir::Value offset, unsigned locality = 3);
};

/// A buffer on the task's stack, 64-byte aligned, made at the task's entry.
mlir::Value makeStackBuffer(mlir::OpBuilder &builder, mlir::Location loc,
                            int64_t elements, mlir::Type type);

/// Rows of the right-hand side.
class ColumnSource {
public:
  /// Gets, for one position, the vectors of f32 of the right-hand side, and
  /// updates the state.
  using Body = llvm::function_ref<void(
      mlir::OpBuilder &, TilePosition, llvm::ArrayRef<mlir::Value> vectors,
      llvm::MutableArrayRef<mlir::Value> state)>;

  virtual ~ColumnSource() = default;
  /// Emits a loop over all positions of `range`, in order, with `state` carried
  /// along; returns what it is at the end.
  virtual llvm::SmallVector<mlir::Value> forEach(mlir::OpBuilder &builder,
                                                 TileRange range,
                                                 mlir::ValueRange state,
                                                 Body body) = 0;
};

/// Emits a counted loop with `unroll` copies of `body` per turn, and what is left
/// behind it.
llvm::SmallVector<mlir::Value> emitUnrolledLoop(
    mlir::OpBuilder &builder, mlir::Location loc, TileRange range,
    int64_t unroll, mlir::ValueRange state,
    llvm::function_ref<void(mlir::OpBuilder &, TilePosition,
                            llvm::MutableArrayRef<mlir::Value>)>
        body);

/// Columns that lie in memory: vector `v` of position `k` at element
/// `base + k · stride + v · lanes`.
class MemoryColumns : public ColumnSource {
public:
  MemoryColumns(mlir::Location loc, mlir::Value memref, mlir::Value base,
                mlir::Value stride, int64_t lanes, int64_t vectors)
      : loc(loc), memref(memref), base(base), stride(stride), lanes(lanes),
        vectors(vectors) {}

  /// Elements of the last vector that exist; the others read as 0.
  mlir::Value lastMask;
  /// Elements to prefetch ahead; 0: none.
  int64_t prefetchAhead = 0;
  int64_t unroll = 4;

  llvm::SmallVector<mlir::Value> forEach(mlir::OpBuilder &builder,
                                         TileRange range, mlir::ValueRange state,
                                         Body body) override;

private:
  mlir::Location loc;
  mlir::Value memref, base, stride;
  int64_t lanes, vectors;
};

/// The left-hand side of one tile: row `m` has its element for position `k` at
/// `base + offsets[m] + k`.
struct TileRows {
  mlir::Value memref;
  mlir::Value base;
  llvm::SmallVector<mlir::OpFoldResult> offsets; ///< constants or index values

  int64_t size() const { return offsets.size(); }
  mlir::Value address(TileCode &code, int64_t row) const;
  /// The same rows, `by` elements further on.
  TileRows moved(TileCode &code, mlir::Value by) const;
};

/// Accumulators of a tile: several sets where few rows leave the multiplier
/// waiting for its own results.
class RegisterTile {
public:
  /// `inFlight` sums hide the multiplier's latency.
  RegisterTile(KernelEmitter &kernel, int64_t rows, int64_t vectors, int64_t lanes,
               int64_t inFlight = 8);

  /// Rows that fit the target's registers beside `vectors` columns.
  static int64_t maxRows(const TargetDescription &target, int64_t vectors);

  /// Lets every multiplication load its element of a row itself, where the target has
  /// such instructions: permutations that decode columns then need not share their
  /// unit with broadcasts.
  bool loadsPerProduct = false;

  int64_t rows() const { return numRows; }
  int64_t vectors() const { return numVectors; }
  int64_t lanes() const { return numLanes; }

  /// Zeros, for all sets: `[set][row][vector]`.
  llvm::SmallVector<mlir::Value> zeros(mlir::OpBuilder &builder);
  /// Adds products over `range` to the accumulators (any number of sets).
  /// `left` counts positions from `range.from`.
  llvm::SmallVector<mlir::Value> accumulate(mlir::OpBuilder &builder,
                                            ColumnSource &right, TileRange range,
                                            const TileRows &left,
                                            mlir::ValueRange accumulators);
  /// One set: `[row][vector]`.
  llvm::SmallVector<mlir::Value> finish(mlir::OpBuilder &builder,
                                        mlir::ValueRange accumulators);

private:
  KernelEmitter &kernel;
  int64_t numRows, numVectors, numLanes, sets;
};

/// Stores tiles through the kernel's epilogue.
struct TileStore {
  explicit TileStore(KernelEmitter &kernel) : kernel(kernel) {}

  KernelEmitter &kernel;
  int64_t lanes = 1, vectors = 1;
  /// First output of the panel and, if the last one may be shorter, the number
  /// of outputs that exist.
  mlir::Value firstOutput;
  /// Outputs in the panel: a constant; or both, where `isLast` tells.
  int64_t fullOutputs = 0, lastOutputs = 0;
  mlir::Value isLast; ///< null: all panels have `fullOutputs`
  /// Added to every element: one value per output (null: none).
  mlir::Value bias;
  /// Position of a row without the last axis; the row is a constant index while
  /// unrolled.
  std::function<llvm::SmallVector<LaneIndex>(mlir::OpBuilder &, mlir::Value row)>
      rowPosition;
  /// Whether results have a last axis of outputs (false: one output only).
  bool hasOutputAxis = true;
  /// Number of outputs at run time instead of `fullOutputs`.
  mlir::Value dynamicOutputs;

  /// Says which outputs panel `panel` has, where panels have `shape`.
  void setPanel(mlir::OpBuilder &builder, mlir::Value panel,
                const PanelShape &shape);

  /// `accumulators` are `[row][vector]` of f32.
  void store(mlir::OpBuilder &builder, int64_t rows,
             mlir::ValueRange accumulators) const;
  /// The same from memory, element `base + row · vectors · lanes`.
  void storeFrom(mlir::OpBuilder &builder, int64_t rows, mlir::Value memref,
                 mlir::Value base) const;

private:
  void storeDynamic(mlir::OpBuilder &builder, int64_t rows, mlir::Value memref,
                    mlir::Value base) const;
  bool isHeavy(int64_t rows) const;
};

} // namespace pith

#endif // PITH_CODEGEN_CPU_CONTRACTION_REGISTERTILE_H
