//===- DequantizedRows.h - Quantized activations ----------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_CODEGEN_CPU_CONTRACTION_DEQUANTIZEDROWS_H
#define PITH_LIB_CODEGEN_CPU_CONTRACTION_DEQUANTIZEDROWS_H

#include "pith/Codegen/CPU/Contraction/RegisterTile.h"

namespace pith {

/// An activation that is `pith.dequantize` of codes in memory, seen as rows of
/// `reduction` elements.
struct QuantizedRows {
  mlir::Value codes; ///< an argument of the kernel
  mlir::Value scale;
  mlir::Value zeroPoint; ///< or null
  mlir::Type element;    ///< of the dequantized values
  int64_t reduction = 0;
  /// Elements that share one scale; 0: a whole row.
  int64_t groupSize = 0;
  /// Scales per row.
  int64_t groups = 1;
  /// One scale for all rows.
  bool isSingle = false;

  /// What `value` is, if it has this form and rows of constant length. Rows end
  /// with the last axis where there is a single scale.
  static std::optional<QuantizedRows> get(mlir::Value value);

  mlir::IntegerType codeType() const {
    return mlir::cast<mlir::IntegerType>(
        mlir::cast<mlir::RankedTensorType>(codes.getType()).getElementType());
  }
  unsigned codeArgument() const {
    return mlir::cast<mlir::BlockArgument>(codes).getArgNumber();
  }
  mlir::AffineExpr rowCount(KernelEmitter &kernel) const;
  /// Scale of a group of a row, as f32.
  mlir::Value scaleAt(KernelEmitter &kernel, mlir::OpBuilder &builder,
                      mlir::Value row, mlir::Value group) const;
  /// The zero point as stored, a scalar.
  mlir::Value zeroAt(KernelEmitter &kernel, mlir::OpBuilder &builder,
                     mlir::Value row, mlir::Value group) const;

private:
  mlir::Value at(KernelEmitter &kernel, mlir::OpBuilder &builder, mlir::Value tensor,
                 mlir::Value row, mlir::Value group) const;
};

} // namespace pith

#endif // PITH_LIB_CODEGEN_CPU_CONTRACTION_DEQUANTIZEDROWS_H
