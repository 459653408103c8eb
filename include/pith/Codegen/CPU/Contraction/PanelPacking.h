//===- PanelPacking.h - Weights as panels in memory -------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Re-lays stored weights, at compile time, in the order in which contraction
// kernels read them. A weight `[outputs, reduction]` is cut into panels of
// `vectors · lanes` outputs (WeightTile.h); what is beyond the last output or
// position is zero. All functions take row-major tensors whose first axis counts
// the outputs.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_CODEGEN_CPU_CONTRACTION_PANELPACKING_H
#define PITH_CODEGEN_CPU_CONTRACTION_PANELPACKING_H

#include "pith/Support/HostTensor.h"
#include "llvm/ADT/SmallVector.h"

#include <vector>

namespace pith {

/// How outputs are cut into panels.
struct PanelShape {
  int64_t outputs = 0;
  int64_t lanes = 1;   ///< of one vector
  int64_t vectors = 1; ///< of one panel

  int64_t width() const { return lanes * vectors; }
  int64_t panels() const { return (outputs + width() - 1) / width(); }
};

/// How elements of one type lie within panels.
struct ElementLayout {
  enum class Kind {
    Whole,   ///< `[panel][position][lane]`, elements of 8 bits and more
    Planes,  ///< `[plane][panel][position / perByte][lane]`, one byte each
    MaskBits, ///< `[panel][position][vector]`, one bit per lane (`i1`)
    Words,    ///< `[panel][position / step][word][lane]`, 32 bits each
    Bytes     ///< `[panel][position / step][line][byte]`, four bytes per lane in a line
  };
  /// Bits of an element within a step: `count` of them from bit `from` of word (byte of
  /// line) `word` are bits `to` and up of the element.
  struct Field {
    int64_t word;
    unsigned from, count, to;
  };
  Kind kind = Kind::Whole;
  /// Bits of each plane, lowest bits of the element first: 4, 2 and 1. Of `Words` and
  /// `Bytes`: those of an element.
  llvm::SmallVector<unsigned> planes;
  int64_t elementBytes = 1;
  /// Of `Words` and `Bytes`: vectors of a panel.
  int64_t vectors = 1;
  /// Positions, padded so that every byte of every plane is full.
  int64_t positions = 0;

