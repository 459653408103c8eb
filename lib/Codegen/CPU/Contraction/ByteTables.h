//===- ByteTables.h - Look-ups of many bytes at once ------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tables of f32 for codes of up to 8 bits, looked up as many codes at once as a register
// has bytes. Every byte of an entry has a table of its own, and bytes are put together by
// interleaving within 16 bytes (`ElementLayout::Kind::Bytes`):
//
//                  codes  c₀ c₁ … c₁₅          (of four lanes, four vectors each)
//     b₀, b₁, b₂, b₃      b[c₀] b[c₁] …        one or more permutations each
//     interleaved         b₀[c₀]b₁[c₀] b₀[c₁]b₁[c₁] …, then all four bytes of c₀ … c₃
//                         in one register, of c₄ … c₇ in the next, …
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_CODEGEN_CPU_CONTRACTION_BYTETABLES_H
#define PITH_LIB_CODEGEN_CPU_CONTRACTION_BYTETABLES_H

#include "pith/Codegen/CPU/Contraction/RegisterTile.h"

namespace pith {

/// Entries that one look-up of bytes of the target reaches; 0: it has none.
int64_t byteBlock(const TargetDescription &target);

/// Elements [first, first + count) of a vector.
mlir::Value sliceVector(TileCode &code, mlir::Value vector, int64_t first, int64_t count);

/// The vector, repeated or cut to `count` elements. `poison` leaves what is added
/// undefined instead.
mlir::Value resizeVector(TileCode &code, mlir::Value vector, int64_t count,
                         bool poison = false);

/// Bytes of a table in blocks (as many bytes as one permutation of the target reaches
/// each), at codes whose bits above are ignored.
mlir::Value lookUpBytes(TileCode &code, const TargetDescription &target,
                        llvm::ArrayRef<mlir::Value> blocks, mlir::Value codes);

/// Puts up to four bytes of a set's entries together, highest last: its four vectors of f32.
llvm::SmallVector<mlir::Value> bytesToFloats(TileCode &code,
                                             llvm::ArrayRef<mlir::Value> bytes,
                                             int64_t lanes);

/// The reverse: the four bytes of four vectors of f32, lowest first.
llvm::SmallVector<mlir::Value> floatsToBytes(TileCode &code,
                                             llvm::ArrayRef<mlir::Value> floats);

} // namespace pith

#endif // PITH_LIB_CODEGEN_CPU_CONTRACTION_BYTETABLES_H
