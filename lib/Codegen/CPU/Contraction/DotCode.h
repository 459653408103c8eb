//===- DotCode.h - Sums of four byte products per lane ----------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// `dot` adds, in every lane of i32, the products of four weights and four
// activations. Processors differ in how they do it, and in what they take:
//
//     x86, VNNI      vpdpbusd: u8 · s8
//     x86, AVX2 …    vpmaddubsw, vpmaddwd: u8 · s8 in pairs of i16, which only
//                    hold products of weights below 128
//     x86            vpmaddwd on even and odd bytes, widened to i16
//     AArch64        sdot: s8 · s8
//     others         one byte of every lane after the other
//
// All are exact; sums wrap around at 32 bits.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_CODEGEN_CPU_CONTRACTION_DOTCODE_H
#define PITH_LIB_CODEGEN_CPU_CONTRACTION_DOTCODE_H

#include "pith/Codegen/CPU/Contraction/RegisterTile.h"
#include "pith/Target/TargetDescription.h"

namespace pith {

class DotCode {
public:
  /// For weights of `weightBits` bits in vectors of `lanes` words.
  DotCode(const TargetDescription &target, unsigned weightBits, int64_t lanes);

  /// Whether weights of 8 bits are signed bytes (narrower ones are never
  /// negative).
  bool takesSignedBytes() const { return kind == Kind::Signed; }
  int64_t getLanes() const { return lanes; }

  /// `sums[lane] + Σⱼ weights[4 · lane + j] · activations[4 · lane + j]`:
  /// vectors of i32, of bytes, and of i32 that hold four signed bytes each.
  mlir::Value dot(TileCode &code, mlir::Value sums, mlir::Value weights,
                  mlir::Value activations) const;

private:
  enum class Kind { Vnni, Pairs, WidePairs, Signed, Plain };

  mlir::Value call(TileCode &code, llvm::StringRef intrinsic, mlir::Type result,
                   mlir::ValueRange operands) const;
  mlir::Value multiplyPairs(TileCode &code, mlir::Value x, mlir::Value y) const;
  mlir::Value dotPairs(TileCode &code, mlir::Value sums, mlir::Value weights,
                       mlir::Value activations) const;
  mlir::Value dotWidePairs(TileCode &code, mlir::Value sums, mlir::Value weights,
                           mlir::Value activations) const;
  mlir::Value dotPlain(TileCode &code, mlir::Value sums, mlir::Value weights,
                       mlir::Value activations) const;

  Kind kind = Kind::Plain;
  int64_t lanes;
};

/// Bits [position, position + bits) of every byte, moved to `target`.
mlir::Value extractBits(TileCode &code, mlir::Value bytes, unsigned position,
                        unsigned bits, unsigned target);

} // namespace pith

#endif // PITH_LIB_CODEGEN_CPU_CONTRACTION_DOTCODE_H