  /// For elements of `type` in a panel of `shape` with at least `positions`
  /// positions.
  static ElementLayout get(mlir::Type type, const PanelShape &shape,
                           int64_t positions);
  /// Elements of 1 to 7 bits in as few words as hold them without a rest; a word has
  /// elements of all of a panel's vectors.
  static ElementLayout getWords(unsigned bits, const PanelShape &shape);
  /// Elements of 2 to 8 bits that index tables of bytes, four vectors to a set: the one
  /// of vector `s` in lane `l` is in byte 16 ⌊l / 4⌋ + 4 s + l mod 4 of the set's lines, so
  /// that bytes of entries come to their places by interleaving within 16 bytes.
  static ElementLayout getBytes(unsigned bits, const PanelShape &shape);
  /// Makes room for at least `count` positions.
  void setPositions(int64_t count);
  /// Of `Words`: where each element of a step lies, `[position][vector]`. As many as fit
  /// follow each other in every word; what is left at the top of the words makes up the
  /// others, each behind those of the last word that it needs. Of `Bytes`: where those of
  /// each set lie, in words of 8 bits; sets are `[position][vector]`, too, cut after four
  /// vectors.
  llvm::SmallVector<llvm::SmallVector<Field, 2>> fields() const;
  int64_t wordBits() const { return kind == Kind::Bytes ? 8 : 32; }
  /// Words or lines of a step (per lane).
  int64_t stepWords() const { return step() * vectors * planes.front() / 32; }
  /// Of `Bytes`: where lane `lane` of a set's vector `slot` is.
  static int64_t byteOf(int64_t slot, int64_t lane) {
    return lane / 4 * 16 + slot * 4 + lane % 4;
  }
  /// Positions in one byte of the narrowest plane, or that fill words: a tile step is a
  /// multiple.
  int64_t step() const;
  /// Bytes of one panel (of plane `plane`).
  int64_t panelBytes(const PanelShape &shape, unsigned plane = 0) const;
  /// Where plane `plane` starts: a multiple of 64.
  int64_t planeOffset(const PanelShape &shape, unsigned plane) const;
  int64_t totalBytes(const PanelShape &shape) const {
    return planeOffset(shape, planes.size());
  }
};

/// Elements `[outputs, positions]` in `layout`.
std::vector<char> packElements(const HostTensor &tensor, const PanelShape &shape,
                               const ElementLayout &layout);

/// Elements `[reduction, outputs]`, 8 bits or wider, as `[panel][position][lane]`.
std::vector<char> packTransposedElements(const HostTensor &tensor,
                                         const PanelShape &shape);

/// One element per output and column, `[outputs, columns]`, as
/// `[panel][column][lane]`. Elements below 8 bits become bytes.
std::vector<char> packColumns(const HostTensor &tensor, const PanelShape &shape);

/// All elements in order; those below 8 bits become bytes (sign-extended where
/// the type is signed).
std::vector<char> widenElements(const HostTensor &tensor);

/// Upper bytes of an f32 that elements of `type` need: 2 to 4.
int64_t tableBytes(mlir::Type type);
/// The first `entries` rows of a table, `[rows]` or `[rows, length]`, for look-ups of bytes:
/// those bytes, lowest first, of its elements as f32, `[place in the row][byte][entry]`.
/// Fewer than `block` entries are repeated until they fill it.
std::vector<char> packByteTable(const HostTensor &tensor, int64_t entries, int64_t block);

/// The elements at the set bits of `mask` (`[outputs, positions]`, given row by
/// row), in the order (panel, position, vector, lane); elements below 8 bits are
/// packed, two nibbles or eight bits to a byte. In front, padded to 64 bytes,
/// stands for each panel and each entry of `starts` (ascending positions) how
/// many elements of the whole come before, as i64; behind the elements are 64
/// bytes of zeros.
std::vector<char> packCompact(const HostTensor &values, const HostTensor &mask,
                              const PanelShape &shape,
                              llvm::ArrayRef<int64_t> starts);
/// Bytes of the table in front of compact elements.
int64_t compactTableBytes(const PanelShape &shape, int64_t starts);
/// Bits that one element takes in compact form: 1, 2, 4 or a multiple of 8.
unsigned compactBits(mlir::Type type);

/// Integer codes for dot-product instructions. A *word* is four consecutive
/// positions of one output, one byte each; a line is a vector of words, one per
/// lane. Codes are made unsigned by adding `bias`, cut into planes of 4, 2 and 1
/// bits (or one of 8), and words `i` of a unit share a line, `8 / bits` of them:
///
///     [panel][unit][plane][line of the unit][vector][lane][4 bytes]
struct DotLayout {
  llvm::SmallVector<unsigned> planes;
  /// Positions of one unit: 4 per word, as many words as fill every plane.
  int64_t unit = 4;
  int64_t units = 0; ///< per panel
  int64_t bias = 0;
  /// Where in a byte the first plane's bits go: 1 for codes of type `i1`, which
  /// are −1 and 1 and become 0 and 2.
  unsigned lowBit = 0;

  /// For codes of `type` between `minCode` and `maxCode`, at most 256 of them.
  static DotLayout get(mlir::Type type, int64_t minCode, int64_t maxCode,
                       int64_t reduction);
  /// Bits of one stored code.
  unsigned bits() const;
  /// Lines of one vector in one unit.
  int64_t lines() const;
  int64_t panelBytes(const PanelShape &shape) const {
    return units * lines() * shape.width() * 4;
  }
};

/// Codes `[outputs, reduction]` in `layout`. Where their type is `i1`, a bit `b`
/// stands for `2b − 1`.
std::vector<char> packDot(const HostTensor &codes, const PanelShape &shape,
                          const DotLayout &layout);

} // namespace pith

#endif // PITH_CODEGEN_CPU_CONTRACTION_PANELPACKING_H
