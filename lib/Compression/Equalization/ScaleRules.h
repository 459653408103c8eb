//===- ScaleRules.h - What rules of ops share -------------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_COMPRESSION_EQUALIZATION_SCALERULES_H
#define PITH_LIB_COMPRESSION_EQUALIZATION_SCALERULES_H

#include "pith/Compression/Equalization/ScaleFlow.h"

namespace pith {

/// The same labels along axes moved by `offset`.
ChannelLabels moveAxes(const ChannelLabels &labels, int64_t offset);

/// Labels along one axis alone: all that differ along others become one.
ChannelLabels mergeOnto(ScaleFlow &flow, const ChannelLabels &labels, int64_t axis,
                        llvm::ArrayRef<int64_t> shape);

/// Scales an operand that broadcasts to `shape`, whose axes those of `labels` are.
void scaleBroadcast(ScaleFlow &flow, mlir::OpOperand &operand,
                    const ChannelLabels &labels, llvm::ArrayRef<int64_t> shape);

void registerMovementRules(mlir::MLIRContext *context);

} // namespace pith

#endif // PITH_LIB_COMPRESSION_EQUALIZATION_SCALERULES_H
