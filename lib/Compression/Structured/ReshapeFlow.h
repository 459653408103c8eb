//===- ReshapeFlow.h - Channels through reshapes ----------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_COMPRESSION_STRUCTURED_RESHAPEFLOW_H
#define PITH_LIB_COMPRESSION_STRUCTURED_RESHAPEFLOW_H

#include "pith/Compression/Structured/ChannelFlow.h"

namespace pith {

/// Couples two values with the same elements in the same order and other sizes.
/// Where an axis is split or axes are merged, a set of elements is removed as
///   - indices of the axis that holds exactly these elements, if there is one (a
///     channel of a flattened plane: every c-th column), or else
///   - indices of the outermost axis that hold all of them, and with these their other
///     elements (one neuron of a projection: its whole head).
void coupleReshaped(ChannelFlow &flow, mlir::Value input, mlir::Value result);

} // namespace pith

#endif // PITH_LIB_COMPRESSION_STRUCTURED_RESHAPEFLOW_H
