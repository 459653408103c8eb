//===- WeightTile.h - How kernels see a weight ------------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The two sides of a codec in a kernel. A weight `[outputs, reduction]` is cut
// into *panels* of `vectors × lanes` consecutive outputs; within a panel the
// reduction runs from 0 to its size in *tile steps*. At compile time every
// stored operand of a codec is re-laid panel by panel (`TilePacking`); at run
// time the codec turns what it loads into vectors of values (`TileEmitter`).
//
//     panel p:   lanes →   output p·NR … p·NR + NR − 1,  NR = vectors · lanes
//                steps ↓   reduction position 0, step, 2·step, …
//
// Outputs beyond the last are padded with zero bits. Nested codecs ask the
// emitter for their operand's tile, whatever computes it.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_DIALECT_PITH_IR_WEIGHTTILE_H
#define PITH_DIALECT_PITH_IR_WEIGHTTILE_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/SmallVector.h"

#include <optional>
#include <vector>

namespace pith {

/// How a stored operand is re-laid for panels.
struct TilePacking {
  enum class Kind {
    /// Kept as it is and reached by `TileEmitter::loadScalar`: per-tensor scales.
    Tensor,
    /// Rows of `length` elements (one, if it has rank 1), reached by `lookUpTile` in
    /// whatever form suits the target: codebooks.
    Table,
    /// One element per output and reduction position (`[outputs, reduction…]`).
    /// Elements of 8 bits and more: `[panel][position][lane]`. Narrower ones are
    /// cut into planes of 4, 2 and 1 bits (3 bits = 2 + 1); a byte of a plane
    /// holds consecutive positions of one lane, the first in its lowest bits.
    Elements,
    /// One element per output and group of `groupSize` positions
    /// (`[outputs, groups]`): `[panel][group][lane]`.
    Groups,
    /// One element per output (`[outputs]` or `[outputs, 1]`): `[panel][lane]`.
    Outputs,
    /// As many elements as bits are set in operand `maskOperand` (packed as
    /// `Elements` of `i1`), stored row by row over `[outputs, reduction]`; re-laid
    /// in the order (panel, position, vector, lane) and read by
    /// `TileEmitter::expand`. A table of panel starts is kept beside it.
    Compact,
    /// Whole blocks of `blockOutputs` outputs and `blockPositions` positions, one for
    /// each bit set in operand `maskOperand` (`[block rows, block columns]`, in that
    /// order): `[blocks, blockOutputs, blockPositions]`. A panel has an entry for
    /// each block column that is set for one of its outputs; re-laid as
    /// `[entry][position][lane]` like `Elements`, what is not stored as `fill`.
    /// Kernels visit the entries only.
    Blocks,
    /// The mask of `Blocks`: which block columns the entries of each panel are.
    BlockMask
  };
  Kind kind = Kind::Tensor;
  int64_t groupSize = 0;
  unsigned maskOperand = 0;
  /// Of `Table`: the upper half of the rows is the lower half, negated.
  bool isSignMagnitude = false;
  int64_t blockOutputs = 1, blockPositions = 1, fill = 0;
  /// `Elements` that hold `stored` elements for every `per` reduction positions
  /// (N:M sparsity; both 1 for dense values). The operand's own reduction size is
  /// then ⌈reduction / per⌉ · stored, its tile has `step · stored / per` rows, and
  /// `getTileStep` returns a multiple of `per`.
  int64_t stored = 1, per = 1;
};

/// How a codec's value follows from integer codes: within a group of
/// `groupSize` reduction positions (0: the whole reduction)
///
///     value = (code − zero point) · scale
///
/// with codes between `minCode` and `maxCode`. Where the codes' type is `i1`, a
/// stored bit `b` stands for the code `2b − 1`.
struct IntegerForm {
  unsigned codes = 0;                ///< the operand that holds integer codes
  unsigned scale = 1;                ///< `[outputs, groups]` or one element
  std::optional<unsigned> zeroPoint; ///< like `scale`, integers; absent: 0
  int64_t groupSize = 0;
  int64_t minCode = 0, maxCode = 0;
  /// Integers for which stored, unsigned codes stand; empty: for themselves.
  std::vector<int64_t> values;
  /// A power of two by which scales are multiplied.
  float factor = 1;
  /// Scales are exponents: 2^(scale − 127).
  bool hasExponents = false;
  /// An operand of one element per output, or one, by which scales are multiplied.
  std::optional<unsigned> scaleStep;
};

/// Which elements a sparse codec stores, output by output in the order of the
/// reduction, where every stored element stands for itself and others are zero. Kernels
/// need not multiply those others: what an infinite activation gives there is not said.
struct SparseForm {
  unsigned values = 0; ///< the operand that holds stored elements
  /// The operand that says where they are: one bit per element of the result, or,
  /// with `m` > 0, positions within blocks of `m`, `n` stored elements for each.
  unsigned where = 1;
  int64_t n = 0, m = 0;
};

/// Values that, but for the factors of `getTileFactors`, are rows of a table of two axes,
/// which codes pick: kernels may multiply the rows with the activations and look up the
/// products instead.
struct TableForm {
  unsigned codes = 0; ///< the operand that holds codes, `[outputs, ⌈reduction / length⌉]`
  unsigned table = 1; ///< the operand with the rows, `[entries, length]`
};

/// Values of one tile step: `[step][vector]`. Floats arrive as vectors of `f32`,
/// integer codes as vectors of `i32` (sign- or zero-extended as their type
/// says), booleans as vectors of `i1`.
using TileValues = llvm::SmallVector<llvm::SmallVector<mlir::Value>>;

/// Gives a codec what it needs to emit the decode of one tile step. All vectors
/// have `lanes()` elements.
class TileEmitter {
public:
  virtual ~TileEmitter() = default;

