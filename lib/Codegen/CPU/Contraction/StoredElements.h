//===- StoredElements.h - Stored elements as codecs see them ----*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What every reader of weights does with elements of its constants: floats become f32,
// integers i32.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_CODEGEN_CPU_CONTRACTION_STOREDELEMENTS_H
#define PITH_LIB_CODEGEN_CPU_CONTRACTION_STOREDELEMENTS_H

#include "pith/Codegen/CPU/Contraction/PanelPacking.h"
#include "pith/Codegen/CPU/Contraction/RegisterTile.h"

namespace pith {

/// Whether integers of `type` are extended with zeros.
bool isZeroExtended(mlir::Type type);

/// Loaded elements (a scalar or a vector) of type `element`.
mlir::Value widenElement(TileCode &code, mlir::Value x, mlir::Type element);

/// Element `number` of a buffer, or of a constant of the kernel.
mlir::Value loadElement(TileCode &code, mlir::Value memref, int64_t number,
                        mlir::Type element);
mlir::Value makeElement(TileCode &code, const HostTensor &constant, int64_t number);

/// One element for each lane of a panel, packed by `packColumns`, from `start` on.
llvm::SmallVector<mlir::Value> loadColumn(TileCode &code, mlir::Value memref,
                                          mlir::Value start, const PanelShape &shape,
                                          mlir::Type element);

} // namespace pith

#endif // PITH_LIB_CODEGEN_CPU_CONTRACTION_STOREDELEMENTS_H
