//===- ConvGeometry.h - Sizes of a convolution ------------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_CODEGEN_CPU_CONTRACTION_CONVGEOMETRY_H
#define PITH_LIB_CODEGEN_CPU_CONTRACTION_CONVGEOMETRY_H

#include "Kernels.h"

namespace pith {

/// A convolution of a channels-last input: `[batch, spatial…, channels]`.
struct ConvGeometry {
  ConvOp op;
  size_t axes = 0; ///< spatial
  int64_t outputs = 0, channels = 0, group = 1;
  /// Channels that one output sees.
  int64_t groupChannels = 0;
  llvm::SmallVector<int64_t> kernel, strides, dilations, padsLow, padsHigh;
  mlir::AffineExpr batch;
  llvm::SmallVector<mlir::AffineExpr> input, output; ///< spatial sizes

  /// Fails without a diagnostic where sizes of the weight are not constant.
  static mlir::FailureOr<ConvGeometry> get(KernelEmitter &kernel, ConvOp op);

  bool isPadded() const;
  bool isPointwise() const;
  bool isDepthwise() const { return group == channels && groupChannels == 1; }
  /// Spatial sizes with padding.
  llvm::SmallVector<mlir::AffineExpr> paddedInput() const;
};

/// Emits a task that writes the input with zeros around it to a scratch buffer
/// and returns the buffer's number. `source` is the scratch buffer that holds the
/// input as f32, if it is not an argument.
int64_t emitPaddedInput(KernelEmitter &kernel, const ConvGeometry &geometry,
                        std::optional<int64_t> source);

/// If input and weight are integer codes that an integer kernel can multiply, emits
/// it and returns whether it did; fails with a diagnostic.
mlir::FailureOr<bool> emitIntegerConv(KernelEmitter &kernel, const ConvGeometry &geometry);

} // namespace pith

#endif // PITH_LIB_CODEGEN_CPU_CONTRACTION_CONVGEOMETRY_H