  virtual mlir::OpBuilder &builder() = 0;
  virtual mlir::Location loc() = 0;
  virtual int64_t lanes() const = 0;
  virtual int64_t vectors() const = 0;
  /// Reduction positions covered by this step; a multiple of what
  /// `getTileStep` of the codec returned.
  virtual int64_t step() const = 0;
  /// Reduction position of the step (`index`).
  virtual mlir::Value position() = 0;

  /// The tile of operand `index`: loaded if it is stored (`Elements`), emitted
  /// by its codec otherwise.
  virtual TileValues operandTile(unsigned index) = 0;
  /// The same for integer codes, as vectors of `f32`: targets may look up narrow codes
  /// instead of converting them. A bit of type `i1` stands for −1 or 1.
  virtual TileValues operandFloats(unsigned index) = 0;
  /// The panel's lanes of a `Groups` operand at the group of `position()`, or of
  /// an `Outputs` operand: one vector per panel vector; f16 and bf16 arrive as
  /// f32, integers as i32.
  virtual llvm::SmallVector<mlir::Value> operandLanes(unsigned index) = 0;
  /// Element `element` of a `Tensor` operand, as f32 or i32.
  virtual mlir::Value loadScalar(unsigned index, int64_t element) = 0;
  /// Rows of the `Table` operand `table` at the tile of operand `codes` (unsigned
  /// integers below the number of rows): where the table's rows have `length`
  /// elements, `[row · length + element][vector]`, as vectors of f32.
  virtual TileValues lookUpTile(unsigned table, unsigned codes) = 0;
  /// Takes the next elements of `Compact` operand `index`, one for each set lane
  /// of `mask` (a vector of i1), and puts them there; other lanes become zero.
  /// Must be called for steps and vectors in their order.
  virtual mlir::Value expand(unsigned index, mlir::Value mask) = 0;
};

} // namespace pith

#endif // PITH_DIALECT_PITH_IR_WEIGHTTILE_H
