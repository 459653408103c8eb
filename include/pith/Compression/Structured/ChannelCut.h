//===- ChannelCut.h - Carrying out a removal --------------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_STRUCTURED_CHANNELCUT_H
#define PITH_COMPRESSION_STRUCTURED_CHANNELCUT_H

#include "pith/Compression/Structured/ChannelFlow.h"
#include "pith/Support/HostTensor.h"

namespace pith {

/// A complete removal becomes real: constants, types, attributes, statistics, and the
/// function's own inputs and outputs with their symbolic shapes. Emits a diagnostic and
/// fails if a constant has no data.
mlir::LogicalResult cutChannels(mlir::func::FuncOp function, const ChannelFlow &flow);

/// Of an input of the function: for each axis an array of booleans, one for each position
/// that the input had in the whole model, whether it is left; empty where all are. With it,
/// samples of the whole model still fit.
constexpr llvm::StringLiteral kKeptPositionsAttr = "pith.kept_positions";

/// The tensor without some indices of an axis.
HostTensor removeIndices(const HostTensor &tensor, int64_t axis,
                         const llvm::BitVector &indices);

/// Sets the function's type, and its symbolic shapes, from its arguments and what it
/// returns.
void refreshSignature(mlir::func::FuncOp function);

/// Adds a line on what was removed to the module's attribute `pith.removed`, which the
/// report lists. Rows of one name and kind add up.
void recordRemoval(mlir::ModuleOp module, llvm::StringRef pass, llvm::StringRef name,
                   llvm::StringRef what, int64_t removed, int64_t of);

} // namespace pith

#endif // PITH_COMPRESSION_STRUCTURED_CHANNELCUT_H
