//===- PaddedCodes.h - Codes of an input with its padding -------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_CODEGEN_CPU_CONTRACTION_PADDEDCODES_H
#define PITH_LIB_CODEGEN_CPU_CONTRACTION_PADDEDCODES_H

#include "ConvGeometry.h"
#include "DequantizedRows.h"

namespace pith {

/// The input of a convolution as codes, as its kernel reads them:
/// `[batch, spatial with padding..., group, groupPixel]` bytes, of one sign. Padding
/// holds the zero point; so do, or hold anything, the bytes of a group's pixel beyond
/// its channels.
struct PaddedCodes {
  const ConvGeometry &geometry;
  const QuantizedRows &rows; ///< with a single zero point
  bool wantsUnsigned = true;
  /// Bytes of one group's pixel: its channels, rounded up to whole words.
  int64_t groupPixel = 4;

  PaddedCodes(const ConvGeometry &geometry, const QuantizedRows &rows,
              bool wantsUnsigned)
      : geometry(geometry), rows(rows), wantsUnsigned(wantsUnsigned),
        groupPixel((geometry.groupChannels + 3) / 4 * 4) {}

  /// Whether codes change their sign: 128 is added or subtracted.
  bool flips() const { return rows.codeType().isUnsigned() != wantsUnsigned; }
  /// Whether the input itself is not what the kernel reads.
  bool needsCopy() const {
    return flips() || geometry.isPadded() || groupPixel != geometry.groupChannels;
  }
  /// The zero point of the bytes, an i32.
  mlir::Value emitZero(KernelEmitter &kernel, mlir::OpBuilder &builder) const;
  /// Emits the task that writes the copy; returns the scratch buffer's number.
  int64_t emitCopy(KernelEmitter &kernel) const;
};

} // namespace pith

#endif // PITH_LIB_CODEGEN_CPU_CONTRACTION_PADDEDCODES_H
